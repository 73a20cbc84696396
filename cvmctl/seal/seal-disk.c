// SPDX-License-Identifier: MIT
/* See seal-disk.h. */
#include "cvmctl/seal/seal-disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "cvmctl/broker/key-store.h"
#include "cvmctl/seal/fill.h"
#include "cvmctl/tool/disk-lock.h"
#include "cvmctl/tool/interrupt.h"
#include "cvmctl/tool/progress.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/luks/make.h"
#include "seal/luks/token.h"

enum {
	first_keyslot = 0,
	/* file systems, partition tables and RAID say so in one of the two */
	end_size = 1024 * 1024,
};

/* That of --uuid was looked at with the other arguments. */
static int parse_uuid(const struct seal_disk *d, uuid_t ret, struct fail *f)
{
	if (uuid_parse(d->uuid, ret) < 0)
		return fail_because(f, "it is none",
				    "build the image again with cvmctl build",
				    "use UUID %s of the image", d->uuid);
	return 0;
}

int seal_disk_choose_uuid(const struct seal_disk *d,
			  char ret[static volume_uuid_len + 1], struct fail *f)
{
	uuid_t uuid = { 0 };
	int r = 0;

	if (d->uuid)
		r = parse_uuid(d, uuid, f);
	else
		uuid_generate_random(uuid);
	if (r == 0)
		uuid_unparse_lower(uuid, ret);
	return r;
}

/* A header is the host's to write: a key would name what it says. */
static int check_uuid(const struct seal_disk *d, const char *its_text,
		      const uuid_t its, struct fail *f)
{
	uuid_t wanted = { 0 };
	int r;

	if (!d->uuid) {
		(void)fprintf(stderr,
			      "cvmctl: seal: the key will be for volume %s, as "
			      "%s itself says; --uuid would check it\n",
			      its_text, d->device);
		return 0;
	}
	r = parse_uuid(d, wanted, f);
	if (r < 0 || uuid_compare(wanted, its) == 0)
		return r;
	(void)fail_because(f, "",
			   "give the right disk, or give it back its UUID with "
			   "cryptsetup luksUUID",
			   "seal volume %s", d->device);
	return fail_reason(f, "its header says UUID %s, not %s", its_text,
			   d->uuid);
}

int seal_disk_read_uuid(const struct seal_disk *d,
			char ret[static volume_uuid_len + 1], struct fail *f)
{
	own_luks struct luks *l = NULL;
	uuid_t uuid;
	int r = luks_open(d->device, &l, f);

	if (r < 0)
		return r;
	if (uuid_parse(luks_uuid(l), uuid) < 0)
		return fail_because(f, "its UUID is none",
				    "give it one with cryptsetup luksUUID",
				    "seal volume %s", d->device);
	memcpy(ret, luks_uuid(l), volume_uuid_len + 1);
	return check_uuid(d, ret, uuid, f);
}

static int is_zero(int fd, off_t at, size_t len)
{
	own_free uint8_t *data = malloc(len ? len : 1);
	int r = data ? io_pread_all(fd, data, len, at) : -ENOMEM;

	if (r < 0)
		return r;
	for (size_t i = 0; i < len; i++)
		if (data[i])
			return false;
	return true;
}

/* True when both ends are zeros; false; or -errno. */
static int is_unused(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	off_t len = size < end_size ? size : end_size;
	int r = size < 0 ? -errno : is_zero(fd, 0, (size_t)len);

	return r == true ? is_zero(fd, size - len, (size_t)len) : r;
}

static int check_unused(const struct seal_disk *d, struct fail *f)
{
	own_fd int fd = open(d->device, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : is_unused(fd);

	if (r < 0)
		return fail_errno(f, r, "check the disk", "read %s", d->device);
	if (!r && !d->force)
		return fail_because(f, "it is not empty",
				    "give --force to lose what it holds",
				    "format %s", d->device);
	return 0;
}

/* A new image file; one that exists is not overwritten. Its descriptor. */
static int create_file(const struct seal_disk *d, struct fail *f)
{
	sigset_t before;
	int fd;

	interrupt_block(&before);
	fd = open(d->device, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		fd = -errno;
	else
		interrupt_add_path(d->device);
	interrupt_unblock(&before);
	return fd < 0 ? fail_errno(f, fd,
				   fd == -EEXIST ? "leave out --size for a "
						   "disk that exists"
						 : "check the path",
				   "create %s", d->device)
		      : fd;
}

/* The file that was created is whole now, or goes. */
static void finish_file(const struct seal_disk *d, bool whole)
{
	sigset_t before;

	interrupt_block(&before);
	if (!whole)
		(void)unlink(d->device); /* why it is not whole is told */
	interrupt_drop_path(d->device);
	interrupt_unblock(&before);
}

static int grow_file(const struct seal_disk *d, struct fail *f)
{
	if (truncate(d->device, (off_t)d->size_bytes) < 0)
		return fail_errno(f, errno, "choose another --size",
				  "create %s", d->device);
	return 0;
}

/* Or its file in the key store: what will open the keyslot. */
static int write_token(const struct seal_disk *d, struct luks *l, int token,
		       int keyslot, struct fail *f)
{
	own_free char *json = NULL;
	int r;

	if (d->key_store)
		return key_store_add(d->key_store, d->uuid, keyslot, d->secret,
				     f);
	r = token_format(d->sealed, keyslot, &json, f);
	return r < 0 ? r : luks_write_token(l, token, json, f);
}

/* Nobody has the key of a keyslot without a token: it only takes room. */
static int write_token_or_undo(const struct seal_disk *d, struct luks *l,
			       int token, int keyslot, struct fail *f)
{
	struct fail ignored = { 0 };
	int r = write_token(d, l, token, keyslot, f);

	if (r < 0)
		(void)luks_remove_key(l, keyslot, &ignored); /* r is told */
	return r;
}

static int fill(const struct seal_disk *d, struct luks *l, struct fail *f)
{
	own_secret struct secret key = { 0 };
	uint64_t data_bytes;
	int r = luks_read_volume_key(l, d->passphrase, &key, &data_bytes, f);

	return r < 0 ? r : fill_ext4(d->device, data_bytes, d->label, &key, f);
}

static int format(const struct seal_disk *d, struct seal_place *ret,
		  struct fail *f)
{
	own_luks struct luks *l = NULL;
	int other_slot = 0;
	int r;

	command_progress("formatting %s", d->device);
	r = luks_format(d->device, d->uuid, d->label, d->passphrase, f);
	if (r == 0)
		r = luks_open(d->device, &l, f);
	if (r == 0 && d->other->len)
		r = luks_add_key(l, d->passphrase, d->other, &other_slot, f);
	if (r == 0)
		r = write_token(d, l, luks_new_token, first_keyslot, f);
	if (r == 0 && d->make_ext4) {
		r = fill(d, l, f);
		if (r < 0 && d->key_store)
			key_store_remove(d->key_store, d->uuid, first_keyslot);
	}
	if (r == 0)
		*ret = (struct seal_place){
			luks_keyslot_token(l, first_keyslot), first_keyslot
		};
	return r;
}

static int format_file(const struct seal_disk *d, struct seal_place *ret,
		       struct fail *f)
{
	own_fd int fd = create_file(d, f);
	int r;

	if (fd < 0)
		return fd;
	r = disk_lock_fd(fd, d->device, f);
	if (r == 0)
		r = grow_file(d, f);
	if (r == 0)
		r = format(d, ret, f);
	finish_file(d, r == 0);
	return r;
}

static int format_disk(const struct seal_disk *d, struct seal_place *ret,
		       struct fail *f)
{
	int r = check_unused(d, f);

	return r < 0 ? r : format(d, ret, f);
}

int seal_disk_format(const struct seal_disk *d, struct seal_place *ret,
		     struct fail *f)
{
	int r = !d->key_store ? 0
			      : key_store_check(d->key_store, d->uuid,
						first_keyslot, f);

	if (r < 0)
		return r;
	return d->size_bytes ? format_file(d, ret, f) : format_disk(d, ret, f);
}

/*
 * Nothing opens the old token's keyslot any more, but who kept that token and
 * boots what it was sealed for. The host may have made the token name the key
 * that the user counts on, which stays.
 */
static int remove_old(const struct seal_disk *d, struct luks *l, int keyslot,
		      struct fail *f)
{
	if (keyslot < 0)
		return 0;
	if (!luks_keyslot_opens(l, keyslot, d->other))
		return luks_remove_key(l, keyslot, f);
	command_progress("keeping keyslot %d, which --key-file opens", keyslot);
	return 0;
}

int seal_disk_add(const struct seal_disk *d, struct seal_place *ret,
		  struct fail *f)
{
	own_luks struct luks *l = NULL;
	int keyslot = 0;
	int r = luks_open(d->device, &l, f);

	if (r == 0)
		r = luks_add_key(l, d->other, d->passphrase, &keyslot, f);
	if (r == 0)
		r = write_token_or_undo(d, l, luks_new_token, keyslot, f);
	if (r == 0)
		*ret = (struct seal_place){ luks_keyslot_token(l, keyslot),
					    keyslot };
	return r;
}

static int refuse_token(const struct seal_disk *d, const char *reason,
			const char *remedy, struct fail *f)
{
	return fail_because(f, reason, remedy, "replace a token of volume %s",
			    d->device);
}

/* The one that is to be replaced: of that number, or the only one. */
static int choose_token(const struct seal_disk *d, const struct luks *l,
			int number, int *ret, struct fail *f)
{
	int token = luks_next_token(l, number < 0 ? -1 : number - 1);

	if (number >= 0 && token != number)
		return refuse_token(d,
				    "it has no systemd-tpm2 token of this "
				    "number",
				    "choose one that cvmctl inspect shows", f);
	if (token < 0)
		return refuse_token(d, "it has no systemd-tpm2 token",
				    "give --add", f);
	if (number < 0 && luks_next_token(l, token) >= 0)
		return refuse_token(d, "it has several systemd-tpm2 tokens",
				    "choose one with --token", f);
	*ret = token;
	return 0;
}

int seal_disk_replace(const struct seal_disk *d, int token,
		      struct seal_place *ret, struct fail *f)
{
	own_luks struct luks *l = NULL;
	int keyslot = 0;
	int old = -1;
	int r = luks_open(d->device, &l, f);

	if (r == 0)
		r = choose_token(d, l, token, &token, f);
	if (r == 0) {
		old = luks_token_keyslot(l, token);
		r = luks_add_key(l, d->other, d->passphrase, &keyslot, f);
	}
	/* whatever ends this between two steps, one of the tokens opens it */
	if (r == 0)
		r = write_token_or_undo(d, l, token, keyslot, f);
	if (r == 0)
		r = remove_old(d, l, old, f);
	if (r == 0)
		*ret = (struct seal_place){ token, keyslot };
	return r;
}
