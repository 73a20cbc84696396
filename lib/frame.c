// SPDX-License-Identifier: MIT
/* See frame.h. */
#include "lib/frame.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/own.h"

enum { header_size = 4, first_room = 64 * 1024 };

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* this clock exists */
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

frame_deadline frame_deadline_in(uint64_t seconds)
{
	return now_ms() + seconds * 1000;
}

/*
 * Waits until fd can be read or written. A port without a host at its other
 * end only ever says POLLHUP: that is the end of it.
 */
static int wait_for(int fd, short events, frame_deadline until)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t now = now_ms();
	int ready;

	if (now >= until)
		return -ETIMEDOUT;
	ready = poll(&p, 1,
		     until - now > 3600000 ? 3600000 : (int)(until - now));
	if (ready < 0)
		return errno == EINTR ? 0 : -errno;
	if (ready > 0 && !(p.revents & events) &&
	    p.revents & (POLLHUP | POLLERR | POLLNVAL))
		return -EPIPE;
	return 0;
}

static int send_all(int fd, const uint8_t *data, size_t len,
		    frame_deadline until)
{
	while (len) {
		int r = wait_for(fd, POLLOUT, until);
		ssize_t n;

		if (r < 0)
			return r;
		n = write(fd, data, len);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int frame_send(int fd, const void *data, size_t len, frame_deadline until)
{
	uint8_t header[header_size] = { (uint8_t)(len >> 24),
					(uint8_t)(len >> 16),
					(uint8_t)(len >> 8), (uint8_t)len };
	int r;

	if (len > UINT32_MAX)
		return -EMSGSIZE;
	r = send_all(fd, header, sizeof(header), until);
	return r < 0 ? r : send_all(fd, data, len, until);
}

/* Up to len bytes. 0 and *ret_n, 0 at the end. */
static int receive_some(int fd, uint8_t *data, size_t len, frame_deadline until,
			size_t *ret_n)
{
	for (;;) {
		int r = wait_for(fd, POLLIN, until);
		ssize_t n;

		if (r == -EPIPE) {
			*ret_n = 0;
			return 0;
		}
		if (r < 0)
			return r;
		n = read(fd, data, len);
		if (n >= 0) {
			*ret_n = (size_t)n;
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
}

static int receive_header(int fd, frame_deadline until, size_t *ret_len)
{
	uint8_t header[header_size] = { 0 };
	size_t have = 0;

	while (have < sizeof(header)) {
		size_t n = 0;
		int r = receive_some(fd, header + have, sizeof(header) - have,
				     until, &n);

		if (r < 0)
			return r;
		if (n == 0)
			return have ? -ENODATA : -EPIPE;
		have += n;
	}
	*ret_len = (size_t)header[0] << 24 | (size_t)header[1] << 16 |
		   (size_t)header[2] << 8 | header[3];
	return 0;
}

/* Twice the room, but never more than for len bytes and a NUL. */
static int grow(struct bytes *b, size_t len, size_t *room)
{
	size_t wanted = *room ? *room * 2 : first_room;
	uint8_t *data;

	if (wanted > len)
		wanted = len;
	data = realloc(b->data, wanted + 1);
	if (!data)
		return -ENOMEM;
	b->data = data;
	*room = wanted;
	return 0;
}

static int receive_all(int fd, size_t len, frame_deadline until,
		       struct bytes *ret)
{
	own_bytes struct bytes b = { 0 };
	size_t room = 0;

	while (b.len < len) {
		size_t n = 0;
		int r = b.len == room ? grow(&b, len, &room) : 0;

		if (r == 0)
			r = receive_some(fd, b.data + b.len, room - b.len,
					 until, &n);
		if (r < 0)
			return r;
		if (n == 0)
			return -ENODATA;
		b.len += n;
	}
	b.data[b.len] = '\0';
	*ret = take_bytes(&b);
	return 0;
}

int frame_receive(int fd, size_t max, frame_deadline until, struct bytes *ret)
{
	size_t len = 0;
	int r = receive_header(fd, until, &len);

	if (r < 0)
		return r;
	if (len == 0 || len > max)
		return -EMSGSIZE;
	return receive_all(fd, len, until, ret);
}
