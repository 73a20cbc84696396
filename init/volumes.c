// SPDX-License-Identifier: MIT
/*
 * Opens the encrypted volumes: the TPM releases each key only while PCR 14
 * says that the expected apps were measured. The disk is the host's: it is
 * found by UUID, its header is checked, and only the TPM-sealed keyslot is
 * ever tried.
 */
#include "init/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "init/devices.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/luks.h"
#include "seal/token.h"

static bool holds_volume(int fd, const void *wanted)
{
	return luks_has_uuid(fd, wanted);
}

static int find_by_uuid(const struct boot *b, const struct boot_volume *v,
			char ret[static PATH_MAX], struct fail *f)
{
	struct device_query query = { holds_volume, v->uuid,
				      b->conf.boot.device_timeout_s };
	struct device_found found;
	int r = devices_find(&query, &found);

	if (r < 0)
		return fail_errno(f, r, "use a kernel with sysfs and netlink",
				  "look for volume %s", v->name);
	if (!found.matches) {
		(void)fail_because(f, "",
				   "attach the disk that cvmctl seal "
				   "prepared",
				   "find volume %s", v->name);
		return fail_reason(f, "none of %zu disks is LUKS2 with UUID %s",
				   found.looked_at, v->uuid);
	}
	if (found.matches > 1)
		return fail_because(f, "several disks have its UUID",
				    "attach one of them", "choose volume %s",
				    v->name);
	memcpy(ret, found.path, PATH_MAX);
	return 0;
}

static int find_volume(const struct boot *b, const struct boot_volume *v,
		       char ret[static PATH_MAX], struct fail *f)
{
	int r;

	if (!v->device[0])
		return find_by_uuid(b, v, ret, f);
	r = devices_wait(v->device, b->conf.boot.device_timeout_s);
	if (r < 0)
		return fail_errno(f, r,
				  "attach the disk, or check its device "
				  "in boot.conf",
				  "find volume %s at %s", v->name, v->device);
	memcpy(ret, v->device, PATH_MAX);
	return 0;
}

/* The passphrase of the keyslot that the volume's token names. */
static int unseal(struct tpm *tpm, const char *volume,
		  const struct sealed_key *key, struct secret *ret,
		  struct fail *f)
{
	own_secret struct secret unsealed = { 0 };
	int r = tpm_unseal(tpm, key, &unsealed, f);

	if (r < 0) {
		fail_what(f, "unseal the key of volume %s", volume);
		return r;
	}
	r = token_passphrase(&unsealed, ret);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "prepare the keyslot's passphrase");
	return 0;
}

static int mount_volume(const struct boot_volume *v, struct fail *f)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | (v->exec ? 0 : MS_NOEXEC);
	own_fd int root = open(NEW_ROOT_PATH, O_PATH | O_CLOEXEC);
	own_fd int fd = io_open_in_root(root, v->mount, O_PATH | O_DIRECTORY);
	own_text struct text source = { 0 };
	char target[64];

	if (fd < 0)
		return fail_errno(f, fd, "create the directory on the root",
				  "mount volume %s on %s", v->name, v->mount);
	text_add(&source, "/dev/mapper/%s", v->name);
	if (text_failed(&source))
		return fail_errno(f, ENOMEM, "give the VM more memory",
				  "mount volume %s", v->name);
	/* the descriptor, not the path: no link on the way can change it */
	(void)snprintf(target, sizeof(target), "/proc/self/fd/%d", fd);
	if (mount(source.s, target, "ext4", flags, NULL) < 0)
		return fail_errno(f, errno,
				  "make an ext4 file system on it "
				  "with cvmctl seal --format",
				  "mount volume %s on %s", v->name, v->mount);
	return 0;
}

static int open_volume(struct boot *b, const struct boot_volume *v,
		       struct fail *f)
{
	own_luks struct luks *luks = NULL;
	own_sealed_key struct sealed_key key = { 0 };
	own_secret struct secret passphrase = { 0 };
	char device[PATH_MAX];
	int keyslot = -1;
	int r = find_volume(b, v, device, f);

	if (r == 0)
		r = luks_open(device, &luks, f);
	if (r == 0)
		r = luks_read_token(luks, &key, &keyslot, f);
	if (r == 0)
		r = unseal(b->tpm, v->name, &key, &passphrase, f);
	if (r == 0)
		r = luks_activate(luks, v->name, keyslot, &passphrase, f);
	if (r < 0)
		return r;
	b->volumes_open++;
	return mount_volume(v, f);
}

int stage_volumes(struct boot *b, struct fail *f)
{
	for (size_t i = 0; i < b->conf.volumes; i++) {
		int r = open_volume(b, &b->conf.volume[i], f);

		if (r < 0)
			return r;
	}
	return 0;
}

void volumes_close(struct boot *b)
{
	while (b->volumes_open) {
		const struct boot_volume *v =
			&b->conf.volume[--b->volumes_open];
		const char *root = b->switched ? "" : NEW_ROOT_PATH;
		own_text struct text path = { 0 };

		text_add(&path, "%s%s", root, v->mount);
		if (text_failed(&path))
			continue;
		(void)umount2(path.s, UMOUNT_NOFOLLOW); /* power-off follows */
		(void)luks_deactivate(v->name);
	}
}
