/* SPDX-License-Identifier: MIT */
/*
 * What a file of ours holds, as JSON: one describer for each kind. Each
 * returns 0 and *ret, which the caller releases, or -errno with *f.
 */
#ifndef CVMCTL_SHOW_DESCRIBE_H
#define CVMCTL_SHOW_DESCRIBE_H

#include "lib/bytes.h"
#include "lib/fail.h"
#include "lib/json.h"
#include "seal/object/sealed-key.h"

/* A list of the PCRs in a mask, or NULL without memory. */
struct json_object *inspect_pcrs(uint32_t mask);

/*
 * "srk-name", the name of the SRK that can load the key, which is the TPM's
 * fingerprint; nothing for a legacy key, which does not say. 0 or -ENOMEM.
 */
int inspect_set_srk(struct json_object *o, const struct sealed_key *key);

/* "release-key", its fingerprint, if one signs values for the key. As above. */
int inspect_set_signer(struct json_object *o, const struct sealed_key *key);

/*
 * A LUKS2 disk or image file: UUID, its systemd-tpm2 tokens, and by what each
 * keyslot opens. A token that init would pass over is there with the reason.
 */
int inspect_disk(const char *path, struct json_object **ret, struct fail *f);

/* The JSON of a systemd-tpm2 token. */
int inspect_token(const char *json, struct json_object **ret, struct fail *f);

/* A newc archive, packed by zstd or not: its files. */
int inspect_initramfs(const char *path, const struct bytes *content,
		      struct json_object **ret, struct fail *f);

/* The JSON of tpm2-pcr-signature.json, or of a UKI's .pcrsig. */
int inspect_signatures(const char *json, struct json_object **ret,
		       struct fail *f);

/*
 * What a VM and its verifier write: evidence, identity, challenge, prediction
 * or verdict, by the text and by what is parsed of it. -ENOENT without *f if
 * it is none of them.
 */
int inspect_exchanged(const struct bytes *text, struct json_object *parsed,
		      struct json_object **ret, struct fail *f);

/* The TPM2B_PUBLIC of a storage root key; -ENOENT for what is no such key. */
int inspect_srk(const struct bytes *public, struct json_object **ret,
		struct fail *f);

/*
 * An image directory: its manifest, after each file was compared with it, and
 * the signatures behind its root. A file that differs is a failure.
 */
int inspect_image(const char *path, struct json_object **ret, struct fail *f);

#endif
