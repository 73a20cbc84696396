// SPDX-License-Identifier: MIT
/*
 * The log of systemd is collected while systemd measures: its lock is held
 * here, by an open file of its own, until a timer lets the record be finished.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "tests/table.h"

#include "evidence/collect/collect.h"
#include "lib/frame.h"
#include "tests/fake-vm.h"
#include "tests/line.h"

#define FIRST  "\x1e{\"pcr\":11}\n"
#define BEGIN  "\x1e{\"pcr\":"
#define FINISH "15}\n"

enum { held_ns = 100 * 1000 * 1000, wait_s = 10 };

static int writer = -1;
static volatile sig_atomic_t written;

static void finish_record(int signal)
{
	static const char text[] = FINISH;

	(void)signal;
	written = write(writer, text, strlen(text)) == (ssize_t)strlen(text) &&
		  flock(writer, LOCK_UN) == 0;
}

/* What waits is interrupted, and has to go on with it. */
static void hold_lock(const struct tree *vm)
{
	const struct sigaction action = { .sa_handler = finish_record };
	const struct itimerspec once = { .it_value = { .tv_nsec = held_ns } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGUSR1 };
	timer_t timer;

	writer = openat(vm->fd, VM_SYSTEMD, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(writer >= 0);
	assert_int_equal(flock(writer, LOCK_EX), 0);
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &once, NULL), 0);
}

static void waits_for_the_record(void **state)
{
	static const uint8_t nonce_bytes[] = { 1 };
	const struct bytes nonce = { (uint8_t *)(uintptr_t)nonce_bytes, 1 };
	own_evidence struct evidence e = { 0 };
	struct tree vm;
	struct fail f = { 0 };

	(void)state;
	vm_boot(&vm);
	vm_file(&vm, VM_SYSTEMD, FIRST BEGIN);

	const struct evidence_sources s = { .root = vm.path,
					    .lock_wait_s = wait_s };

	hold_lock(&vm);
	assert_ok(evidence_collect(&s, &nonce, &e, &f), &f);
	assert_true(written);
	assert_string_equal((const char *)e.systemd.data, FIRST BEGIN FINISH);
	assert_int_equal(close(writer), 0);
	vm_power_off(&vm);
}

/* Nor if who runs it had blocked the signal that ends the wait. */
static void waits_not_for_ever(void **state)
{
	static const uint8_t nonce_bytes[] = { 1 };
	const struct bytes nonce = { (uint8_t *)(uintptr_t)nonce_bytes, 1 };
	own_evidence struct evidence e = { 0 };
	own_fd int fd = -1;
	frame_deadline start = frame_deadline_in(0);
	char line[2 * fail_line_max];
	sigset_t alarm;
	struct tree vm;
	struct fail f = { 0 };

	(void)state;
	vm_boot(&vm);
	vm_file(&vm, VM_SYSTEMD, FIRST);
	fd = openat(vm.fd, VM_SYSTEMD, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	(void)sigemptyset(&alarm);
	(void)sigaddset(&alarm, SIGALRM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &alarm, NULL), 0);

	const struct evidence_sources s = { .root = vm.path, .lock_wait_s = 1 };

	(void)snprintf(line, sizeof(line),
		       "cannot read %s/" VM_SYSTEMD ": somebody else keeps its "
		       "lock; look for who has it open",
		       vm.path);
	assert_refusal(evidence_collect(&s, &nonce, &e, &f), &f, line);
	assert_true(frame_deadline_in(0) >= start + 1000);
	assert_true(frame_deadline_in(0) < start + 1000 * wait_s);
	assert_int_equal(sigprocmask(SIG_UNBLOCK, &alarm, NULL), 0);
	vm_power_off(&vm);
}

int main(void)
{
	const struct table tables[] = { CASE(waits_for_the_record),
					CASE(waits_not_for_ever) };

	return table_run(tables, array_size(tables));
}
