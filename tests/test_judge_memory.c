// SPDX-License-Identifier: MIT
/*
 * Reading and judging with memory that runs out, at every allocation of ours:
 * it is said, or makes no difference to the verdict. json-c dies of it when it
 * parses: its own do not fail then.
 */
#include <errno.h>
#include <sanitizer/lsan_interface.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "tests/fault.h"
#include "tests/td-trial.h"

enum { faults_max = 100000 };

/* True if the allocation that was to fail was made. */
static bool is_hit(void)
{
	bool hit = fault_at == 0;

	fault_at = 0;
	return hit;
}

/* As the one without a fault. */
static void assert_same(const struct verdict *v, const struct verdict *sound)
{
	assert_int_equal(v->n, sound->n);
	for (size_t i = 0; i < v->n; i++) {
		assert_int_equal(v->check[i].result, sound->check[i].result);
		assert_string_equal(v->check[i].text, sound->check[i].text);
	}
	assert_int_equal(v->events.n, sound->events.n);
}

static bool judge_with_fault(const struct trial *t, size_t n,
			     const struct verdict *sound)
{
	own_verdict struct verdict v = { .n = 0 };
	bool hit;
	int r;

	fault_at = n;
	r = judge(&t->e, &t->x, &v);
	hit = is_hit();
	if (r == 0)
		assert_same(&v, sound);
	else
		assert_int_equal(r, -ENOMEM);
	return hit;
}

/* Each allocation fails once. */
static void exhaust(const struct trial *t)
{
	own_verdict struct verdict sound = { .n = 0 };
	size_t n = 1;

	assert_int_equal(judge(&t->e, &t->x, &sound), 0);
	while (n < faults_max && judge_with_fault(t, n, &sound))
		n++;
	assert_true(n > 1 && n < faults_max);
}

/* A file with another content and an attribute more than the log has. */
static const char other_listing[] = "cvm-init listing 1\n"
				    "d\t0755\t0\t0\t-\t.\n"
				    "f\t0644\t0\t0\t00\tmain.py\n"
				    "x\tuser.a\t00\tmain.py\n";

static void judges_or_says_so(void **state)
{
	struct trial t;

	(void)state;
	fault_only_ours = true;
	trial_begin(&t);
	exhaust(&t);
	t.x.prediction = story.prediction;
	exhaust(&t);
	trial_drop_last_firmware(&t); /* then the reason is looked for */
	exhaust(&t);
	trial_expect_listing(&t, other_listing);
	exhaust(&t);
	trial_end(&t);
	trial_begin(&t);
	td_trial_be_alone(&t);
	exhaust(&t);
	json_object_array_del_idx(t.e.init, 1, 1); /* as above */
	exhaust(&t);
	trial_end(&t);
	fault_only_ours = false;
	assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
}

static bool read_with_fault(size_t n)
{
	own_evidence struct evidence e = { .has_tpm = false };
	struct fail f = { 0 };
	bool hit;
	int r;

	fault_at = n;
	r = evidence_read_json((const char *)story.evidence.data,
			       story.evidence.len, &e, &f);
	hit = is_hit();
	if (r == -ENOMEM)
		assert_string_equal(f.remedy, "free memory");
	else
		assert_true(r == 0 && e.has_tpm);
	return hit;
}

static void reads(void **state)
{
	size_t n = 1;

	(void)state;
	fault_only_ours = true;
	while (n < faults_max && read_with_fault(n))
		n++;
	fault_only_ours = false;
	assert_true(n > 1 && n < faults_max);
	assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
}

typedef int write_verdict(const struct verdict *v, struct bytes *ret);

static void write_all(const struct verdict *v, write_verdict *write)
{
	size_t n = 1;

	for (bool hit = true; hit && n < faults_max; n++) {
		own_bytes struct bytes text = { 0 };
		int r;

		fault_at = n;
		r = write(v, &text);
		hit = is_hit();
		assert_true(r == -ENOMEM || (r == 0 && text.len > 1000));
	}
	assert_true(n > 2 && n < faults_max);
}

static void writes(void **state)
{
	own_verdict struct verdict v = { .n = 0 };
	struct trial t;

	(void)state;
	trial_begin(&t);
	trial_expect_listing(&t, other_listing);
	assert_int_equal(judge(&t.e, &t.x, &v), 0);
	write_all(&v, verdict_write_text);
	write_all(&v, verdict_write_events);
	write_all(&v, verdict_write_json);
	trial_end(&t);
	assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
}

int main(void)
{
	static const struct table tables[] = {
		CASE(judges_or_says_so),
		CASE(reads),
		CASE(writes),
	};

	/* before its first allocation */
	if (!fault_spare_openssl())
		return 1;
	return td_trial_main(tables, array_size(tables));
}
