// SPDX-License-Identifier: MIT
/* See unseal-why.h. */
#include "cvmctl/seal/unseal-why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cvmctl/predict/prediction-read.h"
#include "lib/own.h"
#include "seal/object/json-values.h"

static const char give_log[] = "give the log of this boot with --log";
static const char undo[] = "undo that change, or predict and seal again";
static const char seal_again[] =
	"seal it again for these apps with cvmctl seal";

/* A PCR that is not as predicted. */
struct differing {
	unsigned pcr;
	uint8_t present[digest_size_max];
};

void unseal_why_close(struct unseal_why *why)
{
	json_release(&why->prediction);
	event_log_free(&why->predicted);
	event_log_free(&why->logged);
}

/* That of a manifest is a part of it. */
static struct json_object *prediction_of(const struct unseal_why *why)
{
	struct json_object *apps = json_get(why->prediction, "apps");

	return apps ? apps : why->prediction;
}

static int read_logs(const struct option_list *logs, struct event_log *ret,
		     struct fail *f)
{
	static const char *const here[] = { EVENT_LOG_INIT,
					    EVENT_LOG_FIRMWARE };
	int r = 0;

	for (size_t i = 0; r == 0 && i < logs->n; i++)
		r = event_log_add(ret, logs->value[i], f);
	for (size_t i = 0; r == 0 && !logs->n && i < array_size(here); i++)
		if (access(here[i], F_OK) == 0)
			r = event_log_add(ret, here[i], f);
	return r;
}

int unseal_why_open(const char *prediction, const struct option_list *logs,
		    struct unseal_why *ret, struct fail *f)
{
	own_unseal_why struct unseal_why why = { .name = prediction_name(
							 prediction) };
	int r = prediction_open(prediction, &why.prediction, f);

	if (r == 0)
		r = event_log_predicted(prediction_of(&why), why.name,
					&why.predicted, f);
	if (r == 0)
		r = read_logs(logs, &why.logged, f);
	if (r < 0)
		return r;
	*ret = why;
	why = (struct unseal_why){ 0 };
	return 0;
}

void unseal_why_note(struct unseal_why *why, const struct sealed_key *key)
{
	why->mask |= key->pcr_mask | key->signed_mask;
	why->bank = key->bank;
}

/* Replaces the reason, which goes on behind the PCR's number. */
__attribute__((format(printf, 4, 5))) static void
explain(struct fail *f, unsigned pcr, const char *remedy, const char *how, ...)
{
	char text[fail_text_max];
	va_list args;

	va_start(args, how);
	(void)vsnprintf(text, sizeof(text), how, args); /* may be cut */
	va_end(args);
	(void)fail_reason(f, "PCR %u %s", pcr, text);
	(void)fail_remedy(f, remedy);
}

static void explain_event(const struct unseal_why *why, unsigned pcr,
			  struct fail *f)
{
	struct event_difference d;

	event_log_compare(&why->predicted, &why->logged, pcr, why->bank, &d);
	switch (d.kind) {
	case EVENTS_SAME:
		explain(f, pcr, "make it with cvmctl predict --json",
			"differs, but not its events: %s contradicts itself",
			why->name);
		return;
	case EVENTS_CLOSED:
		explain(f, pcr,
			"restart the VM: a key is released once in a boot",
			"was closed after all that %s predicts", why->name);
		return;
	case EVENT_CHANGED:
		explain(f, pcr, undo,
			"differs: its event %zu, %s, has another digest than "
			"predicted",
			d.number, d.expected->name);
		return;
	case EVENT_REPLACED:
		explain(f, pcr, undo,
			"differs: its event %zu is %s, and %s was predicted",
			d.number, d.logged->name, d.expected->name);
		return;
	case EVENT_MISSING:
		explain(f, pcr, undo,
			"differs: its event %zu should be %s, which is missing",
			d.number, d.expected->name);
		return;
	case EVENT_EXTRA:
		explain(f, pcr, undo,
			"differs: its event %zu, %s, was not predicted",
			d.number, d.logged->name);
		return;
	}
}

/* PCR 14 may begin with what others have left in it. */
static void read_start(const struct unseal_why *why, unsigned pcr,
		       struct digest_set *ret)
{
	struct json_object *banks = json_get(prediction_of(why), "banks");
	struct json_object *bank = json_get(banks, digest_name(why->bank));

	pcr_start_value(1U << why->bank, ret);
	if (pcr == pcr_apps) /* as it is where it is not to be read */
		(void)json_value_hex(json_get(bank, "start"),
				     digest_size(why->bank),
				     ret->value[why->bank]);
}

static void explain_pcr(const struct unseal_why *why, const struct differing *d,
			struct fail *f)
{
	struct digest_set value;

	if (!event_log_has(&why->logged, d->pcr)) {
		explain(f, d->pcr, give_log,
			"is not as %s predicts, and there is no log of it",
			why->name);
		return;
	}
	read_start(why, d->pcr, &value);
	if (event_log_replay(&why->logged, d->pcr, &value) < 0 ||
	    memcmp(value.value[why->bank], d->present,
		   digest_size(why->bank)) != 0) {
		explain(f, d->pcr, give_log,
			"is not as %s predicts, nor as the log says",
			why->name);
		return;
	}
	explain_event(why, d->pcr, f);
}

/* The first PCR that is not as predicted. 1; 0: none; or -errno. */
static int find_differing(const struct unseal_why *why, struct tpm *t,
			  const struct pcr_values *values,
			  struct differing *ret)
{
	for (unsigned i = 0; i < pcr_count; i++) {
		struct fail ignored = { 0 }; /* the refusal is told as it is */
		struct digest_set present;
		int r;

		if (!(values->mask & why->mask & 1U << i))
			continue;
		r = tpm_pcr_read(t, i, 1U << why->bank, &present, &ignored);
		if (r < 0)
			return r;
		if (memcmp(present.value[why->bank], values->value[i],
			   digest_size(why->bank)) == 0)
			continue;
		ret->pcr = i;
		memcpy(ret->present, present.value[why->bank],
		       digest_size(why->bank));
		return 1;
	}
	return 0;
}

void unseal_why_explain(const struct unseal_why *why, struct tpm *t,
			struct fail *f)
{
	struct fail ignored = { 0 };
	struct differing differing;
	struct pcr_values values;
	int r;

	if (!why->prediction ||
	    prediction_values(prediction_of(why), why->name, why->bank, &values,
			      &ignored) < 0)
		return;
	r = find_differing(why, t, &values, &differing);
	if (r > 0)
		explain_pcr(why, &differing, f);
	/* else a PCR differs that was not predicted, and is named already */
	if (r == 0 && !(why->mask & ~values.mask)) {
		(void)fail_reason(f,
				  "its PCRs are as %s predicts, which is not "
				  "what it was sealed for",
				  why->name);
		(void)fail_remedy(f, seal_again);
	}
}
