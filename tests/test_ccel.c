// SPDX-License-Identifier: MIT
/*
 * The log behind the RTMRs of Intel TDX: that of a real guest leads to what its
 * quote says (tests/vectors/tdx); what is damaged is refused. What the judge
 * makes of it: test_judge_ccel.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/table.h"

#include "evidence/logs/logs.h"
#include "evidence/logs/replay.h"
#include "evidence/signed/td-quote.h"
#include "lib/io.h"
#include "tests/ccel.h"

enum { file_max = 64 * 1024, no_action = 3, ipl = 0xd };

static void read_vector(const char *name, struct bytes *ret)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "tests/vectors/tdx/%s", name);
	assert_int_equal(io_read_file(AT_FDCWD, path, file_max, ret), 0);
}

static void leads_to_a_real_quote(void **state)
{
	own_bytes struct bytes quote = { 0 };
	own_bytes struct bytes log = { 0 };
	struct log_events list = { .n = 0 };
	struct td_quote q;
	struct fail f = { 0 };

	(void)state;
	read_vector("quote-4-cos", &quote);
	read_vector("ccel-cos", &log);
	assert_int_equal(td_quote_read(&quote, &q, &f), 0);
	assert_int_equal(ccel_log_read(&log, &list, &f), 0);
	assert_int_equal(list.n, 43);
	for (unsigned i = 0; i < td_rtmrs; i++) {
		struct digest_set value;

		assert_int_equal(replay_mr(&list, i + log_mr_rtmr_0, &value),
				 0);
		assert_memory_equal(value.value[DIGEST_SHA384], q.rtmr[i],
				    td_register_size);
	}
	assert_string_equal(list.event[38].says,
			    "grub_cmd: linux /syslinux/vmlinuz.A "
			    "init=/usr/lib/systemd/systemd rootwait ro "
			    "noresume loglevel=");
	log_events_free(&list);
}

static void add_unwritten(struct ccel *c)
{
	static const uint8_t zeros[64];

	text_add_bytes(&c->log, zeros, sizeof(zeros));
}

static void add_other_register(struct ccel *c)
{
	ccel_add_text(c, 5, ipl, "event");
}

/* As of an event that extends nothing, and need not be of a register. */
static void add_note(struct ccel *c)
{
	ccel_add_text(c, 77, no_action, "note");
}

static void add_mrtd(struct ccel *c)
{
	ccel_add_text(c, 0, ipl, "firmware");
}

static void add_without_digest(struct ccel *c)
{
	ccel_add_number(&c->log, 4, 1);
	ccel_add_number(&c->log, 4, ipl);
	ccel_add_number(&c->log, 4, 0);
	ccel_add_number(&c->log, 4, 0);
}

static void add_cut(struct ccel *c)
{
	ccel_add_text(c, 1, ipl, "event");
	c->log.len--;
}

static void be_of_a_tpm(struct ccel *c)
{
	c->log.s[0] = 0;
}

static void be_another(struct ccel *c)
{
	c->log.s[40] ^= 1; /* in "Spec ID Event03" */
}

#define NO_REGISTER "its event 1 is of no register, or has no SHA-384"

static const struct read_case {
	const char *name;
	void (*change)(struct ccel *c);
	size_t n; /* events */
	size_t n_of_registers;
	const char *reason;
} reads[] = {
	{ "an event", NULL, 1, 1, "" },
	{ "zeros behind it", add_unwritten, 1, 1, "" },
	{ "a note", add_note, 2, 1, "" },
	{ "of MRTD", add_mrtd, 2, 1, "" },
	{ "of another register", add_other_register, 1, 1, NO_REGISTER },
	{ "without a digest", add_without_digest, 1, 1, NO_REGISTER },
	{ "cut off", add_cut, 1, 1, "it is cut off or damaged at event 1" },
	{ "of a TPM", be_of_a_tpm, 0, 0, "it is no crypto-agile log" },
	{ "of another form", be_another, 0, 0, "it is no crypto-agile log" },
};

static void reads_logs(void **state)
{
	const struct read_case *c = *state;
	own_bytes struct bytes log = { 0 };
	struct log_events list = { .n = 0 };
	struct ccel ccel;
	struct fail f = { 0 };
	size_t n = 0;

	ccel_begin(&ccel);
	ccel_add_text(&ccel, 1, ipl, "first");
	if (c->change)
		c->change(&ccel);
	assert_int_equal(bytes_copy(ccel.log.s, ccel.log.len, &log), 0);
	text_free(&ccel.log);
	assert_int_equal(ccel_log_read(&log, &list, &f),
			 *c->reason ? -EINVAL : 0);
	assert_string_equal(f.reason, c->reason);
	assert_int_equal(list.n, c->n);
	for (size_t i = 0; i < list.n; i++)
		n += list.event[i].mr > 0;
	assert_int_equal(n, c->n_of_registers);
	log_events_free(&list);
}

int main(void)
{
	static const struct table tables[] = {
		CASE(leads_to_a_real_quote),
		TABLE(reads_logs, reads),
	};

	return table_run(tables, array_size(tables));
}
