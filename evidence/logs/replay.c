// SPDX-License-Identifier: MIT
/* See replay.h. */
#include "evidence/logs/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/own.h"

enum { explained_max = 256 }; /* events of a PCR; the search is quadratic */

void replay_start(unsigned pcr, uint8_t locality, digest_algs banks,
		  struct digest_set *ret)
{
	pcr_start_value(banks, ret);
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		if (pcr >= 17 && pcr <= 22)
			memset(ret->value[a], 0xff, digest_size(a));
		if (pcr == 0)
			ret->value[a][digest_size(a) - 1] = locality;
	}
}

int replay_events(const struct log_events *list, enum log_source log,
		  struct digest_set pcrs[static pcr_count])
{
	for (size_t i = 0; i < list->n; i++) {
		const struct log_event *e = &list->event[i];
		int r;

		if (e->log != log || e->mr_alone ||
		    e->origin == ORIGIN_INFORMATION)
			continue;
		r = pcr_extend_value(&pcrs[e->pcr], &e->digests);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The events of one register in one bank, and what they should lead to. */
struct chain {
	const char *kind; /* "PCR", "RTMR" */
	unsigned number;
	enum digest_alg bank;
	const uint8_t *quoted;
	struct digest_set start;
	const struct log_event *event[explained_max];
	size_t n;
	int error;
};

/* Does it lead there, up to but without end, in this order? */
static bool leads(struct chain *c, size_t end, size_t without)
{
	struct digest_set value = c->start;

	for (size_t i = 0; i < end && c->error == 0; i++)
		if (i != without)
			c->error =
				pcr_extend_value(&value, &c->event[i]->digests);
	return c->error == 0 && memcmp(value.value[c->bank], c->quoted,
				       digest_size(c->bank)) == 0;
}

static void swap(struct chain *c, size_t i)
{
	const struct log_event *first = c->event[i];

	c->event[i] = c->event[i + 1];
	c->event[i + 1] = first;
}

static void name_event(const struct chain *c, size_t i, struct text *ret)
{
	text_add(ret, "%s event %zu", log_source_name(c->event[i]->log),
		 c->event[i]->number);
}

/* True, and the reason, if it leads there without some event at its end. */
static bool find_surplus(struct chain *c, struct text *ret)
{
	for (size_t i = 0; i < c->n; i++) {
		if (!leads(c, i, c->n))
			continue;
		text_add(ret, "it was quoted before ");
		name_event(c, i, ret);
		return true;
	}
	for (size_t i = 0; i < c->n; i++) {
		if (!leads(c, c->n, i))
			continue;
		name_event(c, i, ret);
		text_add(ret, " is too much");
		return true;
	}
	return false;
}

/* The same if two events change places. */
static bool find_exchange(struct chain *c, struct text *ret)
{
	for (size_t i = 0; i + 1 < c->n; i++) {
		bool found;

		swap(c, i);
		found = leads(c, c->n, c->n);
		swap(c, i);
		if (found) {
			name_event(c, i, ret);
			text_add(ret, " came after the next one");
			return true;
		}
	}
	return false;
}

static bool is_zero(const uint8_t *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (value[i])
			return false;
	return true;
}

static void collect(struct chain *c, const struct log_events *list,
		    unsigned pcr)
{
	for (size_t i = 0; i < list->n && c->n < explained_max; i++) {
		const struct log_event *e = &list->event[i];

		if (e->pcr == pcr && e->log != LOG_IMA && !e->mr_alone &&
		    e->origin != ORIGIN_INFORMATION)
			c->event[c->n++] = e;
	}
}

static int explain_chain(struct chain *c, struct text *ret)
{
	if (!c->n) {
		text_add(ret, "no log has an event of %s %u", c->kind,
			 c->number);
		return 0;
	}
	if (is_zero(c->quoted, digest_size(c->bank))) {
		text_add(ret, "%s %u was never extended", c->kind, c->number);
		return 0;
	}
	if (!find_surplus(c, ret) && !find_exchange(c, ret))
		text_add(ret, "of %s %u an event was left out or changed",
			 c->kind, c->number);
	return c->error;
}

int replay_explain(const struct log_events *list,
		   const struct pcr_values quoted[static DIGEST_ALG_COUNT],
		   enum digest_alg bank, uint32_t mask,
		   const struct digest_set start[static pcr_count],
		   struct text *ret)
{
	own_free struct chain *c = calloc(1, sizeof(*c));
	unsigned pcr = 0;

	if (!c || !mask)
		return -ENOMEM;
	while (!(mask & 1U << pcr))
		pcr++;
	c->kind = "PCR";
	c->number = pcr;
	c->bank = bank;
	c->quoted = quoted[bank].value[pcr];
	c->start = start[pcr];
	c->start.algs = 1U << bank;
	collect(c, list, pcr);
	return explain_chain(c, ret);
}

int replay_mr(const struct log_events *list, unsigned mr,
	      struct digest_set *ret)
{
	struct digest_set value;
	int r = 0;

	pcr_start_value(1U << DIGEST_SHA384, &value);
	for (size_t i = 0; r == 0 && i < list->n; i++)
		if (list->event[i].mr == mr &&
		    list->event[i].origin != ORIGIN_INFORMATION)
			r = pcr_extend_value(&value, &list->event[i].digests);
	if (r == 0)
		*ret = value;
	return r;
}

int replay_explain_mr(const struct log_events *list, unsigned mr,
		      const uint8_t *quoted, struct text *ret)
{
	own_free struct chain *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = (struct chain){ .kind = "RTMR",
			     .number = mr - log_mr_rtmr_0,
			     .bank = DIGEST_SHA384,
			     .quoted = quoted };
	pcr_start_value(1U << DIGEST_SHA384, &c->start);
	for (size_t i = 0; i < list->n && c->n < explained_max; i++)
		if (list->event[i].mr == mr &&
		    list->event[i].origin != ORIGIN_INFORMATION)
			c->event[c->n++] = &list->event[i];
	return explain_chain(c, ret);
}
