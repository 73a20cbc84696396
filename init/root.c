// SPDX-License-Identifier: MIT
/*
 * Finds the disk that holds our root hash, maps it through dm-verity with
 * every parameter from boot.conf, and mounts it read-only. Trusts nothing on
 * the disk: a block that does not verify panics the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "init/boot.h"
#include "init/devices.h"
#include "lib/own.h"
#include "verity/device.h"

static const char working_disk[] = "attach a disk that works";
static const char our_disk[] = "attach the disk that was built with this "
			       "initramfs";

static int holds_root(int fd, const void *wanted)
{
	return verity_is_device(fd, wanted);
}

static int fail_find(const struct device_found *found, struct fail *f)
{
	if (found->unreadable) {
		(void)fail_because(f, "", working_disk, "find the root disk");
		return fail_reason(f,
				   "none of %zu disks has the root hash, but "
				   "%zu cannot be read",
				   found->looked_at, found->unreadable);
	}
	(void)fail_because(f, "", our_disk, "find the root disk");
	return fail_reason(f, "none of %zu disks has the root hash",
			   found->looked_at);
}

static int find_by_hash(struct boot *b, struct fail *f)
{
	struct device_query query = { holds_root, &b->conf.root.verity,
				      b->conf.boot.device_timeout_s };
	struct device_found found;
	int r = devices_find(&query, &found);

	if (r < 0)
		return fail_errno(f, r, "use a kernel with sysfs and netlink",
				  "look for the root disk");
	if (!found.matches)
		return fail_find(&found, f);
	memcpy(b->root_device, found.path, sizeof(b->root_device));
	return 0;
}

/* boot.conf names the device: it is that one or none. */
static int find_by_name(struct boot *b, struct fail *f)
{
	const char *path = b->conf.root.device;
	own_fd int fd = -1;
	int r = devices_wait(path, b->conf.boot.device_timeout_s);

	if (r < 0)
		return fail_errno(f, r,
				  "attach the disk, or check [root] "
				  "device in boot.conf",
				  "find the root disk %s", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(f, errno, "check [root] device in boot.conf",
				  "open the root disk %s", path);
	r = verity_is_device(fd, &b->conf.root.verity);
	if (r < 0)
		return fail_errno(f, r, working_disk, "read the root disk %s",
				  path);
	if (!r)
		return fail_because(f, "it does not have the root hash",
				    our_disk, "use the root disk %s", path);
	memcpy(b->root_device, path, sizeof(b->root_device));
	return 0;
}

/* A disk that is too short would only show it at its last blocks. */
static int check_size(const struct boot *b, struct fail *f)
{
	own_fd int fd = open(b->root_device, O_RDONLY | O_CLOEXEC);
	uint64_t need;
	off_t have = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (verity_size(&b->conf.root.verity, &need) < 0)
		return fail_because(f,
				    "the [root] values contradict each other",
				    "build the image again with cvmctl build",
				    "lay out the root disk %s", b->root_device);
	if (have < 0)
		return fail_errno(f, errno, working_disk, "read the size of %s",
				  b->root_device);
	if ((uint64_t)have >= need)
		return 0;
	(void)fail_because(f, "", "attach the whole image",
			   "use the root disk %s", b->root_device);
	return fail_reason(f, "it has %llu bytes of %llu",
			   (unsigned long long)have, (unsigned long long)need);
}

static int mount_root(struct boot *b, struct fail *f)
{
	const char *fs = boot_root_fs_name(b->conf.root.fs);
	/* ext4 must not replay a journal on a read-only disk */
	const char *options = b->conf.root.fs == BOOT_FS_EXT4 ? "noload" : NULL;

	if (mount("/dev/mapper/" ROOT_MAPPER_NAME, LOWER_PATH, fs,
		  MS_RDONLY | MS_NODEV, options) < 0)
		return fail_errno(f, errno,
				  "check [root] fs and [modules] in "
				  "boot.conf",
				  "mount the verified root as %s", fs);
	b->lower_fd = open(LOWER_PATH, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->lower_fd < 0)
		return fail_errno(f, errno, "give the VM more memory",
				  "open the verified root");
	return 0;
}

int stage_root(struct boot *b, struct fail *f)
{
	int r = b->conf.root.device[0] ? find_by_name(b, f)
				       : find_by_hash(b, f);

	if (r == 0)
		r = check_size(b, f);
	if (r == 0)
		r = verity_activate(b->root_device, ROOT_MAPPER_NAME,
				    &b->conf.root.verity, f);
	return r < 0 ? r : mount_root(b, f);
}
