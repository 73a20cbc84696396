/* SPDX-License-Identifier: MIT */
/*
 * Bounded input and complete output. Each call names the most it will read;
 * all descriptors are opened with O_CLOEXEC. Helpers: they return -errno and
 * say nothing.
 */
#ifndef LIB_IO_H
#define LIB_IO_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/bytes.h"

/*
 * Reads fd to its end. -EFBIG when there are more than max bytes, whatever
 * the file's size claims. The caller frees *ret.
 */
int io_read_fd(int fd, size_t max, struct bytes *ret);

/* The same for a path below dirfd (AT_FDCWD allowed). Follows links. */
int io_read_file(int dirfd, const char *path, size_t max, struct bytes *ret);

/*
 * A sysfs or procfs attribute as a string without its trailing newline:
 * -EFBIG when it does not fit size with its newline; ret is then not a string.
 */
int io_read_line(int dirfd, const char *path, char *ret, size_t size);

/* Writes all of it, going on after short writes and EINTR. */
int io_write_all(int fd, const void *data, size_t len);

/* The same at offset; the file's own position stays. */
int io_pwrite_all(int fd, const void *data, size_t len, off_t offset);

/* Writes to a file that exists already (sysfs, procfs, device); no create. */
int io_write_file(const char *path, const void *data, size_t len);

/*
 * Writes a new file "path.tmp-XXXXXX" beside path, syncs it and renames it
 * over path: the old content stays until the new one is complete. -EEXIST
 * when path is something else than a regular file, and nothing is touched.
 */
int io_replace_file(const char *path, const void *data, size_t len,
		    mode_t mode);

/*
 * Reads len bytes at offset, or fewer where the file ends before. How many, or
 * -errno.
 */
ssize_t io_pread_some(int fd, void *ret, size_t len, off_t offset);

/* Reads exactly len bytes at offset; -EIO when the file ends before. */
int io_pread_all(int fd, void *ret, size_t len, off_t offset);

/*
 * Opens path below root as if root were "/": links, also absolute ones and
 * "..", stay inside (openat2, RESOLVE_IN_ROOT). O_CLOEXEC is added. Returns
 * a descriptor the caller closes, or -errno.
 */
int io_open_in_root(int root_fd, const char *path, int flags);

#endif
