// SPDX-License-Identifier: MIT
/*
 * See header.h. What is not listed here is refused: a field that we do
 * not know may change what the others mean (LUKS2 On-Disk Format
 * Specification, 3).
 */
#include "seal/luks/header.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "lib/own.h"
#include "lib/strict-json.h"

enum {
	depth_max = 32,	       /* as libcryptsetup, json-c's default */
	volume_key_size = 64,  /* AES-256 twice, for XTS */
	stripes = 4000,	       /* LUKS_STRIPES of libcryptsetup */
	sector_size_min = 512, /* the two that dm-crypt and we know */
	sector_size_max = 4096,
};

#define DATA_CIPHER "aes-xts-plain64"

int luks_header_parse(const char *json, struct json_object **ret)
{
	return strict_json_parse(json, luks_json_max, depth_max, ret);
}

/* The only member of an object, or NULL. */
static struct json_object *only_member(struct json_object *o,
				       const char **ret_key)
{
	struct json_object_iterator at;

	if (!json_object_is_type(o, json_type_object) ||
	    json_object_object_length(o) != 1)
		return NULL;
	at = json_object_iter_begin(o);
	*ret_key = json_object_iter_peek_name(&at);
	return json_object_iter_peek_value(&at);
}

/* True for an object whose members are all in names, which NULL ends. */
static bool has_only(struct json_object *o, const char *const *names)
{
	if (!json_object_is_type(o, json_type_object))
		return false;
	json_object_object_foreach(o, key, value)
	{
		const char *const *name = names;

		(void)value;
		while (*name && strcmp(*name, key) != 0)
			name++;
		if (!*name)
			return false;
	}
	return true;
}

static bool is_string(struct json_object *value, const char *wanted)
{
	return json_object_is_type(value, json_type_string) &&
	       strcmp(json_object_get_string(value), wanted) == 0;
}

static bool is_number(struct json_object *value, int64_t wanted)
{
	return json_object_is_type(value, json_type_int) &&
	       json_object_get_int64(value) == wanted;
}

static bool is_sha2(struct json_object *value)
{
	return is_string(value, "sha256") || is_string(value, "sha512");
}

static bool is_iterations(struct json_object *value)
{
	int64_t n = json_object_get_int64(value);

	return json_object_is_type(value, json_type_int) && n > 0 &&
	       n <= luks_iterations_max;
}

/* Absent, or empty: libcryptsetup leaves either behind. */
static bool is_unset(struct json_object *value)
{
	if (json_object_is_type(value, json_type_object))
		return json_object_object_length(value) == 0;
	if (json_object_is_type(value, json_type_array))
		return json_object_array_length(value) == 0;
	return !value;
}

static bool lists(struct json_object *array, const char *wanted)
{
	if (!json_object_is_type(array, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(array); i++)
		if (is_string(json_object_array_get_idx(array, i), wanted))
			return true;
	return false;
}

static const char *config_refusal(struct json_object *config)
{
	static const char *const known[] = { "json_size", "keyslots_size",
					     "flags", "requirements", NULL };

	if (!is_unset(json_get(config, "requirements")))
		return "its header requires more than dm-crypt";
	if (!is_unset(json_get(config, "flags")))
		return "its header sets activation flags";
	return has_only(config, known) ? NULL
				       : "its header has an unknown setting";
}

static const char *segment_refusal(struct json_object *segment)
{
	static const char *const known[] = { "type",	   "offset",
					     "size",	   "iv_tweak",
					     "encryption", "sector_size",
					     NULL };
	struct json_object *size = json_get(segment, "sector_size");

	if (!is_string(json_get(segment, "type"), "crypt"))
		return "its data segment is not of type crypt";
	if (json_get(segment, "integrity"))
		return "it has an integrity layer";
	if (!has_only(segment, known))
		return "its data segment has a field that is not known";
	if (!is_string(json_get(segment, "encryption"), DATA_CIPHER))
		return "its data are not encrypted with " DATA_CIPHER;
	if (!is_number(size, sector_size_min) &&
	    !is_number(size, sector_size_max))
		return "its sectors are neither 512 nor 4096 bytes";
	if (!is_string(json_get(segment, "size"), "dynamic") ||
	    !is_string(json_get(segment, "iv_tweak"), "0"))
		return "its data segment is not the rest of the disk";
	return NULL;
}

/* The digest says if a volume key is the right one; it costs PBKDF2 too. */
static const char *digest_refusal(struct json_object *digest,
				  const char *segment)
{
	static const char *const known[] = { "type",   "keyslots",   "segments",
					     "hash",   "iterations", "salt",
					     "digest", NULL };
	struct json_object *segments = json_get(digest, "segments");

	if (!lists(segments, segment) ||
	    json_object_array_length(segments) != 1)
		return "its digest is not that of its data segment";
	if (!is_string(json_get(digest, "type"), "pbkdf2") ||
	    !is_sha2(json_get(digest, "hash")) || !has_only(digest, known))
		return "its digest does not use pbkdf2 with SHA-2";
	if (!is_iterations(json_get(digest, "iterations")))
		return "its digest asks for more than 10000000 iterations";
	return NULL;
}

const char *luks_header_refusal(struct json_object *header)
{
	static const char *const known[] = { "keyslots", "tokens", "segments",
					     "digests",	 "config", NULL };
	const char *id = "";
	const char *digest_id = "";
	struct json_object *segment =
		only_member(json_get(header, "segments"), &id);
	struct json_object *digest =
		only_member(json_get(header, "digests"), &digest_id);
	const char *why = config_refusal(json_get(header, "config"));

	if (why)
		return why;
	if (!has_only(header, known))
		return "its header has a part that is not known";
	if (!segment)
		return "it has no data segment, or several";
	why = segment_refusal(segment);
	if (why)
		return why;
	return digest ? digest_refusal(digest, id)
		      : "it has no digest, or several";
}

/* True when the digest, and with it the segment, is that of the keyslot. */
static bool holds_volume_key(struct json_object *header, const char *keyslot)
{
	const char *id = "";
	struct json_object *digest =
		only_member(json_get(header, "digests"), &id);

	return lists(json_get(digest, "keyslots"), keyslot);
}

static bool is_split(struct json_object *af)
{
	return is_string(json_get(af, "type"), "luks1") &&
	       is_number(json_get(af, "stripes"), stripes) &&
	       is_sha2(json_get(af, "hash"));
}

static const char *kdf_refusal(struct json_object *kdf)
{
	static const char *const known[] = { "type", "hash", "iterations",
					     "salt", NULL };

	if (!is_string(json_get(kdf, "type"), "pbkdf2") ||
	    !is_sha2(json_get(kdf, "hash")) || !has_only(kdf, known))
		return "its sealed keyslot does not use pbkdf2 with SHA-2";
	if (!is_iterations(json_get(kdf, "iterations")))
		return "its sealed keyslot asks for more than 10000000 "
		       "iterations";
	return NULL;
}

/* What is wrong with a keyslot; the words depend on whose it is. */
enum slot_fault {
	SLOT_SOUND,
	SLOT_NO_KEY,
	SLOT_OTHER_KEY,
	SLOT_CIPHER,
	SLOT_SPLIT,
};

/* Everything but the KDF: that what opens it knows its passphrase. */
static enum slot_fault slot_fault(struct json_object *header, const char *id)
{
	static const char *const known[] = { "type", "key_size", "af", "area",
					     "kdf",  "priority", NULL };
	struct json_object *slot = json_get(json_get(header, "keyslots"), id);
	struct json_object *area = json_get(slot, "area");

	if (!slot || !holds_volume_key(header, id))
		return SLOT_NO_KEY;
	if (!is_string(json_get(slot, "type"), "luks2") ||
	    !is_number(json_get(slot, "key_size"), volume_key_size) ||
	    !has_only(slot, known))
		return SLOT_OTHER_KEY;
	if (!is_string(json_get(area, "type"), "raw") ||
	    !is_string(json_get(area, "encryption"), DATA_CIPHER) ||
	    !is_number(json_get(area, "key_size"), volume_key_size))
		return SLOT_CIPHER;
	return is_split(json_get(slot, "af")) ? SLOT_SOUND : SLOT_SPLIT;
}

const char *luks_header_keyslot_refusal(struct json_object *header, int keyslot)
{
	static const char *const words[] = {
		[SLOT_NO_KEY] = "its sealed keyslot holds no volume key",
		[SLOT_OTHER_KEY] =
			"its sealed keyslot is not one for a key of 512 bits",
		[SLOT_CIPHER] =
			"its sealed keyslot is not encrypted with " DATA_CIPHER
			" and 512 bits",
		[SLOT_SPLIT] =
			"its sealed keyslot is not split into 4000 stripes",
	};
	enum slot_fault fault;
	char id[16];

	(void)snprintf(id, sizeof(id), "%d", keyslot);
	fault = slot_fault(header, id);
	if (fault != SLOT_SOUND)
		return words[fault];
	return kdf_refusal(
		json_get(json_get(json_get(header, "keyslots"), id), "kdf"));
}

const char *luks_header_keyslots_refusal(struct json_object *header)
{
	static const char *const words[] = {
		[SLOT_SOUND] = NULL,
		[SLOT_NO_KEY] = "a keyslot of it holds no volume key",
		[SLOT_OTHER_KEY] =
			"a keyslot of it is not one for a key of 512 bits",
		[SLOT_CIPHER] =
			"a keyslot of it is not encrypted with " DATA_CIPHER
			" and 512 bits",
		[SLOT_SPLIT] = "a keyslot of it is not split into 4000 stripes",
	};
	struct json_object *keyslots = json_get(header, "keyslots");
	enum slot_fault fault = SLOT_SOUND;

	if (!json_object_is_type(keyslots, json_type_object))
		return words[SLOT_NO_KEY];
	json_object_object_foreach(keyslots, id, slot)
	{
		(void)slot;
		if (fault == SLOT_SOUND)
			fault = slot_fault(header, id);
	}
	return words[fault];
}
