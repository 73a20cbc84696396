/* SPDX-License-Identifier: MIT */
/* Where a chain comes from: an image, or evidence of a VM that runs one. */
#ifndef CVMCTL_SHOW_CHAIN_SOURCE_H
#define CVMCTL_SHOW_CHAIN_SOURCE_H

#include "cvmctl/show/chain-keys.h"
#include "cvmctl/show/chain-model.h"
#include "evidence/file/evidence.h"
#include "seal/object/pcr.h"

/*
 * Which registers there are, and what is known of those before init: from a
 * prediction, or quoted.
 */
struct chain_boot {
	unsigned into;	 /* set of enum boot_measure */
	bool is_claimed; /* by evidence; else it is an image's */
	bool is_uki;
	bool is_known; /* values holds anything */
	struct pcr_values values;
	bool has_td_values; /* td holds them all */
	bool is_quoted;	    /* td is from a quote */
	struct evidence_rtmr td;
};

bool chain_has_tpm(const struct chain_boot *boot);
bool chain_has_td(const struct chain_boot *boot);

/*
 * The chain of a manifest, which is not trusted: what it lacks is left out.
 * keys are those of the disks that are at hand. The caller frees *ret.
 */
void chain_from_manifest(struct json_object *manifest,
			 const struct chain_boot *boot,
			 const struct chain_keys *keys, struct chain *ret);

/* The same of evidence: what the VM claims, not verified. */
void chain_from_evidence(struct json_object *evidence, struct chain *ret);

struct log_events;

/*
 * The events of the firmware's log among the logs of evidence, or with is_td
 * those of the log of a TD. 0; -ENOENT if it is not there; -ENOMEM; any other:
 * it cannot be read. The caller frees *ret, also after a failure.
 */
int chain_read_firmware(struct json_object *logs, bool is_td,
			struct log_events *ret);

/*
 * The registers of Intel TDX in evidence: fills the fields of *ret for them,
 * and adds to into. 0 or -ENOMEM.
 */
int chain_read_td(struct json_object *evidence, struct chain_boot *ret);

/* For both, if not said otherwise. */

/* What is measured, each into a PCR, into an RTMR, or into both. */
enum chain_place {
	CHAIN_SETTINGS,	 /* of the firmware; RTMR alone */
	CHAIN_DRIVERS,	 /* that the firmware starts; PCR alone */
	CHAIN_KERNEL,	 /* or a unified kernel image */
	CHAIN_STUB,	 /* command line and initramfs, by the EFI stub */
	CHAIN_UNIFIED,	 /* the same, by systemd-stub */
	CHAIN_OVERRIDES, /* what takes their place */
	CHAIN_RUNNING,	 /* by IMA */
	CHAIN_APPS,
};

/* The registers of a place; an RTMR of -1: there is none. */
unsigned chain_pcr_of(enum chain_place place);
int chain_rtmr_of(enum chain_place place);

/*
 * Adds what by measures the last line into, with the value if it is known.
 * NULL if the VM has no such register; that of CHAIN_APPS is then drawn as
 * nothing.
 */
struct chain_box *
chain_measure_into(struct chain *c, const char *by, enum chain_place place,
		   const struct chain_boot *boot, enum chain_bound bound);

/* The same for what the hardware measures at launch. */
struct chain_box *chain_measure_launch(struct chain *c,
				       const struct chain_boot *boot);

/* What the firmware measures of itself and its drivers, behind that. */
void chain_add_firmwares(struct chain *c, struct chain_box *firmware,
			 const struct chain_boot *boot);

/* Without a TPM: the quote that signs the registers, and who signs. */
void chain_add_quote(struct chain *c, const struct chain_boot *boot);

/* Adds the events of the registers of a place to a step. */
void chain_add_events(struct chain_box *b, const struct log_events *list,
		      enum chain_place place, enum digest_alg bank);

/* Step "Applications" with the events of PCR 14 or RTMR 3, and that box. */
struct chain_box *chain_add_apps(struct chain *c, struct json_object *events,
				 const char *bank,
				 const struct chain_boot *boot);

/* The volumes of a manifest, behind all registers, and what releases keys. */
void chain_add_volumes(struct chain *c, struct json_object *volumes,
		       const struct chain_keys *keys);

/* The last step; into is what init closes, a set of enum boot_measure. */
void chain_add_workload(struct chain *c, unsigned into);

/* The elements of a JSON array; 0 for anything else. */
size_t chain_count(struct json_object *array);

#endif
