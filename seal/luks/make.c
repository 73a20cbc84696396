// SPDX-License-Identifier: MIT
/*
 * See make.h. What is written here is what luks.c accepts, and what
 * systemd-cryptenroll would have written.
 */
#include "seal/luks/make.h"

#include <errno.h>
#include <fcntl.h>
#include <libcryptsetup.h>
#include <unistd.h>

#include "lib/own.h"
#include "seal/luks/internal.h"

static const char larger_disk[] = "use an unused disk of more than 16 MiB";

enum {
	sector_size = 4096,
	/* what libcryptsetup leaves for header and keyslots: nobody chose */
	header_bytes = 16 * 1024 * 1024,
	/* as systemd: a passphrase of full entropy gains nothing by more */
	pbkdf_iterations = 1000,
};

static int set_pbkdf(struct luks *l)
{
	static const struct crypt_pbkdf_type pbkdf = {
		.type = CRYPT_KDF_PBKDF2,
		.hash = "sha512",
		.iterations = pbkdf_iterations,
		.flags = CRYPT_PBKDF_NO_BENCHMARK,
	};

	return crypt_set_pbkdf_type(l->cd, &pbkdf);
}

static int format(struct luks *l, const char *uuid, const char *label,
		  const struct secret *passphrase)
{
	struct crypt_params_luks2 params = { .sector_size = sector_size,
					     .label = label };
	int r = set_pbkdf(l);

	/* waits for the kernel's generator early in a boot, urandom does not */
	crypt_set_rng_type(l->cd, CRYPT_RNG_RANDOM);
	if (r == 0)
		r = crypt_format(l->cd, CRYPT_LUKS2, "aes", "xts-plain64", uuid,
				 NULL, luks_key_size, &params);
	if (r == 0)
		r = crypt_keyslot_add_by_volume_key(
			l->cd, 0, NULL, 0, (const char *)passphrase->data,
			passphrase->len);
	return r < 0 ? r : 0; /* the keyslot added, which is 0 */
}

/* libcryptsetup makes a file longer, and formats a disk without data. */
static int check_room(const char *device, struct fail *f)
{
	own_fd int fd = open(device, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (size < 0 || size >= header_bytes + sector_size)
		return 0; /* what cannot be opened libcryptsetup tells */
	return fail_because(f, "it has no room for data", larger_disk,
			    "format volume %s", device);
}

int luks_format(const char *device, const char *uuid, const char *label,
		const struct secret *passphrase, struct fail *f)
{
	own_luks struct luks *l = NULL;
	int r = check_room(device, f);

	if (r < 0)
		return r;
	r = luks_init(device, &l);
	if (r == 0)
		r = format(l, uuid, label, passphrase);
	return r < 0 ? luks_fail_device(r, larger_disk, "format", device, f)
		     : 0;
}

/* libcryptsetup says EINVAL when all 32 are taken, ENOSPC when the JSON is. */
static int fail_full(const struct luks *l, const char *remedy, const char *what,
		     struct fail *f)
{
	return fail_because(f, "its header has no room for one more", remedy,
			    "%s volume %s", what, l->device);
}

int luks_add_key(struct luks *l, const struct secret *existing,
		 const struct secret *passphrase, int *ret_keyslot,
		 struct fail *f)
{
	int r = luks_check_keyslots(l, f);

	if (r < 0)
		return r;
	r = set_pbkdf(l);
	if (r == 0)
		r = crypt_keyslot_add_by_passphrase(
			l->cd, CRYPT_ANY_SLOT, (const char *)existing->data,
			existing->len, (const char *)passphrase->data,
			passphrase->len);
	if (r == -EPERM)
		return fail_because(f, "no keyslot opens with the given key",
				    "give a key that opens it",
				    "add a key to volume %s", l->device);
	if (r == -EINVAL || r == -ENOSPC)
		return fail_full(l,
				 "free a keyslot with cryptsetup luksKillSlot",
				 "add a key to", f);
	if (r < 0)
		return luks_fail_device(r, "check the volume's device",
					"add a key to", l->device, f);
	*ret_keyslot = r;
	return 0;
}

int luks_write_token(struct luks *l, int token, const char *json,
		     struct fail *f)
{
	int r = crypt_token_json_set(
		l->cd, token == luks_new_token ? CRYPT_ANY_TOKEN : token, json);

	if (r == -EINVAL || r == -ENOSPC)
		return fail_full(l, "free a token with cryptsetup token remove",
				 "write a token to", f);
	if (r < 0)
		return luks_fail_device(r, "check the volume's device",
					"write a token to", l->device, f);
	return 0;
}

int luks_token_keyslot(struct luks *l, int token)
{
	int found = -ENOENT;

	for (int i = 0; i < crypt_keyslot_max(CRYPT_LUKS2); i++) {
		if (crypt_token_is_assigned(l->cd, token, i) < 0)
			continue;
		if (found >= 0)
			return -ENOENT;
		found = i;
	}
	return found;
}

int luks_keyslot_token(struct luks *l, int keyslot)
{
	int token = luks_next_token(l, -1);

	while (token >= 0 && luks_token_keyslot(l, token) != keyslot)
		token = luks_next_token(l, token);
	return token;
}

int luks_next_keyslot(struct luks *l, int after)
{
	for (int i = after + 1; i < crypt_keyslot_max(CRYPT_LUKS2); i++) {
		crypt_keyslot_info info = crypt_keyslot_status(l->cd, i);

		if (info != CRYPT_SLOT_INACTIVE && info != CRYPT_SLOT_INVALID)
			return i;
	}
	return -ENOENT;
}

bool luks_keyslot_opens(struct luks *l, int keyslot,
			const struct secret *passphrase)
{
	return crypt_activate_by_passphrase(l->cd, NULL, keyslot,
					    (const char *)passphrase->data,
					    passphrase->len, 0) >= 0;
}

int luks_remove_key(struct luks *l, int keyslot, struct fail *f)
{
	int r = crypt_keyslot_destroy(l->cd, keyslot);

	if (r < 0)
		return fail_errno(f, r,
				  "remove it with cryptsetup luksKillSlot",
				  "remove keyslot %d of volume %s", keyslot,
				  l->device);
	return 0;
}

int luks_read_volume_key(struct luks *l, const struct secret *passphrase,
			 struct secret *ret_key, uint64_t *ret_data_bytes,
			 struct fail *f)
{
	int r = luks_check_keyslots(l, f);

	if (r < 0)
		return r;
	r = luks_unlock(l, CRYPT_ANY_SLOT, passphrase, ret_key);
	if (r < 0)
		return fail_errno(f, r, "give a key that opens it",
				  "open volume %s", l->device);
	*ret_data_bytes = crypt_get_data_offset(l->cd) * 512;
	return 0;
}
