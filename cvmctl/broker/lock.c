// SPDX-License-Identifier: MIT
/*
 * See lock.h. The kernel has no such call with a time limit: a timer's signal
 * ends the one that waits.
 */
#include "cvmctl/broker/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

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
				  ._sigev_un._tid = gettid() };
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

static int wait_for_lock(int fd, frame_deadline until)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	while (fcntl(fd, F_SETLKW, &whole) < 0) {
		if (errno != EINTR)
			return -errno;
		if (frame_deadline_in(0) >= until)
			return -ETIMEDOUT;
	}
	return 0;
}

int lock_file(int fd, frame_deadline until)
{
	/* without SA_RESTART */
	const struct sigaction action = { .sa_handler = wake };
	struct sigaction before;
	timer_t timer;
	int r;

	(void)sigaction(SIGALRM, &action, &before); /* SIGALRM exists */
	r = start_timer(until, &timer);
	if (r == 0) {
		r = wait_for_lock(fd, until);
		(void)timer_delete(timer);
	}
	(void)sigaction(SIGALRM, &before, NULL);
	return r;
}

void unlock_file(int fd)
{
	struct flock whole = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	(void)fcntl(fd, F_SETLK, &whole); /* gives back what is ours */
}
