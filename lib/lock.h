/* SPDX-License-Identifier: MIT */
/* A lock that is waited for, but not for ever. */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include "lib/frame.h"

/*
 * Locks all of a file for this process, against other processes: fcntl(2).
 * One that is free is taken however late it is. While it waits the calling
 * thread takes SIGALRM. 0; -ETIMEDOUT when somebody else had it until then;
 * -errno.
 */
int lock_file(int fd, frame_deadline until);

/* Gives it back. */
void unlock_file(int fd);

/*
 * The same by flock(2) and shared with others that only read; close gives it
 * back.
 */
int lock_shared(int fd, frame_deadline until);

#endif
