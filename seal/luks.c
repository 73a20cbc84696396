// SPDX-License-Identifier: MIT
/*
 * See luks.h. The header is the host's to write: a null cipher in a keyslot
 * makes any passphrase right, one in the data segment leaves the data plain,
 * and cryptsetup opens both. So only what we would format ourselves is
 * accepted, and the mapping is read back from the kernel.
 */
#include "seal/luks.h"

#include <errno.h>
#include <libcryptsetup.h>
#include <stdlib.h>
#include <string.h>

#include "lib/io.h"
#include "lib/own.h"
#include "seal/mapping.h"
#include "seal/token.h"

static const char reformat[] = "format it with cvmctl seal --format";
static const char reseal[] = "seal its key again with cvmctl seal";

enum {
	/* LUKS2 On-Disk Format Specification, 2.1: the binary header */
	header_size = 4096,
	version_at = 6,
	uuid_at = 168,
	uuid_size = 40,
	volume_key_size = 64, /* AES-256 twice, for XTS */
	sector_size = 4096,
	/* as systemd: a passphrase of full entropy gains nothing by more */
	pbkdf_iterations = 1000,
	pbkdf_iterations_max = 10 * 1000 * 1000,
};

struct luks {
	struct crypt_device *cd;
	char *device;
};

/* libcryptsetup prints each failure itself: one failure, one line. */
static void ignore_log(int level, const char *message, void *user)
{
	(void)level;
	(void)message;
	(void)user;
}

bool luks_has_uuid(int device_fd, const char *uuid)
{
	/* primary header: magic, then version 2 in big-endian */
	static const uint8_t magic[] = { 'L', 'U', 'K', 'S', 0xba, 0xbe, 0, 2 };
	char header[header_size];

	if (io_pread_all(device_fd, header, sizeof(header), 0) < 0 ||
	    memcmp(header, magic, sizeof(magic)) != 0)
		return false;
	return !uuid || (strlen(uuid) < uuid_size &&
			 strncmp(header + uuid_at, uuid, uuid_size) == 0);
}

void luks_close(struct luks **l)
{
	if (!*l)
		return;
	crypt_free((*l)->cd);
	free((*l)->device);
	free(*l);
	*l = NULL;
}

/* Knows no volume, only its device: says nothing. */
static int luks_init(const char *device, struct luks **ret)
{
	own_luks struct luks *l = calloc(1, sizeof(*l));
	int r;

	crypt_set_log_callback(NULL, ignore_log, NULL);
	/* tokens are parsed here: no plug-in, no code from a file system */
	crypt_token_external_disable();
	if (l)
		l->device = strdup(device);
	if (!l || !l->device)
		return -ENOMEM;
	r = crypt_init(&l->cd, device);
	if (r < 0)
		return r;
	*ret = take_ptr(l);
	return 0;
}

/* libcryptsetup says "block device required" of paths that do not exist. */
static int fail_device(int r, const char *remedy, const char *verb,
		       const char *device, struct fail *f)
{
	if (r == -ENOTBLK)
		return fail_because(f, "there is no such disk or image", remedy,
				    "%s volume %s", verb, device);
	return fail_errno(f, r, remedy, "%s volume %s", verb, device);
}

static int refuse(const struct luks *l, const char *reason, struct fail *f)
{
	return fail_because(f, reason, reformat, "use volume %s", l->device);
}

static int check_cipher(const struct luks *l, struct fail *f)
{
	const char *cipher = crypt_get_cipher(l->cd);
	const char *mode = crypt_get_cipher_mode(l->cd);
	int key_size = crypt_get_volume_key_size(l->cd);

	if (cipher && mode && strcmp(cipher, "aes") == 0 &&
	    strcmp(mode, "xts-plain64") == 0 && key_size == volume_key_size)
		return 0;
	(void)refuse(l, "", f);
	return fail_reason(f,
			   "its data are encrypted with %s-%s and %d bits, "
			   "not aes-xts-plain64 and 512 bits",
			   cipher ? cipher : "no", mode ? mode : "mode",
			   key_size * 8);
}

/* What else a header may ask for changes how the data are read. */
static int check_features(const struct luks *l, struct fail *f)
{
	struct crypt_params_integrity integrity = { 0 };
	uint32_t requirements = 0;
	uint32_t activation = 0;
	int size = crypt_get_sector_size(l->cd);

	if (crypt_persistent_flags_get(l->cd, CRYPT_FLAGS_REQUIREMENTS,
				       &requirements) < 0 ||
	    requirements)
		return refuse(l, "its header requires more than dm-crypt", f);
	if (crypt_persistent_flags_get(l->cd, CRYPT_FLAGS_ACTIVATION,
				       &activation) < 0 ||
	    activation)
		return refuse(l, "its header sets activation flags", f);
	if (crypt_get_integrity_info(l->cd, &integrity) == 0 &&
	    integrity.integrity)
		return refuse(l, "it has an integrity layer", f);
	if (size != 512 && size != sector_size)
		return refuse(l, "its sectors are neither 512 nor 4096 bytes",
			      f);
	return 0;
}

int luks_open(const char *device, struct luks **ret, struct fail *f)
{
	own_luks struct luks *l = NULL;
	int r = luks_init(device, &l);

	if (r < 0)
		return fail_device(r, "check the volume's device", "open",
				   device, f);
	if (crypt_load(l->cd, CRYPT_LUKS2, NULL) < 0)
		return refuse(l, "it has no valid LUKS2 header", f);
	r = check_cipher(l, f);
	if (r == 0)
		r = check_features(l, f);
	if (r == 0)
		*ret = take_ptr(l);
	return r;
}

/* The first token of our type, or -ENOENT. */
static int find_token(const struct luks *l)
{
	for (int i = 0; i < crypt_token_max(CRYPT_LUKS2); i++) {
		const char *type = NULL;

		if (crypt_token_status(l->cd, i, &type) !=
			    CRYPT_TOKEN_INACTIVE &&
		    type && strcmp(type, TOKEN_TYPE) == 0)
			return i;
	}
	return -ENOENT;
}

int luks_read_token(struct luks *l, struct sealed_key *ret, int *ret_keyslot,
		    struct fail *f)
{
	own_sealed_key struct sealed_key key = { 0 };
	const char *json = NULL;
	int token = find_token(l);
	int keyslot;
	int r;

	if (token < 0 || crypt_token_json_get(l->cd, token, &json) < 0)
		return fail_because(f, "its header has no systemd-tpm2 token",
				    reseal, "use volume %s", l->device);
	r = token_parse(json, &key, &keyslot, f);
	if (r < 0)
		return r;
	if (crypt_token_is_assigned(l->cd, token, keyslot) < 0)
		return fail_because(f, "its token names a missing keyslot",
				    reseal, "use volume %s", l->device);
	*ret = key;
	key = (struct sealed_key){ 0 };
	*ret_keyslot = keyslot;
	return 0;
}

static bool pbkdf_is_allowed(const struct crypt_pbkdf_type *pbkdf)
{
	return strcmp(pbkdf->type, CRYPT_KDF_PBKDF2) == 0 &&
	       (strcmp(pbkdf->hash, "sha512") == 0 ||
		strcmp(pbkdf->hash, "sha256") == 0) &&
	       pbkdf->iterations <= pbkdf_iterations_max;
}

static int check_keyslot(const struct luks *l, int keyslot, struct fail *f)
{
	crypt_keyslot_info info = crypt_keyslot_status(l->cd, keyslot);
	struct crypt_pbkdf_type pbkdf = { 0 };
	const char *cipher;
	size_t key_size = 0;

	if (info != CRYPT_SLOT_ACTIVE && info != CRYPT_SLOT_ACTIVE_LAST)
		return refuse(l, "its sealed keyslot holds no volume key", f);
	cipher = crypt_keyslot_get_encryption(l->cd, keyslot, &key_size);
	if (!cipher || strcmp(cipher, "aes-xts-plain64") != 0 ||
	    key_size != volume_key_size)
		return refuse(l,
			      "its sealed keyslot is not encrypted with "
			      "aes-xts-plain64 and 512 bits",
			      f);
	if (crypt_keyslot_get_pbkdf(l->cd, keyslot, &pbkdf) < 0 ||
	    !pbkdf_is_allowed(&pbkdf))
		return refuse(l,
			      "its sealed keyslot does not use pbkdf2 with "
			      "SHA-2",
			      f);
	return 0;
}

static int fail_activate(const struct luks *l, int r, struct fail *f)
{
	if (r == -EPERM)
		return fail_because(f, "the sealed key does not fit it", reseal,
				    "open volume %s", l->device);
	return fail_errno(f, r,
			  "check that dm-crypt and its ciphers are loaded",
			  "open volume %s", l->device);
}

int luks_activate(struct luks *l, const char *name, int keyslot,
		  const struct secret *passphrase, struct fail *f)
{
	int r = check_keyslot(l, keyslot, f);

	if (r < 0)
		return r;
	/* discards would tell the host which blocks are in use: not asked */
	r = crypt_activate_by_passphrase(l->cd, name, keyslot,
					 (const char *)passphrase->data,
					 passphrase->len, 0);
	if (r < 0)
		return fail_activate(l, r, f);
	r = mapping_check(name);
	if (r == 0)
		return 0;
	(void)luks_deactivate(name); /* its failure changes nothing here */
	if (r != -EUCLEAN)
		return fail_activate(l, r, f);
	return refuse(l, "the kernel mapped it in another way", f);
}

int luks_deactivate(const char *name)
{
	return crypt_deactivate(NULL, name);
}

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
				 NULL, volume_key_size, &params);
	if (r == 0)
		r = crypt_keyslot_add_by_volume_key(
			l->cd, 0, NULL, 0, (const char *)passphrase->data,
			passphrase->len);
	return r < 0 ? r : 0; /* the keyslot added, which is 0 */
}

int luks_format(const char *device, const char *uuid, const char *label,
		const struct secret *passphrase, struct fail *f)
{
	own_luks struct luks *l = NULL;
	int r = luks_init(device, &l);

	if (r == 0)
		r = format(l, uuid, label, passphrase);
	if (r < 0)
		return fail_device(r, "use an unused disk of more than 16 MiB",
				   "format", device, f);
	return 0;
}

/* libcryptsetup's EINVAL here: all 32 are taken, or the JSON area is full. */
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
	int r = set_pbkdf(l);

	if (r == 0)
		r = crypt_keyslot_add_by_passphrase(
			l->cd, CRYPT_ANY_SLOT, (const char *)existing->data,
			existing->len, (const char *)passphrase->data,
			passphrase->len);
	if (r == -EPERM)
		return fail_because(f, "no keyslot opens with the given key",
				    "give a key that opens it",
				    "add a key to volume %s", l->device);
	if (r == -EINVAL)
		return fail_full(l,
				 "free a keyslot with cryptsetup luksKillSlot",
				 "add a key to", f);
	if (r < 0)
		return fail_device(r, "check the volume's device",
				   "add a key to", l->device, f);
	*ret_keyslot = r;
	return 0;
}

int luks_write_token(struct luks *l, const char *json, struct fail *f)
{
	int token = find_token(l);
	int r = crypt_token_json_set(l->cd, token < 0 ? CRYPT_ANY_TOKEN : token,
				     json);

	if (r == -EINVAL || r == -ENOSPC)
		return fail_full(l, "free a token with cryptsetup token remove",
				 "write a token to", f);
	if (r < 0)
		return fail_device(r, "check the volume's device",
				   "write a token to", l->device, f);
	return 0;
}

int luks_read_volume_key(struct luks *l, const struct secret *passphrase,
			 struct secret *ret_key, uint64_t *ret_data_bytes,
			 struct fail *f)
{
	own_secret struct secret key = { 0 };
	size_t size = volume_key_size;
	int r = secret_alloc(size, &key);

	if (r == 0)
		r = crypt_volume_key_get(l->cd, CRYPT_ANY_SLOT,
					 (char *)key.data, &size,
					 (const char *)passphrase->data,
					 passphrase->len);
	if (r < 0)
		return fail_errno(f, r, "give a key that opens it",
				  "open volume %s", l->device);
	*ret_data_bytes = crypt_get_data_offset(l->cd) * 512;
	*ret_key = key;
	key = (struct secret){ 0 };
	return 0;
}

const char *luks_uuid(struct luks *l)
{
	return crypt_get_uuid(l->cd);
}
