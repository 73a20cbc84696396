// SPDX-License-Identifier: MIT
/*
 * See luks.h; here what init uses. The header is the host's to write: a null
 * cipher in a keyslot makes any passphrase right, one in the data segment
 * leaves the data plain, and cryptsetup opens both. So only what we would
 * format ourselves is accepted (header.c), and the mapping is read back
 * from the kernel.
 */
#include "seal/luks/luks.h"

#include <errno.h>
#include <fcntl.h>
#include <libcryptsetup.h>
#include <stdlib.h>
#include <string.h>

#include "lib/io.h"
#include "lib/own.h"
#include "seal/luks/header.h"
#include "seal/luks/internal.h"
#include "seal/luks/mapping.h"
#include "seal/luks/token.h"

static const char use_ours[] = "use a disk that cvmctl seal --format made";
static const char working_disk[] = "attach a disk that works";
static const char restore[] =
	"attach the whole disk, or restore it from a copy";
static const char reseal[] = "seal its key again with cvmctl seal";

enum {
	/* LUKS2 On-Disk Format Specification, 2.1: the binary header */
	header_size = 4096,
	uuid_at = 168,
	uuid_size = 40,
};

/* Parts of the header that are checked, besides each keyslot. */
enum { all_but_keyslots = -1, all_keyslots = -2 };

/* libcryptsetup prints each failure itself: one failure, one line. */
static void ignore_log(int level, const char *message, void *user)
{
	(void)level;
	(void)message;
	(void)user;
}

int luks_has_uuid(int device_fd, const char *uuid)
{
	/* primary header: magic, then version 2 in big-endian */
	static const uint8_t magic[] = { 'L', 'U', 'K', 'S', 0xba, 0xbe, 0, 2 };
	char header[header_size];
	ssize_t n = io_pread_some(device_fd, header, sizeof(header), 0);

	if (n < 0)
		return (int)n;
	if (n < header_size || memcmp(header, magic, sizeof(magic)) != 0)
		return 0;
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

int luks_init(const char *device, struct luks **ret)
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

int luks_fail_device(int r, const char *remedy, const char *verb,
		     const char *device, struct fail *f)
{
	if (r == -ENOTBLK)
		return fail_because(f, "there is no such disk or image", remedy,
				    "%s volume %s", verb, device);
	return fail_errno(f, r, remedy, "%s volume %s", verb, device);
}

static int refuse(const struct luks *l, const char *reason, struct fail *f)
{
	return fail_because(f, reason, use_ours, "use volume %s", l->device);
}

/* Of a disk that may well have been ours. */
static int refuse_damaged(const struct luks *l, const char *reason,
			  struct fail *f)
{
	return fail_because(f, reason, restore, "use volume %s", l->device);
}

/* In libcryptsetup's words, which name what the JSON does not: the mode. */
static int check_cipher(const struct luks *l, struct fail *f)
{
	const char *cipher = crypt_get_cipher(l->cd);
	const char *mode = crypt_get_cipher_mode(l->cd);
	int key_size = crypt_get_volume_key_size(l->cd);

	if (cipher && mode && strcmp(cipher, "aes") == 0 &&
	    strcmp(mode, "xts-plain64") == 0 && key_size == luks_key_size)
		return 0;
	(void)refuse(l, "", f);
	return fail_reason(f,
			   "its data are encrypted with %s-%s and %d bits, "
			   "not aes-xts-plain64 and 512 bits",
			   cipher ? cipher : "no", mode ? mode : "mode",
			   key_size * 8);
}

/*
 * The header as libcryptsetup holds it in memory and will use it: the disk is
 * not asked a second time.
 */
static int read_header(const struct luks *l, struct json_object **ret,
		       struct fail *f)
{
	const char *json = NULL;
	int r = crypt_dump_json(l->cd, &json, 0);

	if (r == 0)
		r = luks_header_parse(json, ret);
	if (r == 0)
		return 0;
	if (r == -ENOMEM)
		return fail_errno(f, r, "give the VM more memory",
				  "read the header of volume %s", l->device);
	return refuse(l, "its header is not JSON of at most 128 KiB", f);
}

static const char *find_refusal(struct json_object *header, int part)
{
	switch (part) {
	case all_but_keyslots: return luks_header_refusal(header);
	case all_keyslots: return luks_header_keyslots_refusal(header);
	default: return luks_header_keyslot_refusal(header, part);
	}
}

/* part is all_but_keyslots, all_keyslots, or the number of one. */
static int check(const struct luks *l, int part, struct fail *f)
{
	own_json struct json_object *header = NULL;
	const char *why;
	int r = read_header(l, &header, f);

	if (r < 0)
		return r;
	why = find_refusal(header, part);
	return why ? refuse(l, why, f) : 0;
}

int luks_check_keyslots(const struct luks *l, struct fail *f)
{
	return check(l, all_keyslots, f);
}

/* To libcryptsetup a disk that cannot be read is as good as a wrong one. */
static int fail_load(const struct luks *l, struct fail *f)
{
	own_fd int fd = open(l->device, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : luks_has_uuid(fd, NULL);

	if (r < 0)
		return luks_fail_device(r, working_disk, "read", l->device, f);
	return refuse_damaged(l, "it has no valid LUKS2 header", f);
}

int luks_open(const char *device, struct luks **ret, struct fail *f)
{
	own_luks struct luks *l = NULL;
	int r = luks_init(device, &l);

	if (r < 0)
		return luks_fail_device(r, "check the volume's device", "open",
					device, f);
	if (crypt_load(l->cd, CRYPT_LUKS2, NULL) < 0)
		return fail_load(l, f);
	r = check_cipher(l, f);
	if (r == 0)
		r = check(l, all_but_keyslots, f);
	if (r == 0)
		*ret = take_ptr(l);
	return r;
}

int luks_next_token(const struct luks *l, int after)
{
	for (int i = after + 1; i < crypt_token_max(CRYPT_LUKS2); i++) {
		const char *type = NULL;

		if (crypt_token_status(l->cd, i, &type) !=
			    CRYPT_TOKEN_INACTIVE &&
		    type && strcmp(type, TOKEN_TYPE) == 0)
			return i;
	}
	return -ENOENT;
}

int luks_read_token(struct luks *l, int token, struct sealed_key *ret,
		    int *ret_keyslot, struct fail *f)
{
	own_sealed_key struct sealed_key key = { 0 };
	const char *json = NULL;
	int keyslot = 0;
	int r = crypt_token_json_get(l->cd, token, &json);

	r = r < 0 ? fail_because(f, "it is not there", reseal, "%s", "")
		  : token_parse(json, &key, &keyslot, f);
	if (r < 0) {
		fail_what(f, "read token %d of volume %s", token, l->device);
		return r;
	}
	if (crypt_token_is_assigned(l->cd, token, keyslot) < 0)
		return fail_because(f, "its token names a missing keyslot",
				    reseal, "use volume %s", l->device);
	r = check(l, keyslot, f);
	if (r < 0)
		return r;
	*ret = take_sealed_key(&key);
	*ret_keyslot = keyslot;
	return 0;
}

int luks_read_delivered(struct luks *l, const char *json,
			struct sealed_key *ret, int *ret_keyslot,
			struct fail *f)
{
	own_sealed_key struct sealed_key key = { 0 };
	int keyslot = 0;
	int r = token_parse(json, &key, &keyslot, f);

	if (r < 0) {
		fail_what(f, "read the token that was delivered for volume %s",
			  l->device);
		return r;
	}
	r = check(l, keyslot, f);
	if (r < 0)
		return r;
	*ret = take_sealed_key(&key);
	*ret_keyslot = keyslot;
	return 0;
}

/* To the kernel it would be a table that makes no sense. */
static int check_size(const struct luks *l, struct fail *f)
{
	own_fd int fd = open(l->device, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (size < 0)
		return luks_fail_device(-errno, "check the volume's device",
					"open", l->device, f);
	if ((uint64_t)size / 512 <= crypt_get_data_offset(l->cd))
		return refuse_damaged(l, "it ends before its data begin", f);
	return 0;
}

static int fail_activate(const struct luks *l, int r, struct fail *f)
{
	if (r == -EPERM)
		return fail_because(f, "the sealed key does not fit it", reseal,
				    "open volume %s", l->device);
	if (r == -ENOMEM)
		return fail_errno(f, r, "give the VM more memory",
				  "open volume %s", l->device);
	if (r == -EIO)
		return fail_errno(f, r, working_disk, "open volume %s",
				  l->device);
	/* whatever the kernel refuses is EBUSY to libcryptsetup */
	return fail_because(f, "the device mapper refuses it",
			    "check that dm-crypt and its ciphers are loaded",
			    "open volume %s", l->device);
}

int luks_activate(struct luks *l, const char *name, int keyslot,
		  const struct secret *passphrase, struct fail *f)
{
	int r = check(l, keyslot, f);

	if (r == 0)
		r = check_size(l, f);
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

int luks_unlock(struct luks *l, int keyslot, const struct secret *passphrase,
		struct secret *ret)
{
	own_secret struct secret key = { 0 };
	size_t size = luks_key_size;
	int r = secret_alloc(size, &key);

	if (r == 0)
		r = crypt_volume_key_get(l->cd, keyslot, (char *)key.data,
					 &size, (const char *)passphrase->data,
					 passphrase->len);
	if (r < 0)
		return r;
	*ret = key;
	key = (struct secret){ 0 };
	return 0;
}

int luks_volume_key(struct luks *l, int keyslot,
		    const struct secret *passphrase, struct secret *ret,
		    struct fail *f)
{
	int r = luks_unlock(l, keyslot, passphrase, ret);

	return r < 0 ? fail_activate(l, r, f) : 0;
}

int luks_deactivate(const char *name)
{
	return crypt_deactivate(NULL, name);
}

const char *luks_uuid(struct luks *l)
{
	return crypt_get_uuid(l->cd);
}
