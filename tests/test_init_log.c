// SPDX-License-Identifier: MIT
/* The log of init, read as evidence: a text in it has to give the digest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "tests/table.h"

#include "evidence/logs/logs.h"
#include "lib/json.h"
#include "lib/own.h"

#define ABC_SHA256 \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define RECORD(content)                                            \
	"[{\"recnum\":0,\"pcr\":14,\"digests\":[{\"hashAlg\":"     \
	"\"sha256\",\"digest\":\"" ABC_SHA256                      \
	"\"}],\"content_type\":\"cvm-init\",\"content\":{" content \
	",\"app\":\"a\",\"path\":\"/a\"}}]"

static const struct record {
	const char *name;
	const char *json;
	bool is_right;
} records[] = {
	{ "exec", RECORD("\"kind\":\"exec\""), true },
	{ "directory", RECORD("\"kind\":\"directory\",\"listing\":\"abc\""),
	  true },
	{ "another directory",
	  RECORD("\"kind\":\"directory\",\"listing\":\"abd\""), false },
	{ "no directory", RECORD("\"kind\":\"directory\""), false },
	{ "attributes", RECORD("\"kind\":\"attributes\",\"listing\":\"abc\""),
	  true },
	{ "other attributes",
	  RECORD("\"kind\":\"attributes\",\"listing\":\"abd\""), false },
	{ "no attributes", RECORD("\"kind\":\"attributes\""), false },
	{ "verity", RECORD("\"kind\":\"verity\",\"listing\":\"abc\""), true },
	{ "another root hash",
	  RECORD("\"kind\":\"verity\",\"listing\":\"abd\""), false },
	{ "no root hash", RECORD("\"kind\":\"verity\""), false },
};

static void reads(void **state)
{
	const struct record *c = *state;
	own_json struct json_object *o = json_tokener_parse(c->json);
	struct log_events events = { 0 };
	struct fail f = { 0 };
	int r;

	assert_non_null(o);
	r = init_log_read(o, &events, &f);
	log_events_free(&events);
	assert_int_equal(r == 0, c->is_right);
	if (r < 0)
		assert_string_equal(f.reason,
				    "the digests of its record 0 are not those "
				    "of the text in it");
}

int main(void)
{
	const struct table tables[] = { TABLE(reads, records) };

	return table_run(tables, array_size(tables));
}
