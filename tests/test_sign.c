// SPDX-License-Identifier: MIT
/* cvmctl sign: what it writes openssl verifies, and what it refuses. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "cvmctl/tool/lists.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/object/signatures.h"
#include "tests/cvmctl.h"
#include "tests/line.h"
#include "tests/sign-place.h"

static void signs_each_bank(void **state)
{
	own_place struct tree t = { 0 };
	own_signatures struct signatures s = { 0 };

	(void)state;
	enter(&t);
	run_well("sign --key rsa --prediction prediction --banks "
		 "sha1,sha256 --add-to out");
	read_signatures("out", 0, &s);
	assert_int_equal(s.n, 2);
	for (size_t i = 0; i < s.n; i++) {
		struct policy policy = { 0 };

		assert_int_equal(s.entry[i].mask, 1U << 4 | 1U << 14);
		assert_int_equal(policy_add_pcrs(&policy, &s.entry[i].values),
				 0);
		assert_memory_equal(policy.digest, s.entry[i].policy.digest,
				    32);
		verify(&s.entry[i], "rsa.pub");
	}
	assert_int_equal(s.entry[1].values.value[4][0], 0xbb);
	assert_int_equal(s.entry[1].values.value[14][0], 0xaa);
}

/* "-" as for seal, and what is there without the option. */
static void reads_standard_input(void **state)
{
	static const char *const lines[] = {
		"sign --key ec --prediction - --banks sha1,sha256 --add-to out",
		"sign --key ec --banks sha1,sha256 --add-to out",
	};
	own_place struct tree t = { 0 };
	own_fd int saved = dup(STDIN_FILENO);

	(void)state;
	enter(&t);
	for (size_t i = 0; i < array_size(lines); i++) {
		own_signatures struct signatures s = { 0 };

		(void)unlink("out");
		assert_non_null(freopen("prediction", "r", stdin));
		run_well(lines[i]);
		read_signatures("out", 0, &s);
		assert_int_equal(s.n, 2);
	}
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
}

static void adds_to_what_is_there(void **state)
{
	own_place struct tree t = { 0 };
	own_signatures struct signatures s = { 0 };
	struct policy policy = { 0 };

	(void)state;
	enter(&t);
	run_well("sign --key rsa --prediction prediction --add-to out");
	run_well("sign --key ec --prediction prediction --pcrs 14 "
		 "--release 7 --add-to out");
	read_signatures("out", 0, &s);
	assert_int_equal(s.n, 2);
	verify(&s.entry[0], "rsa.pub");
	assert_int_equal(s.entry[0].release, 0);
	assert_int_equal(s.entry[1].release, 7);
	assert_int_equal(s.entry[1].mask, 1U << 14);
	assert_int_equal(s.entry[1].sig.len, 64);
	assert_int_equal(policy_add_pcrs(&policy, &s.entry[1].values), 0);
	assert_int_equal(policy_add_release(&policy, 7), 0);
	assert_memory_equal(policy.digest, s.entry[1].policy.digest, 32);
}

static void adds_the_same_once(void **state)
{
	own_place struct tree t = { 0 };
	own_signatures struct signatures s = { 0 };

	(void)state;
	enter(&t);
	for (int i = 0; i < 2; i++)
		run_well("sign --key rsa --prediction prediction --add-to "
			 "out");
	read_signatures("out", 0, &s);
	assert_int_equal(s.n, 1);
	verify(&s.entry[0], "rsa.pub");
}

/* A signature that somebody broke is made again. */
static void mends_a_signature(void **state)
{
	own_place struct tree t = { 0 };
	own_signatures struct signatures broken = { 0 };
	own_signatures struct signatures s = { 0 };
	own_bytes struct bytes json = { 0 };

	(void)state;
	enter(&t);
	run_well("sign --key rsa --prediction prediction --add-to out");
	read_signatures("out", 0, &broken);
	broken.entry[0].sig.data[0] ^= 1;
	assert_int_equal(signatures_write(&broken, &json), 0);
	assert_int_equal(io_replace_file("out", json.data, json.len, 0644), 0);
	run_well("sign --key rsa --prediction prediction --add-to out");
	read_signatures("out", 0, &s);
	assert_int_equal(s.n, 1);
	verify(&s.entry[0], "rsa.pub");
}

/* "WHERE: PCRs 4 and 14, bank sha256, release 7, key 0123..." for each. */
static void says_what_it_signed(void **state)
{
	own_place struct tree t = { 0 };
	own_signatures struct signatures s = { 0 };
	own_bytes struct bytes said = { 0 };
	own_bytes struct bytes again = { 0 };
	char key[65];
	char want[512];

	(void)state;
	enter(&t);
	cvmctl_capture(command_sign, SIGN_IMAGE " --release 7 --banks sha256",
		       &said);
	read_signatures("image/root.img", 8192, &s);
	hex_encode(s.entry[0].fingerprint, 32, key);
	(void)snprintf(want, sizeof(want),
		       "image: PCRs 4 and 14, bank sha256, release 7, key %s\n",
		       key);
	assert_string_equal((char *)said.data, want);
	cvmctl_capture(command_sign,
		       "sign --key rsa --prediction prediction --add-to out "
		       "--banks sha256,sha1 --pcrs 14",
		       &again);
	(void)snprintf(want, sizeof(want),
		       "out: PCR 14, bank sha1, key %s\n"
		       "out: PCR 14, bank sha256, key %s\n",
		       key, key);
	assert_string_equal((char *)again.data, want);
}

/* Of what is not measured, besides what is: as predict --boot says it. */
static void signs_zeros(void **state)
{
	own_place struct tree t = { 0 };
	own_signatures struct signatures s = { 0 };

	(void)state;
	enter(&t);
	run_well("sign --key ec --prediction direct --add-to out");
	read_signatures("out", 0, &s);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.entry[0].mask,
			 1U << 2 | 1U << 4 | 1U << 9 | 1U << 11 | 1U << 14);
}

#define ZERO(n)                                        \
	"cannot count on PCR " n                       \
	": it is zero: nothing was measured into it; " \
	"choose PCRs that are not zero in cvmctl predict --boot"

static const struct refusal {
	const char *name; /* the arguments */
	int result;
	const char *line;
} refusals[] = {
	{ "sign", COMMAND_USAGE,
	  "cannot read the arguments: --key FILE is missing; see cvmctl sign "
	  "--help" },
	{ "sign --key rsa --pcrs 4,,14", COMMAND_USAGE,
	  "cannot read the arguments: --pcrs 4,,14 is not a list such as "
	  "2,4,9,14; see cvmctl sign --help" },
	{ "sign --key rsa --banks md5", COMMAND_USAGE,
	  "cannot read the arguments: --banks md5 is not a list of sha1, "
	  "sha256, sha384, sha512; see cvmctl sign --help" },
	{ "sign --key rsa --release 0", COMMAND_USAGE,
	  "cannot read the arguments: --release 0 is no number from 1; see "
	  "cvmctl sign --help" },
	{ "sign --key rsa --add-to a --image b", COMMAND_USAGE,
	  "cannot read the arguments: give one of --add-to and --image; see "
	  "cvmctl sign --help" },
	{ "sign --key rsa --add-to a --replace", COMMAND_USAGE,
	  "cannot read the arguments: --replace is for --image; see cvmctl "
	  "sign --help" },
	{ "sign --key none --prediction prediction", -ENOENT,
	  "cannot read none: No such file or directory; check --key" },
	{ "sign --key long --prediction prediction", -EINVAL,
	  "cannot use key long: a key has 1 to 16384 bytes; check --key" },
	{ "sign --key /dev/zero --prediction prediction", -EINVAL,
	  "cannot use key /dev/zero: a key has 1 to 16384 bytes; check --key" },
	{ "sign --key text --prediction prediction", -EINVAL,
	  "cannot read text: it is no private key in PEM without a password; "
	  "make one with openssl genpkey -algorithm rsa" },
	{ "sign --key locked --prediction prediction", -EINVAL,
	  "cannot read locked: it is no private key in PEM without a "
	  "password; make one with openssl genpkey -algorithm rsa" },
	{ "sign --key ed --prediction prediction", -EINVAL,
	  "cannot use ed: it is not RSA of 2048, 3072 or 4096 bits with "
	  "exponent 65537, or on P-256; make one with openssl genpkey "
	  "-algorithm rsa" },
	{ "sign --key three --prediction prediction", -EINVAL,
	  "cannot use three: it is not RSA of 2048, 3072 or 4096 bits with "
	  "exponent 65537, or on P-256; make one with openssl genpkey "
	  "-algorithm rsa" },
	{ "sign --key rsa --prediction none", -ENOENT,
	  "cannot read none: No such file or directory; make it with cvmctl "
	  "predict --json" },
	{ "sign --key rsa --prediction prediction --pcrs 4,9", -EINVAL,
	  "cannot sign the PCR values: the prediction lacks one of them; "
	  "predict with --boot, or name fewer in --pcrs" },
	{ "sign --key rsa --prediction direct --pcrs 4,9", -EINVAL,
	  "cannot sign the PCR values: a signature without PCR 14 opens every "
	  "volume of its key, whatever runs; add 14 to --pcrs" },
	{ "sign --key rsa --prediction direct --pcrs 4,11,14", -EINVAL,
	  ZERO("11") },
	{ "sign --key rsa --prediction direct --pcrs 11,14", -EINVAL,
	  ZERO("11") },
	{ "sign --key rsa --prediction prediction --banks sha384", -EINVAL,
	  "cannot read the sha384 values of prediction: it has no value of "
	  "PCR 14 in this bank; make it with cvmctl predict --json" },
	{ "sign --key rsa --prediction prediction --add-to text", -EINVAL,
	  "cannot read the signatures in text: they have not the form of "
	  "tpm2-pcr-signature.json; sign the PCR values again with cvmctl "
	  "sign" },
	{ "sign --key rsa --prediction prediction --add-to none/out", -ENOENT,
	  "cannot write none/out: No such file or directory; check the "
	  "directory of --add-to" },
	{ "sign --key rsa --prediction prediction --add-to link", -EINVAL,
	  "cannot write link: it is no regular file; choose another --add-to" },
	{ "sign --key rsa --prediction prediction --image none", -ENOENT,
	  "cannot read none/manifest.json: No such file or directory; give "
	  "the directory that cvmctl build wrote" },
};

static void refuses(void **state)
{
	const struct refusal *c = *state;
	own_place struct tree t = { 0 };
	char said[fail_line_max];
	struct fail f = { 0 };
	int r;

	enter(&t);
	r = run(c->name, &f);
	(void)snprintf(said, sizeof(said), "cannot %s: %s; %s", f.what,
		       f.reason, f.remedy);
	assert_string_equal(said, c->line);
	if (c->result == COMMAND_USAGE)
		assert_int_equal(r, COMMAND_USAGE);
	else
		assert_true(r < 0);
}

/* init reads no more than 128. */
static void adds_no_more_than_fit(void **state)
{
	own_place struct tree t = { 0 };
	struct fail f = { 0 };

	(void)state;
	enter(&t);
	for (int i = 1; i <= signatures_max + 1; i++) {
		char words[128];
		int r;

		(void)snprintf(words, sizeof(words),
			       "sign --key ec --prediction prediction "
			       "--release %d --add-to out",
			       i);
		r = run(words, &f);
		if (i <= signatures_max)
			assert_ok(r, &f);
		else
			assert_refusal(r, &f,
				       "cannot add a signature: there are 128 "
				       "already; drop those of old releases");
	}
}

/* All PCRs of the largest bank, by the largest key. */
static void adds_no_more_than_is_read(void **state)
{
	own_place struct tree t = { 0 };
	own_text struct text all = { 0 };
	struct fail f = { 0 };
	int r = 0;

	(void)state;
	enter(&t);
	text_add(&all,
		 "{\"pcr\":14,\"banks\":{\"sha512\":{\"measured\":\"" A64 A64
		 "\"}},\"boot\":{\"pcrs\":{\"0\":{\"sha512\":\"" A64 A64 "\"}");
	for (int i = 1; i < pcr_count; i++)
		if (i != pcr_apps)
			text_add(&all, ",\"%d\":{\"sha512\":\"" A64 A64 "\"}",
				 i);
	text_add(&all, "}}}");
	assert_false(text_failed(&all));
	tree_file(&t, "all", 0644, all.s);
	for (int i = 1; r == 0 && i <= signatures_max; i++)
		r = cvmctl_run(command_sign, &f,
			       "sign --key rsa --prediction all --banks sha512 "
			       "--release %d --add-to out",
			       i);
	assert_refusal(r, &f,
		       "cannot add a signature: they would take over 256 KiB; "
		       "drop those of old releases");
}

static void inspect_explains_them(void **state)
{
	own_place struct tree t = { 0 };
	own_bytes struct bytes words = { 0 };

	(void)state;
	enter(&t);
	run_well("sign --key ec --prediction prediction --release 7 "
		 "--add-to out");
	cvmctl_capture(command_inspect, "inspect out", &words);
	assert_non_null(strstr((char *)words.data,
			       "kind: signatures of PCR values\n"
			       "signatures:\n  -\n    bank: sha256\n"
			       "    pcrs: 4,14\n    release-key: "));
	assert_non_null(strstr((char *)words.data, "\n    release: 7\n"));
}

static void reads_lists(void **state)
{
	uint32_t mask = 0;
	digest_algs algs = 0;

	(void)state;
	assert_int_equal(list_read_pcrs("0,23,4", &mask), 0);
	assert_int_equal(mask, 1U << 0 | 1U << 4 | 1U << 23);
	assert_int_equal(list_read_pcrs("", &mask), -EINVAL);
	assert_int_equal(list_read_pcrs("24", &mask), -EINVAL);
	assert_int_equal(list_read_pcrs("4,4", &mask), -EINVAL);
	assert_int_equal(list_read_pcrs("4,", &mask), -EINVAL);
	assert_int_equal(list_read_banks("sha1,sha512", &algs), 0);
	assert_int_equal(algs, 1U << DIGEST_SHA1 | 1U << DIGEST_SHA512);
	assert_int_equal(list_read_banks("sha1,sha1", &algs), -EINVAL);
	assert_int_equal(list_read_banks("", &algs), -EINVAL);
}

int main(void)
{
	const struct table tables[] = {
		CASE(signs_each_bank),	     CASE(adds_to_what_is_there),
		TABLE(refuses, refusals),    CASE(signs_zeros),
		CASE(adds_the_same_once),    CASE(mends_a_signature),
		CASE(says_what_it_signed),   CASE(reads_standard_input),
		CASE(adds_no_more_than_fit), CASE(adds_no_more_than_is_read),
		CASE(reads_lists),	     CASE(inspect_explains_them),
	};

	return table_run(tables, array_size(tables));
}
