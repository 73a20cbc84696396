// SPDX-License-Identifier: MIT
/*
 * See lock.h. The kernel has no such call with a time limit: a timer's signal
 * ends the one that waits.
 */
#include "lib/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id /* musl has the name of timer_create(2) */
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum { again_ns = 100 * 1000 * 1000 };

/* That it came is enough: the call returns. */
static void wake(int signal)
{
	(void)signal;
}

/* This thread gets the signal, no other that the process may have. */
static int start_timer(frame_deadline until, timer_t *ret)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
				  .sigev_signo = SIGALRM,
				  .sigev_notify_thread_id = gettid() };
	/* again, for one that came just before the call that it is to end */
	const struct itimerspec at = {
		.it_value = { .tv_sec = (time_t)(until / 1000),
			      .tv_nsec = (long)(until % 1000) * 1000 * 1000 },
		.it_interval = { .tv_nsec = again_ns },
	};

	if (timer_create(CLOCK_MONOTONIC, &event, ret) < 0)
		return -errno;
	(void)timer_settime(*ret, TIMER_ABSTIME, &at, NULL); /* all valid */
	return 0;
}

/* Waits for the lock, or returns -1 and errno. */
typedef int take_lock(int fd);

static int take_file(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_SETLKW, &whole);
}

static int take_shared(int fd)
{
	return flock(fd, LOCK_SH);
}

static int wait_for_lock(int fd, take_lock *take, frame_deadline until)
{
	while (take(fd) < 0) {
		if (errno != EINTR)
			return -errno;
		if (frame_deadline_in(0) >= until)
			return -ETIMEDOUT;
	}
	return 0;
}

static int wait_with_timer(int fd, take_lock *take, frame_deadline until)
{
	/* without SA_RESTART */
	const struct sigaction action = { .sa_handler = wake };
	struct sigaction before;
	sigset_t alarm, mask;
	timer_t timer;
	int r;

	(void)sigemptyset(&alarm);
	(void)sigaddset(&alarm, SIGALRM);
	(void)sigaction(SIGALRM, &action, &before); /* SIGALRM exists */
	r = start_timer(until, &timer);
	if (r == 0) {
		(void)pthread_sigmask(SIG_UNBLOCK, &alarm, &mask);
		r = wait_for_lock(fd, take, until);
		(void)timer_delete(timer);
		(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	}
	(void)sigaction(SIGALRM, &before, NULL);
	return r;
}

int lock_file(int fd, frame_deadline until)
{
	return wait_with_timer(fd, take_file, until);
}

int lock_shared(int fd, frame_deadline until)
{
	return wait_with_timer(fd, take_shared, until);
}

void unlock_file(int fd)
{
	struct flock whole = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	(void)fcntl(fd, F_SETLK, &whole); /* gives back what is ours */
}
