// SPDX-License-Identifier: MIT
/*
 * Predictions as cvmctl predict --json writes them, and every way in which
 * one is refused.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/predict/prediction-read.h"
#include "lib/own.h"
#include "lib/text.h"
#include "tests/line.h"
#include "tests/tmptree.h"

#define X10 "aaaaaaaaaa"
#define X20 X10 X10
#define X40 X20 X20 /* a SHA-1 value */
#define B40 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define Z40 "0000000000000000000000000000000000000000"

#define BANKS                                                           \
	"\"pcr\":14,\"banks\":{\"sha1\":{\"measured\":\"" X40           \
	"\",\"ready\":\"" B40 "\",\"policy\":\"" X40 "\"}},\"events\":" \
	"[{\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"" X40 "\"}]}]"
#define BOOT(pcrs)  "{" BANKS ",\"boot\":{\"mode\":\"uki\",\"pcrs\":" pcrs "}}"
#define PCR(n, hex) "\"" n "\":{\"sha1\":\"" hex "\"}"

static const struct good {
	const char *name;
	const char *text;
	uint32_t mask;
} goods[] = {
	{ "pcr 14 alone", "{" BANKS "}", 1U << 14 },
	{ "blanks after it", "{" BANKS "}\n \t", 1U << 14 },
	{ "boot without pcrs", BOOT("{}"), 1U << 14 },
	{ "pcrs of boot", BOOT("{" PCR("4", B40) "," PCR("11", Z40) "}"),
	  1U << 14 | 1U << 4 | 1U << 11 },
	{ "first and last pcr", BOOT("{" PCR("0", B40) "," PCR("23", B40) "}"),
	  1U << 14 | 1U << 0 | 1U << 23 },
	{ "keys of others", "{" BANKS ",\"signed\":{\"pcrs\":7}}", 1U << 14 },
};

static int parse(const char *text, struct pcr_values *ret, struct fail *f)
{
	return prediction_parse("FILE", text, strlen(text), DIGEST_SHA1, ret,
				f);
}

static void accepts(void **state)
{
	const struct good *g = *state;
	struct pcr_values values = { 0 };
	struct fail f = { 0 };

	assert_ok(parse(g->text, &values, &f), &f);
	assert_int_equal(values.mask, g->mask);
	assert_int_equal(values.bank, DIGEST_SHA1);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(values.value[14][i], 0xaa);
	for (size_t i = 0; g->mask & 1U << 4 && i < 20; i++)
		assert_int_equal(values.value[4][i], 0xbb);
}

#define NO_JSON	  "it is not a JSON object"
#define NO_PCR_14 "it has no value of PCR 14 in this bank"
#define NO_VALUE  "a PCR of \"boot\" has no value in this bank, or several"
#define NO_PCR	  "\"boot\" names no PCR from 0 to 23"
#define MEASURED(value) \
	"{\"pcr\":14,\"banks\":{\"sha1\":{\"measured\":" value "}}}"

static const struct bad {
	const char *name;
	const char *text;
	const char *reason;
} bads[] = {
	{ "nothing", "", NO_JSON },
	{ "array", "[]", NO_JSON },
	{ "cut off", "{" BANKS, NO_JSON },
	{ "more after it", "{" BANKS "}x", NO_JSON },
	{ "repeated key", "{" BANKS ",\"pcr\":14}", NO_JSON },
	{ "deep", "{\"pcr\":14,\"a\":[[[[[[[[[[[]]]]]]]]]]]}", NO_JSON },
	{ "no pcr", "{}", "it does not predict PCR 14" },
	{ "pcr as text", "{\"pcr\":\"14\"}", "it does not predict PCR 14" },
	{ "another pcr", "{\"pcr\":15}", "it does not predict PCR 14" },
	{ "no banks", "{\"pcr\":14}", NO_PCR_14 },
	{ "banks as array", "{\"pcr\":14,\"banks\":[]}", NO_PCR_14 },
	{ "another bank",
	  "{\"pcr\":14,\"banks\":{\"sha256\":{\"measured\":\"00\"}}}",
	  NO_PCR_14 },
	{ "number", MEASURED("7"), NO_PCR_14 },
	{ "null", MEASURED("null"), NO_PCR_14 },
	{ "empty value", MEASURED("\"\""), NO_PCR_14 },
	{ "short value", MEASURED("\"" X20 X10 "aaaaaaaa\""), NO_PCR_14 },
	{ "long value", MEASURED("\"" X40 "aa\""), NO_PCR_14 },
	{ "longest value", MEASURED("\"" X40 X40 X40 X10 "\""), NO_PCR_14 },
	{ "upper case", MEASURED("\"" X20 X10 "aaaaaaaaaA\""), NO_PCR_14 },
	{ "no digit", MEASURED("\"" X20 X10 "aaaaaaaaag\""), NO_PCR_14 },
	{ "NUL in value", MEASURED("\"" X40 "\\u0000\""), NO_PCR_14 },
	{ "boot a number", "{" BANKS ",\"boot\":7}", "\"boot\" has no PCRs" },
	{ "boot null", "{" BANKS ",\"boot\":null}", "\"boot\" has no PCRs" },
	{ "boot without pcrs", "{" BANKS ",\"boot\":{}}",
	  "\"boot\" has no PCRs" },
	{ "boot pcrs as array", BOOT("[]"), "\"boot\" has no PCRs" },
	{ "pcr 24", BOOT("{" PCR("24", X40) "}"), NO_PCR },
	{ "pcr -1", BOOT("{" PCR("-1", X40) "}"), NO_PCR },
	{ "pcr 04", BOOT("{" PCR("04", X40) "}"), NO_PCR },
	{ "pcr 00", BOOT("{" PCR("00", X40) "}"), NO_PCR },
	{ "pcr without name", BOOT("{" PCR("", X40) "}"), NO_PCR },
	{ "pcr and blank", BOOT("{" PCR("4 ", X40) "}"), NO_PCR },
	{ "pcr over 64 bits", BOOT("{" PCR("18446744073709551620", X40) "}"),
	  NO_PCR },
	{ "pcr 14 again", BOOT("{" PCR("14", X40) "}"), NO_VALUE },
	{ "pcr without banks", BOOT("{\"4\":{}}"), NO_VALUE },
	{ "pcr as text of boot", BOOT("{\"4\":\"" X40 "\"}"), NO_VALUE },
	{ "pcr in another bank", BOOT("{\"4\":{\"sha256\":\"" X40 "\"}}"),
	  NO_VALUE },
	{ "short pcr", BOOT("{" PCR("4", X20) "}"), NO_VALUE },
	{ "long pcr", BOOT("{" PCR("4", X40 "aa") "}"), NO_VALUE },
	{ "repeated pcr", BOOT("{" PCR("4", X40) "," PCR("4", X40) "}"),
	  NO_JSON },
	{ "repeated bank",
	  BOOT("{\"4\":{\"sha1\":\"" X40 "\",\"sha1\":\"" B40 "\"}}"),
	  NO_JSON },
	{ "NUL in pcr", BOOT("{" PCR("4", X40) "," PCR("4\\u0000x", X40) "}"),
	  NO_JSON },
};

static void refuses(void **state)
{
	const struct bad *b = *state;
	struct pcr_values values = { .mask = 7 };
	char line[fail_line_max];
	struct fail f = { 0 };
	int r = parse(b->text, &values, &f);

	(void)snprintf(line, sizeof(line),
		       "cannot read %sFILE: %s; make it with cvmctl predict "
		       "--json",
		       strcmp(b->reason, NO_JSON) == 0 ? ""
						       : "the sha1 values of ",
		       b->reason);
	assert_refusal(r, &f, line);
	assert_int_equal(values.mask, 7);
}

static void refuses_a_nul(void **state)
{
	static const char text[] = "{" BANKS "}\0{}";
	struct pcr_values values;
	struct fail f = { 0 };

	(void)state;
	assert_refusal(prediction_parse("FILE", text, sizeof(text) - 1,
					DIGEST_SHA1, &values, &f),
		       &f,
		       "cannot read FILE: " NO_JSON
		       "; make it with cvmctl predict --json");
}

/* A small file that would take much memory. */
static void refuses_many_values(void **state)
{
	own_text struct text text = { 0 };
	struct pcr_values values;
	struct fail f = { 0 };

	(void)state;
	text_add(&text, "{" BANKS ",\"x\":[{}");
	for (size_t i = 0; i < 1000 * 1000; i++)
		text_add_bytes(&text, ",{}", 3);
	text_add(&text, "]}");
	assert_false(text_failed(&text));
	assert_refusal(parse(text.s, &values, &f), &f,
		       "cannot read FILE: it has over a million values; make "
		       "it with cvmctl predict --json");
}

static void reads_a_file(void **state)
{
	struct pcr_values values = { 0 };
	struct fail f = { 0 };
	struct tree t;
	int saved = dup(STDIN_FILENO);

	(void)state;
	tree_make(&t);
	tree_check(fchdir(t.fd) == 0, t.path);
	tree_file(&t, "p.json", 0644, "{" BANKS "}\n");
	assert_ok(prediction_read("p.json", DIGEST_SHA1, &values, &f), &f);
	assert_int_equal(values.mask, 1U << 14);
	assert_refusal(prediction_read("p.json", DIGEST_SHA512, &values, &f),
		       &f,
		       "cannot read the sha512 values of p.json: " NO_PCR_14
		       "; make it with cvmctl predict --json");
	assert_refusal(prediction_read("none", DIGEST_SHA1, &values, &f), &f,
		       "cannot read none: No such file or directory; make it "
		       "with cvmctl predict --json");
	values.mask = 0;
	assert_non_null(freopen("p.json", "r", stdin));
	assert_ok(prediction_read("-", DIGEST_SHA1, &values, &f), &f);
	assert_int_equal(values.mask, 1U << 14);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	(void)close(saved);
	tree_check(chdir("/") == 0, "/");
	tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(accepts, goods), TABLE(refuses, bads),
		CASE(refuses_a_nul),   CASE(refuses_many_values),
		CASE(reads_a_file),
	};

	return table_run(tables, array_size(tables));
}
