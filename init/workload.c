// SPDX-License-Identifier: MIT
/*
 * The end of the boot: the root's own init takes over as PID 1, or this
 * program stays and supervises the apps that were measured.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "init/boot.h"
#include "init/console.h"
#include "init/loopback.h"
#include "init/report.h"
#include "init/supervise.h"
#include "lib/hex.h"

/* One line for who watches the console; the report has the rest. */
static void say_ready(const struct boot *b)
{
	char hex[2 * digest_size_max + 1];
	const struct verity_params *p = &b->conf.root.verity;

	hex_encode(p->root_hash, p->root_hash_len, hex);
	console_say("ready: root hash %s, %zu app%s measured, %zu volume%s",
		    hex, b->apps.n, b->apps.n == 1 ? "" : "s", b->volumes_open,
		    b->volumes_open == 1 ? "" : "s");
}

/* exec mode: nothing of this program stays but its PID. */
static int exec_root_init(const struct boot *b, struct fail *f)
{
	char *argv[] = { NULL, NULL };
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
		      "/sbin:/bin";
	char home[] = "HOME=/";
	char term[] = "TERM=linux";
	char *env[] = { path, home, term, NULL };
	char exec[PATH_MAX];

	memcpy(exec, b->conf.workload.exec, sizeof(exec));
	argv[0] = exec;
	(void)execve(exec, argv, env);
	return fail_errno(f, errno, "check [workload] exec in boot.conf",
			  "execute %s", exec);
}

int stage_workload(struct boot *b, struct fail *f)
{
	bool supervise = b->conf.workload.mode == BOOT_WORKLOAD_SUPERVISE;
	int r = supervise ? loopback_up() : 0;

	if (r < 0)
		return fail_errno(f, r, "use a kernel with IPv4 networking",
				  "bring up the loopback interface");
	r = report_write(b, f);
	if (r < 0)
		return r;
	say_ready(b);
	events_free(&b->events); /* listings may be large, PID 1 stays */
	return supervise ? supervise_apps(&b->apps, f) : exec_root_init(b, f);
}
