/* SPDX-License-Identifier: MIT */
/*
 * What fsck.erofs of Debian 12 does not extract: modes and extended attributes
 * in an EROFS image, and the names that lead to them. Reads what mkfs.erofs
 * writes without compression; nothing in the image is trusted. The format:
 * Linux, Documentation/filesystems/erofs.rst and fs/erofs/erofs_fs.h.
 */
#ifndef CVMCTL_IMAGE_EROFS_H
#define CVMCTL_IMAGE_EROFS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/fail.h"

enum { erofs_name_max = 255, erofs_depth_max = 256 };

struct erofs {
	const uint8_t *data; /* the whole image, borrowed */
	size_t len;
	uint64_t block_size;
	uint64_t nodes;	     /* bytes: where node 0 would be */
	uint64_t attributes; /* bytes: where shared ones begin */
	uint64_t root;	     /* node number of the top */
};

/* A file, directory or anything else; what is needed of its inode. */
struct erofs_node {
	mode_t mode;
	uint64_t size;
	uint64_t data;		/* bytes: its first blocks */
	uint64_t tail;		/* bytes: its last part, 0: with the others */
	uint64_t attributes;	/* bytes */
	size_t attributes_size; /* 0: none */
};

/* Each returns 0; -EINVAL for what is not such an image. */
int erofs_open(const void *data, size_t len, struct erofs *ret);
int erofs_read_node(const struct erofs *e, uint64_t number,
		    struct erofs_node *ret);

/*
 * Calls see for each name in a directory, or for each attribute of a node,
 * until it returns something else than 0, which is returned then. Names have
 * 1 to 255 bytes, none of them NUL; those of directories have no slash, and
 * "." and ".." are not among them. A value is borrowed.
 */
typedef int erofs_see_name(const char *name, uint64_t number, void *arg);
typedef int erofs_see_attribute(const char *name, const void *value, size_t len,
				void *arg);
int erofs_list(const struct erofs *e, const struct erofs_node *dir,
	       erofs_see_name *see, void *arg);
int erofs_list_attributes(const struct erofs *e, const struct erofs_node *node,
			  erofs_see_attribute *see, void *arg);

/*
 * Gives all that fsck.erofs has extracted to tree_fd its mode, from which that
 * of Debian 12 loses set-user-ID and set-group-ID, and those attributes that
 * listings may have. name is the image's in messages.
 */
int erofs_complete(const void *data, size_t len, const char *name, int tree_fd,
		   struct fail *f);

#endif
