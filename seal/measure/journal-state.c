// SPDX-License-Identifier: MIT
/*
 * Reads the logs of journal.c back, as far as it takes to say whether each
 * event that was announced was recorded. Whoever brings a log may have
 * written it: nothing is believed of it, and a torn one is refused.
 */
#include "seal/measure/journal.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/json.h"
#include "seal/object/pcr.h"

/* As in events-tcg.c; all numbers are little-endian. */
enum {
	ev_no_action = 3,
	ev_ipl = 13,
	spec_id_begin = 4 + 4 + 20,
	spec_id_fixed = 16 + 4 + 4,
	banks_max = 16,
};

struct cursor {
	const uint8_t *at;
	size_t left;
};

/* The next len bytes, or NULL when there are fewer. */
static const uint8_t *take(struct cursor *c, size_t len)
{
	const uint8_t *at = c->at;

	if (len > c->left)
		return NULL;
	c->at += len;
	c->left -= len;
	return at;
}

static bool take_u16(struct cursor *c, unsigned *ret)
{
	const uint8_t *p = take(c, 2);

	if (p)
		*ret = p[0] | (unsigned)p[1] << 8;
	return p;
}

static bool take_u32(struct cursor *c, uint32_t *ret)
{
	unsigned low;
	unsigned high;

	if (!take_u16(c, &low) || !take_u16(c, &high))
		return false;
	*ret = low | (uint32_t)high << 16;
	return true;
}

static bool take_data(struct cursor *c, struct cursor *ret)
{
	uint32_t len;

	if (!take_u32(c, &len) || len > event_data_max)
		return false;
	ret->left = len;
	ret->at = take(c, len);
	return ret->at;
}

/* TCG PC Client Platform Firmware Profile 1.05, 10.4.5.1. */
static bool take_spec_id(struct cursor *c)
{
	static const char signature[16] = "Spec ID Event03";
	struct cursor data;
	const uint8_t *fixed;
	uint32_t n;

	if (!take(c, spec_id_begin) || !take_data(c, &data))
		return false;
	fixed = take(&data, spec_id_fixed);
	return fixed && memcmp(fixed, signature, sizeof(signature)) == 0 &&
	       take_u32(&data, &n) && n <= banks_max;
}

/* 10.2.1: a count, then so many algorithms with a digest each. */
static bool take_digests(struct cursor *c)
{
	uint32_t n;

	if (!take_u32(c, &n) || n > banks_max)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		unsigned alg;
		int bank;

		if (!take_u16(c, &alg))
			return false;
		bank = pcr_bank_from_tpm_alg((uint16_t)alg);
		if (bank < 0 || !take(c, digest_size((enum digest_alg)bank)))
			return false;
	}
	return true;
}

int journal_tcg_state(const uint8_t *log, size_t len, enum journal_state *ret)
{
	enum journal_state state = JOURNAL_COMPLETE;
	struct cursor c = { log, len };

	if (!take_spec_id(&c))
		return -EBADMSG;
	while (c.left) {
		struct cursor data;
		uint32_t pcr;
		uint32_t type;

		if (!take_u32(&c, &pcr) || !take_u32(&c, &type) ||
		    !take_digests(&c) || !take_data(&c, &data))
			return -EBADMSG;
		if (type == ev_no_action)
			state = JOURNAL_OPEN;
		else if (type != ev_ipl)
			return -EBADMSG;
	}
	*ret = state;
	return 0;
}

int journal_cel_state(struct json_object *log, enum journal_state *ret)
{
	enum journal_state state = JOURNAL_COMPLETE;

	if (!json_object_is_type(log, json_type_array))
		return -EBADMSG;
	for (size_t i = 0; i < json_object_array_length(log); i++) {
		struct json_object *e = json_object_array_get_idx(log, i);
		struct json_object *content = json_get(e, "content");

		if (json_get(content, "state"))
			state = JOURNAL_OPEN;
		else if (!json_get(e, "digests"))
			return -EBADMSG;
	}
	*ret = state;
	return 0;
}
