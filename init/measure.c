// SPDX-License-Identifier: MIT
/*
 * Measures what will run: apps.conf and all that it declares, read from the
 * verified lower mount, into PCR 14 in every active bank, or what boot.conf
 * has in its place. What is measured
 * is defined in seal/measure/measure.h, once for init and for cvmctl.
 */
#include <errno.h>
#include <fcntl.h>

#include "init/record.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/measure/measure.h"

static int read_apps(struct boot *b, struct bytes *ret_raw, struct fail *f)
{
	own_bytes struct bytes raw = { 0 };
	struct ini_error error;
	own_fd int fd = io_open_in_root(b->lower_fd, APPS_CONF_PATH, O_RDONLY);
	int r = fd < 0 ? fd : io_read_fd(fd, apps_conf_max, &raw);

	if (r == -EFBIG)
		return fail_because(f, "it is over 65536 bytes",
				    "shorten it, see apps.conf(5)", "read %s",
				    APPS_CONF_PATH);
	if (r < 0)
		return fail_errno(f, r, "put it on the root, see apps.conf(5)",
				  "read %s", APPS_CONF_PATH);
	r = apps_conf_read("apps.conf", (char *)raw.data, raw.len, &b->apps,
			   &error);
	if (r == -ENOMEM)
		return fail_errno(f, r, "give the VM more memory", "read %s",
				  APPS_CONF_PATH);
	if (r < 0)
		return fail_because(f, error.text, "see apps.conf(5)",
				    "accept %s", APPS_CONF_PATH);
	r = apps_conf_check(&b->apps, &b->conf, APPS_CONF_PATH, f);
	if (r < 0)
		return r;
	*ret_raw = take_bytes(&raw);
	return 0;
}

int stage_measure(struct boot *b, struct fail *f)
{
	own_bytes struct bytes raw = { 0 };
	int r = read_apps(b, &raw, f);

	if (r == 0)
		r = measure_apps(&(struct measured){ b->lower_fd, &raw,
						     &b->apps, record_algs(b),
						     &b->conf.root.verity },
				 &b->events, f);
	for (size_t i = 0; r == 0 && i < b->events.n; i++) {
		struct event *e = &b->events.event[i];

		r = record_event(b, e, f);
		bytes_free(&e->detail); /* the logs have it now */
	}
	return r;
}
