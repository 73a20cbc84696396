// SPDX-License-Identifier: MIT
/* See erofs.h: a walk through the image and the tree side by side. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/xattr.h>

#include "cvmctl/image/erofs.h"
#include "lib/own.h"
#include "seal/measure/attributes.h"

/* Where in the tree and in the image a name is. */
struct place {
	const struct erofs *image;
	int dir_fd;
	const char *name;
	unsigned depth;
	struct fail *f;
	bool *told; /* *f is filled */
};

static int set_attribute(const char *name, const void *value, size_t len,
			 void *arg)
{
	const struct place *p = arg;
	char path[64 + erofs_name_max];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", p->dir_fd,
		       p->name); /* fits */
	if (attributes_leave_out(name) ||
	    lsetxattr(path, name, value, len, 0) == 0)
		return 0;
	*p->told = true;
	return fail_errno(p->f, errno, "give --root",
			  "set attribute %s of %s, extracted", name, p->name);
}

/* Before the attributes: an access list is part of the mode, too. */
static int set_mode(const struct place *p, mode_t mode)
{
	if (S_ISLNK(mode) || fchmodat(p->dir_fd, p->name, mode & 07777, 0) == 0)
		return 0;
	*p->told = true;
	return fail_errno(p->f, errno, "give --root",
			  "set the mode of %s, extracted", p->name);
}

static int complete(struct place *p, uint64_t number);

static int complete_below(const char *name, uint64_t number, void *arg)
{
	struct place below = *(const struct place *)arg;

	below.name = name;
	return complete(&below, number);
}

/* What is at the place, the node of this number, and all below it. */
static int complete(struct place *p, uint64_t number)
{
	own_fd int fd = -1;
	struct erofs_node node;
	struct place here;
	int r = erofs_read_node(p->image, number, &node);

	if (r == 0)
		r = set_mode(p, node.mode);
	if (r == 0)
		r = erofs_list_attributes(p->image, &node, set_attribute, p);
	if (r < 0 || !S_ISDIR(node.mode))
		return r;
	fd = openat(p->dir_fd, p->name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || p->depth == erofs_depth_max)
		return -EINVAL; /* it is not what fsck.erofs saw */
	here = *p;
	here.dir_fd = fd;
	here.depth++;
	return erofs_list(p->image, &node, complete_below, &here);
}

int erofs_complete(const void *data, size_t len, const char *name, int tree_fd,
		   struct fail *f)
{
	bool told = false;
	struct erofs image;
	struct place top = { &image, tree_fd, ".", 0, f, &told };
	int r = erofs_open(data, len, &image);

	if (r == 0)
		r = complete(&top, image.root);
	if (r < 0 && !told)
		return fail_because(f, "it is not as mkfs.erofs writes it",
				    "build the image again",
				    "read the file system in %s", name);
	return r;
}
