// SPDX-License-Identifier: MIT
/*
 * The boxes on the right of a chain: a PCR, the register of Intel TDX that the
 * same is measured into, or both in one.
 */
#include <stdio.h>
#include <string.h>

#include "config/boot.h"
#include "cvmctl/show/chain-source.h"
#include "lib/hex.h"
#include "lib/own.h"

/* UEFI 2.10, 38.4.1, and what init does; -1: there is none. */
static const struct {
	unsigned pcr;
	int rtmr;
} registers[] = {
	[CHAIN_DRIVERS] = { 2, -1 }, /* RTMR 1 is drawn for the kernel */
	[CHAIN_KERNEL] = { 4, 1 },    [CHAIN_STUB] = { 9, 2 },
	[CHAIN_UNIFIED] = { 11, 2 },  [CHAIN_OVERRIDES] = { 12, -1 },
	[CHAIN_RUNNING] = { 10, -1 }, [CHAIN_APPS] = { pcr_apps, 3 },
	[CHAIN_SETTINGS] = { 0, 0 }, /* of PCRs 1 and 7, which are not drawn */
};

bool chain_has_tpm(const struct chain_boot *boot)
{
	return boot->into & BOOT_MEASURE_TPM;
}

bool chain_has_td(const struct chain_boot *boot)
{
	return boot->into & BOOT_MEASURE_RTMR;
}

int chain_rtmr_of(enum chain_place place)
{
	return registers[place].rtmr;
}

unsigned chain_pcr_of(enum chain_place place)
{
	return registers[place].pcr;
}

static void add_value(struct chain_box *b, const char *name,
		      const uint8_t *value, size_t size)
{
	char hex[2 * digest_size_max + 1];
	char digest[chain_digest_digits + 1];

	hex_encode(value, size, hex);
	if (!*name)
		name = strspn(hex, "0") == strlen(hex) ? "all zeros" : "value";
	chain_add_line(b, CHAIN_ITEM, chain_short_digest(hex, digest), "%s",
		       name);
}

/* name is "" where the box has one register. */
static void add_pcr_value(struct chain_box *b, const char *name, unsigned pcr,
			  const struct chain_boot *boot)
{
	const struct pcr_values *v = &boot->values;

	if (v->mask & 1U << pcr)
		add_value(b, name, v->value[pcr], digest_size(v->bank));
	else
		chain_add_line(b, CHAIN_NOTE, "", "%s%svalue not given", name,
			       *name ? ": " : "");
}

static void add_td_value(struct chain_box *b, const char *name,
			 const uint8_t value[static evidence_rtmr_size],
			 const struct chain_boot *boot)
{
	if (boot->has_td_values)
		add_value(b, name, value, evidence_rtmr_size);
	else
		chain_add_line(b, CHAIN_NOTE, "", "%s%svalue not given", name,
			       *name ? ": " : "");
}

/* The firmware decides into which of two it measures; init fills both. */
static const char *between(enum chain_place place, const struct chain_boot *b)
{
	if (b->is_claimed)
		return ", ";
	return place == CHAIN_APPS ? " and " : " or ";
}

static struct chain_box *measure_nothing(struct chain *c,
					 const struct chain_boot *boot)
{
	struct chain_box *b = chain_measure(c, "init", "Nothing");

	b->is_nothing = true;
	chain_add_line(b, CHAIN_NOTE, "", "%s",
		       boot->is_claimed ? "no register was quoted:"
					: "[measure] into = none:");
	chain_add_line(b, CHAIN_NOTE, "", "nobody can tell what runs");
	return b;
}

/* Which registers of a place the VM has, and what they are called. */
struct names {
	bool both;
	char pcr[16], rtmr[16]; /* "": it has none */
};

static struct names names_of(enum chain_place place,
			     const struct chain_boot *boot)
{
	struct names ret = { .pcr = "", .rtmr = "" };

	if (chain_has_tpm(boot) && place != CHAIN_SETTINGS)
		(void)snprintf(ret.pcr, sizeof(ret.pcr), "PCR %u",
			       registers[place].pcr); /* fits */
	if (chain_has_td(boot) && registers[place].rtmr >= 0)
		(void)snprintf(ret.rtmr, sizeof(ret.rtmr), "RTMR %d",
			       registers[place].rtmr); /* fits */
	ret.both = *ret.pcr && *ret.rtmr;
	return ret;
}

/* Those that are known; of one register alone it is not said again which. */
static void add_values(struct chain_box *b, const struct names *names,
		       enum chain_place place, const struct chain_boot *boot)
{
	if (*names->pcr && boot->is_known)
		add_pcr_value(b, names->both ? names->pcr : "",
			      registers[place].pcr, boot);
	if (*names->rtmr && boot->is_claimed)
		add_td_value(b, names->both ? names->rtmr : "",
			     boot->td.rtmr[registers[place].rtmr], boot);
}

struct chain_box *
chain_measure_into(struct chain *c, const char *by, enum chain_place place,
		   const struct chain_boot *boot, enum chain_bound bound)
{
	const struct names names = names_of(place, boot);
	struct chain_box *b;
	char title[64];

	if (!*names.pcr && !*names.rtmr)
		return place == CHAIN_APPS ? measure_nothing(c, boot) : NULL;
	(void)snprintf(title, sizeof(title), "%s%s%s", names.pcr,
		       names.both ? between(place, boot) : "",
		       names.rtmr); /* fits */
	b = chain_measure(c, by, title);
	b->bound = chain_has_tpm(boot) ? bound : CHAIN_BOUND;
	b->pcrs = *names.pcr ? 1U << registers[place].pcr : 0;
	add_values(b, &names, place, boot);
	return b;
}

struct chain_box *chain_measure_launch(struct chain *c,
				       const struct chain_boot *boot)
{
	bool is_td = chain_has_td(boot);
	struct chain_box *b =
		chain_measure(c, "the hardware",
			      is_td ? "MRTD" : "Launch measurement");

	b->bound = is_td && !chain_has_tpm(boot) ? CHAIN_BOUND : CHAIN_UNBOUND;
	if (is_td && boot->is_claimed)
		add_td_value(b, "", boot->td.mrtd, boot);
	return b;
}

void chain_add_firmwares(struct chain *c, struct chain_box *firmware,
			 const struct chain_boot *boot)
{
	if (chain_has_td(boot)) {
		chain_add_line(firmware, CHAIN_NOTE, "", "its settings");
		(void)chain_measure_into(c, "the firmware", CHAIN_SETTINGS,
					 boot, CHAIN_UNBOUND);
	}
	if (chain_has_tpm(boot)) {
		chain_add_line(firmware, CHAIN_NOTE, "", "drivers of devices");
		(void)chain_measure_into(c, "the firmware", CHAIN_DRIVERS, boot,
					 CHAIN_MAYBE_BOUND);
	}
}

void chain_add_quote(struct chain *c, const struct chain_boot *boot)
{
	struct chain_box *b;

	if (!chain_has_td(boot) || chain_has_tpm(boot))
		return;
	b = chain_add_end(c, CHAIN_END_QUOTE, "TD quote");
	if (boot->is_claimed && !boot->is_quoted) {
		chain_add_line(b, CHAIN_NOTE, "", "none that can be read:");
		chain_add_line(b, CHAIN_NOTE, "", "values as the VM has them");
		return;
	}
	chain_add_line(b, CHAIN_NOTE, "", "under the CPU's PCK,");
	chain_add_line(b, CHAIN_NOTE, "", "that under Intel's root");
}
