/* SPDX-License-Identifier: MIT */
/*
 * Ownership by scope. A variable declared with one of these words gives its
 * resource back when it leaves scope, on every path; take_*() hands the
 * resource on instead:
 *
 *	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
 *	if (fd < 0)
 *		return -errno;		nothing to close
 *	...
 *	*ret = take_fd(&fd);		the caller owns it now
 *
 * Each variable is initialised in its declaration: -1 or NULL means empty.
 */
#ifndef LIB_OWN_H
#define LIB_OWN_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void own_close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* read-only or already synced by its owner */
}

static inline void own_free_ptr(void *p)
{
	free(*(void **)p);
}

static inline void own_close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d); /* nothing to lose in a directory stream */
}

static inline void own_close_file(FILE **f)
{
	if (*f)
		(void)fclose(*f); /* writers call fclose themselves */
}

#define own_fd	 __attribute__((cleanup(own_close_fd)))
#define own_free __attribute__((cleanup(own_free_ptr)))
#define own_dir	 __attribute__((cleanup(own_close_dir)))
#define own_file __attribute__((cleanup(own_close_file)))

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* take_ptr(p): the value of p, which becomes NULL. */
#define take_ptr(p)                         \
	__extension__({                     \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

#define array_size(a) (sizeof(a) / sizeof((a)[0]))

#endif
