// SPDX-License-Identifier: MIT
/*
 * The same evidence, read by others: tpm2_checkquote, tpm2_eventlog and evmctl
 * agree with the judge, about the good and about the changed.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "lib/hex.h"
#include "lib/io.h"
#include "tests/trial.h"

enum { quoted_pcrs = 16 };

static struct tree tree;

static void put(const char *name, const struct bytes *b)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", tree.path, name);
	assert_int_equal(io_replace_file(path, b->data, b->len, 0600), 0);
}

/* "PCR-10: 00 11 ..." for each PCR of a bank, as evmctl reads it. */
static void put_pcrs(const struct trial *t, enum digest_alg bank)
{
	own_text struct text text = { 0 };
	struct bytes b;

	for (unsigned i = 0; i < quoted_pcrs; i++) {
		text_add(&text, "PCR-%02u:", i);
		for (size_t n = 0; n < digest_size(bank); n++)
			text_add(&text, " %02x",
				 t->e.tpm.pcrs[bank].value[i][n]);
		text_add(&text, "\n");
	}
	b = (struct bytes){ (uint8_t *)text.s, text.len };
	put(digest_name(bank), &b);
}

/* The parts as files, as the change has left them. */
static void put_parts(const struct trial *t)
{
	put("ak", &t->e.tpm.ak);
	put("attest", &t->e.tpm.quote.attest);
	put("signature", &t->e.tpm.quote.signature);
	put("firmware", &t->e.firmware);
	put("ima", &t->e.ima);
	put_pcrs(t, DIGEST_SHA1);
	put_pcrs(t, DIGEST_SHA256);
}

/* Runs a shell command on them; whether it succeeded. */
static bool run(const char *tool, const char *command)
{
	char line[2 * PATH_MAX];

	(void)snprintf(line, sizeof(line), "command -v %s >/dev/null", tool);
	if (system(line) != 0) {
		print_message("no %s: skipped\n", tool);
		skip();
	}
	(void)snprintf(line, sizeof(line), "cd %s && { %s; } >/dev/null 2>&1",
		       tree.path, command);
	return system(line) == 0;
}

static bool checks_quote(const struct trial *t, const uint8_t *nonce,
			 size_t len)
{
	char hex[2 * evidence_nonce_max + 1];
	char command[512];

	hex_encode(nonce, len, hex);
	(void)snprintf(command, sizeof(command),
		       "tpm2_checkquote -u ak -m attest -s signature -q %s",
		       hex);
	put_parts(t);
	return run("tpm2_checkquote", command);
}

static void agrees_about_the_quote(void **state)
{
	static const uint8_t other[] = { 1, 2, 3 };
	struct trial t;

	(void)state;
	trial_begin(&t);
	assert_true(checks_quote(&t, t.e.nonce.data, t.e.nonce.len));
	assert_false(checks_quote(&t, other, sizeof(other)));
	t.e.tpm.quote.signature.data[t.e.tpm.quote.signature.len - 1] ^= 1;
	assert_false(checks_quote(&t, t.e.nonce.data, t.e.nonce.len));
	trial_end(&t);
}

/* That it replays to the value that was quoted, of one PCR. */
static bool replays(const struct trial *t, unsigned pcr)
{
	char hex[2 * digest_size_max + 1];
	char command[512];

	hex_encode(t->e.tpm.pcrs[DIGEST_SHA256].value[pcr],
		   digest_size(DIGEST_SHA256), hex);
	(void)snprintf(command, sizeof(command),
		       "tpm2_eventlog firmware | sed -n '/^pcrs:/,$p' | "
		       "grep -q '^ *%u *: 0x%s$'",
		       pcr, hex);
	put_parts(t);
	return run("tpm2_eventlog", command);
}

static void agrees_about_the_firmware(void **state)
{
	static const unsigned pcrs[] = { 0, 4, 7, 9 };
	struct trial t;

	(void)state;
	trial_begin(&t);
	for (size_t i = 0; i < array_size(pcrs); i++)
		assert_true(replays(&t, pcrs[i]));
	trial_drop_last_firmware(&t);
	assert_true(replays(&t, 4));
	assert_false(replays(&t, 9));
	trial_end(&t);
}

static bool accepts_list(const struct trial *t)
{
	put_parts(t);
	return run("evmctl", "evmctl ima_measurement --ignore-violations "
			     "--pcrs sha1,sha1 --pcrs sha256,sha256 ima");
}

static void agrees_about_ima(void **state)
{
	struct trial t;

	(void)state;
	trial_begin(&t);
	assert_true(accepts_list(&t));
	t.e.ima.data[t.e.ima.len - 2] ^= 1;
	assert_false(accepts_list(&t));
	trial_end(&t);
}

int main(void)
{
	static const struct table tables[] = {
		CASE(agrees_about_the_quote),
		CASE(agrees_about_the_firmware),
		CASE(agrees_about_ima),
	};
	int r;

	tree_make(&tree);
	r = trial_main(tables, array_size(tables));
	tree_remove(&tree);
	return r;
}
