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

#include "init/deliver.h"
#include "init/devices.h"
#include "init/record.h"
#include "init/signatures.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/luks/luks.h"
#include "seal/luks/volume-key.h"
#include "seal/measure/cover.h"

static int holds_volume(int fd, const void *wanted)
{
	return luks_has_uuid(fd, wanted);
}

static int fail_find(const struct boot_volume *v,
		     const struct device_found *found, struct fail *f)
{
	if (found->unreadable) {
		(void)fail_because(f, "", "attach a disk that works",
				   "find volume %s", v->name);
		return fail_reason(f,
				   "none of %zu disks is LUKS2 with UUID %s, "
				   "but %zu cannot be read",
				   found->looked_at, v->uuid,
				   found->unreadable);
	}
	(void)fail_because(f, "", "attach the disk that cvmctl seal prepared",
			   "find volume %s", v->name);
	return fail_reason(f, "none of %zu disks is LUKS2 with UUID %s",
			   found->looked_at, v->uuid);
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
	if (!found.matches)
		return fail_find(v, &found, f);
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

/* Signatures are read when a key needs them. */
struct key_context {
	const struct boot *boot;
	const char *volume;
	struct signatures signatures;
};

static void key_context_free(struct key_context *c)
{
	signatures_free(&c->signatures);
}

#define own_key_context __attribute__((cleanup(key_context_free)))

/*
 * Only a key that PCR 14 guards is closed off by the cap; and a TPM leaves
 * PCRs of a bank that is not active out of a policy, without a word.
 */
static int check_key(const struct sealed_key *key, void *context,
		     struct fail *f)
{
	static const char remedy[] = "seal it again with cvmctl seal --image";
	struct key_context *c = context;

	if (!((key->pcr_mask | key->signed_mask) & 1U << pcr_apps))
		return fail_because(f, "its token leaves out PCR 14", remedy,
				    "use the key of volume %s", c->volume);
	if (!(c->boot->banks & 1U << key->bank))
		return fail_because(f,
				    "its token is for a PCR bank that is "
				    "not active",
				    remedy, "use the key of volume %s",
				    c->volume);
	if (key->signed_mask && !c->signatures.n)
		return signatures_load(c->boot, &c->signatures, f);
	return 0;
}

/*
 * Not in another volume, to which links of the root can lead: who could write
 * there in an earlier boot would say where this one is mounted. Nor over one.
 */
static int check_others(const struct boot *b, const struct boot_volume *v,
			const char *path, struct fail *f)
{
	for (size_t i = 0; i + 1 < b->volumes_open; i++) {
		const char *other = b->volume_path[i];

		if (text_is_below(path, other) || text_is_below(other, path))
			return fail_because(f,
					    "another volume is there, above "
					    "or below",
					    "mount it elsewhere",
					    "mount volume %s on %s", v->name,
					    v->mount);
	}
	return 0;
}

/* ret_path: where it is in the new root, after all links. */
static int mount_volume(const struct boot *b, const struct boot_volume *v,
			char ret_path[static PATH_MAX], struct fail *f)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | (v->exec ? 0 : MS_NOEXEC);
	const struct cover cover = { v->name, v->mount };
	own_fd int root = open(NEW_ROOT_PATH, O_PATH | O_CLOEXEC);
	own_fd int fd = io_open_in_root(root, v->mount, O_PATH | O_DIRECTORY);
	char source[sizeof("/dev/mapper/") + boot_name_max];
	char target[64];
	int r;

	/* the descriptor, not the path: no link on the way can change it */
	(void)snprintf(target, sizeof(target), "/proc/self/fd/%d", fd);
	(void)snprintf(source, sizeof(source), "/dev/mapper/%s", v->name);
	r = fd < 0 ? fd : cover_path(root, fd, ret_path);
	if (r < 0)
		return fail_errno(f, r, "create the directory on the root",
				  "mount volume %s on %s", v->name, v->mount);
	r = check_others(b, v, ret_path, f);
	if (r == 0)
		r = cover_check(&b->events, root, &cover, ret_path, f);
	if (r < 0)
		return r;
	if (mount(source, target, "ext4", flags, NULL) < 0)
		return fail_errno(f, errno,
				  "attach the whole disk, or restore it "
				  "from a copy",
				  "mount volume %s on %s", v->name, v->mount);
	return 0;
}

/*
 * As systemd-cryptsetup does it. Who knows the key finds in a quote that this
 * volume was opened; nobody learns the key from it.
 */
static int measure_key(struct boot *b, const struct boot_volume *v,
		       struct luks *luks, const struct secret *key,
		       struct fail *f)
{
	struct events *log = &b->events;
	int r = events_add_volume_key(log, v->name, luks_uuid(luks), key,
				      record_algs(b));

	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "log the key of volume %s", v->name);
	return record_event(b, &log->event[log->n - 1], f);
}

/* From the TPM: by a token of the header, or by one that a broker made. */
static int get_passphrase(const struct boot *b, const struct boot_volume *v,
			  struct luks *luks, struct secret *ret,
			  int *ret_keyslot, struct fail *f)
{
	own_bytes struct bytes token = { 0 };
	own_key_context struct key_context context = { .boot = b,
						       .volume = v->name };
	struct volume_key_request request = { .luks = luks,
					      .tpm = b->tpm,
					      .volume = v->name,
					      .signatures = &context.signatures,
					      .import = v->import,
					      .uuid = *v->uuid ? v->uuid : NULL,
					      .bound = v->bound ==
						       BOOT_BOUND_YES,
					      .check = check_key,
					      .context = &context };
	int r;

	if (v->key == BOOT_KEY_SEALED)
		return volume_key_unseal(&request, ret, ret_keyslot, f);
	request.import = true; /* the broker's signature was checked */
	/* ours, if there is one: the disk may have changed since then */
	r = deliver_key(b, v, *v->uuid ? v->uuid : luks_uuid(luks), &token, f);
	return r < 0 ? r
		     : volume_key_unseal_delivered(&request,
						   (const char *)token.data,
						   ret, ret_keyslot, f);
}

static int open_volume(struct boot *b, const struct boot_volume *v,
		       struct fail *f)
{
	own_luks struct luks *luks = NULL;
	own_secret struct secret passphrase = { 0 };
	own_secret struct secret key = { 0 };
	char device[PATH_MAX];
	char *path;
	int keyslot = -1;
	int r = find_volume(b, v, device, f);

	if (r == 0)
		r = luks_open(device, &luks, f);
	if (r == 0)
		r = get_passphrase(b, v, luks, &passphrase, &keyslot, f);
	if (r == 0)
		r = luks_activate(luks, v->name, keyslot, &passphrase, f);
	if (r < 0)
		return r;
	path = b->volume_path[b->volumes_open++];
	if (v->measure_key)
		r = luks_volume_key(luks, keyslot, &passphrase, &key, f);
	if (r == 0 && v->measure_key)
		r = measure_key(b, v, luks, &key, f);
	return r < 0 ? r : mount_volume(b, v, path, f);
}

/*
 * The counter is there before the first key is asked for, and shuts older
 * releases out only when this one has opened everything.
 */
int stage_volumes(struct boot *b, struct fail *f)
{
	uint64_t least = b->conf.tpm.minimum_release;
	int r = least ? tpm_raise_release(b->tpm, 1, f) : 0;

	for (size_t i = 0; r == 0 && i < b->conf.volumes; i++)
		r = open_volume(b, &b->conf.volume[i], f);
	if (r == 0 && least)
		r = tpm_raise_release(b->tpm, least, f);
	return r;
}

void volumes_close(struct boot *b)
{
	while (b->volumes_open) {
		const struct boot_volume *v =
			&b->conf.volume[--b->volumes_open];
		const char *root = b->switched ? "" : NEW_ROOT_PATH;
		const char *in_root = b->volume_path[b->volumes_open];
		own_text struct text path = { 0 };

		text_add(&path, "%s%s", root, in_root);
		/* power-off follows: what cannot be closed ends with it */
		if (*in_root && !text_failed(&path))
			(void)umount2(path.s, UMOUNT_NOFOLLOW);
		(void)luks_deactivate(v->name);
	}
}
