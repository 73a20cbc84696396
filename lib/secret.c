// SPDX-License-Identifier: MIT
/* See secret.h. */
#include "lib/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int secret_alloc(size_t len, struct secret *ret)
{
	void *p;

	if (len == 0 || len > secret_max)
		return -EINVAL;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		 -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	/*
	 * PID 1 may lock what it likes; cvmctl run by a user may not, and its
	 * machine is its own: there an unlocked page is no reason to stop.
	 */
	(void)mlock(p, len);
	(void)madvise(p, len, MADV_DONTDUMP); /* absent on some kernels */
	*ret = (struct secret){ p, len, len };
	return 0;
}

void secret_wipe(void *data, size_t len)
{
	if (len)
		explicit_bzero(data, len);
}

void secret_free(struct secret *s)
{
	if (s->data) {
		secret_wipe(s->data, s->mapped);
		(void)munmap(s->data, s->mapped); /* our own mapping */
	}
	*s = (struct secret){ 0 };
}
