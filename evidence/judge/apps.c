// SPDX-License-Identifier: MIT
/*
 * PCR 14 and RTMR 3: the applications of the manifest were measured, and no
 * others.
 */
#include <errno.h>
#include <string.h>

#include "evidence/judge/internal.h"
#include "lib/own.h"
#include "seal/measure/events.h"
#include "seal/object/json-values.h"

static const char check[] = "apps";

static struct json_object *events_of(const struct judging *j)
{
	return json_get(json_get(j->x->manifest, "apps"), "events");
}

static struct json_object *event_at(struct json_object *list, size_t at)
{
	return json_object_is_type(list, json_type_array) &&
			       at < json_object_array_length(list)
		       ? json_object_array_get_idx(list, at)
		       : NULL;
}

/* Whether the event is the manifest's at that place, in each of these banks. */
static bool is_expected(const struct judging *j, digest_algs banks, size_t at,
			const struct log_event *e)
{
	struct json_object *o = event_at(events_of(j), at);
	struct digest_set digests;

	if (log_read_digests(json_get(o, "digests"), &digests) < 0)
		return false;
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (banks & digests.algs & 1U << a &&
		    (!(e->digests.algs & 1U << a) ||
		     memcmp(digests.value[a], e->digests.value[a],
			    digest_size(a)) != 0))
			return false;
	return true;
}

/* Where the applications were measured into. */
struct place {
	const char *name;
	digest_algs banks;
	bool is_rtmr;
};

/*
 * Nobody without the key of a volume can say what its event has to be. One of
 * the manifest's is none, whatever the log calls it: the cap above all, since
 * what is behind it is the workload's.
 */
static bool is_volume_key(const struct judging *j, const struct log_event *e)
{
	return strcmp(e->type, event_kind_name(EVENT_VOLUME_KEY)) == 0 &&
	       !known_is(&j->known, KNOWN_APP, pcr_apps, &e->digests,
			 1U << DIGEST_SHA384);
}

/*
 * Whether it is one to compare, after so many that were as expected. RTMR 3
 * gets the keys of volumes, too; behind the cap, which is the last of the
 * manifest's, nothing can be one.
 */
static bool is_compared(const struct judging *j, const struct place *p,
			const struct log_event *e, bool is_complete)
{
	if (p->is_rtmr)
		return e->mr == log_mr_rtmr_3 &&
		       (is_complete || !is_volume_key(j, e));
	return e->log == LOG_INIT && e->pcr == pcr_apps && !e->mr_alone;
}

static size_t count_expected(const struct judging *j)
{
	struct json_object *list = events_of(j);
	size_t n = json_object_is_type(list, json_type_array)
			   ? json_object_array_length(list)
			   : 0;

	return n && j->x->before_cap ? n - 1 : n;
}

/* The first event of the log that differs from the manifest; or NULL. */
static const struct log_event *
find_other(const struct judging *j, const struct place *p, size_t *ret_same)
{
	size_t n = count_expected(j);
	size_t at = 0;

	for (size_t i = 0; i < j->v->events.n; i++) {
		const struct log_event *e = &j->v->events.event[i];

		if (!is_compared(j, p, e, at == n))
			continue;
		if (at == n || !is_expected(j, p->banks, at, e)) {
			*ret_same = at;
			return e;
		}
		at++;
	}
	*ret_same = at;
	return NULL;
}

static bool is_same_text(struct json_object *a, struct json_object *b,
			 const char *key)
{
	return strcmp(json_get_string(a, key), json_get_string(b, key)) == 0;
}

/*
 * How the listing of an event differs from the manifest's, if both have one
 * and are about the same thing. The digests of the log are of its listing:
 * init_log_read has seen to that.
 */
static int compare_listings(const struct judging *j, size_t at,
			    const struct log_event *other,
			    struct difference *ret)
{
	struct json_object *wanted =
		json_get(event_at(events_of(j), at), "content");
	struct json_object *found =
		json_get(event_at(j->e->init, other->number), "content");
	const char *expected = json_value_string(json_get(wanted, "listing"));
	const char *listing = json_value_string(json_get(found, "listing"));

	if (other->log != LOG_INIT || !expected || !listing ||
	    !is_same_text(wanted, found, "kind") ||
	    !is_same_text(wanted, found, "app") ||
	    !is_same_text(wanted, found, "path"))
		return 0;
	return difference_find(expected, listing, ret);
}

static int refuse_other(struct judging *j, const struct place *p, size_t at,
			const struct log_event *other)
{
	own_difference struct difference d = { .kind = DIFFERENCE_NONE };
	own_text struct text words = { 0 };
	int r = compare_listings(j, at, other, &d);

	if (r < 0)
		return r;
	text_add(&words,
		 "%s is not the manifest's; event %zu of %s is "
		 "another: %s %s",
		 p->name, other->number, log_source_name(other->log),
		 other->type, other->says);
	difference_describe(&d, &words);
	if (text_failed(&words))
		return -ENOMEM;
	r = verdict_add(j->v, check, CHECK_REFUSED, "%s", words.s);
	return r < 0 || d.kind == DIFFERENCE_NONE
		       ? r
		       : verdict_add_difference(j->v, other->number, at, &d);
}

static int refuse(struct judging *j, const struct place *p)
{
	size_t same = 0;
	const struct log_event *other = find_other(j, p, &same);

	if (other && strcmp(other->says, events_cap_failed) == 0)
		return verdict_add(j->v, check, CHECK_REFUSED,
				   "the boot has failed: %s was closed with an "
				   "error",
				   p->name);
	if (other)
		return refuse_other(j, p, same, other);
	return verdict_add(
		j->v, check, CHECK_REFUSED,
		"%s is not the manifest's; of its %zu events the log of init "
		"has the first %zu",
		p->name, count_expected(j), same);
}

static int accept(struct judging *j, const struct place *p)
{
	return verdict_add(j->v, check, CHECK_OK,
			   "%s is the manifest's: its applications were "
			   "measured, %s%s%s",
			   p->name,
			   j->x->before_cap ? "and nothing else yet" : "then ",
			   j->x->before_cap ? "" : p->name,
			   j->x->before_cap ? "" : " was closed");
}

/* Whether each event of the manifest has the digest that RTMR 3 takes. */
static bool has_rtmr_digests(const struct judging *j)
{
	size_t n = count_expected(j);

	for (size_t i = 0; i < n; i++) {
		struct json_object *o =
			json_object_array_get_idx(events_of(j), i);
		struct digest_set digests;

		if (log_read_digests(json_get(o, "digests"), &digests) < 0 ||
		    !(digests.algs & 1U << DIGEST_SHA384))
			return false;
	}
	return n > 0;
}

/*
 * The events lead to RTMR 3; they have to be the manifest's. One of init's
 * cannot be passed off for a volume's key: those of the manifest are all
 * there, and init measures no more than apps.conf says, which is the first.
 */
static int judge_rtmr_apps(struct judging *j)
{
	static const struct place rtmr = { "RTMR 3", 1U << DIGEST_SHA384,
					   true };
	size_t same = 0;

	if (!has_rtmr_digests(j))
		return verdict_add(j->v, check, CHECK_MISSING,
				   "the manifest has no SHA-384 of each "
				   "application to compare RTMR 3 with");
	if (find_other(j, &rtmr, &same) || same < count_expected(j))
		return refuse(j, &rtmr);
	return accept(j, &rtmr);
}

static int judge_pcr_apps(struct judging *j)
{
	struct json_object *banks =
		json_get(json_get(j->x->manifest, "apps"), "banks");
	const struct place pcr = { "PCR 14", j->banks, false };
	const char *state = j->x->before_cap ? "measured" : "ready";
	digest_algs equal = 0;

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		struct digest_set ready = { .algs = 1U << a };

		if (!judging_quoted(j, a, pcr_apps))
			continue;
		if (json_value_hex(json_get(json_get(banks, digest_name(a)),
					    state),
				   digest_size(a), ready.value[a]) < 0)
			continue;
		if (!judging_equals(j, a, pcr_apps, &ready))
			return refuse(j, &pcr);
		equal |= 1U << a;
	}
	if (!(equal & strong_banks))
		return verdict_add(j->v, check, CHECK_MISSING,
				   "PCR 14 is not both in the manifest and "
				   "quoted in a bank other than sha1");
	return accept(j, &pcr);
}

int judge_apps(struct judging *j)
{
	int r = j->e->has_tpm ? judge_pcr_apps(j) : 0;

	return r == 0 && j->accounted_rtmr ? judge_rtmr_apps(j) : r;
}
