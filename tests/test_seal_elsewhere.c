// SPDX-License-Identifier: MIT
/*
 * Sealing on one machine what the TPM of another one opens: cvmctl srk, seal
 * --srk, unseal, and what inspect says of the result.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cvmctl/command.h"
#include "lib/base64.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "seal/luks/make.h"
#include "seal/luks/token.h"
#include "seal/luks/volume-secret.h"
#include "seal/object/srk-public.h"
#include "tests/cvmctl.h"
#include "tests/line.h"
#include "tests/swtpm.h"

/* PCR 14 of a fresh TPM is all zeros: a policy that holds at once. */
#define ZEROS  "0000000000000000000000000000000000000000000000000000000000000000"
#define PCR_14 "14=" ZEROS

struct place {
	struct swtpm tpm;
	char srk[PATH_MAX];
	char disk[PATH_MAX];
};

static void leave(struct place *p)
{
	swtpm_stop(&p->tpm);
}

#define own_place __attribute__((cleanup(leave)))

/* A TPM whose key was exported, and a disk that was sealed without it. */
static void seal_elsewhere(struct place *p)
{
	own_bytes struct bytes out = { 0 };
	char words[4 * PATH_MAX];

	swtpm_start(&p->tpm);
	(void)snprintf(p->srk, sizeof(p->srk), "%s/srk", p->tpm.tree.path);
	(void)snprintf(p->disk, sizeof(p->disk), "%s/disk", p->tpm.tree.path);
	(void)snprintf(words, sizeof(words), "srk --tpm %s --output %s",
		       p->tpm.tcti, p->srk);
	cvmctl_capture(command_srk, words, &out);
	bytes_free(&out);
	(void)snprintf(
		words, sizeof(words),
		"seal --format --mkfs none --size 24M --srk %s --apps-only --pcr " PCR_14
		" %s",
		p->srk, p->disk);
	cvmctl_capture(command_seal, words, &out);
}

static void exports_the_key_and_its_name(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_bytes struct bytes out = { 0 };
	own_bytes struct bytes file = { 0 };
	char words[2 * PATH_MAX];
	char expected[2 * PATH_MAX];
	char name[2 * tpm_name_size + 1];
	struct srk_public srk;
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	(void)snprintf(words, sizeof(words), "srk --tpm %s --output %s/srk",
		       s.tcti, s.tree.path);
	cvmctl_capture(command_srk, words, &out);
	assert_int_equal(io_read_file(s.tree.fd, "srk", 1024, &file), 0);
	assert_ok(srk_public_parse(&file, &srk, &f), &f);
	hex_encode(srk.key.name, sizeof(srk.key.name), name);
	(void)snprintf(expected, sizeof(expected), "%s/srk: P-256, name %s\n",
		       s.tree.path, name);
	assert_string_equal((char *)out.data, expected);
}

static void exports_an_rsa_key(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_bytes struct bytes out = { 0 };
	char words[2 * PATH_MAX];

	(void)state;
	swtpm_start(&s);
	swtpm_make_srk(&s, "-G rsa");
	(void)snprintf(words, sizeof(words), "srk --tpm %s --output %s/srk",
		       s.tcti, s.tree.path);
	cvmctl_capture(command_srk, words, &out);
	assert_non_null(strstr((char *)out.data, "/srk: RSA-2048, name 000b"));
}

/* As root, it would put a file where the link or the device was. */
static void exports_to_no_link(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	char line[PATH_MAX + 128];
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	tree_link(&s.tree, "srk", "none");
	(void)snprintf(line, sizeof(line),
		       "cannot write %s/srk: it is no regular file; choose "
		       "another --output",
		       s.tree.path);
	assert_refusal(cvmctl_run(command_srk, &f,
				  "srk --tpm %s --output %s/srk", s.tcti,
				  s.tree.path),
		       &f, line);
	assert_int_equal(faccessat(s.tree.fd, "none", F_OK, 0), -1);
}

/* The passphrase itself, without a newline. */
static void unseals_it_where_it_belongs(void **state)
{
	own_place struct place p = { 0 };
	own_bytes struct bytes out = { 0 };
	own_luks struct luks *l = NULL;
	own_secret struct secret passphrase = { 0 };
	char words[4 * PATH_MAX];
	struct fail f = { 0 };

	(void)state;
	seal_elsewhere(&p);
	(void)snprintf(words, sizeof(words), "unseal --tpm %s %s", p.tpm.tcti,
		       p.disk);
	cvmctl_capture(command_unseal, words, &out);
	assert_int_equal(out.len, base64_length(volume_secret_size));
	assert_int_equal(secret_alloc(out.len, &passphrase), 0);
	memcpy(passphrase.data, out.data, out.len);
	assert_ok(luks_open(p.disk, &l, &f), &f);
	assert_true(luks_keyslot_opens(l, 0, &passphrase));
}

#define IMAGE(import)                                                                   \
	"{\"type\":\"cvm-init image\",\"schema\":1,\"volumes\":[{\"name\":\"v\"" import \
	"}],\"apps\":{\"banks\":{\"sha256\":{\"measured\":\"" ZEROS "\"}}}}"

/* What init would not open is not sealed: not as the first key either. */
static void asks_the_image(void **state)
{
	static const char *const refused[] = { IMAGE(""),
					       IMAGE(",\"import\":false") };
	static const char *const actions[] = { "--format --size 24M",
					       "--add --key-file /dev/null" };
	own_place struct place p = { 0 };
	own_bytes struct bytes out = { 0 };
	char words[4 * PATH_MAX];
	struct fail f = { 0 };

	(void)state;
	seal_elsewhere(&p);
	tree_dir(&p.tpm.tree, "image");
	for (size_t i = 0; i < array_size(refused); i++) {
		(void)unlinkat(p.tpm.tree.fd, "image/manifest.json", 0);
		tree_file(&p.tpm.tree, "image/manifest.json", 0644, refused[i]);
		assert_refusal(cvmctl_run(command_seal, &f,
					  "seal %s --apps-only --srk %s "
					  "--image %s/image %s.new",
					  actions[i], p.srk, p.tpm.tree.path,
					  p.disk),
			       &f,
			       "cannot seal volume v: boot.conf does not allow "
			       "keys that were sealed away from the TPM; set "
			       "import = yes in its [volume] and build the "
			       "image again, or give --tpm");
	}
	(void)unlinkat(p.tpm.tree.fd, "image/manifest.json", 0);
	tree_file(&p.tpm.tree, "image/manifest.json", 0644,
		  IMAGE(",\"import\":true"));
	(void)snprintf(words, sizeof(words),
		       "seal --format --size 24M --mkfs none --apps-only "
		       "--srk %s --image %s/image %s.new",
		       p.srk, p.tpm.tree.path, p.disk);
	cvmctl_capture(command_seal, words, &out);
	assert_non_null(strstr((char *)out.data, "PCR 14, policy "));
}

static void unseals_nowhere_else(void **state)
{
	own_place struct place p = { 0 };
	own_swtpm struct swtpm other = { 0 };
	char line[2 * PATH_MAX];
	struct fail f = { 0 };

	(void)state;
	seal_elsewhere(&p);
	swtpm_start(&other);
	(void)snprintf(line, sizeof(line),
		       "cannot unseal the key of volume %s: it was sealed by "
		       "another TPM, or before this one was cleared; seal it "
		       "again on this TPM with cvmctl seal",
		       p.disk);
	{
		own_fd int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
		own_fd int saved = dup(STDOUT_FILENO);
		int r;

		(void)fflush(stdout);
		assert_true(dup2(quiet, STDOUT_FILENO) >= 0);
		r = cvmctl_run(command_unseal, &f, "unseal --tpm %s %s",
			       other.tcti, p.disk);
		assert_true(dup2(saved, STDOUT_FILENO) >= 0);
		assert_refusal(r, &f, line);
	}
}

/* A pseudo-terminal is a terminal. */
static void shows_no_key_on_a_terminal(void **state)
{
	own_fd int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	own_fd int saved = dup(STDOUT_FILENO);
	own_fd int terminal = -1;
	struct fail f = { 0 };
	int r;

	(void)state;
	assert_true(master >= 0 && grantpt(master) == 0 &&
		    unlockpt(master) == 0);
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(terminal >= 0);
	(void)fflush(stdout);
	assert_true(dup2(terminal, STDOUT_FILENO) >= 0);
	r = cvmctl_run(command_unseal, &f, "unseal disk");
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	assert_refusal(r, &f,
		       "cannot show a key: standard output is a terminal; "
		       "write it to a file or a pipe");
}

/* Of another TPM, or not there. */
static void pins_the_srk_that_is_given(void **state)
{
	own_place struct place p = { 0 };
	own_swtpm struct swtpm other = { 0 };
	own_bytes struct bytes out = { 0 };
	char words[4 * PATH_MAX];
	struct fail f = { 0 };
	int r;

	(void)state;
	seal_elsewhere(&p);
	swtpm_start(&other);
	(void)snprintf(words, sizeof(words), "unseal --tpm %s --srk %s %s",
		       p.tpm.tcti, p.srk, p.disk);
	cvmctl_capture(command_unseal, words, &out);
	assert_int_equal(out.len, base64_length(volume_secret_size));
	r = cvmctl_run(command_unseal, &f, "unseal --tpm %s --srk %s %s",
		       other.tcti, p.srk, p.disk);
	(void)snprintf(words, sizeof(words),
		       "cannot take the TPM for the one of %s: it has another "
		       "storage root key; check --tpm and --srk",
		       p.srk);
	assert_refusal(r, &f, words);
}

/* The tokens of cvmctl and one with a PIN, beside each other. */
static void inspects_each_token(void **state)
{
	static const char pin[] =
		"{\"type\":\"systemd-tpm2\",\"keyslots\":[\"0\"],"
		"\"tpm2-pin\":true}";
	own_place struct place p = { 0 };
	own_bytes struct bytes out = { 0 };
	own_luks struct luks *l = NULL;
	char words[2 * PATH_MAX];
	struct fail f = { 0 };
	const char *at;

	(void)state;
	seal_elsewhere(&p);
	assert_ok(luks_open(p.disk, &l, &f), &f);
	assert_ok(luks_write_token(l, luks_new_token, pin, &f), &f);
	luks_close(&l);
	tree_file(&p.tpm.tree, "key", 0600, "-");
	(void)snprintf(words, sizeof(words), "inspect %s", p.disk);
	cvmctl_capture(command_inspect, words, &out);
	at = strstr((char *)out.data, "tokens:\n  -\n    token: 0\n"
				      "    keyslot: 0\n    form: offline\n"
				      "    bank: sha256\n    pcrs: 14\n");
	assert_non_null(at);
	assert_non_null(strstr(at, "    srk-name: 000b"));
	assert_non_null(strstr(at, "  -\n    token: 1\n    refused: it needs a "
				   "PIN\n"));
}

/* The form is what the blob and the token say. */
static void inspects_a_token_in_a_file(void **state)
{
	own_place struct place p = { 0 };
	own_luks struct luks *l = NULL;
	own_sealed_key struct sealed_key key = { 0 };
	static const char *const forms[] = { "offline", "legacy" };
	struct fail f = { 0 };
	int keyslot;

	(void)state;
	seal_elsewhere(&p);
	assert_ok(luks_open(p.disk, &l, &f), &f);
	assert_ok(luks_read_token(l, 0, &key, &keyslot, &f), &f);
	for (size_t i = 0; i < array_size(forms); i++) {
		own_bytes struct bytes out = { 0 };
		own_free char *json = NULL;
		char words[2 * PATH_MAX];
		char expected[64];

		assert_ok(token_format(&key, 0, &json, &f), &f);
		tree_file(&p.tpm.tree, forms[i], 0600, json);
		(void)snprintf(words, sizeof(words), "inspect %s/%s",
			       p.tpm.tree.path, forms[i]);
		cvmctl_capture(command_inspect, words, &out);
		(void)snprintf(expected, sizeof(expected), "\nform: %s\n",
			       forms[i]);
		assert_non_null(strstr((char *)out.data, expected));
		bytes_free(&key.srk);
	}
	key.blob.len--;
	{
		own_free char *json = NULL;

		assert_ok(token_format(&key, 0, &json, &f), &f);
		tree_file(&p.tpm.tree, "cut", 0600, json);
	}
	assert_refusal(cvmctl_run(command_inspect, &f, "inspect %s/cut",
				  p.tpm.tree.path),
		       &f,
		       "cannot read the TPM token: its blob is damaged; seal "
		       "the key with cvmctl seal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exports_the_key_and_its_name),
		cmocka_unit_test(exports_an_rsa_key),
		cmocka_unit_test(exports_to_no_link),
		cmocka_unit_test(unseals_it_where_it_belongs),
		cmocka_unit_test(asks_the_image),
		cmocka_unit_test(unseals_nowhere_else),
		cmocka_unit_test(shows_no_key_on_a_terminal),
		cmocka_unit_test(pins_the_srk_that_is_given),
		cmocka_unit_test(inspects_each_token),
		cmocka_unit_test(inspects_a_token_in_a_file),
	};

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
