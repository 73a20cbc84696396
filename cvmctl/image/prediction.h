/* SPDX-License-Identifier: MIT */
/* PCR 14 as init will leave it, by the code that init itself uses. */
#ifndef CVMCTL_IMAGE_PREDICTION_H
#define CVMCTL_IMAGE_PREDICTION_H

#include "cvmctl/image/root-tree.h"
#include "lib/digest.h"
#include "lib/json.h"
#include "seal/measure/events.h"

enum {
	prediction_all_banks = 1U << DIGEST_SHA1 | 1U << DIGEST_SHA256 |
			       1U << DIGEST_SHA384 | 1U << DIGEST_SHA512,
};

struct prediction {
	struct events events;	    /* the cap among them, last */
	struct digest_set start;    /* what init finds */
	struct digest_set measured; /* before the cap: keys are sealed to it */
	struct digest_set ready;    /* after the cap: what a verifier sees */
};

/*
 * Measures the apps of a tree in the banks algs, from [tpm] pcr14-start of
 * conf on; apps with measure-by = verity need the root hash of conf. A volume
 * of conf that would be mounted over one of them is refused, as by init. The
 * caller frees *ret.
 */
int prediction_make(const struct root_tree *t, const struct boot_conf *conf,
		    digest_algs algs, struct prediction *ret, struct fail *f);
void prediction_free(struct prediction *p);

#define own_prediction __attribute__((cleanup(prediction_free)))

/*
 * {"pcr":14,"banks":{"sha256":{"start","measured","ready",
 * "policy"}},"events":[...]};
 * policy is the digest of PolicyPCR over "measured". NULL: out of memory.
 */
struct json_object *prediction_to_json(const struct prediction *p);

#endif
