// SPDX-License-Identifier: MIT
/*
 * The binary log: TCG PC Client Platform Firmware Profile 1.05, 10.2.1
 * (records) and 10.4.5.1 (the Spec ID event). All numbers are little-endian.
 */
#include "seal/events.h"

#include <errno.h>
#include <string.h>

#include "lib/text.h"
#include "seal/pcr.h"

enum {
	ev_no_action = 3, /* 10.4.1 */
	ev_ipl = 13,	  /* 10.4.1 */
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

/* Says that what follows is crypto-agile, and which algorithms it holds. */
static void add_spec_id(struct text *t, digest_algs algs)
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

static int add_data(struct text *t, const struct event *e)
{
	own_text struct text data = { 0 };

	text_add(&data, "%s", event_kind_name(e->kind));
	if (e->app)
		text_add(&data, " %s", e->app);
	if (e->path)
		text_add(&data, " %s", e->path);
	if (e->detail.len) {
		text_add_bytes(&data, "", 1);
		text_add_bytes(&data, e->detail.data, e->detail.len);
	}
	if (text_failed(&data))
		return -ENOMEM;
	if (data.len > event_detail_max)
		return -EFBIG;
	add_u32(t, (uint32_t)data.len);
	text_add_bytes(t, data.s, data.len);
	return 0;
}

static int add_event(struct text *t, const struct event *e, digest_algs algs)
{
	/* a log that leaves out a bank it announces would not replay */
	if ((e->digests.algs & algs) != algs)
		return -EINVAL;
	add_u32(t, e->pcr);
	add_u32(t, ev_ipl);
	add_u32(t, count_algs(algs));
	for (unsigned i = 0; i < DIGEST_ALG_COUNT; i++) {
		enum digest_alg alg = (enum digest_alg)i;

		if (!(algs & 1U << i))
			continue;
		add_u16(t, pcr_bank_tpm_alg(alg));
		text_add_bytes(t, e->digests.value[i], digest_size(alg));
	}
	return add_data(t, e);
}

int events_write_tcg(const struct events *list, digest_algs algs,
		     struct bytes *ret)
{
	own_text struct text t = { 0 };

	add_spec_id(&t, algs);
	for (size_t i = 0; i < list->n; i++) {
		int r = add_event(&t, &list->event[i], algs);

		if (r < 0)
			return r;
	}
	return text_failed(&t) ? -ENOMEM : bytes_copy(t.s, t.len, ret);
}
