// SPDX-License-Identifier: MIT
/* Reading evidence: one member changed or left out at a time. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "evidence/file/read.h"
#include "tests/evidence.h"

static struct boot_story story;

#define TPM	"\"tpm\" is not as it should be"
#define LOGS	"\"logs\" is not as it should be"
#define REPORTS "\"reports\" is not as it should be"
#define RTMR	"\"rtmr\" is not as it should be"
#define NONCE	"\"nonce\" is not as it should be"
#define SCHEMA	"its schema is another one than this cvmctl knows"

#define REPORT(rest) "[{\"provider\":\"svsm\",\"inblob\":\"00\"," rest "}]"

static const struct change {
	const char *name;
	const char *path;   /* "tpm.quote.attest" */
	const char *value;  /* JSON; NULL: it is left out */
	const char *reason; /* NULL: it is read all the same */
} changes[] = {
	{ "another type", "type", "\"cvm-init image\"",
	  "it is no evidence of ours" },
	{ "schema 2", "schema", "2", SCHEMA },
	{ "schema as text", "schema", "\"1\"", SCHEMA },
	{ "no nonce", "nonce", NULL, NONCE },
	{ "an empty nonce", "nonce", "\"\"", NONCE },
	{ "65 bytes of nonce", "nonce",
	  "\"0000000000000000000000000000000000000000000000000000000000000000"
	  "0000000000000000000000000000000000000000000000000000000000000000"
	  "00\"",
	  NONCE },
	{ "an unknown key", "unknown", "1", NULL },
	{ "no TPM", "tpm", NULL, NULL },
	{ "a TPM that is none", "tpm", "1", TPM },
	{ "a long class", "tpm.class", "\"01234567890123456789012345678901\"",
	  TPM },
	{ "no EK", "tpm.ek", NULL, TPM },
	{ "no base64", "tpm.ak", "\"#\"", TPM },
	{ "no quote", "tpm.quote", NULL, TPM },
	{ "no attestation", "tpm.quote.attest", NULL, TPM },
	{ "no certification", "tpm.srk-certification.signature", NULL, TPM },
	{ "no PCRs", "tpm.pcrs", NULL, TPM },
	{ "another bank", "tpm.pcrs.sm3", "{}", TPM },
	{ "an empty bank", "tpm.pcrs.sha256", "{}", TPM },
	{ "PCR 24", "tpm.pcrs.sha256.24",
	  "\"0000000000000000000000000000000000000000000000000000000000000000"
	  "\"",
	  TPM },
	{ "a short value", "tpm.pcrs.sha256.4", "\"00\"", TPM },
	{ "no logs", "logs", NULL, LOGS },
	{ "no firmware's log", "logs.firmware", NULL, NULL },
	{ "a log of a TD", "logs.ccel", "\"AAAA\"", NULL },
	{ "a log of a TD that is none", "logs.ccel", "1", LOGS },
	{ "a log of init that is no list", "logs.init", "{}", LOGS },
	{ "a list of IMA that is none", "logs.ima", "1", LOGS },
	{ "a log of systemd that is no text", "logs.systemd", "1", LOGS },
	{ "no reports", "reports", NULL, REPORTS },
	{ "a report", "reports", REPORT("\"privlevel\":0,\"outblob\":\"AAAA\""),
	  NULL },
	{ "a report without its report", "reports", REPORT("\"privlevel\":0"),
	  REPORTS },
	{ "a report of level 4", "reports",
	  REPORT("\"privlevel\":4,\"outblob\":\"AAAA\""), REPORTS },
	{ "five reports", "reports", "[{},{},{},{},{}]", REPORTS },
	{ "registers that are none", "rtmr", "{}", RTMR },
};

/* Sets or removes what the path names. */
static void apply(struct json_object *o, const struct change *c)
{
	own_free char *copy = strdup(c->path);
	char *rest = copy;
	char *name = strsep(&rest, ".");

	while (rest) {
		o = json_get(o, name);
		assert_non_null(o);
		name = strsep(&rest, ".");
	}
	json_object_object_del(o, name);
	if (c->value)
		json_set(o, name, json_tokener_parse(c->value));
}

static void reads(void **state)
{
	const struct change *c = *state;
	own_json struct json_object *o =
		json_tokener_parse((const char *)story.evidence.data);
	own_bytes struct bytes text = { 0 };
	own_evidence struct evidence e = { .has_tpm = false };
	struct fail f = { 0 };
	int r;

	apply(o, c);
	assert_int_equal(json_write(o, &text), 0);
	r = evidence_read_json((const char *)text.data, text.len, &e, &f);
	if (!c->reason) {
		assert_ok(r, &f);
		return;
	}
	assert_true(r < 0);
	assert_string_equal(f.what, "read the evidence");
	assert_string_equal(f.reason, c->reason);
	assert_string_equal(f.remedy, "make it with cvmctl evidence");
	assert_false(e.has_tpm);
}

/* As it was written, byte for byte. */
static void writes_the_same(void **state)
{
	own_evidence struct evidence e = { .has_tpm = false };
	own_bytes struct bytes text = { 0 };
	struct fail f = { 0 };

	(void)state;
	assert_ok(evidence_read_json((const char *)story.evidence.data,
				     story.evidence.len, &e, &f),
		  &f);
	assert_int_equal(evidence_write_json(&e, "a test", &text), 0);
	assert_string_equal((const char *)text.data,
			    (const char *)story.evidence.data);
}

static void refuses_text(void **state)
{
	static const char *const texts[] = {
		"", "[]", "{} x", "{\"type\":1,\"type\":1}", "{",
	};
	struct evidence e;
	struct fail f = { 0 };

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++)
		assert_refusal(
			evidence_read_json(texts[i], strlen(texts[i]), &e, &f),
			&f,
			"cannot read the evidence: it is not a JSON object; "
			"make it with cvmctl evidence");
	assert_true(evidence_read_json("{}\0", 3, &e, &f) < 0);
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(reads, changes),
		CASE(writes_the_same),
		CASE(refuses_text),
	};
	int r;

	story_make(&story);
	r = table_run(tables, array_size(tables));
	story_free(&story);
	return r;
}
