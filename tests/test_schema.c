// SPDX-License-Identifier: MIT
/*
 * docs/evidence.schema.json against what is written here, what is committed
 * as an example, and what must not pass; and our readers against its word
 * that they ignore what they do not know.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/table.h"

#include "evidence/exchange/answer.h"
#include "evidence/exchange/exchange.h"
#include "evidence/exchange/request.h"
#include "evidence/file/read.h"
#include "lib/own-crypto.h"
#include "seal/luks/token.h"
#include "seal/object/offline.h"
#include "tests/line.h"
#include "tests/sample.h"
#include "tests/tmptree.h"

#define CORPUS "tests/corpus/"

enum { status_none = 77, line_max = PATH_MAX };

/* What tests/schema says of some files: how many it has, how many are valid. */
struct found {
	int files, valid;
};

/* Skips where there is no validator, which shows. */
static void check(const char *option, const char *paths, struct found *ret)
{
	static const char valid[] = ": valid\n";
	char command[line_max];
	char line[line_max];
	struct found found = { 0 };
	FILE *out;
	int status;

	assert_in_range(snprintf(command, sizeof(command),
				 "/usr/bin/python3 tests/schema %s %s", option,
				 paths),
			1, sizeof(command) - 1);
	out = popen(command, "r");
	assert_non_null(out);
	while (fgets(line, sizeof(line), out)) {
		size_t len = strlen(line);
		bool is_valid =
			len >= sizeof(valid) - 1 &&
			strcmp(line + len - (sizeof(valid) - 1), valid) == 0;

		found.files++;
		found.valid += is_valid;
	}
	status = pclose(out);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == status_none) {
		print_message("no python3-jsonschema: skipped\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), found.valid < found.files);
	*ret = found;
}

/* -- what is committed ---------------------------------------------------- */

/* All of a line at once, since Python takes its time to begin. */
static const struct committed {
	const char *name;
	const char *option;
	const char *paths;
	bool are_valid; /* all of them, or none */
} committed[] = {
	{ "evidence", "",
	  "tests/pictures/evidence.json " CORPUS "evidence/* " CORPUS
	  "chain/evidence",
	  true },
	{ "exchange", "",
	  CORPUS "identity/certificate " CORPUS "identity/good " CORPUS
		 "identity/other-ak " CORPUS "challenge/good " CORPUS
		 "challenge/identity",
	  true },
	{ "broker", "",
	  CORPUS "request/good " CORPUS "request/certificate " CORPUS
		 "answer/refusal",
	  true },
	{ "unknown key, written", "", CORPUS "identity/deep", false },
	{ "unknown key, read", "--reader", CORPUS "identity/deep", true },
	{ "bad identities", "--reader",
	  CORPUS "identity/no-srk " CORPUS "identity/schema-2 " CORPUS
		 "identity/twice",
	  false },
	{ "bad challenges", "--reader",
	  CORPUS "challenge/empty-part " CORPUS "challenge/long-part " CORPUS
		 "challenge/number " CORPUS "challenge/truncated",
	  false },
	{ "bad requests", "--reader",
	  CORPUS "request/no-fresh " CORPUS "request/no-srk " CORPUS
		 "request/path " CORPUS "request/twice " CORPUS
		 "request/upper-case",
	  false },
	{ "bad answers", "--reader",
	  CORPUS "answer/cut-key " CORPUS "answer/escape " CORPUS
		 "answer/no-signature " CORPUS "answer/number",
	  false },
};

static void holds_what_is_committed(void **state)
{
	const struct committed *c = *state;
	struct found found;

	check(c->option, c->paths, &found);
	assert_true(found.files > 0);
	assert_int_equal(found.valid, c->are_valid ? found.files : 0);
}

/* -- what is written ------------------------------------------------------ */

static void write_message(const struct tree *t, const char *name,
			  const struct bytes *text)
{
	own_fd int fd =
		openat(t->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, text->data, text->len), 0);
}

/* A delivered key of our own, whose token has all that we write. */
static void write_key(const struct tree *t)
{
	const struct seal_policy policy = {
		.pcrs = { .bank = DIGEST_SHA384, .mask = 1U << 4 | 1U << 14 }
	};
	own_bytes struct bytes file = sample_part("srk", "public");
	own_bytes struct bytes fresh = sample_part("answer", "fresh");
	own_bytes struct bytes nonce = sample_part("challenge", "nonce");
	const struct answer_context context = { &nonce,
						sample_text("answer", "uuid"),
						fresh.data };
	own_key EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	own_sealed_key struct sealed_key sealed = { 0 };
	own_secret struct secret secret = { 0 };
	own_bytes struct bytes token = { 0 };
	own_bytes struct bytes text = { 0 };
	own_free char *json = NULL;
	struct srk_public srk;
	struct fail f = { 0 };

	assert_int_equal(secret_alloc(32, &secret), 0);
	assert_ok(srk_public_parse(&file, &srk, &f), &f);
	assert_int_equal(sealed_key_begin(&policy, &sealed), 0);
	assert_ok(offline_seal(&srk, &secret, &sealed, &f), &f);
	assert_ok(token_format(&sealed, 31, &json, &f), &f);
	assert_non_null(strstr(json, "cvm-init-pcrs"));
	assert_int_equal(bytes_copy(json, strlen(json), &token), 0);
	assert_int_equal(answer_write_key(&token, &context, key, &text), 0);
	write_message(t, "ours", &text);
}

/* Of the sample test_broker_sample says that they are what we write. */
static void holds_messages(void **state)
{
	static const char *const names[] = { "request", "challenge",
					     "delivered-key", "refusal" };
	struct tree t;
	char paths[line_max];
	struct found found;

	(void)state;
	tree_make(&t);
	for (size_t i = 0; i < array_size(names); i++) {
		own_bytes struct bytes text = sample_message_text(names[i]);

		write_message(&t, names[i], &text);
	}
	write_key(&t);
	(void)snprintf(paths, sizeof(paths), "%s/*", t.path);
	check("", paths, &found);
	tree_remove(&t);
	assert_int_equal(found.files, array_size(names) + 1);
	assert_int_equal(found.valid, found.files);
}

/* -- readers -------------------------------------------------------------- */

static int read_request(const struct bytes *text)
{
	own_request struct request r = { .volume = "" };

	return request_read(text, &r);
}

static int read_challenge(const struct bytes *text)
{
	own_challenge struct challenge c = { .id_object = { 0 } };
	struct fail f = { 0 };

	return challenge_read_json(text, &c, &f);
}

static int read_key(const struct bytes *text)
{
	own_bytes struct bytes fresh = sample_part("answer", "fresh");
	own_bytes struct bytes nonce = sample_part("challenge", "nonce");
	own_bytes struct bytes token = { 0 };
	own_bytes struct bytes der = sample_part("answer", "key");
	const uint8_t *at = der.data;
	own_key EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)der.len);
	const struct answer_context context = { &nonce,
						sample_text("answer", "uuid"),
						fresh.data };
	uint8_t hash[answer_key_hash_size];
	struct fail f = { 0 };

	assert_int_equal(answer_key_hash(key, hash), 0);
	return answer_read(text, &context, hash, "get it", &token, &f);
}

static int read_refusal(const struct bytes *text)
{
	struct fail f = { 0 };

	/* which is a refusal of its own, with the words of the message */
	return answer_check_refusal(text, "get it", &f) == -EINVAL &&
			       strstr(f.reason, "PCR 14")
		       ? 0
		       : -EINVAL;
}

static int read_evidence(const struct bytes *text)
{
	own_evidence struct evidence e = { .has_tpm = false };
	struct fail f = { 0 };

	return evidence_read_json((const char *)text->data, text->len, &e, &f);
}

static const struct reader {
	const char *name; /* a message of the sample, or a file */
	int (*read)(const struct bytes *text);
} readers[] = {
	{ "request", read_request },
	{ "challenge", read_challenge },
	{ "delivered-key", read_key },
	{ "refusal", read_refusal },
	{ CORPUS "evidence/story", read_evidence },
};

static struct bytes load(const char *name)
{
	struct bytes text = { 0 };

	if (!strchr(name, '/'))
		return sample_message_text(name);
	assert_int_equal(io_read_file(AT_FDCWD, name, 1 << 20, &text), 0);
	return text;
}

/* Keys of a later version, and no schema of one. */
static void reads_what_is_not_known(void **state)
{
	const struct reader *r = *state;
	own_bytes struct bytes text = load(r->name);
	own_bytes struct bytes later = { 0 };
	own_bytes struct bytes other = { 0 };
	own_json struct json_object *o =
		json_tokener_parse((const char *)text.data);

	assert_int_equal(r->read(&text), 0);
	assert_int_equal(json_set_string(o, "more", "of it"), 0);
	assert_int_equal(json_write(o, &later), 0);
	assert_int_equal(r->read(&later), 0);
	assert_int_equal(json_set_u64(o, "schema", 2), 0);
	assert_int_equal(json_write(o, &other), 0);
	assert_true(r->read(&other) < 0);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(holds_what_is_committed, committed),
		CASE(holds_messages),
		TABLE(reads_what_is_not_known, readers),
	};
	int r;

	if (sample_load() < 0)
		return 1;
	r = table_run(tables, array_size(tables));
	json_object_put(sample);
	return r;
}
