// SPDX-License-Identifier: MIT
/*
 * What evidence has of Intel TDX: the registers in the quote, or, without one
 * that can be read, those that the VM says it has.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/boot.h"
#include "cvmctl/show/chain-source.h"
#include "evidence/signed/td-quote.h"
#include "lib/own.h"
#include "seal/object/json-values.h"

enum { base64_max = evidence_blob_max / 3 * 4 + 4 };

/* 0; -ENOMEM; any other: it is no quote that can be read. */
static int read_quote(struct json_object *outblob, struct evidence_rtmr *ret)
{
	own_bytes struct bytes blob = { 0 };
	struct fail ignored = { 0 }; /* cvmctl verify says why */
	struct td_quote quote;
	int r = json_value_base64(outblob, base64_max, &blob);

	if (r == 0)
		r = td_quote_read(&blob, &quote, &ignored);
	if (r < 0)
		return r;
	memcpy(ret->mrtd, quote.mrtd, sizeof(ret->mrtd));
	for (size_t i = 0; i < evidence_rtmrs; i++)
		memcpy(ret->rtmr[i], quote.rtmr[i], sizeof(ret->rtmr[i]));
	return 0;
}

static bool read_claim(struct json_object *rtmr, struct evidence_rtmr *ret)
{
	int r = json_value_hex(json_get(rtmr, "mrtd"), evidence_rtmr_size,
			       ret->mrtd);

	for (unsigned i = 0; r == 0 && i < evidence_rtmrs; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "rtmr%u", i); /* fits */
		r = json_value_hex(json_get(rtmr, name), evidence_rtmr_size,
				   ret->rtmr[i]);
	}
	return r == 0;
}

int chain_read_td(struct json_object *evidence, struct chain_boot *ret)
{
	struct json_object *reports = json_get(evidence, "reports");
	struct json_object *rtmr = json_get(evidence, "rtmr");
	bool is_td = rtmr != NULL;

	for (size_t i = 0; i < chain_count(reports); i++) {
		struct json_object *o = json_object_array_get_idx(reports, i);
		int r;

		if (strcmp(json_get_string(o, "provider"), "tdx_guest") != 0)
			continue;
		is_td = true;
		r = read_quote(json_get(o, "outblob"), &ret->td);
		if (r == -ENOMEM)
			return r;
		ret->is_quoted = r == 0;
		break; /* a second one is for cvmctl verify to refuse */
	}
	ret->has_td_values = ret->is_quoted || read_claim(rtmr, &ret->td);
	if (is_td)
		ret->into |= BOOT_MEASURE_RTMR;
	return 0;
}
