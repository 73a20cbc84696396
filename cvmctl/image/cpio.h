/* SPDX-License-Identifier: MIT */
/*
 * newc archives as the kernel unpacks them (Documentation/driver-api/
 * early-userspace/buffer-format.rst), reproducible: entries sorted by path,
 * owner 0, one mtime, numbered from 1, so nothing of the host gets in.
 */
#ifndef CVMCTL_IMAGE_CPIO_H
#define CVMCTL_IMAGE_CPIO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/bytes.h"

enum {
	cpio_name_max = 1023, /* bytes of a path */
	cpio_entries_max = 4096,
	cpio_file_max = 256 * 1024 * 1024,
};

struct cpio_entry {
	char *path; /* without a leading slash */
	mode_t mode;
	dev_t rdev;	      /* of a device */
	struct bytes content; /* of a file; the target of a link */
};

struct cpio {
	struct cpio_entry *entry;
	size_t n;
};

void cpio_free(struct cpio *c);

#define own_cpio __attribute__((cleanup(cpio_free)))

/*
 * Each adds one entry and its parent directories. path has no leading slash.
 * 0; -EEXIST for a path that is there already; -EINVAL for one with "." or
 * ".." or empty components; -ENAMETOOLONG; -EFBIG; -E2BIG; -ENOMEM. content
 * is taken over.
 */
int cpio_add_file(struct cpio *c, const char *path, mode_t permissions,
		  struct bytes *content);
int cpio_add_dir(struct cpio *c, const char *path);
int cpio_add_device(struct cpio *c, const char *path, mode_t mode, dev_t rdev);

/* Sorts the entries and writes the archive. The caller frees *ret. */
int cpio_write(struct cpio *c, uint32_t mtime, struct bytes *ret);

/*
 * Reads an archive of len bytes, which must end after its trailer. The
 * caller frees *ret. 0, -EINVAL for what is not a newc archive, or -E2BIG.
 */
int cpio_read(const uint8_t *data, size_t len, struct cpio *ret);

#endif
