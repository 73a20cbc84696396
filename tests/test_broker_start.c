// SPDX-License-Identifier: MIT
/* What a broker says before the first VM asks. */
#include "cvmctl/broker/start-check.h"

#include <openssl/ec.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "cvmctl/image/manifest.h"
#include "cvmctl/tool/key-file.h"
#include "evidence/exchange/answer.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own-crypto.h"
#include "lib/own.h"
#include "tests/cvmctl.h"
#include "tests/line.h"
#include "tests/place.h"

#define ONE	     "11111111-89ab-cdef-0123-456789abcdef"
#define TWO	     "22222222-89ab-cdef-0123-456789abcdef"
#define SEALED(uuid) "{\"name\":\"s\",\"key\":\"sealed\",\"uuid\":\"" uuid "\"}"
#define DELIVERED(uuid) \
	"{\"name\":\"d\",\"key\":\"delivered\",\"uuid\":\"" uuid "\"}"
#define NOBODY                                                               \
	"cannot serve VMs of image: it has no volume with key = delivered; " \
	"give the IMAGE_DIR of the VMs that will ask"
#define NO_KEY(uuid)                                      \
	"cvmctl: broker: there is no key of volume " uuid \
	" in . yet; make it "                             \
	"with cvmctl seal --key-store\n"

static const struct image {
	const char *name;
	const char *volumes; /* the store has the key of ONE */
	const char *line;
	const char *said;
	bool delivers_one, delivers_two;
} images[] = {
	{ "no volumes", NULL, NOBODY, "", false, false },
	{ "volumes that are no list", "{}", NOBODY, "", false, false },
	{ "none", "[]", NOBODY, "", false, false },
	{ "none is delivered", "[" SEALED(ONE) "," SEALED(TWO) "]", NOBODY, "",
	  false, false },
	{ "one of several", "[" SEALED(TWO) "," DELIVERED(ONE) "]", NULL, "",
	  true, false },
	{ "one without a key", "[" DELIVERED(ONE) "," DELIVERED(TWO) "]", NULL,
	  NO_KEY(TWO), true, true },
	{ "one by its device", "[" DELIVERED("") "," SEALED(ONE) "]", NULL, "",
	  true, true },
	{ "no key at all", "[" DELIVERED(TWO) "," SEALED(ONE) "]", NULL,
	  NO_KEY(TWO), false, true },
	{ "a list of something else", "[1,null]", NOBODY, "", false, false },
};

/* What it writes to stderr, into the file "said". */
static int check(const struct start_check *c, struct fail *f)
{
	own_fd int before = dup(STDERR_FILENO);
	own_fd int said = open("said", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int r;

	assert_true(dup2(said, STDERR_FILENO) >= 0);
	r = start_check(c, f);
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	return r;
}

static void judges_images(void **state)
{
	const struct image *i = *state;
	own_json struct json_object *manifest = json_object_new_object();
	own_key EVP_PKEY *key = EVP_EC_gen("P-256");
	const struct start_check c = { "image", "key", ".", manifest, key };
	own_place struct tree t = { .fd = -1 };
	own_bytes struct bytes said = { 0 };
	struct fail f = { 0 };
	int r;

	tree_make(&t);
	place_enter(&t);
	tree_file(&t, ONE ".0.key", 0600, "key");
	if (i->volumes)
		json_set(manifest, "volumes", json_tokener_parse(i->volumes));
	r = check(&c, &f);
	if (i->line)
		assert_refusal(r, &f, i->line);
	else
		assert_ok(r, &f);
	assert_int_equal(io_read_file(t.fd, "said", 4096, &said), 0);
	assert_string_equal((const char *)said.data, i->said);
	assert_int_equal(manifest_delivers(manifest, ONE), i->delivers_one);
	assert_int_equal(manifest_delivers(manifest, TWO), i->delivers_two);
}

/* [broker] key of the image is the hash of another key, or of this one. */
static void compares_the_key(void **state)
{
	own_json struct json_object *manifest =
		json_tokener_parse("{\"volumes\":[" DELIVERED("") "]}");
	own_key EVP_PKEY *key = EVP_EC_gen("P-256");
	const struct start_check c = { "image", "key", ".", manifest, key };
	struct json_object *broker = json_object_new_object();
	uint8_t hash[answer_key_hash_size];
	char hex[2 * sizeof(hash) + 1];
	char line[fail_line_max];
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(answer_key_hash(key, hash), 0);
	assert_int_equal(json_set(manifest, "broker", broker), 0);
	assert_ok(start_check(&c, &f), &f);
	assert_int_equal(json_set_hex(broker, "key", hash, sizeof(hash)), 0);
	assert_ok(start_check(&c, &f), &f);
	hex_encode(hash, sizeof(hash), hex);
	hash[sizeof(hash) - 1] ^= 1;
	assert_int_equal(json_set_hex(broker, "key", hash, sizeof(hash)), 0);
	(void)snprintf(line, sizeof(line),
		       "cannot use key key: the image's VMs believe %.12s..., "
		       "and it is %.12s...; give the key that [broker] key in "
		       "boot.conf is the hash of",
		       hex, hex);
	assert_refusal(start_check(&c, &f), &f, line);
}

#define Z64 "0000000000000000000000000000000000000000000000000000000000000000"
#define READABLE                                                                \
	"cannot use key key: others may read it; give it mode 0600, and think " \
	"about who has read it"

static void refuses_a_key_that_others_read(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0660, 0602, 0644 };
	own_place struct tree t = { .fd = -1 };
	struct fail f = { 0 };

	(void)state;
	tree_make(&t);
	place_enter(&t);
	tree_file(&t, "key", 0644, "");
	tree_dir(&t, "image");
	tree_file(&t, "image/manifest.json", 0644,
		  "{\"type\":\"cvm-init image\",\"schema\":1,\"apps\":{"
		  "\"banks\":{\"sha256\":{\"measured\":\"" Z64 "\"}}}}");
	assert_refusal(cvmctl_run(command_broker, &f,
				  "broker --listen unix:s --store . --key key "
				  "--audit a --ek 000b" Z64
				  " --without-hardware --apps-only image"),
		       &f, READABLE);
	assert_int_equal(chmod("key", 0600), 0);
	assert_ok(key_file_check_rights("key", "check --key", &f), &f);
	for (size_t i = 0; i < array_size(modes); i++) {
		assert_int_equal(chmod("key", modes[i]), 0);
		assert_refusal(key_file_check_rights("key", "check --key", &f),
			       &f, READABLE);
	}
	assert_int_equal(mkfifo("pipe", 0644), 0);
	assert_ok(key_file_check_rights("pipe", "check --key", &f), &f);
	assert_refusal(key_file_check_rights("none", "check --key", &f), &f,
		       "cannot read none: No such file or directory; check "
		       "--key");
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(judges_images, images),
		CASE(compares_the_key),
		CASE(refuses_a_key_that_others_read),
	};

	return table_run(tables, array_size(tables));
}
