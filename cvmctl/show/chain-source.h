/* SPDX-License-Identifier: MIT */
/* Where a chain comes from: an image, or evidence of a VM that runs one. */
#ifndef CVMCTL_SHOW_CHAIN_SOURCE_H
#define CVMCTL_SHOW_CHAIN_SOURCE_H

#include "cvmctl/show/chain-keys.h"
#include "cvmctl/show/chain-model.h"
#include "seal/object/pcr.h"

/* What is known of the PCRs before init: from a prediction, or quoted. */
struct chain_boot {
	bool is_uki;
	bool is_known; /* values holds anything */
	struct pcr_values values;
};

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
 * The events of the firmware's log among the logs of evidence. 0; -ENOENT if
 * it is not there; -ENOMEM; any other: it cannot be read. The caller frees
 * *ret, also after a failure.
 */
int chain_read_firmware(struct json_object *logs, struct log_events *ret);

/* Adds the events of one PCR to a step. */
void chain_add_events(struct chain_box *b, const struct log_events *list,
		      unsigned pcr, enum digest_alg bank);

/* For both, if not said otherwise. */

/* Adds "PCR n" that by measures the last line into; with its value. */
struct chain_box *chain_measure_pcr(struct chain *c, const char *by,
				    unsigned pcr, const struct chain_boot *boot,
				    enum chain_bound bound);

/*
 * Step "Applications" with the events of PCR 14, and that PCR; with its value
 * if boot has it.
 */
struct chain_box *chain_add_apps(struct chain *c, struct json_object *events,
				 const char *bank,
				 const struct chain_boot *boot);

/* The volumes of a manifest, behind all registers, and what releases keys. */
void chain_add_volumes(struct chain *c, struct json_object *volumes,
		       const struct chain_keys *keys);

/* The last step. */
void chain_add_workload(struct chain *c);

/* The elements of a JSON array; 0 for anything else. */
size_t chain_count(struct json_object *array);

#endif
