// SPDX-License-Identifier: MIT
/* See hash-small.h. */
#include "seal/measure/hash-small.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/own.h"

/* Digests size bytes at buffer, which are all of the file, and judges. */
static int settle(struct content *c, int fd, struct digest_state *state,
		  const uint8_t *buffer, size_t size)
{
	int r = size == (size_t)c->st.st_size ? 0 : -ESTALE;

	if (r == 0)
		r = digest_begin(state, c->algs);
	if (r == 0)
		r = digest_update(state, c->algs, buffer, size);
	if (r == 0)
		r = digest_end(state, c->algs, &c->digests);
	return r < 0 ? r : content_check(c, fd);
}

/* The file's content if it is there without waiting; otherwise -EAGAIN. */
static int read_cached(const struct content *c, int fd, uint8_t *buffer)
{
	const struct iovec all = { buffer, (size_t)c->st.st_size };

	return c->st.st_size == 0 || preadv2(fd, &all, 1, 0, RWF_NOWAIT) ==
					     c->st.st_size
		       ? 0
		       : -EAGAIN;
}

/* True when the file is settled; otherwise it is read ahead. */
static bool try_now(struct content *c, int fd, struct digest_state *state,
		    uint8_t *buffer)
{
	if (fd < 0) {
		c->error = fd;
		return true;
	}
	if (read_cached(c, fd, buffer) < 0) {
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED); /* advice */
		return false;
	}
	c->error = settle(c, fd, state, buffer, (size_t)c->st.st_size);
	return true;
}

static int read_and_settle(struct content *c, int fd,
			   struct digest_state *state, uint8_t *buffer)
{
	size_t len = 0;

	while (len < (size_t)c->st.st_size) {
		ssize_t n = pread(fd, buffer + len, (size_t)c->st.st_size - len,
				  (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return settle(c, fd, state, buffer, len);
}

void small_digest(struct content *const *files, size_t n,
		  struct digest_state *state, uint8_t buffer[static small_max])
{
	struct {
		struct content *file;
		int fd;
	} later[small_batch];
	size_t waiting = 0;

	for (size_t i = 0; i < n; i++) {
		own_fd int fd = content_open(files[i]);

		if (try_now(files[i], fd, state, buffer))
			continue;
		later[waiting].file = files[i];
		later[waiting++].fd = take_fd(&fd);
	}
	for (size_t i = 0; i < waiting; i++) {
		own_fd int fd = later[i].fd;

		later[i].file->error =
			read_and_settle(later[i].file, fd, state, buffer);
	}
}
