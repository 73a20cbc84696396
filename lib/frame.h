/* SPDX-License-Identifier: MIT */
/*
 * Messages over a channel that may lie, stall or end: each is its length, four
 * bytes with the highest first, and then that many bytes. All of an exchange
 * has one deadline.
 */
#ifndef LIB_FRAME_H
#define LIB_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"

/* A moment on CLOCK_MONOTONIC, in milliseconds. */
typedef uint64_t frame_deadline;

/* That many seconds from now. */
frame_deadline frame_deadline_in(uint64_t seconds);

/*
 * Sends one message of at most UINT32_MAX bytes. fd is O_NONBLOCK. 0;
 * -ETIMEDOUT when it was not taken by then; -EPIPE when the other side is
 * gone; -errno.
 */
int frame_send(int fd, const void *data, size_t len, frame_deadline until);

/*
 * Receives one of at most max bytes; a NUL follows, which does not count.
 * Memory is taken as the bytes come in, so a length that is only claimed costs
 * nothing. 0 and *ret, which the caller frees; -ETIMEDOUT; -EMSGSIZE when it
 * says that it is empty or longer than max, and no more of it is read; -EPIPE
 * when the channel ends before the first byte, -ENODATA when it ends inside;
 * -ENOMEM; -errno.
 */
int frame_receive(int fd, size_t max, frame_deadline until, struct bytes *ret);

#endif
