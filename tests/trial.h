/* SPDX-License-Identifier: MIT */
/*
 * One judgement of the evidence of tests/evidence.h, with one thing changed,
 * and the check that has to notice.
 */
#ifndef TESTS_TRIAL_H
#define TESTS_TRIAL_H

#include "tests/table.h"

#include "evidence/file/read.h"
#include "tests/evidence.h"

/* Of one boot, made once: trial_main. */
static struct boot_story story;

struct trial {
	struct evidence e;
	struct expectations x;
	struct bytes nonce;	      /* borrowed from the story */
	struct json_object *manifest; /* the case's own, or NULL */
	struct json_object *prediction;
};

/* A challenged TPM, whose endorsement key is known; no processor. */
static inline void trial_begin(struct trial *t)
{
	struct fail f = { 0 };

	*t = (struct trial){ .nonce = { story.random, sizeof(story.random) },
			     .x = { .challenged = true,
				    .without_hardware = true,
				    .manifest = story.manifest } };
	assert_ok(evidence_read_json((const char *)story.evidence.data,
				     story.evidence.len, &t->e, &f),
		  &f);
	t->x.nonce = &t->nonce;
	t->x.ek.given = true;
	memcpy(t->x.ek.name, story.ek, sizeof(story.ek));
}

static inline void trial_end(struct trial *t)
{
	evidence_free(&t->e);
	json_release(&t->manifest);
	json_release(&t->prediction);
}

/* A copy, to be changed. */
static inline void trial_own_manifest(struct trial *t)
{
	assert_int_equal(
		json_object_deep_copy(story.manifest, &t->manifest, NULL), 0);
	t->x.manifest = t->manifest;
}

/* Another listing of the directory, and what PCR 14 would be then. */
static inline void trial_expect_listing(struct trial *t, const char *listing)
{
	own_events struct events apps = { 0 };

	trial_own_manifest(t);
	story_apps_of(&apps, listing);
	assert_int_equal(
		events_add_cap(&apps, events_cap_ready, boot_all_banks), 0);
	json_set(t->manifest, "apps", story_predict_apps(&apps));
}

/* The firmware's log anew, of events that the case has changed. */
static inline void trial_write_firmware(struct trial *t,
					const struct events *list)
{
	digest_algs banks = 0;

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (t->e.tpm.pcrs[a].mask)
			banks |= 1U << a;
	story_write_tcg(list, banks, &t->e.firmware);
}

static inline void trial_drop_last_firmware(struct trial *t)
{
	struct events most = story.firmware; /* borrowed */

	most.n--;
	trial_write_firmware(t, &most);
}

/* Another log of systemd, or its records and more. */
static inline void trial_set_systemd(struct trial *t, const char *text)
{
	bytes_free(&t->e.systemd);
	assert_int_equal(bytes_copy(text, strlen(text), &t->e.systemd), 0);
}

static inline void trial_add_systemd(struct trial *t, const char *text)
{
	own_text struct text all = { 0 };

	text_add(&all, "%s%s", (const char *)t->e.systemd.data, text);
	assert_false(text_failed(&all));
	trial_set_systemd(t, all.s);
}

struct trial_case {
	const char *name; /* first: that of the test */
	void (*change)(struct trial *t);
	enum check_result result;
	const char *check;
	const char *text;
};

static inline void trial_show(const struct verdict *v)
{
	for (size_t i = 0; i < v->n; i++)
		print_message("%s %s: %s\n",
			      check_result_name(v->check[i].result),
			      v->check[i].name, v->check[i].text);
}

static inline bool trial_says(const struct verdict *v,
			      const struct trial_case *c)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->check[i].name, c->check) == 0 &&
		    v->check[i].result == c->result &&
		    strcmp(v->check[i].text, c->text) == 0)
			return true;
	return false;
}

/* A test of rows of struct trial_case: the check says so, and the verdict. */
static inline void judges(void **state)
{
	const struct trial_case *c = *state;
	own_verdict struct verdict v = { .n = 0 };
	struct trial t;
	bool good = c->result == CHECK_OK || c->result == CHECK_SKIPPED;

	trial_begin(&t);
	if (c->change)
		c->change(&t);
	assert_int_equal(judge(&t.e, &t.x, &v), 0);
	if (!trial_says(&v, c) || verdict_trusted(&v) != good) {
		trial_show(&v);
		fail_msg("not so: %s", c->text);
	}
	trial_end(&t);
}

/* table_run, with a story. */
static inline int trial_main(const struct table *tables, size_t n)
{
	int r;

	story_make(&story);
	r = table_run(tables, n);
	story_free(&story);
	return r;
}

#endif
