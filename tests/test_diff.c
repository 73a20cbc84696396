// SPDX-License-Identifier: MIT
/* cvmctl diff: pairs of manifests, hostile ones included. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "cvmctl/show/compare.h"
#include "lib/own.h"
#include "tests/cvmctl.h"
#include "tests/fault.h"
#include "tests/line.h"
#include "tests/place.h"

#define START	 "{\"type\":\"cvm-init image\",\"schema\":1"
#define MANIFEST "give an image directory or its manifest.json"

#define AA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BB "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define AB "aaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define FILE_(name, digest) "\"" name "\":{\"sha256\":\"" digest "\"}"
#define BANK(name, value)                                      \
	"\"" name "\":{\"start\":\"00\",\"measured\":\"" value \
	"\",\"ready\":\"r" value "\",\"policy\":\"p" value "\"}"
#define APPS(banks, events) \
	"\"apps\":{\"pcr\":14,\"banks\":{" banks "},\"events\":[" events "]}"
#define EVENT(kind, path, digest, more)                                           \
	"{\"recnum\":0,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"" digest \
	"\"}],\"content\":{\"kind\":\"" kind                                      \
	"\",\"app\":\"web\",\"path\":\"" path "\"" more "}}"
#define LISTING(lines) ",\"listing\":\"cvm-init listing 2\\n" lines "\""
#define ENTRY(mode, content, path) \
	"f\\t" mode "\\t0\\t0\\t" content "\\t" path "\\n"

#define KEEP "No PCR changes, so keys and signatures stay good, "
#define NEED "verifiers need the new manifest.\n"
#define FOUR_NINE                                                              \
	"PCR 9 changes (with a unified kernel image 4, 9 and 11), so keys "    \
	"sealed to its value have to be sealed again, those sealed to PCR 14 " \
	"alone stay good, signatures of it need a new cvmctl sign, and " NEED
#define FOURTEEN                                                         \
	"PCR 14 changes, so keys sealed to its value have to be sealed " \
	"again, signatures of it need a new cvmctl sign, and " NEED

static const struct pair {
	const char *name;
	const char *before, *after;
	const char *text;
} pairs[] = {
	{ "equal, in another order", FILE_("kernel", AA) "," FILE_("root", BB),
	  FILE_("root", BB) "," FILE_("kernel", AA),
	  "The manifests are equal.\n" },
	{ "a kernel", FILE_("kernel", AA), FILE_("kernel", BB),
	  "kernel\n  sha256: aaaaaaaaaaaa -> bbbbbbbbbbbb\n"
	  "PCR 4 changes (with a unified kernel image 4 and 11), so keys "
	  "sealed to its value have to be sealed again, those sealed to PCR "
	  "14 alone stay good, signatures of it need a new cvmctl sign, and " NEED },
	{ "digests that begin alike", FILE_("root", AA), FILE_("root", AB),
	  "root\n  sha256: " AA " -> " AB "\n" KEEP "but " NEED },
	{ "a digest more of the same kernel", FILE_("kernel", AA),
	  "\"kernel\":{\"sha256\":\"" AA "\",\"sha384\":\"1\"}",
	  "kernel\n  sha384: none -> 1\n" KEEP "but " NEED },
	{ "a command line that acts", "\"cmdline\":{\"text\":\"a\"}",
	  "\"cmdline\":{\"text\":\"a\\u001b[2J\\n\\u202e\\\\\"}",
	  "command line\n  text: a -> a\\x1b[2J\\x0a\\xe2\\x80\\xae\\\\\n" FOUR_NINE },
	{ "files of the initramfs",
	  "\"initramfs\":{\"files\":[{\"path\":\"a\",\"mode\":\"1\"},"
	  "{\"path\":\"b\"},{\"path\":\"d\"}]}",
	  "\"initramfs\":{\"files\":[{\"path\":\"d\"},{\"path\":\"c\"},"
	  "{\"path\":\"a\",\"mode\":\"2\"}]}",
	  "initramfs\n  a: mode: 1 -> 2\n  b: removed\n  c: added\n" FOUR_NINE },
	{ "a root hash", "\"root\":{\"verity\":{\"root-hash\":\"1\"}}",
	  "\"root\":{\"verity\":{\"root-hash\":\"2\"}}",
	  "root\n  verity.root-hash: 1 -> 2\n" KEEP "but " NEED },
	{ "modules in another order", "\"modules\":[\"a\",\"b\"]",
	  "\"modules\":[\"b\",\"a\"]",
	  "modules\n  order or form: changed\n" KEEP "but " NEED },
	{ "a volume twice", "\"volumes\":[{\"name\":\"v\"}]",
	  "\"volumes\":[{\"name\":\"v\"},{\"name\":\"v\",\"key\":\"1\"}]",
	  "volumes\n  v: added\n" KEEP "but " NEED },
	{ "versions alone", "\"versions\":{\"cvmctl\":\"1\"}",
	  "\"versions\":{\"cvmctl\":\"2\"}",
	  "versions\n  cvmctl: 1 -> 2\n" KEEP
	  "and verifiers can keep the old manifest.\n" },
	{ "what is not known", "\"a\":1", "\"a\":[1]",
	  "other\n  a: 1 -> [1]\n" KEEP "but " NEED },
	{ "parts of other types", "\"kernel\":7,\"modules\":{}",
	  "\"kernel\":[],\"modules\":[]",
	  "kernel\n  7 -> []\nmodules\n  order or form: changed\n"
	  "PCR 4 changes (with a unified kernel image 4 and 11), so keys "
	  "sealed to its value have to be sealed again, those sealed to PCR "
	  "14 alone stay good, signatures of it need a new cvmctl sign, and " NEED },
	{ "a program", APPS(BANK("sha256", "1"), EVENT("exec", "/a", "1", "")),
	  APPS(BANK("sha256", "2"), EVENT("exec", "/a", "2", "")),
	  "apps\n  web: exec /a: sha256: 1 -> 2\n"
	  "PCR 14\n  sha256: measured: 1 -> 2\n" FOURTEEN },
	{ "an event more",
	  APPS(BANK("sha256", "1"), EVENT("exec", "/a", "1", "")),
	  APPS(BANK("sha256", "2"),
	       EVENT("file", "/b", "3", "") "," EVENT("exec", "/a", "1", "")),
	  "apps\n  web: file /b: added\n"
	  "PCR 14\n  sha256: measured: 1 -> 2\n" FOURTEEN },
	{ "events in another order",
	  APPS("",
	       EVENT("exec", "/a", "1", "") "," EVENT("exec", "/b", "1", "")),
	  APPS("",
	       EVENT("exec", "/b", "1", "") "," EVENT("exec", "/a", "1", "")),
	  "apps\n  order or form: changed\n" KEEP "but " NEED },
	{ "a directory",
	  APPS("",
	       EVENT("directory", "/d", "1",
		     LISTING(ENTRY("0644", "a", "main") ENTRY(
			     "0644", "b",
			     "old") "x\\tuser.a\\t01\\told\\n" ENTRY("0644",
								     "c",
								     "run")))),
	  APPS("",
	       EVENT("directory", "/d", "2",
		     LISTING(ENTRY("0755", "b", "main") ENTRY(
			     "0644", "b",
			     "old") "x\\tuser.a\\t02\\told\\n" ENTRY("0644",
								     "c",
								     "z\\\\x0a")))),
	  "apps\n"
	  "  web: directory /d: main: mode: 0644 -> 0755\n"
	  "  web: directory /d: main: content: a -> b\n"
	  "  web: directory /d: old: attribute user.a: 01 -> 02\n"
	  "  web: directory /d: run: removed\n"
	  "  web: directory /d: z\\x0a: added\n" KEEP "but " NEED },
	{ "a listing that is none",
	  APPS("",
	       EVENT("directory", "/d", "1", LISTING(ENTRY("0", "a", "b")))),
	  APPS("", EVENT("directory", "/d", "2", LISTING("x"))),
	  "apps\n  web: directory /d: sha256: 1 -> 2\n" KEEP "but " NEED },
	{ "another listing under the same digest",
	  APPS("", EVENT("directory", "/d", "1", LISTING("x"))),
	  APPS("", EVENT("directory", "/d", "1", LISTING("y"))),
	  "apps\n  order or form: changed\n" KEEP "but " NEED },
	{ "the head of a listing",
	  APPS("", EVENT("verity", "/d", "1",
			 LISTING("root\\t1\\n" ENTRY("0", "a", "b")))),
	  APPS("", EVENT("verity", "/d", "2",
			 LISTING("root\\t2\\n" ENTRY("0", "a", "b")))),
	  "apps\n  web: verity /d: line: root\\x091 -> root\\x092\n" KEEP
	  "but " NEED },
	{ "a bank more", APPS(BANK("sha256", "1"), ""),
	  APPS(BANK("sha256", "1") "," BANK("sha384", "1"), ""),
	  "PCR 14\n  sha384: added\n" KEEP "but " NEED },
	{ "other banks", APPS(BANK("sha256", "1"), ""),
	  APPS(BANK("sha384", "1"), ""),
	  "PCR 14\n  sha256: removed\n  sha384: added\n" FOURTEEN },
	{ "another cap alone",
	  "\"apps\":{\"banks\":{\"sha1\":{\"measured\":\"1\",\"ready\":\"1\"}}}",
	  "\"apps\":{\"banks\":{\"sha1\":{\"measured\":\"1\",\"ready\":\"2\"}}}",
	  "PCR 14\n  sha1: ready: 1 -> 2\n" KEEP "but " NEED },
	{ "what a manifest of before did not say", "\"a\":1",
	  "\"a\":1,\"into\":\"tpm\"",
	  "other\n  into: none -> tpm\n" KEEP "but " NEED },
	{ "other registers", "\"a\":1", "\"a\":1,\"into\":\"rtmr\"",
	  "other\n  into: none -> rtmr\n" FOURTEEN },
	{ "apps of no form", "\"apps\":{\"events\":[7,[],{\"content\":1}]}",
	  "\"apps\":{\"events\":{}}",
	  "apps\n   : removed\n   : removed\n   : removed\n" KEEP "but " NEED },
};

static void write_pair(struct tree *t, const char *before, const char *after)
{
	own_text struct text a = { 0 };
	own_text struct text b = { 0 };

	text_add(&a, START ",%s}", before);
	text_add(&b, START ",%s}", after);
	assert_false(text_failed(&a) || text_failed(&b));
	tree_dir(t, "old");
	tree_file(t, "old/manifest.json", 0644, a.s);
	tree_file(t, "new", 0644, b.s);
}

static void tells(void **state)
{
	const struct pair *p = *state;
	bool is_equal = p == &pairs[0];
	own_place struct tree t = { .fd = -1 };
	own_bytes struct bytes out = { 0 };

	tree_make(&t);
	place_enter(&t);
	write_pair(&t, p->before, p->after);
	cvmctl_capture_result(command_diff, "diff old new",
			      is_equal ? COMMAND_OK : COMMAND_REFUSED, &out);
	assert_string_equal((const char *)out.data, p->text);
}

static void writes_json(void **state)
{
	static const char want[] =
		"{\"type\":\"cvm-init diff\",\"schema\":1,\"equal\":false,"
		"\"changes\":[{\"part\":\"initramfs\",\"change\":\"added\","
		"\"item\":\"a\\\\x0a\"},{\"part\":\"apps\",\"change\":"
		"\"changed\",\"item\":\"web: directory /d\",\"entry\":\"main\","
		"\"field\":\"mode\",\"old\":\"0644\",\"new\":\"0755\"}],"
		"\"left-out\":0,\"pcrs\":[9],\"uki-pcrs\":[4,9,11],\"follows\":"
		"\"PCR 9 changes (with a unified kernel image 4, 9 and 11), so "
		"keys sealed to its value have to be sealed again, those sealed "
		"to PCR 14 alone stay good, signatures of it need a new cvmctl "
		"sign, and verifiers need the new manifest\"}\n";
	own_place struct tree t = { .fd = -1 };
	own_json struct json_object *o = NULL;
	own_bytes struct bytes out = { 0 };
	own_bytes struct bytes line = { 0 };

	(void)state;
	tree_make(&t);
	place_enter(&t);
	write_pair(&t,
		   "\"initramfs\":{\"files\":[]}," APPS(
			   "", EVENT("directory", "/d", "1",
				     LISTING(ENTRY("0644", "a", "main")))),
		   "\"initramfs\":{\"files\":[{\"path\":\"a\\n\"}]}," APPS(
			   "", EVENT("directory", "/d", "2",
				     LISTING(ENTRY("0755", "a", "main")))));
	cvmctl_capture_result(command_diff, "diff --json old new",
			      COMMAND_REFUSED, &out);
	o = json_tokener_parse((const char *)out.data);
	assert_int_equal(json_write_line(o, &line), 0);
	assert_string_equal((const char *)line.data, want);
}

/* A part and a value have their limits, and the rest is still said. */
static void cuts_what_is_long(void **state)
{
	enum { n = 1200, longer = 5000 };
	own_place struct tree t = { .fd = -1 };
	own_text struct text after = { 0 };
	own_bytes struct bytes out = { 0 };
	own_text struct text line = { 0 };

	(void)state;
	text_add(&line, "command line\n  text: none -> %0*d...\n",
		 (int)changes_value_max, 0);
	text_add(&after,
		 "\"cmdline\":{\"text\":\"%0*d\"},\"modules\":[\"0000\"",
		 longer, 0);
	for (int i = 1; i < n; i++)
		text_add(&after, ",\"%04d\"", i);
	text_add(&after, "]," FILE_("root", AA));
	tree_make(&t);
	place_enter(&t);
	write_pair(&t, "\"cmdline\":{}", after.s);
	cvmctl_capture_result(command_diff, "diff old new", COMMAND_REFUSED,
			      &out);
	assert_non_null(strstr((const char *)out.data, line.s));
	assert_non_null(strstr((const char *)out.data,
			       "  0999: added\n  and 200 more\n"));
	assert_non_null(strstr((const char *)out.data, "root\n  added\n"));
}

static bool diff_with_fault(struct json_object *a, struct json_object *b,
			    size_t n)
{
	own_changes struct changes c = { .failed = false };
	own_bytes struct bytes text = { 0 };
	bool hit;
	int r;

	fault_at = n;
	r = compare_manifests(a, b, &c);
	if (r == 0)
		r = changes_write_text(&c, &text);
	bytes_free(&text);
	if (r == 0)
		r = changes_write_json(&c, &text);
	hit = fault_at == 0;
	fault_at = 0;
	assert_true(r == 0 || (hit && r == -ENOMEM));
	return hit;
}

/* Each allocation fails once. */
static void says_that_memory_is_short(void **state)
{
	own_json struct json_object *a = json_tokener_parse(
		START "," APPS(BANK("sha256", "1"),
			       EVENT("directory", "/d", "1",
				     LISTING(ENTRY("0644", "a", "b")))) "}");
	own_json struct json_object *b =
		json_tokener_parse(START ",\"a\":[],\"modules\":[\"a\"]," APPS(
			BANK("sha256", "2"),
			EVENT("directory", "/d", "2",
			      LISTING(ENTRY("0755", "b", "b")))) "}");

	(void)state;
	assert_true(a && b);
	fault_only_ours = true;
	for (size_t n = 1; diff_with_fault(a, b, n); n++)
		assert_true(n < 10000);
	fault_only_ours = false;
}

static const struct refusal {
	const char *words;
	const char *line;
} refusals[] = {
	{ "diff none new",
	  "cannot read none: No such file or directory; " MANIFEST },
	{ "diff old text",
	  "cannot read text: it is no manifest of schema 1; " MANIFEST },
	{ "diff . new", "cannot read ./manifest.json: No such file or "
			"directory; give the directory that cvmctl build "
			"wrote" },
	{ "diff twice new", "cannot read twice: it is no manifest of schema "
			    "1; " MANIFEST },
};

static void refuses(void **state)
{
	const struct refusal *c = *state;
	own_place struct tree t = { .fd = -1 };
	struct fail f = { 0 };

	tree_make(&t);
	place_enter(&t);
	write_pair(&t, FILE_("root", AA), FILE_("root", AA));
	tree_file(&t, "text", 0644, "text");
	tree_file(&t, "twice", 0644, START ",\"a\":1,\"a\":2}");
	assert_refusal(cvmctl_run(command_diff, &f, "%s", c->words), &f,
		       c->line);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(tells, pairs),	  CASE(writes_json),
		CASE(cuts_what_is_long),  CASE(says_that_memory_is_short),
		TABLE(refuses, refusals),
	};

	return table_run(tables, array_size(tables));
}
