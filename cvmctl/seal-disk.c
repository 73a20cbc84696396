// SPDX-License-Identifier: MIT
/* See seal-disk.h. */
#include "cvmctl/seal-disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "cvmctl/command.h"
#include "cvmctl/fill.h"
#include "lib/own.h"
#include "seal/luks-make.h"
#include "seal/token.h"

enum { first_keyslot = 0 };

/* A new image file; one that exists is not overwritten. */
static int create_file(const struct seal_disk *d, struct fail *f)
{
	own_fd int fd = -1;

	if (!d->size_bytes)
		return 0;
	fd = open(d->device, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(f, errno,
				  "leave out --size for a disk that exists",
				  "create %s", d->device);
	if (ftruncate(fd, (off_t)d->size_bytes) < 0)
		return fail_errno(f, errno, "choose another --size",
				  "create %s", d->device);
	return 0;
}

static int write_token(const struct seal_disk *d, struct luks *l, int keyslot,
		       struct fail *f)
{
	own_free char *json = NULL;
	int r = token_format(d->sealed, keyslot, &json, f);

	return r < 0 ? r : luks_write_token(l, json, f);
}

static int fill(const struct seal_disk *d, struct luks *l, struct fail *f)
{
	own_secret struct secret key = { 0 };
	uint64_t data_bytes;
	int r = luks_read_volume_key(l, d->passphrase, &key, &data_bytes, f);

	return r < 0 ? r : fill_ext4(d->device, data_bytes, d->label, &key, f);
}

int seal_disk_format(const struct seal_disk *d, int *ret_keyslot,
		     struct fail *f)
{
	own_luks struct luks *l = NULL;
	int other_slot = 0;
	int r = create_file(d, f);

	if (r < 0)
		return r;
	command_progress("formatting %s", d->device);
	r = luks_format(d->device, d->uuid, d->label, d->passphrase, f);
	if (r == 0)
		r = luks_open(d->device, &l, f);
	if (r == 0 && d->other->len)
		r = luks_add_key(l, d->passphrase, d->other, &other_slot, f);
	if (r == 0)
		r = write_token(d, l, first_keyslot, f);
	if (r == 0 && d->make_ext4)
		r = fill(d, l, f);
	if (r == 0)
		*ret_keyslot = first_keyslot;
	return r;
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

int seal_disk_enroll(const struct seal_disk *d, int *ret_keyslot,
		     struct fail *f)
{
	own_luks struct luks *l = NULL;
	int keyslot = 0;
	int old = -1;
	int r = luks_open(d->device, &l, f);

	if (r == 0) {
		old = luks_sealed_keyslot(l);
		r = luks_add_key(l, d->other, d->passphrase, &keyslot, f);
	}
	/* whatever ends this between two steps, one of the tokens opens it */
	if (r == 0)
		r = write_token(d, l, keyslot, f);
	if (r == 0)
		r = remove_old(d, l, old, f);
	if (r == 0)
		*ret_keyslot = keyslot;
	return r;
}
