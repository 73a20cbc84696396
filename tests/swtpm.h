/* SPDX-License-Identifier: MIT */
/*
 * A simulator of its own for a test: swtpm_start(), then its TCTI string.
 * Skips the test, which shows, where there is no swtpm. Include cmocka.h
 * first.
 */
#ifndef TESTS_SWTPM_H
#define TESTS_SWTPM_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/io.h"
#include "lib/own.h"
#include "seal/tpm/tpm.h"
#include "tests/line.h"
#include "tests/tmptree.h"

enum { swtpm_timeout_ms = 20000 };

struct swtpm {
	struct tree tree;
	char tcti[PATH_MAX + 16];
	pid_t pid;
};

static inline void swtpm_stop(struct swtpm *s)
{
	if (s->pid > 0) {
		(void)kill(s->pid, SIGTERM);
		(void)waitpid(s->pid, NULL, 0);
	}
	if (s->tree.path[0])
		tree_remove(&s->tree);
	*s = (struct swtpm){ 0 };
}

#define own_swtpm __attribute__((cleanup(swtpm_stop)))

/* Listens before swtpm runs, so that nobody has to wait until it does. */
static inline int swtpm_listen(const struct swtpm *s, const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0); /* swtpm inherits it */
	int n = snprintf(at.sun_path, sizeof(at.sun_path), "%s/%s",
			 s->tree.path, name);

	tree_check(fd >= 0 && n > 0 && (size_t)n < sizeof(at.sun_path) &&
			   bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
			   listen(fd, 1) == 0,
		   name);
	return fd;
}

static inline void swtpm_exec(const struct swtpm *s, int server_fd, int ctrl_fd)
{
	char state[PATH_MAX];
	char server[64];
	char ctrl[64];
	int n = snprintf(state, sizeof(state), "dir=%s", s->tree.path);

	n |= snprintf(server, sizeof(server), "type=unixio,fd=%d", server_fd);
	n |= snprintf(ctrl, sizeof(ctrl), "type=unixio,fd=%d", ctrl_fd);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* it reports every disconnect */
	(void)dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	if (n > 0)
		(void)execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate",
			     state, "--server", server, "--ctrl", ctrl,
			     "--flags", "not-need-init", (char *)NULL);
	_exit(127);
}

static inline void swtpm_run(struct swtpm *s)
{
	int server_fd;
	int ctrl_fd;

	if (system("command -v swtpm >/dev/null") != 0) {
		swtpm_stop(s);
		print_message("no swtpm: skipped\n");
		skip();
	}
	server_fd = swtpm_listen(s, "s");
	ctrl_fd = swtpm_listen(s, "s.ctrl");
	s->pid = fork();
	if (s->pid == 0)
		swtpm_exec(s, server_fd, ctrl_fd);
	tree_check(s->pid > 0, "fork");
	(void)close(server_fd); /* when swtpm ends, so does the socket */
	(void)close(ctrl_fd);
}

static inline void swtpm_start(struct swtpm *s)
{
	tree_make(&s->tree);
	(void)snprintf(s->tcti, sizeof(s->tcti), "swtpm:path=%s/s",
		       s->tree.path);
	swtpm_run(s);
}

/* A power cycle: what the TPM keeps stays, PCRs start again. */
static inline void swtpm_restart(struct swtpm *s)
{
	(void)kill(s->pid, SIGTERM);
	(void)waitpid(s->pid, NULL, 0);
	(void)unlinkat(s->tree.fd, "s", 0);
	(void)unlinkat(s->tree.fd, "s.ctrl", 0);
	swtpm_run(s);
}

/*
 * The same at once, without a new process and with the connection kept: the
 * command CMD_INIT of swtpm's control channel (swtpm_ioctls(3)).
 */
static inline void swtpm_power_cycle(const struct swtpm *s)
{
	static const uint8_t init[8] = { 0, 0, 0, 2 };
	static const uint8_t done[4] = { 0 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	uint8_t result[4] = { 1 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = snprintf(address.sun_path, sizeof(address.sun_path),
			 "%s/s.ctrl", s->tree.path);

	assert_true(fd >= 0 && n < (int)sizeof(address.sun_path));
	assert_int_equal(
		connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write(fd, init, sizeof(init)), sizeof(init));
	assert_int_equal(read(fd, result, sizeof(result)), sizeof(result));
	assert_memory_equal(result, done, sizeof(done));
	(void)close(fd);
}

/*
 * Runs a shell command with tpm2-tools on this TPM, in its directory; 0 when
 * it succeeded. Skips the test where they are missing.
 */
static inline int swtpm_tool(const struct swtpm *s, const char *command)
{
	char line[2 * PATH_MAX + 1024];

	if (system("command -v tpm2_pcrread >/dev/null") != 0) {
		print_message("no tpm2-tools: skipped\n");
		skip();
	}
	(void)snprintf(line, sizeof(line),
		       "cd %s && export TPM2TOOLS_TCTI=%s TSS2_LOG=all+none && "
		       "{ %s; } >/dev/null",
		       s->tree.path, s->tcti, command);
	return system(line);
}

/* As init opens it, on a busy machine. The caller closes it. */
static inline struct tpm *swtpm_open(const struct swtpm *s)
{
	struct tpm *t = NULL;
	struct fail f = { 0 };

	assert_ok(tpm_open(s->tcti, swtpm_timeout_ms, &t, &f), &f);
	return t;
}

/* The PCRs of mask as they are. */
static inline void swtpm_values(struct tpm *t, enum digest_alg bank,
				uint32_t mask, struct pcr_values *ret)
{
	*ret = (struct pcr_values){ .bank = bank, .mask = mask };
	for (uint32_t i = 0; i < pcr_count; i++) {
		struct digest_set set;
		struct fail f = { 0 };

		if (!(mask & 1U << i))
			continue;
		assert_ok(tpm_pcr_read(t, i, 1U << bank, &set, &f), &f);
		memcpy(ret->value[i], set.value[bank], digest_size(bank));
	}
}

/* A storage root key with these options of tpm2_createprimary. */
static inline void swtpm_make_srk(const struct swtpm *s, const char *options)
{
	char command[512];

	(void)snprintf(command, sizeof(command),
		       "tpm2_startup -c && "
		       "tpm2_createprimary -C o %s -c srk.ctx && "
		       "tpm2_evictcontrol -C o -c srk.ctx 0x81000001 && "
		       "tpm2_flushcontext -t",
		       options);
	assert_int_equal(swtpm_tool(s, command), 0);
}

/* The area of its endorsement key, by tools that know the template. */
static inline void swtpm_read_ek(const struct swtpm *s, struct bytes *ret)
{
	own_bytes struct bytes sized = { 0 };

	assert_int_equal(swtpm_tool(s, "tpm2_startup -c && "
				       "tpm2_createek -G rsa -c ek -u ek.pub "
				       "&& tpm2_flushcontext -t"),
			 0);
	assert_int_equal(io_read_file(s->tree.fd, "ek.pub", 1024, &sized), 0);
	assert_true(sized.len > 2); /* a TPM2B_PUBLIC */
	assert_int_equal(bytes_copy(sized.data + 2, sized.len - 2, ret), 0);
}

#endif
