// SPDX-License-Identifier: MIT
/*
 * The pictures of guests of Intel TDX: which registers are drawn with a TPM
 * and without one, and that nothing is said of keys where no TPM releases any.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "config/boot.h"
#include "cvmctl/show/chain-draw.h"
#include "cvmctl/show/chain-source.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/strict-json.h"
#include "tests/picture.h"

enum { evidence_max = 64 * 1024, depth_max = 16, wants_max = 12 };

static struct json_object *read_evidence(const char *name)
{
	own_bytes struct bytes text = { 0 };
	struct json_object *o = NULL;
	char path[64];

	(void)snprintf(path, sizeof(path), "tests/corpus/evidence/%s", name);
	assert_int_equal(io_read_file(AT_FDCWD, path, evidence_max, &text), 0);
	assert_int_equal(strict_json_parse((const char *)text.data,
					   evidence_max, depth_max, &o),
			 0);
	return o;
}

static struct json_object *report_of(struct json_object *o)
{
	return json_object_array_get_idx(json_get(o, "reports"), 0);
}

/* The quote of the TD, its log and its register in the evidence of a TPM. */
static void add_td(struct json_object *o)
{
	own_json struct json_object *td = read_evidence("td");
	struct json_object *events = json_get(json_get(o, "logs"), "init");

	json_set(o, "reports", json_object_get(json_get(td, "reports")));
	for (size_t i = 0; i < chain_count(events); i++)
		json_set_u64(json_object_array_get_idx(events, i), "rtmr", 3);
}

static void add_td_alone(struct json_object *o)
{
	struct json_object *events = json_get(json_get(o, "logs"), "init");

	add_td(o);
	for (size_t i = 0; i < chain_count(events); i++)
		json_object_object_del(json_object_array_get_idx(events, i),
				       "rtmr");
}

static void damage_quote(struct json_object *o)
{
	json_set_string(report_of(o), "outblob", "AAAA");
}

static void claim_registers(struct json_object *o)
{
	own_json struct json_object *rtmr = json_object_new_object();
	uint8_t value[evidence_rtmr_size];

	memset(value, 0xc1, sizeof(value));
	json_set_hex(rtmr, "mrtd", value, sizeof(value));
	for (unsigned i = 0; i < evidence_rtmrs; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "rtmr%u", i);
		json_set_hex(rtmr, name, value, sizeof(value));
	}
	json_set(o, "rtmr", json_object_get(rtmr));
	damage_quote(o);
}

static void damage_log(struct json_object *o)
{
	json_set_string(json_get(o, "logs"), "ccel", "AAAA");
}

static void have_ima(struct json_object *o)
{
	json_set_string(json_get(o, "logs"), "ima", "AAAA");
}

static void have_nothing(struct json_object *o)
{
	json_object_object_del(o, "reports");
}

#define KEYS  "the TPM releases keys"
#define SIGNS "quoting enclave signs:"

static const struct td_case {
	const char *name, *file;
	void (*change)(struct json_object *o);
	const char *want[wants_max];
	const char *without[wants_max];
} cases[] = {
	{ "a TD without a TPM",
	  "td",
	  NULL,
	  { "> MRTD\n", "> RTMR 0\n", "> RTMR 1\n", "> RTMR 2\n", "> RTMR 3\n",
	    "value        abababababab", "log of the TD", "  kernel ", SIGNS,
	    "TD quote", "that under Intel's root",
	    "closes RTMR 3, then starts" },
	  { "PCR", "TPM", "Volumes", "init opens", "not given", "IMA" } },
	{ "the keys of its volumes",
	  "td",
	  NULL,
	  { "1: a key 49bdbf91a92e" },
	  { "in PCR 15" } },
	{ "a TD beside a TPM",
	  "story",
	  add_td,
	  { "> MRTD\n", "> RTMR 0\n", "> PCR 4, RTMR 1\n", "> PCR 9, RTMR 2\n",
	    "> PCR 10\n", "> PCR 14, RTMR 3\n", "PCR 14       d736ef5ed9c7",
	    "RTMR 3       5efe1725db60", KEYS, "and in RTMR 3", "init opens",
	    "closes both, then starts" },
	  { "TD quote", SIGNS, "not given" } },
	{ "a TD that init leaves alone",
	  "story",
	  add_td_alone,
	  { "> PCR 14, RTMR 3\n", "closes PCR 14, then starts" },
	  { "and in RTMR 3", "closes both" } },
	{ "a TPM alone",
	  "story",
	  NULL,
	  { "> PCR 14\n", "Launch measurement", KEYS },
	  { "RTMR", "MRTD", "TD quote" } },
	{ "a damaged quote",
	  "td",
	  damage_quote,
	  { "> RTMR 3\n", "value not given", "none that can be read:" },
	  { "under the CPU's PCK" } },
	{ "registers that are only claimed",
	  "td",
	  claim_registers,
	  { "value        c1c1c1c1c1c1", "values as the VM has them" },
	  { "under the CPU's PCK", "value not given" } },
	{ "a damaged log",
	  "td",
	  damage_log,
	  { "which cannot be read" },
	  { "  kernel " } },
	{ "a list of IMA that nothing proves",
	  "td",
	  have_ima,
	  { "IMA's log", "in no register" },
	  { "PCR 10" } },
	{ "nothing that is quoted",
	  "td",
	  have_nothing,
	  { "> Nothing\n",
	    "no register was quoted:", "nobody can tell what runs" },
	  { "RTMR 1", "PCR 4", KEYS, SIGNS } },
};

static void assert_text(const char *text, const char *const want[],
			const char *const without[])
{
	for (size_t i = 0; i < wants_max && want[i]; i++)
		if (!strstr(text, want[i]))
			fail_msg("no \"%s\" in:\n%s", want[i], text);
	for (size_t i = 0; i < wants_max && without[i]; i++)
		if (strstr(text, without[i]))
			fail_msg("\"%s\" in:\n%s", without[i], text);
}

static void assert_drawn(struct chain *c, const char *const want[],
			 const char *const without[])
{
	own_text struct text svg = { 0 };
	own_text struct text text = { 0 };

	assert_int_equal(chain_layout(c), 0);
	assert_int_equal(chain_draw_svg(c, &svg), 0);
	assert_int_equal(chain_draw_text(c, chain_width_min, false, &text), 0);
	assert_is_svg(&svg);
	assert_is_text(&text);
	assert_text(text.s, want, without);
}

static void draws_evidence(void **state)
{
	const struct td_case *t = *state;
	own_json struct json_object *o = read_evidence(t->file);
	own_chain struct chain c = { .title = "" };

	if (t->change)
		t->change(o);
	chain_set_title(&c, "a note", "a title");
	chain_from_evidence(o, &c);
	assert_drawn(&c, t->want, t->without);
}

static const struct into_case {
	const char *name;
	unsigned into;
	bool is_uki;
	const char *want[wants_max];
	const char *without[wants_max];
} images[] = {
	{ "tpm",
	  BOOT_MEASURE_TPM,
	  false,
	  { "> PCR 2\n", "> PCR 4\n", "> PCR 9\n", "> PCR 10\n", "> PCR 14\n",
	    KEYS, "closes PCR 14, then starts" },
	  { "RTMR", "MRTD", "TD quote" } },
	{ "rtmr",
	  BOOT_MEASURE_RTMR,
	  false,
	  { "> MRTD\n", "> RTMR 1\n", "> RTMR 2\n", "> RTMR 3\n",
	    "afterwards   333333333333", SIGNS, "closes RTMR 3, then starts" },
	  { "PCR", "TPM", "Volumes", "for keys" } },
	{ "rtmr, a UKI",
	  BOOT_MEASURE_RTMR,
	  true,
	  { "systemd-stub -> RTMR 2\n", "a command line of the VMM" },
	  { "PCR", "TPM" } },
	{ "tpm rtmr",
	  BOOT_MEASURE_TPM | BOOT_MEASURE_RTMR,
	  false,
	  { "> PCR 4 or RTMR 1\n", "> PCR 9 or RTMR 2\n",
	    "> PCR 14 and RTMR 3\n", "afterwards   222222222222",
	    "these are PCR 14's", KEYS, "closes both, then starts" },
	  { "TD quote", SIGNS } },
	{ "none",
	  BOOT_MEASURE_NONE,
	  false,
	  { "Launch measurement", "> Nothing\n",
	    "[measure] into = none:", " starts\n" },
	  { "PCR", "RTMR", "TPM", "Volumes", "closes" } },
};

static void draws_image(void **state)
{
	static const char manifest[] =
		"{\"apps\":{\"banks\":{\"sha256\":{\"measured\":"
		"\"111111111111\",\"ready\":\"222222222222\"},\"sha384\":"
		"{\"ready\":\"333333333333\"}},\"events\":[]},"
		"\"ima-policy\":{},\"volumes\":[{\"name\":\"state\"}]}";
	static const struct chain_keys none = { .n = 0 };
	const struct into_case *t = *state;
	const struct chain_boot boot = { .into = t->into, .is_uki = t->is_uki };
	own_json struct json_object *o = json_tokener_parse(manifest);
	own_chain struct chain c = { .title = "" };

	assert_non_null(o);
	chain_set_title(&c, "a note", "a title");
	chain_from_manifest(o, &boot, &none, &c);
	assert_drawn(&c, t->want, t->without);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(draws_evidence, cases),
		TABLE(draws_image, images),
	};

	return table_run(tables, array_size(tables));
}
