// SPDX-License-Identifier: MIT
/*
 * cvmctl evidence and cvmctl challenge from end to end, against swtpm: what
 * they write is held against docs/evidence.schema.json, and read by
 * tpm2-tools.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "evidence/exchange/exchange.h"
#include "evidence/signed/challenge.h"
#include "lib/base64.h"
#include "lib/hex.h"
#include "tests/cvmctl.h"
#include "tests/swtpm.h"

#define ARGUMENTS(what, command) \
	"cannot read the arguments: " what "; see cvmctl " command " --help"

/* -- refusals ------------------------------------------------------------- */

static struct tree files;

static const struct refusal {
	const char *words; /* evidence or challenge, then arguments */
	int result;	   /* COMMAND_USAGE, or -1 for any failure */
	const char *line;
} refusals[] = {
	{ "evidence --nonce 00 --identity", COMMAND_USAGE,
	  ARGUMENTS("--nonce, --challenge and --identity exclude each other",
		    "evidence") },
	{ "evidence --nonce 00 --challenge c", COMMAND_USAGE,
	  ARGUMENTS("--nonce, --challenge and --identity exclude each other",
		    "evidence") },
	{ "evidence --tpm none --identity", COMMAND_USAGE,
	  ARGUMENTS("--challenge and --identity need a TPM", "evidence") },
	{ "evidence --tpm none --challenge c", COMMAND_USAGE,
	  ARGUMENTS("--challenge and --identity need a TPM", "evidence") },
#define NO_LIST ARGUMENTS("--pcrs is no list such as 2,4,9,14", "evidence")
	{ "evidence --pcrs 24", COMMAND_USAGE, NO_LIST },
	{ "evidence --pcrs 4,4", COMMAND_USAGE, NO_LIST },
	{ "evidence --pcrs \"\"", COMMAND_USAGE,
	  ARGUMENTS("--pcrs is empty", "evidence") },
	{ "evidence --root \"\"", COMMAND_USAGE,
	  ARGUMENTS("--root is empty", "evidence") },
	{ "evidence --identity --identity", COMMAND_USAGE,
	  ARGUMENTS("--identity is repeated", "evidence") },
#define NO_NONCE \
	ARGUMENTS("--nonce is not 1 to 64 bytes in lower-case hex", "evidence")
	{ "evidence --nonce \"\"", COMMAND_USAGE,
	  ARGUMENTS("--nonce is empty", "evidence") },
	{ "evidence --nonce 0", COMMAND_USAGE, NO_NONCE },
	{ "evidence --nonce 0A", COMMAND_USAGE, NO_NONCE },
	{ "evidence --nonce 000000000000000000000000000000000000000000000000"
	  "0000000000000000000000000000000000000000000000000000000000000000"
	  "000000000000000000",
	  COMMAND_USAGE, NO_NONCE },
	{ "evidence --tpm none --root .", -1,
	  "cannot collect evidence: there is neither a TPM nor a report; "
	  "attach a working TPM 2.0 to the VM" },
	{ "evidence --tpm device:/dev/null0", -1,
	  "cannot open TPM /dev/null0: No such file or directory; check --tpm, "
	  "and that swtpm runs" },
	{ "challenge --secret s", COMMAND_USAGE,
	  ARGUMENTS("IDENTITY is missing", "challenge") },
	{ "challenge i", COMMAND_USAGE,
	  ARGUMENTS("--secret FILE is missing", "challenge") },
	{ "challenge --secret s none", -1,
	  "cannot read none: No such file or directory; name what cvmctl "
	  "evidence --identity wrote" },
#define NO_IDENTITY(file)                                        \
	"cannot read the identity " file                         \
	": it is damaged, or something else; take the identity " \
	"from cvmctl evidence --identity"
	{ "challenge --secret s empty", -1, NO_IDENTITY("empty") },
	{ "challenge --secret s other", -1, NO_IDENTITY("other") },
	{ "challenge --secret s schema-2", -1, NO_IDENTITY("schema-2") },
	{ "challenge --secret s no-ak", -1, NO_IDENTITY("no-ak") },
	{ "challenge --secret s no-keys", -1,
	  "cannot use the endorsement key: it is not RSA 2048 of the default "
	  "template L-1; take the identity from cvmctl evidence --identity" },
	{ "challenge --secret s large", -1,
	  "cannot read large: File too large; name what cvmctl evidence "
	  "--identity wrote" },
};

static void make_files(void)
{
	int fd;

	tree_make(&files);
	tree_file(&files, "empty", 0600, "");
	tree_file(&files, "other", 0600, "{\"type\":\"cvm-init evidence\"}");
	tree_file(
		&files, "schema-2", 0600,
		"{\"type\":\"cvm-init identity\",\"schema\":2,\"ek\":\"AAAA\","
		"\"ak\":\"AAAA\",\"srk\":\"AAAA\"}");
	tree_file(
		&files, "no-ak", 0600,
		"{\"type\":\"cvm-init identity\",\"schema\":1,\"ek\":\"AAAA\","
		"\"srk\":\"AAAA\"}");
	tree_file(
		&files, "no-keys", 0600,
		"{\"type\":\"cvm-init identity\",\"schema\":1,\"ek\":\"AAAA\","
		"\"ak\":\"AAAA\",\"srk\":\"AAAA\"}");
	tree_file(&files, "large", 0600, "");
	fd = openat(files.fd, "large", O_WRONLY | O_CLOEXEC);
	tree_check(fd >= 0 && ftruncate(fd, identity_json_max + 1) == 0 &&
			   close(fd) == 0,
		   "large");
}

static void refuses(void **state)
{
	const struct refusal *c = *state;
	cvmctl_command *command = strncmp(c->words, "evidence", 8) == 0
					  ? command_evidence
					  : command_challenge;
	struct fail f = { 0 };
	char line[fail_line_max];
	int r;

	tree_check(chdir(files.path) == 0, files.path);
	r = cvmctl_run(command, &f, "%s", c->words);
	tree_check(chdir("/") == 0, "/");
	(void)snprintf(line, sizeof(line), "cannot %s: %s; %s", f.what,
		       f.reason, f.remedy);
	assert_string_equal(line, c->line);
	assert_true(c->result == COMMAND_USAGE ? r == COMMAND_USAGE : r < 0);
	assert_int_equal(faccessat(files.fd, "s", F_OK, 0), -1);
}

/* -- from end to end ------------------------------------------------------ */

static char here[PATH_MAX / 4];

/* Skips where there is no validator, which shows. */
static void assert_schema(const struct swtpm *s, const char *name)
{
	char command[2 * PATH_MAX];

	if (system("/usr/bin/python3 -c 'import jsonschema' 2>/dev/null")) {
		print_message("no python3-jsonschema: skipped\n");
		skip();
	}
	(void)snprintf(command, sizeof(command),
		       "/usr/bin/python3 %s/tests/schema %s/%s", here,
		       s->tree.path, name);
	assert_int_equal(system(command), 0);
}

static void start(struct swtpm *s)
{
	tree_check(chdir("/") == 0, "/"); /* the last directory is gone */
	swtpm_start(s);
	tree_check(chdir(s->tree.path) == 0, s->tree.path);
}

static struct json_object *parse_file(const struct swtpm *s, const char *name)
{
	own_bytes struct bytes text = { 0 };
	struct json_object *o;

	assert_int_equal(io_read_file(s->tree.fd, name, 1 << 20, &text), 0);
	o = json_tokener_parse((char *)text.data);
	assert_non_null(o);
	return o;
}

/* A binary member as a file for tpm2-tools. */
static void unpack(const struct swtpm *s, struct json_object *o,
		   const char *key, const char *name)
{
	own_bytes struct bytes data = { 0 };
	char path[PATH_MAX];

	assert_int_equal(base64_decode(json_get_string(o, key), 4096, &data),
			 0);
	(void)snprintf(path, sizeof(path), "%s/%s", s->tree.path, name);
	assert_int_equal(io_replace_file(path, data.data, data.len, 0600), 0);
}

/* By tools that know nothing of this file, in all but its form. */
static void assert_quote(const struct swtpm *s, const char *file,
			 const char *nonce)
{
	own_json struct json_object *o = parse_file(s, file);
	struct json_object *tpm = json_get(o, "tpm");
	char command[512];

	assert_string_equal(json_get_string(o, "nonce"), nonce);
	unpack(s, tpm, "ak", "ak.pub");
	unpack(s, json_get(tpm, "quote"), "attest", "attest");
	unpack(s, json_get(tpm, "quote"), "signature", "signature");
	(void)snprintf(command, sizeof(command),
		       "tpm2_checkquote -u ak.pub -m attest -s signature -g "
		       "sha256 -q %s",
		       nonce);
	assert_int_equal(swtpm_tool(s, command), 0);
}

static void with_a_nonce(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_json struct json_object *o = NULL;
	struct json_object *bank;
	struct fail f = { 0 };

	(void)state;
	start(&s);
	assert_ok(cvmctl_run(command_evidence, &f,
			     "evidence --tpm %s --root %s --nonce 00ff --pcrs "
			     "4,14 --output e",
			     s.tcti, s.tree.path),
		  &f);
	assert_schema(&s, "e");
	assert_quote(&s, "e", "00ff");
	o = parse_file(&s, "e");
	assert_string_equal(json_get_string(o, "created-by"),
			    "cvmctl " CVM_VERSION);
	bank = json_get(json_get(json_get(o, "tpm"), "pcrs"), "sha256");
	assert_int_equal(json_object_object_length(bank), 2);
	assert_non_null(json_get(bank, "14"));
	/* what was there is replaced, and nothing but a file */
	tree_dir(&s.tree, "dir");
	assert_refusal(cvmctl_run(command_evidence, &f,
				  "evidence --tpm %s --root %s --output dir",
				  s.tcti, s.tree.path),
		       &f,
		       "cannot write dir: it is no regular file; choose "
		       "another --output");
}

/* Two of them differ, by 32 bytes. */
static void with_its_own_nonce(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_json struct json_object *a = NULL;
	own_json struct json_object *b = NULL;
	struct fail f = { 0 };

	(void)state;
	start(&s);
	for (const char *name = "ab"; *name; name++)
		assert_ok(cvmctl_run(command_evidence, &f,
				     "evidence --tpm %s --root %s --output %c",
				     s.tcti, s.tree.path, *name),
			  &f);
	assert_schema(&s, "a");
	a = parse_file(&s, "a");
	b = parse_file(&s, "b");
	assert_int_equal(strlen(json_get_string(a, "nonce")), 64);
	assert_string_not_equal(json_get_string(a, "nonce"),
				json_get_string(b, "nonce"));
	assert_string_equal(json_get_string(json_get(a, "tpm"), "ak"),
			    json_get_string(json_get(b, "tpm"), "ak"));
}

/* What a verifier expects who kept the random number. */
static void expected_nonce(const struct swtpm *s, const char *secret,
			   char ret[static 2 * challenge_size + 1])
{
	own_json struct json_object *o = parse_file(s, "id");
	own_bytes struct bytes random = { 0 };
	own_bytes struct bytes ek = { 0 };
	own_bytes struct bytes ak = { 0 };
	uint8_t nonce[challenge_size];

	assert_int_equal(io_read_file(s->tree.fd, secret, 64, &random), 0);
	assert_int_equal(random.len, challenge_size);
	assert_int_equal(base64_decode(json_get_string(o, "ek"), 4096, &ek), 0);
	assert_int_equal(base64_decode(json_get_string(o, "ak"), 4096, &ak), 0);
	assert_int_equal(challenge_nonce(random.data, &ek, &ak, nonce), 0);
	hex_encode(nonce, sizeof(nonce), ret);
}

static void with_a_challenge(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	struct fail f = { 0 };
	char nonce[2 * challenge_size + 1];
	struct stat st;

	(void)state;
	start(&s);
	assert_ok(cvmctl_run(command_evidence, &f,
			     "evidence --tpm %s --identity --output id",
			     s.tcti),
		  &f);
	assert_schema(&s, "id");
	assert_ok(cvmctl_run(command_challenge, &f,
			     "challenge --secret secret --output c id"),
		  &f);
	assert_schema(&s, "c");
	assert_int_equal(fstatat(s.tree.fd, "secret", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_ok(cvmctl_run(command_evidence, &f,
			     "evidence --tpm %s --root %s --challenge c "
			     "--output e",
			     s.tcti, s.tree.path),
		  &f);
	assert_schema(&s, "e");
	expected_nonce(&s, "secret", nonce);
	assert_quote(&s, "e", nonce);
	assert_refusal(cvmctl_run(command_challenge, &f,
				  "challenge --secret . --output c id"),
		       &f,
		       "cannot write .: File exists; choose another --secret");
}

/* A second TPM, to which the first one's challenge says nothing. */
static void to_another_tpm(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_swtpm struct swtpm other = { 0 };
	struct fail f = { 0 };

	(void)state;
	start(&s);
	swtpm_start(&other);
	assert_ok(cvmctl_run(command_evidence, &f,
			     "evidence --tpm %s --identity --output id",
			     s.tcti),
		  &f);
	assert_ok(cvmctl_run(command_challenge, &f,
			     "challenge --secret secret --output c id"),
		  &f);
	assert_refusal(cvmctl_run(command_evidence, &f,
				  "evidence --tpm %s --challenge c --output e",
				  other.tcti),
		       &f,
		       "cannot answer the challenge: it was made for another "
		       "TPM, or is damaged; send the identity of this TPM, and "
		       "have it challenged with cvmctl challenge");
	assert_refusal(cvmctl_run(command_evidence, &f,
				  "evidence --tpm %s --challenge id --output e",
				  s.tcti),
		       &f,
		       "cannot read the challenge: it is damaged, or something "
		       "else; take the challenge from cvmctl challenge");
	assert_refusal(cvmctl_run(command_evidence, &f,
				  "evidence --tpm %s --challenge no --output e",
				  s.tcti),
		       &f,
		       "cannot read no: No such file or directory; check "
		       "--challenge");
	assert_int_equal(faccessat(s.tree.fd, "e", F_OK, 0), -1);
}

/* To standard output, as the manual has it. */
static void to_standard_output(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_bytes struct bytes text = { 0 };
	char words[2 * PATH_MAX];

	(void)state;
	start(&s);
	(void)snprintf(words, sizeof(words), "evidence --tpm %s --identity",
		       s.tcti);
	cvmctl_capture(command_evidence, words, &text);
	assert_memory_equal(text.data, "{\n  \"type\":\"cvm-init identity\"",
			    29);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(refuses, refusals), CASE(with_a_nonce),
		CASE(with_its_own_nonce), CASE(with_a_challenge),
		CASE(to_another_tpm),	  CASE(to_standard_output),
	};
	int r;

	tree_check(getcwd(here, sizeof(here)) != NULL, "getcwd");
	make_files();
	r = table_run(tables, array_size(tables));
	tree_remove(&files);
	return r;
}
