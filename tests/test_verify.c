// SPDX-License-Identifier: MIT
/* cvmctl verify: its files and options. What is judged: test_judge*.c. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "evidence/file/read.h"
#include "lib/hex.h"
#include "tests/certificates.h"
#include "tests/cvmctl.h"
#include "tests/td-trial.h"

static struct tree tree;

#define ARGUMENTS(what) \
	"cannot read the arguments: " what "; see cvmctl verify --help"
#define NO_EVIDENCE(why) \
	"cannot read the evidence: " why "; make it with cvmctl evidence"
#define NO_MANIFEST(why) \
	"cannot read bad: " why "; give the manifest.json of an image"

static const struct refusal {
	const char *words; /* behind "verify" */
	int result;	   /* COMMAND_USAGE, or -1 for any failure */
	const char *line;
} refusals[] = {
	{ "e m", COMMAND_USAGE,
	  ARGUMENTS("give one of --nonce and --challenged") },
	{ "--nonce 00 --challenged r e m", COMMAND_USAGE,
	  ARGUMENTS("give one of --nonce and --challenged") },
	{ "--nonce 00 --events --json e m", COMMAND_USAGE,
	  ARGUMENTS("--events is for words; --json has them") },
	{ "--nonce 0 e m", COMMAND_USAGE,
	  ARGUMENTS("--nonce 0 is not 1 to 64 bytes in lower-case hex") },
	{ "--nonce 00 --require-pcrs 24 e m", COMMAND_USAGE,
	  ARGUMENTS("--require-pcrs 24 is not a list of PCRs from 0 to 23") },
	{ "--nonce 00 --snp-measurement 00 e m", COMMAND_USAGE,
	  ARGUMENTS("--snp-measurement 00 is not 48 bytes in lower-case "
		    "hex") },
	{ "--nonce 00 --snp-tcb 0a000000000018 e m", COMMAND_USAGE,
	  ARGUMENTS("--snp-tcb 0a000000000018 is not 8 bytes in lower-case "
		    "hex") },
	{ "--nonce 00 e", COMMAND_USAGE, ARGUMENTS("MANIFEST is missing") },
	{ "--nonce 00 e \"\"", COMMAND_USAGE, ARGUMENTS("MANIFEST is empty") },
	{ "--nonce 00 \"\" m", COMMAND_USAGE, ARGUMENTS("EVIDENCE is empty") },
	{ "--nonce \"\" e m", COMMAND_USAGE, ARGUMENTS("--nonce is empty") },
	{ "--nonce 00 --snp-certs \"\" e m", COMMAND_USAGE,
	  ARGUMENTS("--snp-certs is empty") },
	{ "--nonce 00 --ak a --ak a e m", COMMAND_USAGE,
	  ARGUMENTS("--ak is repeated") },
	{ "--nonce 00 --json --json e m", COMMAND_USAGE,
	  ARGUMENTS("--json is repeated") },
	{ "--nonce 00 --without-hardware --without-hardware e m", COMMAND_USAGE,
	  ARGUMENTS("--without-hardware is repeated") },
	{ "--nonce 00 --json=no e m", COMMAND_USAGE,
	  ARGUMENTS("--json=no takes no value") },
	{ "--help=1", COMMAND_USAGE, ARGUMENTS("--help=1 takes no value") },
	{ "--nonce 00 -jq e m", COMMAND_USAGE, ARGUMENTS("-j is unknown") },
	{ "--nonce 00 --e x e m", COMMAND_USAGE, ARGUMENTS("--e is unknown") },
	{ "--nonce", COMMAND_USAGE, ARGUMENTS("--nonce needs a value") },
	{ "--challenged none e m", -1,
	  "cannot read none: No such file or directory; check --challenged" },
	{ "--challenged e e m", -1,
	  "cannot read e: File too large; check --challenged" },
	{ "--nonce 00 --ak none e m", -1,
	  "cannot read none: No such file or directory; check --ak" },
	{ "--nonce 00 --ak bad e m", -1,
	  "cannot use bad: it is no TPM2B_PUBLIC of an RSA or ECC key with "
	  "SHA-256 names; check --ak" },
	{ "--nonce 00 --ek none e m", -1,
	  "cannot read none: No such file or directory; check --ek" },
	{ "--nonce 00 --ek-ca none e m", -1,
	  "cannot read none: No such file or directory; check --ek-ca" },
#define NO_CA(file)                                                          \
	"cannot use " file ": it is not 1 to 64 certificates in PEM; check " \
	"--ek-ca"
	{ "--nonce 00 --ek-ca empty e m", -1, NO_CA("empty") },
	{ "--nonce 00 --ek-ca bad e m", -1, NO_CA("bad") },
	{ "--nonce 00 --ek-ca key.pem e m", -1, NO_CA("key.pem") },
	{ "--nonce 00 --ek-ca cut.pem e m", -1, NO_CA("cut.pem") },
	{ "--nonce 00 --ek-ca many.pem e m", -1, NO_CA("many.pem") },
#define NO_ROOT(file)                                                   \
	"cannot use " file ": it is not one certificate in PEM; check " \
	"--snp-certs"
	{ "--nonce 00 --snp-certs amd-empty e m", -1,
	  NO_ROOT("amd-empty/ark.pem") },
	{ "--nonce 00 --snp-certs amd-two e m", -1,
	  NO_ROOT("amd-two/ark.pem") },
	{ "--nonce 00 --snp-certs amd-ask e m", -1,
	  NO_ROOT("amd-ask/ask.pem") },
	{ "--nonce 00 --snp-certs amd-vcek e m", -1,
	  NO_ROOT("amd-vcek/vcek.pem") },
	{ "--nonce 00 --tdx-root empty e m", -1,
	  "cannot use empty: it is not one certificate in PEM; check "
	  "--tdx-root" },
	{ "--nonce 00 --tdx-root ca.pem e m", -1,
	  "cannot use ca.pem: it is not one certificate in PEM; check "
	  "--tdx-root" },
	{ "--nonce 00 --snp-certs . e m", -1,
	  "cannot read ./ark.pem: No such file or directory; check "
	  "--snp-certs" },
	{ "--nonce 00 --tdx-mrtd 00 e m", COMMAND_USAGE,
	  ARGUMENTS("--tdx-mrtd 00 is not 48 bytes in lower-case hex") },
	{ "--nonce 00 --tdx-rtmr2 x e m", COMMAND_USAGE,
	  ARGUMENTS("--tdx-rtmr2 x is not 48 bytes in lower-case hex") },
	{ "--nonce 00 --tdx-root none e m", -1,
	  "cannot read none: No such file or directory; check --tdx-root" },
	{ "--nonce 00 none m", -1,
	  "cannot read none: No such file or directory; check the path" },
	{ "--nonce 00 e none", -1,
	  "cannot read none: No such file or directory; give the "
	  "manifest.json of an image" },
	{ "--nonce 00 --prediction none e m", -1,
	  "cannot read none: No such file or directory; make it with cvmctl "
	  "predict --json" },
	{ "--nonce 00 bad m", -1, NO_EVIDENCE("it is not a JSON object") },
	{ "--nonce 00 m m", -1, NO_EVIDENCE("it is no evidence of ours") },
	{ "--nonce 00 e bad", -1,
	  NO_MANIFEST("it is no manifest of schema 1") },
};

static void refuses(void **state)
{
	const struct refusal *c = *state;
	char line[fail_line_max];
	struct fail f = { 0 };
	int r = cvmctl_run(command_verify, &f, "verify %s", c->words);

	(void)snprintf(line, sizeof(line), "cannot %s: %s; %s", f.what,
		       f.reason, f.remedy);
	assert_int_equal(r < 0 ? -1 : r, c->result);
	assert_string_equal(line, c->line);
}

/* Runs it, and takes what it says. */
static int run(const char *words, struct bytes *ret)
{
	own_fd int stdout_fd = dup(STDOUT_FILENO);
	own_fd int fd = memfd_create("stdout", MFD_CLOEXEC);
	struct fail f = { 0 };
	int r;

	(void)fflush(stdout);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	r = cvmctl_run(command_verify, &f, "%s", words);
	(void)fflush(stdout);
	assert_true(dup2(stdout_fd, STDOUT_FILENO) >= 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_fd(fd, 1 << 20, ret), 0);
	return r;
}

static void answers(const char *options, int result, const char *said)
{
	own_bytes struct bytes text = { 0 };
	char words[1024];

	(void)snprintf(words, sizeof(words), "verify %s e m", options);
	assert_int_equal(run(words, &text), result);
	if (!strstr((const char *)text.data, said)) {
		print_message("%s\n", (const char *)text.data);
		fail_msg("%s: not said: %s", options, said);
	}
}

static void judges_a_tpm(void **state)
{
	char name[2 * tpm_name_size + 1];
	char options[512];

	(void)state;
	hex_encode(story.ek, sizeof(story.ek), name);
	answers("--challenged r --ek ek.pub --without-hardware", COMMAND_OK,
		"\ntrusted\n");
	answers("--challenged r --ek ek.pub --without-hardware --json",
		COMMAND_OK, "\"trusted\":true");
	answers("--challenged r --ek ek.pub --without-hardware --prediction p "
		"--require-pcrs 4,9,10,14",
		COMMAND_OK,
		"PCRs 4, 9, 10 and 14 are quoted and accounted for");
	answers("--challenged r --ek-ca ca.pem --snp-certs amd",
		COMMAND_REFUSED, "refused  endorsement-key ");
	answers("--challenged r --ek ek.pub", COMMAND_REFUSED,
		"\nnot trusted: hardware\n");
	answers("--challenged r --ek ek.pub --without-hardware --events",
		COMMAND_OK,
		"\nima         1 PCR 10 known            ima-buf "
		"dm_table_load = root.verity.root-hash\n");
	answers("--nonce 00 --ak ak.pub --without-hardware", COMMAND_REFUSED,
		"refused  nonce ");
	(void)snprintf(options, sizeof(options),
		       "--challenged r --ek %s --without-hardware", name);
	answers(options, COMMAND_OK, "\ntrusted\n");
	answers("--challenged r --ek ak.pub --without-hardware",
		COMMAND_REFUSED, "refused  endorsement-key ");
}

static void put(const char *name, const void *data, size_t len)
{
	assert_int_equal(io_replace_file(name, data, len, 0600), 0);
}

static void put_json(const char *name, struct json_object *o)
{
	own_bytes struct bytes text = { 0 };

	assert_int_equal(json_write(o, &text), 0);
	put(name, text.data, text.len);
}

/* N times the same certificate, the first CUT bytes of the last. */
static void put_certificates(const char *name, unsigned n, size_t cut)
{
	own_text struct text all = { 0 };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *c = test_certificate(key, "a maker");
	struct bytes pem;

	test_sign_certificate(c, "a maker", key);
	pem = test_certificate_pem(c);
	for (unsigned i = 0; i < n; i++)
		text_add_bytes(&all, pem.data,
			       cut && i + 1 == n ? cut : pem.len);
	assert_false(text_failed(&all));
	put(name, all.s, all.len);
	bytes_free(&pem);
	X509_free(c);
	EVP_PKEY_free(key);
}

static void make_certificates(void)
{
	tree_dir(&tree, "amd");
	tree_dir(&tree, "amd-empty");
	tree_dir(&tree, "amd-two");
	tree_dir(&tree, "amd-ask");
	tree_dir(&tree, "amd-vcek");
	put("empty", "", 0);
	test_write_key("key.pem");
	put_certificates("ca.pem", 64, 0);
	put_certificates("cut.pem", 2, 100);
	put_certificates("many.pem", 65, 0);
	put_certificates("amd/ark.pem", 1, 0);
	put("amd-empty/ark.pem", "", 0);
	put_certificates("amd-two/ark.pem", 2, 0);
	put_certificates("amd-ask/ark.pem", 1, 0);
	put("amd-ask/ask.pem", "bad", 3);
	put_certificates("amd-vcek/ark.pem", 1, 0);
	put_certificates("amd-vcek/ask.pem", 1, 0);
	put_certificates("amd-vcek/vcek.pem", 1, 10);
}

/* A guest of TDX without a TPM, and the root that its quote goes back to. */
static void put_td(char nonce[static 2 * evidence_nonce_max + 1])
{
	own_bytes struct bytes text = { 0 };
	struct trial t;

	trial_begin(&t);
	td_trial_be_alone(&t);
	hex_encode(t.e.nonce.data, t.e.nonce.len, nonce);
	assert_int_equal(evidence_write_json(&t.e, "a test", &text), 0);
	put("td", text.data, text.len);
	put("root.pem", td_trial_maker.root_pem.data,
	    td_trial_maker.root_pem.len);
	trial_end(&t);
}

static void judges_a_td(void **state)
{
	char nonce[2 * evidence_nonce_max + 1];
	char hex[4][2 * td_register_size + 1];
	own_bytes struct bytes text = { 0 };
	own_text struct text words = { 0 };
	char *first;

	(void)state;
	td_maker_make(&td_trial_maker);
	put_td(nonce);
	td_maker_free(&td_trial_maker);
	for (size_t i = 0; i < array_size(hex); i++) {
		uint8_t value[td_register_size];

		memset(value, i ? 0xa0 + (int)i - 1 : 0xab, sizeof(value));
		hex_encode(value, sizeof(value), hex[i]);
	}
	text_add(&words,
		 "verify --nonce %s --tdx-root root.pem --tdx-mrtd %s "
		 "--tdx-rtmr0 %s --tdx-rtmr1 %s --tdx-rtmr2 %s td m",
		 nonce, hex[0], hex[1], hex[2], hex[3]);
	assert_false(text_failed(&words));
	assert_int_equal(run(words.s, &text), COMMAND_OK);
	assert_non_null(strstr((const char *)text.data, "\ntrusted\n"));
	first = words.s + strlen("verify --nonce ");
	*first = *first == '0' ? '1' : '0'; /* of the nonce */
	bytes_free(&text);
	assert_int_equal(run(words.s, &text), COMMAND_REFUSED);
	assert_non_null(strstr((const char *)text.data, "refused  nonce "));
}

static void make_files(void)
{
	own_evidence struct evidence e = { .has_tpm = false };
	struct fail f = { 0 };

	tree_make(&tree);
	tree_check(chdir(tree.path) == 0, "chdir");
	story_make(&story);
	put("e", story.evidence.data, story.evidence.len);
	put("r", story.random, sizeof(story.random));
	put("bad", "bad", 3);
	make_certificates();
	put_json("m", story.manifest);
	put_json("p", story.prediction);
	assert_ok(evidence_read_json((const char *)story.evidence.data,
				     story.evidence.len, &e, &f),
		  &f);
	put("ek.pub", e.tpm.ek.data, e.tpm.ek.len);
	put("ak.pub", e.tpm.ak.data, e.tpm.ak.len);
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(refuses, refusals),
		CASE(judges_a_tpm),
		CASE(judges_a_td),
	};
	int r;

	make_files();
	r = table_run(tables, array_size(tables));
	story_free(&story);
	tree_remove(&tree);
	return r;
}
