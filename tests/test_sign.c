// SPDX-License-Identifier: MIT
/* cvmctl sign: what it writes openssl verifies, and what it refuses. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "cvmctl/lists.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/signatures.h"
#include "tests/cvmctl.h"
#include "tests/line.h"
#include "tests/tmptree.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define Z64 "0000000000000000000000000000000000000000000000000000000000000000"
#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char prediction[] =
	"{\"pcr\":14,\"banks\":{\"sha256\":{\"measured\":\"" A64
	"\"},\"sha1\":{\"measured\":\"" A40 "\"}},\"events\":[],"
	"\"boot\":{\"pcrs\":{\"4\":{\"sha256\":\"" B64 "\",\"sha1\":\"" A40
	"\"}}}}";
static const char direct[] =
	"{\"pcr\":14,\"banks\":{\"sha256\":{\"measured\":\"" A64
	"\"}},\"boot\":{\"pcrs\":{\"4\":{\"sha256\":\"" B64
	"\"},\"9\":{\"sha256\":\"" B64 "\"},\"11\":{\"sha256\":\"" Z64 "\"}}}}";
/* SHA-256 of the first bytes of a file of zeros */
#define ZEROS_8192 \
	"9f1dcbc35c350d6027f98be0f5c8b43b42ca52b7604459c0c42be3aa88913d47"
#define ZEROS_5000 \
	"7ca5bd879f393d9dd05b14f38add9c0fc6b67928f7f2d261b2e47a32ee8219e3"
#define MANIFEST(size, sha256, pcr_14)                                  \
	"{\"type\":\"cvm-init image\",\"root\":{\"size\":" size         \
	",\"sha256\":\"" sha256 "\"},\"apps\":{\"banks\":{\"sha256\":{" \
	"\"measured\":\"" pcr_14 "\"}}}}"

static const char manifest[] = MANIFEST("8192", ZEROS_8192, A64);

/* Works in a directory with keys, a prediction and an image. */
static void enter(struct tree *t)
{
	tree_make(t);
	tree_file(t, "prediction", 0644, prediction);
	tree_file(t, "direct", 0644, direct);
	tree_file(t, "text", 0644, "no key");
	tree_dir(t, "image");
	tree_file(t, "image/manifest.json", 0644, manifest);
	tree_file(t, "image/root.img", 0644, "");
	assert_int_equal(fchdir(t->fd), 0);
	assert_int_equal(truncate("image/root.img", 8192), 0);
	assert_int_equal(
		system("openssl genpkey -quiet -algorithm rsa -out rsa && "
		       "openssl genpkey -quiet -algorithm ec -pkeyopt "
		       "ec_paramgen_curve:P-256 -out ec && "
		       "openssl genpkey -quiet -algorithm ed25519 -out ed && "
		       "openssl genpkey -quiet -algorithm rsa -pkeyopt "
		       "rsa_keygen_pubexp:3 -out three && "
		       "{ cat rsa; head -c 16384 /dev/zero; } > long && "
		       "openssl pkey -in rsa -aes128 -passout pass:x -out "
		       "locked && "
		       "for k in rsa ec; do openssl pkey -in $k -pubout -out "
		       "$k.pub; done"),
		0);
}

static void leave(struct tree *t)
{
	assert_int_equal(chdir("/"), 0);
	tree_remove(t);
}

#define own_place __attribute__((cleanup(leave)))

#define SIGN_IMAGE "sign --key rsa --prediction prediction --image image"

/* Runs the words of one line; the result and the failure line. */
static int run(const char *line, struct fail *f)
{
	char words[512];
	char *argv[32];

	(void)snprintf(words, sizeof(words), "%s", line);
	assert_true(text_split_words(words, argv, array_size(argv) - 1) > 0);
	int argc = 0;

	while (argv[argc])
		argc++;
	return command_sign(argc, argv, f);
}

static void read_signatures(const char *path, size_t at, struct signatures *ret)
{
	own_bytes struct bytes text = { 0 };
	struct fail f = { 0 };

	assert_int_equal(io_read_file(AT_FDCWD, path, 1 << 20, &text), 0);
	assert_true(text.len > at);
	assert_ok(signatures_parse((const char *)text.data + at, ret, &f), &f);
}

/* As openssl sees it: the policy digest, signed with SHA-256. */
static void verify(const struct signature *e, const char *public)
{
	char command[256];

	assert_int_equal(io_replace_file("pol", e->policy.digest, 32, 0644), 0);
	assert_int_equal(io_replace_file("sig", e->sig.data, e->sig.len, 0644),
			 0);
	(void)snprintf(command, sizeof(command),
		       "openssl dgst -sha256 -verify %s -signature sig pol "
		       ">/dev/null",
		       public);
	assert_int_equal(system(command), 0);
}

static void signs_each_bank(void **state)
{
	own_place struct tree t = { 0 };
	own_signatures struct signatures s = { 0 };
	struct fail f = { 0 };

	(void)state;
	enter(&t);
	assert_ok(run("sign --key rsa --prediction prediction --banks "
		      "sha1,sha256 --add-to out",
		      &f),
		  &f);
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
	struct fail f = { 0 };

	(void)state;
	enter(&t);
	for (size_t i = 0; i < array_size(lines); i++) {
		own_signatures struct signatures s = { 0 };

		(void)unlink("out");
		assert_non_null(freopen("prediction", "r", stdin));
		assert_ok(run(lines[i], &f), &f);
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
	struct fail f = { 0 };

	(void)state;
	enter(&t);
	assert_ok(run("sign --key rsa --prediction prediction --add-to out",
		      &f),
		  &f);
	assert_ok(run("sign --key ec --prediction prediction --pcrs 14 "
		      "--release 7 --add-to out",
		      &f),
		  &f);
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

/* Behind the verified data, which stay; the old ones are gone. */
static void puts_them_on_the_disk(void **state)
{
	own_place struct tree t = { 0 };
	own_signatures struct signatures s = { 0 };
	struct fail f = { 0 };
	struct stat st;

	(void)state;
	enter(&t);
	for (int i = 0; i < 2; i++) {
		assert_ok(run(SIGN_IMAGE, &f), &f);
		assert_int_equal(stat("image/root.img", &st), 0);
		assert_int_equal(st.st_size, 8192 + 4096);
		signatures_free(&s);
		read_signatures("image/root.img", 8192, &s);
		assert_int_equal(s.n, 1);
	}
	verify(&s.entry[0], "rsa.pub");
}

/* What is behind the signatures a file may lose, what is in front never. */
static const struct damage {
	const char *name;
	const char *manifest;
	off_t size;
	const char *line;
} damages[] = {
	{ "short file", manifest, 4096,
	  "cannot accept image/root.img: it is not what the manifest "
	  "describes; build the image again" },
	{ "short size", MANIFEST("4096", ZEROS_8192, A64), 8192,
	  "cannot accept image/root.img: it is not what the manifest "
	  "describes; build the image again" },
	{ "short size that is true", MANIFEST("5000", ZEROS_5000, A64), 8192,
	  "cannot sign image/root.img: its size is no multiple of 4096; "
	  "build the image again" },
	{ "large size", MANIFEST("12288", ZEROS_8192, A64), 8192,
	  "cannot accept image/root.img: it is not what the manifest "
	  "describes; build the image again" },
	{ "negative size", MANIFEST("-1", ZEROS_8192, A64), 8192,
	  "cannot accept image/root.img: it is not what the manifest "
	  "describes; build the image again" },
	{ "another image", MANIFEST("8192", ZEROS_8192, B64), 8192,
	  "cannot use prediction: it is a prediction for another image; "
	  "predict again with cvmctl predict" },
};

static void leaves_what_it_refuses(void **state)
{
	const struct damage *d = *state;
	own_place struct tree t = { 0 };
	struct fail f = { 0 };
	struct stat st;

	enter(&t);
	tree_file(&t, "image/manifest.json", 0644, d->manifest);
	assert_int_equal(truncate("image/root.img", d->size), 0);
	assert_refusal(run(SIGN_IMAGE, &f), &f, d->line);
	assert_int_equal(stat("image/root.img", &st), 0);
	assert_int_equal(st.st_size, d->size);
}

/* No room for the new ones: those that are there stay. */
static void keeps_them_without_space(void **state)
{
	const struct rlimit small = { 8192 + 2048, RLIM_INFINITY };
	const struct rlimit large = { RLIM_INFINITY, RLIM_INFINITY };
	own_place struct tree t = { 0 };
	struct fail f = { 0 };
	struct stat st;
	int r;

	(void)state;
	enter(&t);
	assert_int_equal(truncate("image/root.img", 8192 + 1024), 0);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	r = run(SIGN_IMAGE, &f);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &large), 0);
	assert_refusal(r, &f,
		       "cannot sign image/root.img: File too large; free disk "
		       "space");
	assert_int_equal(stat("image/root.img", &st), 0);
	assert_int_equal(st.st_size, 8192 + 1024);
}

/* Of what is not measured, besides what is: as predict --boot says it. */
static void signs_zeros(void **state)
{
	own_place struct tree t = { 0 };
	own_signatures struct signatures s = { 0 };
	struct fail f = { 0 };

	(void)state;
	enter(&t);
	assert_ok(run("sign --key ec --prediction direct --add-to out", &f),
		  &f);
	read_signatures("out", 0, &s);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.entry[0].mask,
			 1U << 4 | 1U << 9 | 1U << 11 | 1U << 14);
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
	  "4,9,14; see cvmctl sign --help" },
	{ "sign --key rsa --banks md5", COMMAND_USAGE,
	  "cannot read the arguments: --banks md5 is not a list of sha1, "
	  "sha256, sha384, sha512; see cvmctl sign --help" },
	{ "sign --key rsa --release 0", COMMAND_USAGE,
	  "cannot read the arguments: --release 0 is no number from 1; see "
	  "cvmctl sign --help" },
	{ "sign --key rsa --add-to a --image b", COMMAND_USAGE,
	  "cannot read the arguments: give one of --add-to and --image; see "
	  "cvmctl sign --help" },
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
	{ "sign --key rsa --prediction direct --pcrs 4,11,14", -EINVAL,
	  ZERO("11") },
	{ "sign --key rsa --prediction direct --pcrs 11,14", -EINVAL,
	  ZERO("11") },
	{ "sign --key rsa --prediction prediction --banks sha384", -EINVAL,
	  "cannot read the sha384 values of prediction: it has no value of "
	  "PCR 14 in this bank; make it with cvmctl predict --json" },
	{ "sign --key rsa --prediction prediction --add-to text", -EINVAL,
	  "cannot read the signatures of PCR values: they have not the form "
	  "of tpm2-pcr-signature.json; sign the PCR values again with cvmctl "
	  "sign" },
	{ "sign --key rsa --prediction prediction --add-to none/out", -ENOENT,
	  "cannot write none/out: No such file or directory; check the "
	  "directory of --add-to" },
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

static void inspect_explains_them(void **state)
{
	own_place struct tree t = { 0 };
	own_bytes struct bytes words = { 0 };
	struct fail f = { 0 };

	(void)state;
	enter(&t);
	assert_ok(run("sign --key ec --prediction prediction --release 7 "
		      "--add-to out",
		      &f),
		  &f);
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
		CASE(signs_each_bank),
		CASE(adds_to_what_is_there),
		CASE(puts_them_on_the_disk),
		TABLE(refuses, refusals),
		TABLE(leaves_what_it_refuses, damages),
		CASE(keeps_them_without_space),
		CASE(signs_zeros),
		CASE(reads_standard_input),
		CASE(adds_no_more_than_fit),
		CASE(reads_lists),
		CASE(inspect_explains_them),
	};

	return table_run(tables, array_size(tables));
}
