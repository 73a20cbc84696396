// SPDX-License-Identifier: MIT
/*
 * Devices and simulators that answer, late, or never, and what is left of them
 * when they are closed. A terminal plays the device; the kernel's waits longer
 * in its calls, which qemu-test/test_proxy.py shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <termios.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"
#include "tests/line.h"
#include "tests/swtpm.h"

#define READING "cannot use the TPM's storage root key 0x81000001: "
#define WORKING "attach a working TPM 2.0 to the VM"

static const char silent_line[] =
	READING "the TPM did not answer within 200 ms; " WORKING;

enum { soon_ms = 2000 }; /* on a machine that does much else */

static bool no_processes;

/* Stands before libc's. */
pid_t fork(void)
{
	pid_t (*real)(void) = NULL;
	void *found = dlsym(RTLD_NEXT, "fork");

	if (no_processes) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(&real, &found, sizeof(real));
	return real();
}

/* A terminal, as a device that takes commands and has nothing to say yet. */
struct terminal {
	int master;
	int slave; /* kept open: its last close would end raw mode */
	char tcti[80];
};

static void terminal_close(struct terminal *d)
{
	own_close_fd(&d->master);
	own_close_fd(&d->slave);
}

#define own_terminal __attribute__((cleanup(terminal_close)))

static void terminal_open(struct terminal *d)
{
	char path[64];
	struct termios raw;

	d->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(d->master >= 0);
	assert_int_equal(grantpt(d->master), 0);
	assert_int_equal(unlockpt(d->master), 0);
	assert_int_equal(ptsname_r(d->master, path, sizeof(path)), 0);
	d->slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(d->slave >= 0);
	assert_int_equal(tcgetattr(d->slave, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(d->slave, TCSANOW, &raw), 0);
	(void)snprintf(d->tcti, sizeof(d->tcti), "device:%s", path);
}

/* TPM_RC_FAILURE */
static const uint8_t answer[] = { 0x80, 1, 0, 0, 0, 10, 0, 0, 1, 1 };

static void terminal_answer(const struct terminal *d)
{
	assert_int_equal(write(d->master, answer, sizeof(answer)),
			 sizeof(answer));
}

/* What arrived there and was not taken before. */
static size_t terminal_take(const struct terminal *d)
{
	struct pollfd p = { .fd = d->master, .events = POLLIN };
	uint8_t buf[4096];
	ssize_t n = poll(&p, 1, 0) ? read(d->master, buf, sizeof(buf)) : 0;

	assert_true(n >= 0);
	return (size_t)n;
}

static struct tpm *open_tpm(const char *tcti)
{
	struct tpm *t = NULL;
	struct fail f = { 0 };

	assert_ok(tpm_open(tcti, 200, &t, &f), &f);
	return t;
}

static void assert_banks_refused(struct tpm *t, const char *line)
{
	struct fail f = { 0 };
	digest_algs algs;

	assert_refusal(tpm_banks(t, &algs, &f), &f, line);
}

static void assert_soon(int64_t began_ms)
{
	assert_in_range(tpm_now_ms() - began_ms, 0, soon_ms);
}

/* So many processes were started, and have ended well. */
static void assert_left(unsigned processes)
{
	int status = -1;

	for (; processes; processes--) {
		assert_true(waitpid(-1, &status, 0) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

/* An answer that is there before the question comes in time for sure. */
static void test_answered_in_time(void **state)
{
	own_terminal struct terminal d = { -1, -1, "" };
	struct tpm *t;

	(void)state;
	terminal_open(&d);
	terminal_answer(&d);
	t = open_tpm(d.tcti);
	assert_banks_refused(t, READING "the TPM is in failure mode; " WORKING);
	assert_int_equal(terminal_take(&d), 14); /* a ReadPublic */
	tpm_close(&t);
	assert_left(0);
}

static void test_never_answered(void **state)
{
	own_terminal struct terminal d = { -1, -1, "" };
	int64_t began_ms = tpm_now_ms();
	struct tpm_traffic traffic;
	struct tpm *t;

	(void)state;
	terminal_open(&d);
	t = open_tpm(d.tcti);
	assert_banks_refused(t, silent_line);
	assert_banks_refused(t, silent_line);
	traffic = tpm_finish(&t);
	assert_soon(began_ms);
	assert_int_equal(traffic.commands, 1);
	assert_int_equal(traffic.received_bytes, 0);
	assert_left(1);
}

/* The answer is nobody's, and nothing more is asked. */
static void test_answered_late(void **state)
{
	own_terminal struct terminal d = { -1, -1, "" };
	struct tpm_traffic traffic;
	struct tpm *t;

	(void)state;
	terminal_open(&d);
	t = open_tpm(d.tcti);
	assert_banks_refused(t, silent_line);
	assert_int_equal(terminal_take(&d), 14);
	terminal_answer(&d);
	assert_banks_refused(t, silent_line);
	traffic = tpm_finish(&t);
	assert_int_equal(terminal_take(&d), 0);
	assert_int_equal(traffic.commands, 1);
	assert_int_equal(traffic.received_bytes, 0);
	assert_left(1);
}

static void test_device_goes_away(void **state)
{
	own_terminal struct terminal d = { -1, -1, "" };
	struct tpm *t;

	(void)state;
	terminal_open(&d);
	t = open_tpm(d.tcti);
	own_close_fd(&d.master);
	d.master = -1;
	assert_banks_refused(t, READING "tcti:IO failure; " WORKING);
	tpm_close(&t);
	assert_left(0);
}

static void send_command(const struct terminal *d, TSS2_TCTI_CONTEXT *tcti)
{
	static const uint8_t command[10] = { 0x80, 1, 0, 0, 0, 10 };

	assert_int_equal(Tss2_Tcti_Transmit(tcti, sizeof(command), command), 0);
	assert_int_equal(tpm_poll(d->master, tpm_now_ms() + soon_ms), 1);
}

/* Who reads our output sees its end when we end. */
static void test_closed_meanwhile(void **state)
{
	own_terminal struct terminal d = { -1, -1, "" };
	own_tcti TSS2_TCTI_CONTEXT *tcti = NULL;
	struct fail f = { 0 };
	int ends[2];
	bool startup;
	char c;

	(void)state;
	terminal_open(&d);
	assert_ok(tcti_open(d.tcti, 5000, &tcti, &startup, &f), &f);
	send_command(&d, tcti);
	assert_int_equal(pipe(ends), 0);
	tcti_close(&tcti);
	(void)close(ends[1]);
	assert_int_equal(tpm_poll(ends[0], tpm_now_ms() + soon_ms), 1);
	assert_int_equal(read(ends[0], &c, 1), 0);
	(void)close(ends[0]);
	assert_left(1);
}

/* Then the descriptor stays open: closing it would wait. */
static void test_closed_without_a_process(void **state)
{
	own_terminal struct terminal d = { -1, -1, "" };
	own_tcti TSS2_TCTI_CONTEXT *tcti = NULL;
	struct fail f = { 0 };
	bool startup;
	int next;

	(void)state;
	terminal_open(&d);
	next = dup(d.slave); /* what the device will get */
	(void)close(next);
	assert_ok(tcti_open(d.tcti, 5000, &tcti, &startup, &f), &f);
	send_command(&d, tcti);
	no_processes = true;
	tcti_close(&tcti);
	no_processes = false;
	assert_true(fcntl(next, F_GETFD) >= 0);
	(void)close(next);
	assert_left(0);
}

static void test_no_descriptors(void **state)
{
	own_terminal struct terminal d = { -1, -1, "" };
	struct rlimit before;
	struct rlimit none;
	struct tpm *t = NULL;
	struct fail f = { 0 };
	int next;

	(void)state;
	terminal_open(&d);
	next = dup(d.slave);
	(void)close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (int more = 0; more < 2; more++) {
		none = (struct rlimit){ (rlim_t)(next + more),
					before.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
		assert_int_equal(tpm_open(d.tcti, 200, &t, &f), -EMFILE);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_null(t);
	}
}

/* A socket that nobody answers at. */
static void test_silent_simulator(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	int64_t began_ms = tpm_now_ms();
	struct tpm *t = NULL;
	struct fail f = { 0 };
	int server;

	(void)state;
	tree_make(&s.tree);
	(void)snprintf(s.tcti, sizeof(s.tcti), "swtpm:path=%s/s", s.tree.path);
	server = swtpm_listen(&s, "s");
	assert_int_equal(tpm_open(s.tcti, 200, &t, &f), -ETIMEDOUT);
	assert_soon(began_ms);
	assert_null(t);
	assert_string_equal(f.reason, "the TPM did not answer within 200 ms");
	(void)close(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answered_in_time),
		cmocka_unit_test(test_never_answered),
		cmocka_unit_test(test_answered_late),
		cmocka_unit_test(test_device_goes_away),
		cmocka_unit_test(test_closed_meanwhile),
		cmocka_unit_test(test_closed_without_a_process),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_silent_simulator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
