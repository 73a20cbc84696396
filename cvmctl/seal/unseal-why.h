/* SPDX-License-Identifier: MIT */
/*
 * Why the PCRs keep the TPM from releasing a key: which event is not as it was
 * predicted.
 */
#ifndef CVMCTL_SEAL_UNSEAL_WHY_H
#define CVMCTL_SEAL_UNSEAL_WHY_H

#include "cvmctl/predict/event-log.h"
#include "cvmctl/tool/options.h"
#include "seal/object/sealed-key.h"
#include "seal/tpm/tpm.h"

struct unseal_why {
	const char *name;		/* of the prediction */
	struct json_object *prediction; /* NULL: there is nothing to tell */
	struct event_log predicted;
	struct event_log logged;
	/* of the keys that were tried */
	uint32_t mask;
	enum digest_alg bank;
};

void unseal_why_close(struct unseal_why *why);

#define own_unseal_why __attribute__((cleanup(unseal_why_close)))

/*
 * Reads the prediction, what cvmctl predict --json said or a manifest.json,
 * and the logs; without any, those of this machine that are there.
 */
int unseal_why_open(const char *prediction, const struct option_list *logs,
		    struct unseal_why *ret, struct fail *f);

/* Notes what PCRs a key is sealed to. */
void unseal_why_note(struct unseal_why *why, const struct sealed_key *key);

/*
 * After -EPERM: puts the event into the reason of *f, as far as it is found,
 * and what to do about it.
 */
void unseal_why_explain(const struct unseal_why *why, struct tpm *t,
			struct fail *f);

#endif
