// SPDX-License-Identifier: MIT
/* How cvmctl inspect prints what others wrote: no byte of it acts. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "lib/own.h"
#include "tests/cvmctl.h"
#include "tests/tmptree.h"
#include "tests/volume.h"

static const struct shown {
	const char *name;
	const char *member; /* of a manifest */
	const char *want;
} shown[] = {
	{ "a value", "\"a\":\"\\u001b[31m\\u00e9\"",
	  "a: \\x1b[31m\\xc3\\xa9\n" },
	{ "a listing keeps its lines", "\"a\":\"one\\ntwo\\n\"",
	  "a: one\n  two\n" },
	{ "an empty value", "\"a\":\"\"", "a: \n" },
	{ "a name", "\"a\\u001b\\nb: c\":1", "a\\x1b\\x0ab: c: 1\n" },
	{ "numbers", "\"a\":[4,9,14]", "a: 4,9,14\n" },
	{ "not all numbers", "\"a\":[1,\"\\u001b\"]",
	  "a:\n  - 1\n  - \\x1b\n" },
};

static void shows(void **state)
{
	const struct shown *want = *state;
	own_bytes struct bytes out = { 0 };
	char text[256], words[2100];
	const char *rest;
	struct tree t;

	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"cvm-init image\",\"schema\":1,%s}",
		       want->member);
	tree_make(&t);
	tree_file(&t, "manifest.json", 0644, text);
	(void)snprintf(words, sizeof(words), "inspect %s/manifest.json",
		       t.path);
	cvmctl_capture(command_inspect, words, &out);
	tree_remove(&t);
	rest = strchr((const char *)out.data, '\n');
	rest = rest ? strchr(rest + 1, '\n') : NULL; /* type, schema */
	assert_non_null(rest);
	assert_string_equal(rest + 1, want->want);
}

#define CORPUS "tests/corpus/"
#define BANKS  "{\"pcr\":14,\"banks\":{\"sha256\":{\"ready\":\"ab\"}},"

/* By a file of ours, or by a text. */
static const struct kind {
	const char *file; /* or what to call the text */
	const char *text;
	const char *want; /* among the lines */
} kinds[] = {
	{ "tests/pictures/evidence.json", NULL,
	  "kind: evidence, not verified\nnonce: 00" },
	{ "tests/pictures/evidence.json", NULL,
	  "\n  ak-name: 000bbf93d41765dae4901c399c63c3854360959f1c19f207cc09ed34"
	  "3b525dce1bfe\n" },
	{ "tests/pictures/evidence.json", NULL,
	  "  quoted-pcrs:\n    sha256: 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	  "reports:\n  -\n    provider: svsm\n    privlevel: 0\n"
	  "    size: 1184\nlogs:\n  firmware-size: 700\n  init-events: 5\n" },
	{ CORPUS "evidence/td", NULL, "    provider: tdx_guest\n" },
	{ CORPUS "identity/certificate", NULL,
	  "kind: identity of a TPM, not verified\n" },
	{ CORPUS "identity/certificate", NULL, "\nek-certificate-size: 3\n" },
	{ CORPUS "challenge/good", NULL,
	  "kind: challenge to a TPM\nid-object-size: 70\nsecret-size: 258\n" },
	{ CORPUS "srk/ecc", NULL,
	  "kind: storage root key, public part\nalgorithm: P-256\n"
	  "srk-name: 000b968200a83b20faa6434a759004c7823f3404c17109fe1189a3f94a"
	  "4e72e82494\n" },
	{ CORPUS "srk/rsa", NULL, "\nalgorithm: RSA-2048\n" },
	{ "a prediction", BANKS "\"events\":[{},{}]}",
	  "kind: prediction of PCRs\npcr-14:\n  sha256:\n    ready: ab\n"
	  "pcr-14-events: 2\n" },
	{ "one of a boot",
	  BANKS "\"events\":[],\"boot\":{\"mode\":\"ovmf\",\"pcrs\":{"
		"\"4\":{\"sha256\":\"cd\"}}}}",
	  "pcr-14-events: 0\nboot: ovmf\npcrs:\n  4:\n    sha256: cd\n" },
	{ "a boot without PCRs", BANKS "\"events\":[],\"boot\":[]}",
	  "pcr-14-events: 0\n" },
	{ "a verdict",
	  "{\"type\":\"cvm-init verdict\",\"trusted\":true,\"checks\":[{"
	  "\"name\":\"srk\"}]}",
	  "kind: verdict on evidence, not signed\ntrusted: true\nchecks:\n"
	  "  -\n    name: srk\n" },
	{ "a verdict of no form",
	  "{\"type\":\"cvm-init verdict\",\"trusted\":{}}",
	  "trusted: false\n" },
};

static void knows(void **state)
{
	const struct kind *c = *state;
	own_bytes struct bytes out = { 0 };
	char words[2100];
	struct tree t;

	tree_make(&t);
	(void)snprintf(words, sizeof(words), "inspect %s", c->file);
	if (c->text) {
		tree_file(&t, "text", 0644, c->text);
		(void)snprintf(words, sizeof(words), "inspect %s/text", t.path);
	}
	cvmctl_capture(command_inspect, words, &out);
	tree_remove(&t);
	assert_non_null(strstr((const char *)out.data, c->want));
}

#define NO_KIND "see cvmctl inspect --help"

static const struct stranger {
	const char *name;
	const char *text;
	const char *remedy;
} strangers[] = {
	{ "events that are no list", BANKS "\"events\":\"\"}", NO_KIND },
	{ "banks that are none", "{\"banks\":[],\"events\":[]}", NO_KIND },
	{ "nothing", "{}", NO_KIND },
	{ "an array", "[]", NO_KIND },
	{ "evidence without a nonce", "{\"type\":\"cvm-init evidence\"}",
	  "make it with cvmctl evidence" },
};

static void knows_not(void **state)
{
	const struct stranger *c = *state;
	struct fail f = { 0 };
	struct tree t;

	tree_make(&t);
	tree_file(&t, "text", 0644, c->text);
	assert_true(cvmctl_run(command_inspect, &f, "inspect %s/text", t.path) <
		    0);
	tree_remove(&t);
	assert_string_equal(f.remedy, c->remedy);
}

#define TOKEN "{\"type\":\"systemd-tpm2\",\"keyslots\":[\"0\"]}"
#define NO_TOKEN \
	"opened-by: no token: a key in a file, a passphrase, or a broker's\n"

/* One with a token, the other for a person or a broker. */
static void shows_keyslots(void **state)
{
	own_volume struct volume v = { .luks = NULL };
	own_secret struct secret second = { 0 };
	own_bytes struct bytes before = { 0 };
	own_bytes struct bytes after = { 0 };
	char words[PATH_MAX + 16];
	struct fail f = { 0 };
	int keyslot = -1;

	(void)state;
	volume_secret('b', &second);
	volume_begin(&v);
	(void)snprintf(words, sizeof(words), "inspect %s", v.path);
	cvmctl_capture(command_inspect, words, &before);
	assert_non_null(strstr((char *)before.data,
			       "\ntokens: none\nkeyslots:\n  -\n"
			       "    keyslot: 0\n    " NO_TOKEN));
	assert_ok(luks_add_key(v.luks, &v.key, &second, &keyslot, &f), &f);
	assert_ok(luks_write_token(v.luks, luks_new_token, TOKEN, &f), &f);
	cvmctl_capture(command_inspect, words, &after);
	assert_non_null(
		strstr((char *)after.data,
		       "\nkeyslots:\n  -\n    keyslot: 0\n"
		       "    token: 0\n  -\n    keyslot: 1\n    " NO_TOKEN));
}

int main(void)
{
	const struct table tables[] = { TABLE(shows, shown),
					TABLE(knows, kinds),
					TABLE(knows_not, strangers),
					CASE(shows_keyslots) };

	return table_run(tables, array_size(tables));
}
