// SPDX-License-Identifier: MIT
/*
 * The binary log: TCG PC Client Platform Firmware Profile 1.05, 10.2.1
 * (records) and 10.4.5.1 (the Spec ID event). All numbers are little-endian.
 */
#include "seal/measure/events.h"

#include <errno.h>
#include <string.h>

#include "lib/text.h"
#include "seal/object/pcr.h"

enum {
	ev_no_action = 3, /* 10.4.1 */
	ev_ipl = 13,	  /* 10.4.1 */
	cc_rtmr_3 = 4,	  /* UEFI 2.10, 38.4.1: the index of RTMR 3 */
	sha1_size = 20,	  /* the first record has the old, fixed form */
	spec_fixed_size = 16 + 4 + 4 + 4, /* up to the algorithms */
	spec_alg_size = 2 + 2,
};

static void add_u8(struct text *t, unsigned n)
{
	uint8_t le[1] = { (uint8_t)n };

	text_add_bytes(t, le, sizeof(le));
}

static void add_u16(struct text *t, unsigned n)
{
	uint8_t le[2] = { (uint8_t)n, (uint8_t)(n >> 8) };

	text_add_bytes(t, le, sizeof(le));
}

static void add_u32(struct text *t, uint32_t n)
{
	add_u16(t, n & 0xffff);
	add_u16(t, n >> 16);
}

static uint32_t count_algs(digest_algs algs)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < DIGEST_ALG_COUNT; i++)
		n += algs >> i & 1;
	return n;
}

void events_tcg_begin(digest_algs algs, struct text *t)
{
	static const uint8_t no_digest[sha1_size] = { 0 };
	static const char signature[16] = "Spec ID Event03";
	uint32_t n = count_algs(algs);

	add_u32(t, 0); /* PCR */
	add_u32(t, ev_no_action);
	text_add_bytes(t, no_digest, sizeof(no_digest));
	add_u32(t, spec_fixed_size + n * spec_alg_size + 1);
	text_add_bytes(t, signature, sizeof(signature));
	add_u32(t, 0); /* platform class: client */
	add_u8(t, 0);  /* version 2.0, errata 105 */
	add_u8(t, 2);
	add_u8(t, 105);
	add_u8(t, 2); /* a UINTN is two UINT32 */
	add_u32(t, n);
	for (unsigned i = 0; i < DIGEST_ALG_COUNT; i++) {
		if (!(algs & 1U << i))
			continue;
		add_u16(t, pcr_bank_tpm_alg((enum digest_alg)i));
		add_u16(t, (unsigned)digest_size((enum digest_alg)i));
	}
	add_u8(t, 0); /* no vendor data */
}

/* "exec web /usr/bin/python3" */
static void add_name(struct text *t, const struct event *e)
{
	text_add(t, "%s", event_kind_name(e->kind));
	if (e->app)
		text_add(t, " %s", e->app);
	if (e->path)
		text_add(t, " %s", e->path);
}

static void add_head(struct text *t, const struct event *e, uint32_t type,
		     const struct events_into *into)
{
	add_u32(t, into->banks ? e->pcr : cc_rtmr_3);
	add_u32(t, type);
	add_u32(t, count_algs(events_algs(into)));
}

static void add_digest(struct text *t, enum digest_alg alg,
		       const uint8_t *value)
{
	add_u16(t, pcr_bank_tpm_alg(alg));
	text_add_bytes(t, value, digest_size(alg));
}

/* The length and the name, behind which a detail follows a NUL. */
static int add_data(struct text *t, const struct event *e, size_t detail_len)
{
	own_text struct text name = { 0 };
	size_t len;

	add_name(&name, e);
	if (detail_len)
		text_add_bytes(&name, "", 1);
	if (text_failed(&name))
		return -ENOMEM;
	len = name.len + detail_len;
	if (len > event_data_max)
		return -EFBIG;
	add_u32(t, (uint32_t)len);
	text_add_bytes(t, name.s, name.len);
	return text_failed(t) ? -ENOMEM : 0;
}

int events_tcg_intent(const struct event *e, const struct events_into *into,
		      struct text *t)
{
	static const uint8_t zero[digest_size_max];
	digest_algs algs = events_algs(into);

	add_head(t, e, ev_no_action, into);
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (algs & 1U << a)
			add_digest(t, a, zero);
	return add_data(t, e, 0);
}

int events_tcg_add(const struct event *e, const struct events_into *into,
		   struct text *t)
{
	digest_algs algs = events_algs(into);

	/* a log that leaves out a bank it announces would not replay */
	if ((e->digests.algs & algs) != algs)
		return -EINVAL;
	add_head(t, e, ev_ipl, into);
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (algs & 1U << a)
			add_digest(t, a, e->digests.value[a]);
	return add_data(t, e, e->detail.len);
}
