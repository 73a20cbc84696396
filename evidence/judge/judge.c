// SPDX-License-Identifier: MIT
/*
 * See judge.h. The order of the checks is the order of the proof: the key,
 * what it signed, what the processor says, then what the logs say and what
 * of that was expected. A failed check ends nothing: the others say more.
 */
#include <errno.h>
#include <string.h>

#include "evidence/judge/internal.h"
#include "lib/own.h"

const uint8_t *judging_quoted(const struct judging *j, enum digest_alg bank,
			      unsigned pcr)
{
	const struct pcr_values *values = &j->e->tpm.pcrs[bank];

	return values->mask & 1U << pcr ? values->value[pcr] : NULL;
}

bool judging_equals(const struct judging *j, enum digest_alg bank, unsigned pcr,
		    const struct digest_set *value)
{
	const uint8_t *quoted = judging_quoted(j, bank, pcr);

	return quoted && value->algs & 1U << bank &&
	       memcmp(quoted, value->value[bank], digest_size(bank)) == 0;
}

digest_algs judging_banks(const struct judging *j, unsigned pcr)
{
	digest_algs banks = 0;

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (judging_quoted(j, a, pcr))
			banks |= 1U << a;
	return banks;
}

int judging_parsed(struct judging *j, const char *name, int result,
		   const struct fail *f)
{
	int r = result;

	if (r == -E2BIG)
		r = verdict_add(j->v, name, CHECK_REFUSED,
				"it has too many records");
	else if (r == -EINVAL)
		r = verdict_add(j->v, name, CHECK_REFUSED, "%s", f->reason);
	else
		return r;
	return r < 0 ? r : 1;
}

/* RTMR 3 stands for PCR 14 where there is no TPM. */
static int require_rtmr(struct judging *j)
{
	return verdict_add(j->v, "required-pcrs",
			   j->accounted_rtmr ? CHECK_OK : CHECK_REFUSED,
			   j->accounted_rtmr ? "RTMR 3 is quoted and accounted "
					       "for, in the place of PCR 14"
					     : "the log of init does not "
					       "account for RTMR 3");
}

/* What --require-pcrs asks for, and PCR 14 in any case. */
static int judge_required(struct judging *j)
{
	uint32_t required = j->x->required_pcrs | 1U << pcr_apps;
	uint32_t left = required & ~j->accounted;
	uint32_t named = left ? left : required;
	bool one = !(named & (named - 1));
	own_text struct text list = { 0 };

	if (j->by_td && !j->x->required_pcrs)
		return require_rtmr(j);
	pcr_names_write(named, &list);
	if (text_failed(&list))
		return -ENOMEM;
	if (left)
		return verdict_add(j->v, "required-pcrs", CHECK_REFUSED,
				   "%s %s not quoted in a bank other than "
				   "sha1, or the logs do not account for %s",
				   list.s, one ? "is" : "are",
				   one ? "it" : "them");
	return verdict_add(j->v, "required-pcrs", CHECK_OK,
			   "%s %s quoted and accounted for", list.s,
			   one ? "is" : "are");
}

/* There is no TPM, and what it would have to show was not asked for. */
static bool is_only_td(const struct evidence *e, const struct expectations *x)
{
	if (e->has_tpm || x->without_hardware || x->challenged || x->ak.given ||
	    x->ek.given || x->ek_ca)
		return false;
	for (size_t i = 0; i < e->reports; i++)
		if (strcmp(e->report[i].provider, "tdx_guest") == 0)
			return true;
	return false;
}

typedef int judge_part(struct judging *j);

static judge_part *const parts[] = {
	judge_keys, judge_quote, judge_reports, judge_logs, judge_rtmrs,
	judge_boot, judge_into,	 judge_apps,	judge_ima,  judge_required,
};

int judge(const struct evidence *e, const struct expectations *x,
	  struct verdict *ret)
{
	own_verdict struct verdict v = { .n = 0 };
	own_free struct judging *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return -ENOMEM;
	j->e = e;
	j->x = x;
	j->v = &v;
	j->only_td = is_only_td(e, x);
	j->by_td = j->only_td && x->tdx.root;
	for (unsigned i = 0; i < pcr_count; i++)
		j->banks |= judging_banks(j, i);
	/* a prediction is of PCRs */
	r = known_collect(x->manifest, j->by_td ? NULL : x->prediction,
			  &j->known);
	for (size_t i = 0; r == 0 && i < array_size(parts); i++)
		r = parts[i](j);
	known_free(&j->known);
	if (r < 0)
		return r;
	*ret = v;
	v = (struct verdict){ .n = 0 };
	return 0;
}
