// SPDX-License-Identifier: MIT
/* PCR 14: the applications of the manifest were measured, and no others. */
#include <errno.h>
#include <string.h>

#include "evidence/judge-internal.h"
#include "seal/events.h"
#include "seal/json-values.h"

static const char check[] = "apps";

static struct json_object *events_of(const struct judging *j)
{
	return json_get(json_get(j->x->manifest, "apps"), "events");
}

/* Whether the event is the manifest's at that place, in each quoted bank. */
static bool is_expected(const struct judging *j, size_t at,
			const struct log_event *e)
{
	struct json_object *list = events_of(j);
	struct json_object *o =
		json_object_is_type(list, json_type_array) &&
				at < json_object_array_length(list)
			? json_object_array_get_idx(list, at)
			: NULL;
	struct digest_set digests;

	if (log_read_digests(json_get(o, "digests"), &digests) < 0)
		return false;
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (j->banks & digests.algs & 1U << a &&
		    (!(e->digests.algs & 1U << a) ||
		     memcmp(digests.value[a], e->digests.value[a],
			    digest_size(a)) != 0))
			return false;
	return true;
}

/* The first event of the log that differs from the manifest; or NULL. */
static const struct log_event *find_other(const struct judging *j,
					  size_t *ret_same)
{
	size_t at = 0;

	for (size_t i = 0; i < j->v->events.n; i++) {
		const struct log_event *e = &j->v->events.event[i];

		if (e->log != LOG_INIT || e->pcr != pcr_apps)
			continue;
		if (!is_expected(j, at, e)) {
			*ret_same = at;
			return e;
		}
		at++;
	}
	*ret_same = at;
	return NULL;
}

static int refuse(struct judging *j)
{
	size_t same = 0;
	const struct log_event *other = find_other(j, &same);
	struct json_object *list = events_of(j);
	size_t n = json_object_is_type(list, json_type_array)
			   ? json_object_array_length(list)
			   : 0;

	if (other && strcmp(other->says, events_cap_failed) == 0)
		return verdict_add(j->v, check, CHECK_REFUSED,
				   "the boot has failed: PCR 14 was closed "
				   "with an error");
	if (other)
		return verdict_add(j->v, check, CHECK_REFUSED,
				   "PCR 14 is not the manifest's; event %zu of "
				   "init is another: %s %s",
				   other->number, other->type, other->says);
	return verdict_add(
		j->v, check, CHECK_REFUSED,
		"PCR 14 is not the manifest's; of its %zu events the "
		"log of init has the first %zu",
		n, same);
}

int judge_apps(struct judging *j)
{
	struct json_object *banks =
		json_get(json_get(j->x->manifest, "apps"), "banks");
	const char *state = j->x->before_cap ? "measured" : "ready";
	digest_algs equal = 0;

	if (!j->e->has_tpm)
		return 0;
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++) {
		struct digest_set ready = { .algs = 1U << a };

		if (!judging_quoted(j, a, pcr_apps))
			continue;
		if (json_value_hex(json_get(json_get(banks, digest_name(a)),
					    state),
				   digest_size(a), ready.value[a]) < 0)
			continue;
		if (!judging_equals(j, a, pcr_apps, &ready))
			return refuse(j);
		equal |= 1U << a;
	}
	if (!(equal & strong_banks))
		return verdict_add(j->v, check, CHECK_MISSING,
				   "PCR 14 is not both in the manifest and "
				   "quoted in a bank other than sha1");
	return verdict_add(j->v, check, CHECK_OK,
			   "PCR 14 is the manifest's: its applications were "
			   "measured, %s",
			   j->x->before_cap ? "and nothing else yet"
					    : "then PCR 14 was closed");
}
