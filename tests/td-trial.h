/* SPDX-License-Identifier: MIT */
/*
 * Evidence of a guest of Intel TDX, alone or beside a TPM, for tests of the
 * judge: one file, one maker. Include cmocka.h first.
 */
#ifndef TESTS_TD_TRIAL_H
#define TESTS_TD_TRIAL_H

#include "seal/measure/rtmr.h"
#include "tests/td-maker.h"
#include "tests/trial.h"

static struct td_maker td_trial_maker;

/* SHA-512(text || nonce || name of the key), by docs. */
static inline void td_trial_bind(const struct trial *t, struct td_parts *p)
{
	const char *context = t->e.has_tpm ? "cvm-init evidence of a TPM"
					   : "cvm-init evidence without a TPM";
	const struct digest_span spans[] = {
		{ context, strlen(context) },
		{ t->e.nonce.data, t->e.nonce.len },
		{ story.ak, t->e.has_tpm ? sizeof(story.ak) : 0 },
	};
	struct digest_set d;

	assert_int_equal(digest_spans(1U << DIGEST_SHA512, spans, 3, &d), 0);
	memcpy(p->body + td_data_at, d.value[DIGEST_SHA512], 64);
}

static inline void td_trial_quote(struct trial *t, const struct td_parts *p)
{
	struct evidence_report *r = &t->e.report[0];

	t->e.reports = 1;
	(void)snprintf(r->provider, sizeof(r->provider), "tdx_guest");
	bytes_free(&r->inblob);
	assert_int_equal(
		bytes_copy(p->body + td_data_at, td_data_size, &r->inblob), 0);
	td_parts_write(&td_trial_maker, p, &r->outblob);
}

static inline void td_trial_expect(struct expected_register *ret, int byte)
{
	ret->given = true;
	memset(ret->value, byte, sizeof(ret->value));
}

/* Another log of init: of these events, into these registers. */
static inline void td_trial_log(struct trial *t, const struct events *list,
				const struct events_into *into)
{
	json_release(&t->e.init);
	t->e.init = json_object_new_array();
	for (size_t i = 0; i < list->n; i++)
		json_object_array_add(t->e.init,
				      event_to_json(&list->event[i], i, into));
}

static inline void td_trial_measure(struct trial *t, struct td_parts *p,
				    const struct events *list)
{
	const struct events_into into = {
		.banks = t->e.has_tpm ? (digest_algs)boot_all_banks : 0,
		.rtmr = true
	};

	td_trial_log(t, list, &into);
	assert_int_equal(rtmr_replay(list, p->body + td_rtmr_at +
						   3 * td_register_size),
			 0);
}

/* All that a verifier gives, and a TD that has measured into RTMR 3. */
static inline void td_trial_begin(struct trial *t, struct td_parts *p)
{
	td_parts_begin(&td_trial_maker, p);
	td_trial_bind(t, p);
	td_trial_measure(t, p, &story.init);
	t->x.without_hardware = false;
	t->x.tdx.root = &td_trial_maker.root_pem;
	td_trial_expect(&t->x.tdx.mrtd, 0xab);
	for (int i = 0; i < expected_rtmrs; i++)
		td_trial_expect(&t->x.tdx.rtmr[i], 0xa0 + i);
}

/* The TD alone, without a TPM. */
static inline void td_trial_begin_alone(struct trial *t, struct td_parts *p)
{
	evidence_tpm_free(&t->e.tpm);
	t->e.has_tpm = false;
	bytes_free(&t->e.firmware);
	bytes_free(&t->e.ima);
	bytes_free(&t->e.systemd);
	t->x.challenged = false;
	t->x.ek.given = false;
	t->x.nonce = &t->e.nonce;
	td_trial_begin(t, p);
}

static inline void td_trial_be_alone(struct trial *t)
{
	struct td_parts p;

	td_trial_begin_alone(t, &p);
	td_trial_quote(t, &p);
}

/* trial_main, with a maker. */
static inline int td_trial_main(const struct table *tables, size_t n)
{
	int r;

	td_maker_make(&td_trial_maker);
	r = trial_main(tables, n);
	td_maker_free(&td_trial_maker);
	return r;
}

#endif
