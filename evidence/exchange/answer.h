/* SPDX-License-Identifier: MIT */
/*
 * What a broker answers to evidence: a volume's key, sealed so that only the
 * TPM in the evidence can use it, and signed, since who can read a disk can
 * seal a key of his own for that TPM. Or why there is none. The messages are
 * described in docs/broker.md.
 */
#ifndef EVIDENCE_EXCHANGE_ANSWER_H
#define EVIDENCE_EXCHANGE_ANSWER_H

#include <openssl/types.h>

#include "evidence/exchange/request.h"
#include "lib/bytes.h"
#include "lib/fail.h"

#define ANSWER_TYPE	    "cvm-init delivered key"
#define ANSWER_TYPE_REFUSAL "cvm-init refusal"

enum {
	answer_schema = 1,
	answer_json_max = 128 * 1024,
	answer_reason_max = 400,     /* with its NUL; in bytes */
	answer_key_max = 1024,	     /* a public key in DER: RSA-4096 */
	answer_key_hash_size = 32,   /* SHA-256 of it */
	answer_signature_max = 1024, /* RSA-4096, or ECDSA in DER */
};

/* What the signature is about besides the token. */
struct answer_context {
	const struct bytes *nonce; /* of the evidence that it answers */
	const char *uuid;	   /* of the volume */
	const uint8_t *fresh; /* of the request, request_fresh_size bytes */
};

/*
 * The message with a token (the JSON that seal/luks/token.h knows, in the form
 * for TPM2_Import), signed by the private key. The caller frees *ret. 0;
 * -EINVAL for a key that is not RSA or EC; -ENOMEM; -EIO.
 */
int answer_write_key(const struct bytes *token,
		     const struct answer_context *context, EVP_PKEY *key,
		     struct bytes *ret);

/* The message without one. What does not fit is cut. 0 or -ENOMEM. */
int answer_write_refusal(const char *reason, struct bytes *ret);

/*
 * Reads either message. The signing key has to have that hash: SHA-256 of its
 * SubjectPublicKeyInfo in DER (RFC 5280, 4.1.2.7), and the signature to be
 * about this context. 0 and the token in *ret, which a NUL follows and the
 * caller frees, or -errno with *f: "cannot WHAT: ...", in which a refusal is
 * the broker's own words.
 */
int answer_read(const struct bytes *text, const struct answer_context *context,
		const uint8_t hash[static answer_key_hash_size],
		const char *what, struct bytes *ret, struct fail *f);

/*
 * A broker may refuse before its challenge, too: 0 for a message that is no
 * refusal, whatever else it is, or -EINVAL with *f in the broker's words.
 */
int answer_check_refusal(const struct bytes *text, const char *what,
			 struct fail *f);

/* SHA-256 of a key's SubjectPublicKeyInfo in DER. 0, -ENOMEM or -EIO. */
int answer_key_hash(EVP_PKEY *key, uint8_t ret[static answer_key_hash_size]);

#endif
