// SPDX-License-Identifier: MIT
/*
 * cvmctl seal: a fresh key for a LUKS2 disk, released by one TPM, here or
 * elsewhere, while its PCRs hold what an image will make them hold.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/command.h"
#include "cvmctl/image/manifest.h"
#include "cvmctl/seal/seal-disk.h"
#include "cvmctl/seal/seal-options.h"
#include "cvmctl/show/describe.h"
#include "cvmctl/tool/disk-lock.h"
#include "cvmctl/tool/host-tpm.h"
#include "cvmctl/tool/key-file.h"
#include "cvmctl/tool/options.h"
#include "lib/hex.h"
#include "lib/json.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/luks/token.h"
#include "seal/luks/volume-secret.h"
#include "seal/object/offline.h"
#include "seal/object/pcr.h"
#include "seal/tpm/tpm.h"

enum {
	key_file_max = 8 * 1024, /* as cryptsetup's keyfile_size_max, smaller */
};

#define DEFAULT_LABEL "cvm-init"

static int seal_for_srk(const char *path, const struct secret *secret,
			struct sealed_key *key, struct fail *f)
{
	own_bytes struct bytes content = { 0 };
	struct srk_public srk;
	int r = host_tpm_read_srk(path, &content, &srk, f);

	return r < 0 ? r : offline_seal(&srk, secret, key, f);
}

static int seal_by_tpm(const struct seal_options *o,
		       const struct secret *secret, struct sealed_key *key,
		       struct fail *f)
{
	own_tpm struct tpm *t = NULL;
	int r = host_tpm_open(o->tpm, &t, f);

	if (r < 0)
		return r;
	return o->legacy ? tpm_seal_legacy(t, secret, key, f)
			 : tpm_seal(t, secret, key, f);
}

/* A fresh key for the volume, and the keyslot's passphrase made of it. */
static int make_key(const char *uuid, struct secret *ret,
		    struct secret *ret_pass, struct fail *f)
{
	int r = volume_secret_make(uuid, ret);

	if (r < 0 && r != -ENOMEM)
		return fail_errno(f, r, "try again", "make a key");
	if (r == 0)
		r = token_passphrase(ret, ret_pass);
	return r < 0 ? fail_errno(f, r, "free memory", "make a key") : 0;
}

static int
seal_key(const struct seal_options *o, const struct seal_policy *policy,
	 const struct secret *secret, struct sealed_key *ret, struct fail *f)
{
	int r = sealed_key_begin(policy, ret);

	if (r < 0)
		return fail_errno(f, r, "free memory", "make a key");
	return o->srk ? seal_for_srk(o->srk, secret, ret, f)
		      : seal_by_tpm(o, secret, ret, f);
}

static int write_answer(const struct seal_options *o,
			const struct sealed_key *key,
			const struct seal_place *place, struct bytes *ret)
{
	own_json struct json_object *answer = json_object_new_object();

	if (json_set_string(answer, "device", o->device) < 0 ||
	    json_set_u64(answer, "token", (uint64_t)place->token) < 0 ||
	    json_set_u64(answer, "keyslot", (uint64_t)place->keyslot) < 0 ||
	    json_set_string(answer, "bank", digest_name(key->bank)) < 0 ||
	    json_set(answer, "pcrs", inspect_pcrs(key->pcr_mask)) < 0 ||
	    json_set(answer, "signed-pcrs", inspect_pcrs(key->signed_mask)) <
		    0 ||
	    inspect_set_signer(answer, key) < 0 ||
	    json_set_hex(answer, "policy", key->policy_digest,
			 sizeof(key->policy_digest)) < 0 ||
	    inspect_set_srk(answer, key) < 0)
		return -ENOMEM;
	return json_write(answer, ret);
}

static int print_answer(const struct seal_options *o,
			const struct sealed_key *key,
			const struct seal_place *place, struct fail *f)
{
	own_bytes struct bytes json = { 0 };
	own_text struct text pcrs = { 0 };
	char policy[2 * sizeof(key->policy_digest) + 1];

	hex_encode(key->policy_digest, sizeof(key->policy_digest), policy);
	if (key->pcr_mask)
		pcr_names_write(key->pcr_mask, &pcrs);
	if (key->signed_mask) {
		text_add(&pcrs, "%s", key->pcr_mask ? ", signed " : "signed ");
		pcr_names_write(key->signed_mask, &pcrs);
	}
	if (text_failed(&pcrs) || write_answer(o, key, place, &json) < 0)
		return fail_errno(f, ENOMEM, "free memory", "write the answer");
	if (o->json) /* main() checks what stdout took */
		(void)fputs((const char *)json.data, stdout);
	else
		(void)printf("%s: token %d, keyslot %d, bank %s, %s, policy "
			     "%s\n",
			     o->device, place->token, place->keyslot,
			     digest_name(key->bank), pcrs.s, policy);
	return 0;
}

static int print_stored(const struct seal_options *o,
			const struct seal_place *place, struct fail *f)
{
	own_json struct json_object *answer = json_object_new_object();
	own_bytes struct bytes json = { 0 };

	if (!o->json) {
		(void)printf("%s: keyslot %d, key in %s\n", o->device,
			     place->keyslot, o->key_store);
		return 0;
	}
	if (json_set_string(answer, "device", o->device) < 0 ||
	    json_set_u64(answer, "keyslot", (uint64_t)place->keyslot) < 0 ||
	    json_set_string(answer, "key-store", o->key_store) < 0 ||
	    json_write(answer, &json) < 0)
		return fail_errno(f, ENOMEM, "free memory", "write the answer");
	(void)fputs((const char *)json.data, stdout);
	return 0;
}

static int write_disk(const struct seal_options *o, const struct seal_disk *d,
		      struct seal_place *ret, struct fail *f)
{
	if (o->format)
		return seal_disk_format(d, ret, f);
	return o->add ? seal_disk_add(d, ret, f)
		      : seal_disk_replace(d, o->token_number, ret, f);
}

static int seal(const struct seal_options *o, const struct seal_disk *where,
		const struct seal_policy *policy, struct fail *f)
{
	own_sealed_key struct sealed_key sealed = { 0 };
	own_secret struct secret passphrase = { 0 };
	own_secret struct secret secret = { 0 };
	own_secret struct secret other = { 0 };
	struct seal_disk disk = *where;
	struct seal_place place = { 0 };
	char uuid[volume_uuid_len + 1];
	int r = 0;

	if (o->key_file)
		r = key_file_read(o->key_file, key_file_max, "check --key-file",
				  &other, f);
	if (r == 0)
		r = o->format ? seal_disk_choose_uuid(where, uuid, f)
			      : seal_disk_read_uuid(where, uuid, f);
	if (r == 0)
		r = make_key(uuid, &secret, &passphrase, f);
	if (r == 0 && !o->key_store)
		r = seal_key(o, policy, &secret, &sealed, f);
	if (r < 0)
		return r;
	disk.uuid = uuid;
	disk.sealed = o->key_store ? NULL : &sealed;
	disk.key_store = o->key_store;
	disk.secret = &secret;
	disk.passphrase = &passphrase;
	disk.other = &other;
	r = write_disk(o, &disk, &place, f);
	if (r < 0)
		return r;
	return o->key_store ? print_stored(o, &place, f)
			    : print_answer(o, &sealed, &place, f);
}

/*
 * What *d takes from the image; and whether its init will take the key, which
 * is better known now than at the first boot.
 */
static int use_image(const struct seal_options *o, struct json_object *manifest,
		     struct seal_disk *d, struct fail *f)
{
	struct manifest_volume volume;
	int r = manifest_find_volume(manifest, o->volume, &volume, f);

	if (r < 0)
		return r;
	if (volume.delivered != (o->key_store != NULL))
		return fail_because(f,
				    volume.delivered
					    ? "boot.conf says that its key is "
					      "delivered"
					    : "boot.conf says that its key is "
					      "sealed",
				    volume.delivered
					    ? "give --key-store"
					    : "leave out --key-store, or set "
					      "key = delivered in its [volume]",
				    "make a key for volume %s", volume.name);
	if (o->srk && !volume.import)
		return fail_because(f,
				    "boot.conf does not allow keys that were "
				    "sealed away from the TPM",
				    "set import = yes in its [volume] and "
				    "build the image again, or give --tpm",
				    "seal volume %s", volume.name);
	d->label = volume.name;
	d->uuid = *volume.uuid ? volume.uuid : NULL;
	return 0;
}

/* A disk that is there: nobody else writes to it until the result is closed. */
static int lock_disk(const struct seal_options *o, struct fail *f)
{
	int fd = disk_lock(o->device, f);

	if (fd == -ENOENT && o->format)
		(void)fail_remedy(f, "give --size to create an image file");
	return fd;
}

int command_seal(int argc, char **argv, struct fail *f)
{
	own_json struct json_object *manifest = NULL;
	struct seal_options o = { 0 };
	own_bytes struct bytes signer = { 0 };
	struct seal_policy policy = { 0 };
	struct seal_disk disk = { .label = DEFAULT_LABEL };
	own_fd int lock = -1;
	int r = seal_options_read(argc, argv, &o, f);

	if (r == 0 && o.image)
		r = manifest_read(o.image, &manifest, f);
	if (r == 0 && o.image)
		r = use_image(&o, manifest, &disk, f);
	if (r == 0 && !o.key_store)
		r = seal_policy_make(&o.policy, manifest, &signer, &policy, f);
	if (r)
		return r;
	disk.device = o.device;
	if (o.uuid)
		disk.uuid = o.uuid;
	disk.size_bytes = o.size_bytes;
	disk.force = o.force;
	disk.make_ext4 = !o.mkfs || strcmp(o.mkfs, "ext4") == 0;
	if (!o.size_bytes) {
		lock = lock_disk(&o, f);
		if (lock < 0)
			return lock;
	}
	return seal(&o, &disk, &policy, f);
}
