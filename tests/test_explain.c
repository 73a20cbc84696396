// SPDX-License-Identifier: MIT
/*
 * The pictures of cvmctl explain and cvmctl timeline. Those of the files in
 * tests/pictures are compared with what is committed, the README's among them;
 * after a change that is meant, from the top of the tree:
 *
 *	cd tests/pictures
 *	cvmctl explain --svg ../../docs/chain.svg demo
 *	cvmctl explain --svg ../../docs/chain-tdx.svg demo-tdx
 *	LC_ALL=C.UTF-8 cvmctl explain demo > demo.txt
 *
 * and the like.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "cvmctl/show/chain-keys.h"
#include "lib/own.h"
#include "tests/cvmctl.h"
#include "tests/tmptree.h"
#include "tests/volume.h"

#define PICTURES "tests/pictures/"
#define GIVE_IMAGE \
	"give an image of cvmctl build, or evidence of cvmctl evidence"
#define GIVE_REPORT "give /run/cvm-init/report.json of the VM"

static const struct picture {
	const char *file;
	cvmctl_command *command;
	const char *words;
	const char *locale;
} pictures[] = {
	{ "docs/chain.svg", command_explain, "explain --svg - " PICTURES "demo",
	  "C" },
	{ "docs/chain-tdx.svg", command_explain,
	  "explain --svg - " PICTURES "demo-tdx", "C" },
	{ PICTURES "demo-tdx.txt", command_explain,
	  "explain " PICTURES "demo-tdx", "C.UTF-8" },
	{ PICTURES "td.txt", command_explain,
	  "explain tests/corpus/evidence/td", "C.UTF-8" },
	{ PICTURES "demo.txt", command_explain, "explain " PICTURES "demo",
	  "C.UTF-8" },
	{ PICTURES "demo-ascii.txt", command_explain,
	  "explain " PICTURES "demo/manifest.json", "C" },
	{ PICTURES "demo-uki.txt", command_explain,
	  "explain --prediction " PICTURES "uki.json " PICTURES "demo",
	  "C.UTF-8" },
	{ PICTURES "evidence.txt", command_explain,
	  "explain " PICTURES "evidence.json", "C.UTF-8" },
	{ PICTURES "evidence.svg", command_explain,
	  "explain --svg - " PICTURES "evidence.json", "C" },
	{ PICTURES "report.txt", command_timeline,
	  "timeline " PICTURES "report.json", "C.UTF-8" },
	{ PICTURES "report-ascii.txt", command_timeline,
	  "timeline " PICTURES "report.json", "C" },
	{ PICTURES "report.svg", command_timeline,
	  "timeline --svg - " PICTURES "report.json", "C" },
};

static void draws_what_is_committed(void **state)
{
	const struct picture *p = *state;
	own_bytes struct bytes want = { 0 };
	own_bytes struct bytes out = { 0 };

	assert_int_equal(setenv("LC_ALL", p->locale, 1), 0);
	cvmctl_capture(p->command, p->words, &out);
	assert_int_equal(
		io_read_file(AT_FDCWD, p->file, cvmctl_output_max, &want), 0);
	assert_string_equal((const char *)out.data, (const char *)want.data);
}

static const struct refusal {
	const char *words;
	cvmctl_command *command;
	const char *line;
} refusals[] = {
	{ "explain none", command_explain,
	  "cannot read none: No such file or directory; " GIVE_IMAGE },
	{ "explain text", command_explain,
	  "cannot read text: it is not a JSON object; " GIVE_IMAGE },
	{ "explain other", command_explain,
	  "cannot explain other: it is neither a manifest nor "
	  "evidence; " GIVE_IMAGE },
	{ "explain newer", command_explain,
	  "cannot explain newer: it is of no schema that cvmctl "
	  "knows; " GIVE_IMAGE },
	{ "explain unknown", command_explain,
	  "cannot read into of the manifest: it is none that cvmctl knows; "
	  "build the image again" },
	{ "explain .", command_explain,
	  "cannot read ./manifest.json: No such file or "
	  "directory; " GIVE_IMAGE },
	{ "explain --prediction other image", command_explain,
	  "cannot read the sha256 values of other: it does not predict PCR "
	  "14; make it with cvmctl predict --json" },
	{ "explain --svg none/a image", command_explain,
	  "cannot write none/a: No such file or directory; choose another "
	  "--svg" },
	{ "explain --svg . image", command_explain,
	  "cannot write .: it is no regular file; choose another --svg" },
	{ "timeline none", command_timeline,
	  "cannot read none: No such file or directory; " GIVE_REPORT },
	{ "timeline text", command_timeline,
	  "cannot read text: it is not a JSON object; " GIVE_REPORT },
};

static void refuses(void **state)
{
	const struct refusal *c = *state;
	struct fail f = { 0 };
	struct tree t;
	int r;

	tree_make(&t);
	tree_file(&t, "text", 0644, "text");
	tree_file(&t, "other", 0644, "{\"type\":\"other\",\"schema\":1}");
	tree_file(&t, "newer", 0644,
		  "{\"type\":\"cvm-init image\",\"schema\":2}");
	tree_file(&t, "unknown", 0644,
		  "{\"type\":\"cvm-init image\",\"schema\":1,"
		  "\"into\":\"paper\"}");
	tree_file(&t, "image", 0644,
		  "{\"type\":\"cvm-init image\",\"schema\":1}");
	assert_int_equal(fchdir(t.fd), 0);
	r = cvmctl_run(c->command, &f, "%s", c->words);
	assert_int_equal(chdir("/"), 0);
	tree_remove(&t);
	assert_refusal(r, &f, c->line);
}

static void evidence_needs_no_more(void **state)
{
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(cvmctl_run(command_explain, &f,
				    "explain --prediction " PICTURES
				    "uki.json " PICTURES "evidence.json"),
			 COMMAND_USAGE);
	assert_string_equal(f.reason,
			    "--prediction and --disk are for an image");
}

#define VALUE \
	"=1111111111111111111111111111111111111111111111111111111111111111"
#define DISK_UUID "5e0cb7a4-6d1f-4c8e-9f3b-0a1d2c3b4e5f" /* of the demo */

static const struct disk {
	const char *name;
	const char *uuid, *policy;
	const char *want; /* the text has it; or the line of a refusal */
	bool refused;
} disks[] = {
	{ "a boot chain", DISK_UUID,
	  "--pcr 2" VALUE " --pcr 4" VALUE " --pcr 9" VALUE " --pcr 14" VALUE,
	  "  key: PCRs 2,4,9,14\n", false },
	{ "PCR 14 alone", DISK_UUID, "--apps-only --pcr 14" VALUE,
	  "  key: PCR 14\n", false },
	{ "of another image", "11111111-2222-4333-8444-555555555555",
	  "--apps-only --pcr 14" VALUE,
	  "no volume of the image has its UUID; check uuid in [volume NAME] of "
	  "boot.conf",
	  true },
};

static void reads_disk(void **state)
{
	const struct disk *d = *state;
	own_bytes struct bytes out = { 0 };
	char path[PATH_MAX], words[PATH_MAX + 64], line[fail_line_max];
	struct fail f = { 0 };
	struct tree t;

	tree_make(&t);
	(void)snprintf(path, sizeof(path), "%s/disk", t.path);
	assert_ok(cvmctl_run(command_seal, &f,
			     "seal --format --size 24M --mkfs none --srk "
			     "tests/corpus/srk/ecc --uuid %s %s %s",
			     d->uuid, d->policy, path),
		  &f);
	(void)snprintf(words, sizeof(words),
		       "explain --disk %s " PICTURES "demo", path);
	if (d->refused) {
		assert_true(cvmctl_run(command_explain, &f, "%s", words) < 0);
		(void)snprintf(line, sizeof(line), "%s; %s", f.reason,
			       f.remedy);
		assert_string_equal(line, d->want);
	} else {
		cvmctl_capture(command_explain, words, &out);
		assert_non_null(strstr((const char *)out.data, d->want));
		assert_null(strstr((const char *)out.data, "disk's token"));
	}
	tree_remove(&t);
}

static void a_disk_without_a_token_is_refused(void **state)
{
	char path[PATH_MAX], line[PATH_MAX + 200];
	struct fail f = { 0 };
	struct tree t;

	(void)state;
	volume_make(&t, path);
	(void)snprintf(line, sizeof(line),
		       "cannot explain %s: it has no token that init would "
		       "use; give a disk that cvmctl seal made",
		       path);
	assert_refusal(cvmctl_run(command_explain, &f,
				  "explain --disk %s " PICTURES "demo", path),
		       &f, line);
	tree_remove(&t);
}

static void too_many_keys_are_refused(void **state)
{
	own_free struct chain_keys *keys = calloc(1, sizeof(*keys));
	char path[PATH_MAX];
	struct fail f = { 0 };
	struct tree t;

	(void)state;
	assert_non_null(keys);
	keys->n = chain_keys_max;
	tree_make(&t);
	(void)snprintf(path, sizeof(path), "%s/disk", t.path);
	assert_ok(cvmctl_run(command_seal, &f,
			     "seal --format --size 24M --mkfs none --srk "
			     "tests/corpus/srk/ecc --apps-only --pcr 14" VALUE
			     " %s",
			     path),
		  &f);
	assert_true(chain_keys_read(path, keys, &f) < 0);
	assert_string_equal(f.reason, "that are over 32 keys");
	assert_string_equal(f.remedy, "give fewer disks");
	tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(draws_what_is_committed, pictures),
		TABLE(reads_disk, disks),
		CASE(a_disk_without_a_token_is_refused),
		CASE(too_many_keys_are_refused),
		CASE(evidence_needs_no_more),
		TABLE(refuses, refusals), /* last: it leaves the directory */
	};

	return table_run(tables, array_size(tables));
}
