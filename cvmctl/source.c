// SPDX-License-Identifier: MIT
/* See source.h. fsck.erofs does the extracting. */
#include "cvmctl/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cvmctl/child.h"
#include "cvmctl/command.h"
#include "cvmctl/image.h"

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
	if (r < 0)
		return r;
	ret->fd = open(ret->work.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->fd < 0)
		return fail_errno(f, errno, "check file systems", "open %s",
				  ret->work.path);
	(void)snprintf(ret->path, sizeof(ret->path), "%s", ret->work.path);
	return root_tree_read_apps(ret, f);
}
