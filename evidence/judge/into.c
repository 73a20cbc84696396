// SPDX-License-Identifier: MIT
/*
 * Which registers the log of init names, against [measure] into of the image's
 * boot.conf. It takes no other check's place: what the registers hold is for
 * those.
 */
#include "config/boot.h"
#include "evidence/judge/internal.h"

static const char check[] = "into";

/* "PCR 14", for a set of enum boot_measure. */
static const char *registers(unsigned into)
{
	switch (into) {
	case BOOT_MEASURE_TPM: return "PCR 14";
	case BOOT_MEASURE_RTMR: return "RTMR 3";
	case BOOT_MEASURE_TPM | BOOT_MEASURE_RTMR: return "PCR 14 and RTMR 3";
	default: return "no register";
	}
}

/* As the records have it, which is not proven. */
static unsigned logged(struct json_object *records)
{
	bool is_array = json_object_is_type(records, json_type_array);
	size_t n = is_array ? json_object_array_length(records) : 0;
	unsigned into = BOOT_MEASURE_NONE;

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(records, i);

		if (json_get(o, "pcr"))
			into |= BOOT_MEASURE_TPM;
		if (json_get(o, "rtmr"))
			into |= BOOT_MEASURE_RTMR;
	}
	return into;
}

/* A manifest of an older cvmctl has no such key; then there is no check. */
int judge_into(struct judging *j)
{
	struct json_object *said = NULL;
	unsigned wanted = BOOT_MEASURE_NONE;
	unsigned found = logged(j->e->init);

	if (!json_object_object_get_ex(j->x->manifest, "into", &said))
		return 0;
	if (boot_into_from_name(json_get_string(j->x->manifest, "into"),
				&wanted) < 0)
		return verdict_add(j->v, check, CHECK_MISSING,
				   "what the manifest calls into is not known "
				   "to this cvmctl");
	if (wanted != found)
		return verdict_add(j->v, check, CHECK_REFUSED,
				   "boot.conf of the image measures into %s, "
				   "the log of init has %s",
				   registers(wanted), registers(found));
	if (wanted == BOOT_MEASURE_NONE)
		return verdict_add(j->v, check, CHECK_REFUSED,
				   "boot.conf of the image measures into no "
				   "register, so that nothing shows what runs");
	return verdict_add(j->v, check, CHECK_OK,
			   "the log of init has %s, as boot.conf of the image",
			   registers(wanted));
}
