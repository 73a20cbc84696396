// SPDX-License-Identifier: MIT
/*
 * The judge and IMA's list, which the kernel of the story has extended into
 * PCR 10 by each bank's own hash, but SHA-384 by SHA-1 and zeros. As
 * test_judge.c.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "evidence/logs/ima-log.h"
#include "tests/trial.h"

enum { records = 8 };

/* Where each record begins, and where the last one ends. */
static void find_records(const struct trial *t, size_t at[records + 1])
{
	struct ima_log log;
	struct ima_record r;
	struct fail f = { 0 };

	ima_log_open(&t->e.ima, &log);
	for (size_t i = 0; i <= records; i++) {
		at[i] = (size_t)(log.at - t->e.ima.data);
		assert_int_equal(ima_log_next(&log, &r, &f), i < records);
	}
}

/* The list anew, of the records whose numbers are in a string. */
static void write_list(struct trial *t, const char *numbers)
{
	own_text struct text list = { 0 };
	size_t at[records + 1];

	find_records(t, at);
	for (const char *n = numbers; *n; n++) {
		size_t i = (size_t)(*n - '0');

		text_add_bytes(&list, t->e.ima.data + at[i], at[i + 1] - at[i]);
	}
	bytes_free(&t->e.ima);
	assert_int_equal(bytes_copy(list.s, list.len, &t->e.ima), 0);
}

static void cut(struct trial *t)
{
	t->e.ima.len -= 3;
}

static void drop_last(struct trial *t)
{
	write_list(t, "0123456");
}

static void drop_middle(struct trial *t)
{
	write_list(t, "0134567");
}

static void drop_violation(struct trial *t)
{
	write_list(t, "0124567");
}

static void drop_first(struct trial *t)
{
	write_list(t, "1234567");
}

static void exchange(struct trial *t)
{
	write_list(t, "01324567");
}

static void add_at_end(struct trial *t)
{
	write_list(t, "012345672");
}

static void add_before(struct trial *t)
{
	write_list(t, "012234567");
}

static void drop_all(struct trial *t)
{
	bytes_free(&t->e.ima);
}

static void change_byte(struct trial *t, size_t record, size_t at, uint8_t bits)
{
	size_t begin[records + 1];

	find_records(t, begin);
	t->e.ima.data[begin[record] + at] ^= bits;
}

static void change_path(struct trial *t)
{
	size_t begin[records + 1];

	find_records(t, begin);
	t->e.ima.data[begin[3] - 2] ^= 1; /* of record 2, before its NUL */
}

static void change_digest(struct trial *t)
{
	change_byte(t, 2, 4, 1);
}

static void change_pcr(struct trial *t)
{
	change_byte(t, 2, 0, 1);
}

/* A violation that was none: then anything could stand in the record. */
static void claim_violation(struct trial *t)
{
	size_t begin[records + 1];

	find_records(t, begin);
	memset(t->e.ima.data + begin[2] + 4, 0, 20);
}

static void lengthen(struct trial *t)
{
	change_byte(t, 2, 4 + 20 + 3, 0x40); /* the size of the name */
}

static void require_ima(struct trial *t)
{
	t->x.required_pcrs = 1U << 10;
}

static void quote_other(struct trial *t)
{
	t->e.tpm.pcrs[DIGEST_SHA384].value[10][47] ^= 1;
}

#define NO_LEAD                                                            \
	"it does not lead to PCR 10 in each bank: records were left out, " \
	"added, changed or moved"

static const struct trial_case cases[] = {
	{ "nothing", NULL, CHECK_OK, "ima-log",
	  "its first 8 of 8 records lead to PCR 10; 3 unknown, 1 of them "
	  "violations" },
	{ "its beginning", NULL, CHECK_OK, "boot-aggregate",
	  "the list of IMA was begun on what was booted" },
	{ "PCR 10 is needed", require_ima, CHECK_OK, "required-pcrs",
	  "PCRs 10 and 14 are quoted and accounted for" },
	{ "longer than what was quoted", add_at_end, CHECK_OK, "ima-log",
	  "its first 8 of 9 records lead to PCR 10; 3 unknown, 1 of them "
	  "violations" },
	{ "cut in a record", cut, CHECK_REFUSED, "ima-log",
	  "it is cut off or damaged at record 7" },
	{ "cut between records", drop_last, CHECK_REFUSED, "ima-log", NO_LEAD },
	{ "one less", drop_middle, CHECK_REFUSED, "ima-log", NO_LEAD },
	{ "no violation", drop_violation, CHECK_REFUSED, "ima-log", NO_LEAD },
	{ "no aggregate", drop_first, CHECK_REFUSED, "boot-aggregate",
	  "the first record of IMA is another one" },
	{ "exchanged", exchange, CHECK_REFUSED, "ima-log", NO_LEAD },
	{ "one more", add_before, CHECK_REFUSED, "ima-log", NO_LEAD },
	{ "none", drop_all, CHECK_REFUSED, "ima-log",
	  "there is none, and PCR 10 is not zero" },
	{ "another path", change_path, CHECK_REFUSED, "ima-log",
	  "its record 2 has a digest that is not that of its data" },
	{ "another digest", change_digest, CHECK_REFUSED, "ima-log",
	  "its record 2 has a digest that is not that of its data" },
	{ "another PCR", change_pcr, CHECK_REFUSED, "ima-log",
	  "its record 2 extends another PCR than 10" },
	{ "a violation that is none", claim_violation, CHECK_REFUSED, "ima-log",
	  NO_LEAD },
	{ "a long name", lengthen, CHECK_REFUSED, "ima-log",
	  "it is cut off or damaged at record 2" },
	{ "another padded bank", quote_other, CHECK_REFUSED, "ima-log",
	  NO_LEAD },
};

static const struct explained {
	const char *entry;
	enum log_origin origin;
	const char *type;
	const char *says;
} explained[records] = {
	{ "PCRs 0 to 9 of bank sha256", ORIGIN_KNOWN, "ima-ng",
	  "boot_aggregate" },
	{ "root.verity.root-hash", ORIGIN_KNOWN, "ima-buf", "dm_table_load" },
	{ "apps.events[2] main.py", ORIGIN_KNOWN, "ima-ng", "/app/main.py" },
	{ NULL, ORIGIN_UNKNOWN, "violation", "/tmp/log" },
	{ NULL, ORIGIN_UNKNOWN, "ima-ng", "/bin/other" },
	{ "root.verity.root-hash", ORIGIN_KNOWN, "ima-buf",
	  "dm_device_resume" },
	{ NULL, ORIGIN_UNKNOWN, "ima-buf", "dm_device_resume" },
	{ "volumes[0] uuid", ORIGIN_KNOWN, "ima-buf", "dm_table_load" },
};

static void explains(void **state)
{
	own_verdict struct verdict v = { .n = 0 };
	struct trial t;

	(void)state;
	trial_begin(&t);
	assert_int_equal(judge(&t.e, &t.x, &v), 0);
	for (size_t i = 0; i < records; i++) {
		const struct log_event *e =
			&v.events.event[v.events.n - records + i];
		const struct explained *x = &explained[i];

		assert_int_equal(e->log, LOG_IMA);
		assert_int_equal(e->origin, x->origin);
		assert_string_equal(e->type, x->type);
		assert_string_equal(e->says, x->says);
		assert_true(!e->entry == !x->entry);
		if (x->entry)
			assert_string_equal(e->entry, x->entry);
	}
	trial_end(&t);
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(judges, cases),
		CASE(explains),
	};

	return trial_main(tables, array_size(tables));
}
