// SPDX-License-Identifier: MIT
/*
 * See source.h. fsck.erofs does the extracting. That of Debian 12 leaves out
 * extended attributes, and loses set-user-ID and set-group-ID when it sets the
 * owner: both are put right afterwards.
 */
#include "cvmctl/image/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cvmctl/image/erofs.h"
#include "cvmctl/image/image.h"
#include "cvmctl/tool/child.h"
#include "cvmctl/tool/progress.h"
#include "lib/own.h"

/* path: the root disk, of which everything is in the tree already. */
static int complete_tree(const char *path, int tree_fd, struct fail *f)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *data = MAP_FAILED;
	struct stat st;
	int r;

	if (fd >= 0 && fstat(fd, &st) == 0)
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
			    fd, 0);
	if (data == MAP_FAILED)
		return fail_errno(f, errno, "check --image", "read %s", path);
	r = erofs_complete(data, (size_t)st.st_size, path, tree_fd, f);
	(void)munmap(data, (size_t)st.st_size); /* ours, mapped once */
	return r;
}

static int open_tree(struct root_tree *ret, struct fail *f)
{
	ret->fd = open(ret->work.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->fd < 0)
		return fail_errno(f, errno, "check file systems", "open %s",
				  ret->work.path);
	(void)snprintf(ret->path, sizeof(ret->path), "%s", ret->work.path);
	return 0;
}

int source_open_image(const char *image, struct root_tree *ret, struct fail *f)
{
	char root[PATH_MAX];
	char extract[PATH_MAX + 16];
	const char *const argv[] = { "fsck.erofs", extract, "--overwrite",
				     "--preserve", root,    NULL };
	int r;

	if ((size_t)snprintf(root, sizeof(root), "%s/" IMAGE_ROOT, image) >=
	    sizeof(root))
		return fail_errno(f, ENAMETOOLONG, "choose a shorter path",
				  "open image %s", image);
	if (access(root, R_OK) < 0)
		return fail_errno(f, errno, "check --image", "open image %s",
				  image);
	if (geteuid() != 0)
		return fail_because(f, "only root can keep the owners in it",
				    "run as root, or give --root",
				    "extract the root of %s", image);
	r = workdir_make("/tmp/cvmctl-root", &ret->work, f);
	if (r < 0)
		return r;
	(void)snprintf(extract, sizeof(extract), "--extract=%s",
		       ret->work.path); /* fits: shorter than PATH_MAX */
	command_progress("extracting %s", root);
	r = child_run(argv, "build the image again", 0, NULL, f);
	if (r == 0)
		r = open_tree(ret, f);
	if (r == 0)
		r = complete_tree(root, ret->fd, f);
	return r < 0 ? r : root_tree_read_apps(ret, f);
}
