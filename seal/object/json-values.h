/* SPDX-License-Identifier: MIT */
/*
 * Values in the JSON of tokens and signature files, which the host may have
 * written. Each function is -EINVAL for a value of another form, NULL too.
 */
#ifndef SEAL_OBJECT_JSON_VALUES_H
#define SEAL_OBJECT_JSON_VALUES_H

#include "lib/bytes.h"
#include "lib/json.h"
#include "seal/object/pcr.h"

/* A string without NULs inside, borrowed; NULL for anything else. */
const char *json_value_string(struct json_object *value);

/* The element of a list of one; any other value as it is. Borrowed. */
struct json_object *json_value_only(struct json_object *value);

/* A list of PCRs from 0 to 23, each once, as a mask; may be empty. */
int json_value_pcrs(struct json_object *value, uint32_t *ret_mask);

/* "sha1", "sha256", "sha384" or "sha512". */
int json_value_bank(struct json_object *value, enum digest_alg *ret);

/*
 * Base64 of at most max characters. Fills *ret anew, whatever the JSON
 * repeats; the caller frees. -ENOMEM too.
 */
int json_value_base64(struct json_object *value, size_t max, struct bytes *ret);

/* Lower-case hex of exactly size bytes. */
int json_value_hex(struct json_object *value, size_t size, uint8_t *ret);

/*
 * An object from PCR to hex, such as {"14":"..."}; all values have the size
 * of one bank's digests, which is the bank.
 */
int json_value_pcr_values(struct json_object *value, struct pcr_values *ret);

#endif
