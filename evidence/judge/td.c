// SPDX-License-Identifier: MIT
/*
 * What a processor of Intel's signs of a TD: that the quote is of this VM and
 * made now, by whom, and which firmware the VM was started with. RTMRs, which
 * say what ran then, are for rtmr.c.
 */
#include <errno.h>
#include <string.h>

#include "evidence/judge/internal.h"
#include "lib/hex.h"

/* NULL, or why this is no quote to go by. */
static const char *refuse_bound(const struct judging *j,
				const struct td_quote *q,
				const struct digest_set *data)
{
	if (j->has_td)
		return "there is another quote of a TD";
	if (memcmp(q->data, data->value[DIGEST_SHA512], td_data_size) != 0)
		return "it is about another nonce or another key";
	return td_quote_refuse(q);
}

/* 1: the quote is of this VM, now; 0: it was refused; or -errno. */
static int judge_bound(struct judging *j, const struct td_quote *q)
{
	struct digest_set data;
	const char *why;
	int r = judging_inblob(j, false, &data);

	if (r < 0)
		return r;
	why = refuse_bound(j, q, &data);
	if (why) {
		r = verdict_add(j->v, judging_report, CHECK_REFUSED, "%s", why);
		return r < 0 ? r : 0;
	}
	r = verdict_add(j->v, judging_report, CHECK_OK,
			"that of the TD is bound to the nonce%s; %s",
			j->has_ak ? " and the key" : "",
			td_quote_stops_without_page(q)
				? "SEPT_VE_DISABLE is set"
				: "SEPT_VE_DISABLE is not set, so that it is "
				  "for the kernel to stop when the host takes "
				  "a page away");
	return r < 0 ? r : 1;
}

static int judge_signature(struct judging *j, const struct td_quote *q)
{
	struct fail f = { 0 };
	int r;

	if (!j->x->tdx.root)
		return judging_leave_out(j, judging_hardware,
					 "the signature of the TD quote was "
					 "not checked: no root certificate of "
					 "Intel's was given");
	r = td_quote_verify(q, j->x->tdx.root, time(NULL), &f);
	if (r < 0) {
		r = judging_parsed(j, judging_hardware, r, &f);
		return r < 0 ? r : 0;
	}
	return verdict_add(j->v, judging_hardware, CHECK_OK,
			   "a processor of Intel's has signed the TD quote; "
			   "whether its firmware is up to date or its "
			   "certificate revoked was not judged");
}

static int judge_launch(struct judging *j, const struct td_quote *q)
{
	const struct expected_register *wanted = &j->x->tdx.mrtd;
	char hex[2 * td_register_size + 1];

	hex_encode(q->mrtd, td_register_size, hex);
	if (!wanted->given)
		return judging_leave_out(j, judging_launch,
					 "MRTD was not compared: none was "
					 "given; it is %s",
					 hex);
	if (memcmp(q->mrtd, wanted->value, td_register_size) != 0)
		return verdict_add(j->v, judging_launch, CHECK_REFUSED,
				   "the VM was started with other firmware: "
				   "its MRTD is %s",
				   hex);
	return verdict_add(j->v, judging_launch, CHECK_OK,
			   "MRTD is the one that was given");
}

int judge_td(struct judging *j, const struct evidence_report *r)
{
	struct td_quote q;
	struct fail f = { 0 };
	int result = td_quote_read(&r->outblob, &q, &f);

	if (result < 0) {
		result = judging_parsed(j, judging_report, result, &f);
		return result < 0 ? result : 0;
	}
	result = judge_bound(j, &q);
	if (result <= 0)
		return result;
	j->has_td = true;
	j->td = q;
	result = judge_signature(j, &q);
	return result < 0 ? result : judge_launch(j, &q);
}
