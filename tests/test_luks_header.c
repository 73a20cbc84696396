// SPDX-License-Identifier: MIT
/* What a LUKS2 header may ask for: a sound one, and one change to it a row. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "lib/own.h"
#include "lib/text.h"
#include "seal/luks/header.h"

#define ITERATIONS_MAX "10000000"

/* Keyslot 1 is a rescue key, as cryptsetup luksAddKey makes it. */
static const char sound[] =
	"{\"keyslots\":{"
	"\"0\":{\"type\":\"luks2\",\"key_size\":64,"
	"\"af\":{\"type\":\"luks1\",\"stripes\":4000,\"hash\":\"sha512\"},"
	"\"area\":{\"type\":\"raw\",\"offset\":\"32768\",\"size\":\"258048\","
	"\"encryption\":\"aes-xts-plain64\",\"key_size\":64},"
	"\"kdf\":{\"type\":\"pbkdf2\",\"hash\":\"sha512\",\"iterations\":1000,"
	"\"salt\":\"AA==\"}},"
	"\"1\":{\"type\":\"luks2\",\"key_size\":64,"
	"\"af\":{\"type\":\"luks1\",\"stripes\":4000,\"hash\":\"sha256\"},"
	"\"area\":{\"type\":\"raw\",\"offset\":\"290816\",\"size\":\"258048\","
	"\"encryption\":\"aes-xts-plain64\",\"key_size\":64},"
	"\"kdf\":{\"type\":\"argon2id\",\"time\":9,\"memory\":1048576,"
	"\"cpus\":4,\"salt\":\"AA==\"}}},"
	"\"tokens\":{},"
	"\"segments\":{\"0\":{\"type\":\"crypt\",\"offset\":\"16777216\","
	"\"size\":\"dynamic\",\"iv_tweak\":\"0\","
	"\"encryption\":\"aes-xts-plain64\",\"sector_size\":4096}},"
	"\"digests\":{\"0\":{\"type\":\"pbkdf2\",\"keyslots\":[\"0\",\"1\"],"
	"\"segments\":[\"0\"],\"hash\":\"sha256\",\"iterations\":2000,"
	"\"salt\":\"AA==\",\"digest\":\"AA==\"}},"
	"\"config\":{\"json_size\":\"12288\",\"keyslots_size\":\"16744448\"}}";

/* The header after one change; fails the test when from is not in it. */
static struct json_object *changed(const char *from, const char *to)
{
	own_text struct text t = { 0 };
	const char *hit = strstr(sound, from);
	struct json_object *header = NULL;

	assert_non_null(hit);
	text_add_bytes(&t, sound, (size_t)(hit - sound));
	text_add(&t, "%s%s", to, hit + strlen(from));
	assert_false(text_failed(&t));
	assert_int_equal(luks_header_parse(t.s, &header), 0);
	return header;
}

struct change {
	const char *from;
	const char *to;
	const char *reason; /* NULL: it is sound nevertheless */
};

#define TWO_SEGMENTS  "it has no data segment, or several"
#define UNKNOWN_FIELD "its data segment has a field that is not known"
#define NOT_THE_REST  "its data segment is not the rest of the disk"
#define SECTORS	      "its sectors are neither 512 nor 4096 bytes"
#define TWO_DIGESTS   "it has no digest, or several"
#define OTHER_DIGEST  "its digest is not that of its data segment"
#define DIGEST_KDF    "its digest does not use pbkdf2 with SHA-2"
#define DIGEST_COST \
	"its digest asks for more than " ITERATIONS_MAX " iterations"

static const struct change headers[] = {
	{ "{}", "{}", NULL },
	{ "4096", "512", NULL },
	{ "\"iterations\":2000", "\"iterations\":" ITERATIONS_MAX, NULL },
	{ "\"hash\":\"sha256\",\"iterations\"",
	  "\"hash\":\"sha512\",\"iterations\"", NULL },
	{ "\"16744448\"", "\"16744448\",\"flags\":[],\"requirements\":{}",
	  NULL },
	/* config */
	{ "\"16744448\"", "\"16744448\",\"flags\":[\"allow-discards\"]",
	  "its header sets activation flags" },
	{ "\"16744448\"", "\"16744448\",\"flags\":1",
	  "its header sets activation flags" },
	{ "\"16744448\"",
	  "\"16744448\",\"requirements\":{\"mandatory\":[\"x\"]}",
	  "its header requires more than dm-crypt" },
	{ "\"16744448\"", "\"16744448\",\"requirements\":[\"x\"]",
	  "its header requires more than dm-crypt" },
	{ "\"16744448\"", "\"16744448\",\"new\":1",
	  "its header has an unknown setting" },
	{ "\"config\":{", "\"config\":3,\"other\":{",
	  "its header has an unknown setting" },
	{ "\"tokens\":{}", "\"tokens\":{},\"new\":{}",
	  "its header has a part that is not known" },
	/* segments */
	{ "\"segments\":{\"0\":{", "\"segments\":{\"1\":{},\"0\":{",
	  TWO_SEGMENTS },
	{ "\"tokens\":{},\"segments\":{", "\"segments\":{},\"tokens\":{",
	  TWO_SEGMENTS },
	{ "\"type\":\"crypt\"", "\"type\":\"linear\"",
	  "its data segment is not of type crypt" },
	{ "\"type\":\"crypt\"", "\"type\":7",
	  "its data segment is not of type crypt" },
	{ "4096", "4096,\"integrity\":{\"type\":\"hmac(sha256)\"}",
	  "it has an integrity layer" },
	{ "4096", "4096,\"integrity\":null", UNKNOWN_FIELD },
	{ "4096", "4096,\"flags\":[\"backup-final\"]", UNKNOWN_FIELD },
	{ "4096", "4096,\"new\":1", UNKNOWN_FIELD },
	{ "aes-xts-plain64\",\"sector", "cipher_null-ecb\",\"sector",
	  "its data are not encrypted with aes-xts-plain64" },
	{ "4096", "4097", SECTORS },
	{ "4096", "\"4096\"", SECTORS },
	{ "\"dynamic\"", "\"4096\"", NOT_THE_REST },
	{ "\"iv_tweak\":\"0\"", "\"iv_tweak\":\"8\"", NOT_THE_REST },
	/* digests */
	{ "\"digests\":{", "\"digests\":{\"1\":{},", TWO_DIGESTS },
	{ "{\"0\":{\"type\":\"pbkdf2\",\"keyslots\":[\"0\",\"1\"],"
	  "\"segments\":[\"0\"],\"hash\":\"sha256\",\"iterations\":2000,"
	  "\"salt\":\"AA==\",\"digest\":\"AA==\"}}",
	  "{}", TWO_DIGESTS },
	{ "\"segments\":[\"0\"]", "\"segments\":[]", OTHER_DIGEST },
	{ "\"segments\":[\"0\"]", "\"segments\":[\"1\"]", OTHER_DIGEST },
	{ "\"segments\":[\"0\"]", "\"segments\":[\"0\",\"1\"]", OTHER_DIGEST },
	{ "\"segments\":[\"0\"]", "\"segments\":\"0\"", OTHER_DIGEST },
	{ "{\"type\":\"pbkdf2\",\"keyslots\"",
	  "{\"type\":\"argon2\",\"keyslots\"", DIGEST_KDF },
	{ "\"hash\":\"sha256\",\"iterations\"",
	  "\"hash\":\"sha1\",\"iterations\"", DIGEST_KDF },
	{ "\"digest\":\"AA==\"", "\"digest\":\"AA==\",\"new\":1", DIGEST_KDF },
	{ "\"iterations\":2000", "\"iterations\":10000001", DIGEST_COST },
	{ "\"iterations\":2000", "\"iterations\":4294967295", DIGEST_COST },
	{ "\"iterations\":2000", "\"iterations\":0", DIGEST_COST },
	{ "\"iterations\":2000", "\"iterations\":-1", DIGEST_COST },
	{ "\"iterations\":2000", "\"iterations\":\"2000\"", DIGEST_COST },
	{ "\"iterations\":2000", "\"iterations\":2000.5", DIGEST_COST },
	{ "\"iterations\":2000,", "", DIGEST_COST },
};

static void assert_reason(const char *why, const char *wanted)
{
	if (!wanted)
		assert_null(why);
	else
		assert_string_equal(why ? why : "accepted", wanted);
}

static void judges_headers(void **state)
{
	const struct change *c = *state;
	own_json struct json_object *header = changed(c->from, c->to);

	assert_reason(luks_header_refusal(header), c->reason);
}

#define NO_KEY	  "its sealed keyslot holds no volume key"
#define OTHER_KEY "its sealed keyslot is not one for a key of 512 bits"
#define AREA                                                                \
	"its sealed keyslot is not encrypted with aes-xts-plain64 and 512 " \
	"bits"
#define SPLIT "its sealed keyslot is not split into 4000 stripes"
#define KDF   "its sealed keyslot does not use pbkdf2 with SHA-2"
#define COST                                                        \
	"its sealed keyslot asks for more than " ITERATIONS_MAX " " \
	"iterations"

static const struct change keyslots[] = {
	{ "{}", "{}", NULL },
	{ "\"iterations\":1000", "\"iterations\":" ITERATIONS_MAX, NULL },
	{ "\"key_size\":64,", "\"key_size\":64,\"priority\":2,", NULL },
	{ "\"0\":{\"type\":\"luks2\"", "\"2\":{\"type\":\"luks2\"", NO_KEY },
	{ "\"keyslots\":[\"0\",\"1\"]", "\"keyslots\":[\"1\"]", NO_KEY },
	{ "\"keyslots\":[\"0\",\"1\"]", "\"keyslots\":[0,1]", NO_KEY },
	{ "\"type\":\"luks2\"", "\"type\":\"reencrypt\"", OTHER_KEY },
	{ "\"key_size\":64,\"af\"", "\"key_size\":32,\"af\"", OTHER_KEY },
	{ "\"key_size\":64,\"af\"", "\"new\":1,\"key_size\":64,\"af\"",
	  OTHER_KEY },
	{ "\"type\":\"raw\"", "\"type\":\"none\"", AREA },
	{ "\"encryption\":\"aes-xts-plain64\",\"key_size\":64}",
	  "\"encryption\":\"cipher_null-ecb\",\"key_size\":64}", AREA },
	{ "\"encryption\":\"aes-xts-plain64\",\"key_size\":64}",
	  "\"encryption\":\"aes-xts-plain64\",\"key_size\":32}", AREA },
	{ "\"type\":\"luks1\"", "\"type\":\"luks2\"", SPLIT },
	{ "4000", "1", SPLIT },
	{ "4000", "40000000", SPLIT },
	{ "\"hash\":\"sha512\"}", "\"hash\":\"md5\"}", SPLIT },
	{ "{\"type\":\"pbkdf2\",\"hash\"", "{\"type\":\"argon2id\",\"hash\"",
	  KDF },
	{ "\"hash\":\"sha512\",\"iterations\"",
	  "\"hash\":\"sha1\",\"iterations\"", KDF },
	{ "\"iterations\":1000", "\"iterations\":1000,\"memory\":9", KDF },
	{ "\"iterations\":1000", "\"iterations\":10000001", COST },
};

static void judges_the_sealed_keyslot(void **state)
{
	const struct change *c = *state;
	own_json struct json_object *header = changed(c->from, c->to);

	assert_reason(luks_header_keyslot_refusal(header, 0), c->reason);
}

/* A rescue key is its owner's affair; the token may not name it. */
static void leaves_other_keyslots_alone(void **state)
{
	own_json struct json_object *header = changed("{}", "{}");

	(void)state;
	assert_reason(luks_header_refusal(header), NULL);
	assert_reason(luks_header_keyslot_refusal(header, 1), KDF);
	assert_reason(luks_header_keyslot_refusal(header, 31), NO_KEY);
}

#define RESCUE_CIPHER                                                 \
	"\"offset\":\"290816\",\"size\":\"258048\",\"encryption\":\"" \
	"aes-xts-plain64\",\"key_size\":64"
#define NULL_CIPHER                                                   \
	"\"offset\":\"290816\",\"size\":\"258048\",\"encryption\":\"" \
	"cipher_null-ecb\",\"key_size\":32"
#define ANY_NO_KEY    "a keyslot of it holds no volume key"
#define ANY_OTHER_KEY "a keyslot of it is not one for a key of 512 bits"
#define ANY_AREA \
	"a keyslot of it is not encrypted with aes-xts-plain64 and 512 bits"
#define ANY_SPLIT "a keyslot of it is not split into 4000 stripes"

static const struct change all_keyslots[] = {
	{ "{}", "{}", NULL }, /* keyslot 1 with its argon2id */
	{ "\"iterations\":1000", "\"iterations\":10000001", NULL },
	{ RESCUE_CIPHER, NULL_CIPHER, ANY_AREA },
	{ "\"encryption\":\"aes-xts-plain64\",\"key_size\":64}",
	  "\"encryption\":\"aes-cbc-plain\",\"key_size\":64}", ANY_AREA },
	{ "\"type\":\"raw\"", "\"type\":\"none\"", ANY_AREA },
	{ "\"keyslots\":[\"0\",\"1\"]", "\"keyslots\":[\"0\"]", ANY_NO_KEY },
	{ "{\"keyslots\":", "{\"keyslots\":[],\"x\":", ANY_NO_KEY },
	{ "\"type\":\"luks2\"", "\"type\":\"reencrypt\"", ANY_OTHER_KEY },
	{ "\"key_size\":64,\"af\"", "\"key_size\":32,\"af\"", ANY_OTHER_KEY },
	{ "\"stripes\":4000,\"hash\":\"sha256\"",
	  "\"stripes\":1,\"hash\":\"sha256\"", ANY_SPLIT },
};

/* Before a key is tried in all of them, which costs what their owner likes. */
static void judges_all_keyslots(void **state)
{
	const struct change *c = *state;
	own_json struct json_object *header = changed(c->from, c->to);

	assert_reason(luks_header_keyslots_refusal(header), c->reason);
}

/* json-c 0.18 refuses to parse it, older ones read INT64_MAX. */
static void refuses_iterations_over_64_bits(void **state)
{
	own_text struct text t = { 0 };
	own_json struct json_object *header = NULL;
	const char *hit = strstr(sound, "1000,");
	int r;

	(void)state;
	text_add_bytes(&t, sound, (size_t)(hit - sound));
	text_add(&t, "99999999999999999999%s", hit + 4);
	assert_false(text_failed(&t));
	r = luks_header_parse(t.s, &header);
	if (r == 0)
		assert_reason(luks_header_keyslot_refusal(header, 0), COST);
	else
		assert_int_equal(r, -EINVAL);
}

static void parses_no_more_than_its_maximum(void **state)
{
	own_free char *text = malloc(luks_json_max + 2);
	struct json_object *header = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', luks_json_max + 1);
	text[luks_json_max] = '\0';
	memcpy(text, "{\"a\":", 5);
	text[luks_json_max - 2] = '1';
	text[luks_json_max - 1] = '}';
	assert_int_equal(luks_header_parse(text, &header), 0);
	json_release(&header);
	header = NULL;
	memcpy(text + luks_json_max - 2, " 1}", 4);
	assert_int_equal(luks_header_parse(text, &header), -EFBIG);
	assert_int_equal(luks_header_parse("[]", &header), -EINVAL);
	assert_int_equal(luks_header_parse("", &header), -EINVAL);
	assert_null(header);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(judges_headers, headers),
		TABLE(judges_the_sealed_keyslot, keyslots),
		TABLE(judges_all_keyslots, all_keyslots),
		CASE(leaves_other_keyslots_alone),
		CASE(refuses_iterations_over_64_bits),
		CASE(parses_no_more_than_its_maximum),
	};

	return table_run(tables, array_size(tables));
}
