/* SPDX-License-Identifier: MIT */
/*
 * Every digest that the manifest and the prediction name, and where they name
 * it: what an event is explained by.
 */
#ifndef EVIDENCE_JUDGE_KNOWN_H
#define EVIDENCE_JUDGE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/digest.h"
#include "lib/json.h"

/* Where a digest is named. */
enum known_place {
	KNOWN_KERNEL,	  /* of the manifest */
	KNOWN_INITRAMFS,  /* of the manifest */
	KNOWN_CMDLINE,	  /* of the manifest, in one of its forms */
	KNOWN_FIRMWARE,	  /* what every firmware adds to PCRs 2, 4, 5 */
	KNOWN_APP,	  /* an event of the manifest */
	KNOWN_FILE,	  /* the content of a file, not an event */
	KNOWN_PREDICTION, /* an event of the prediction */
};

struct known_entry {
	enum known_place place;
	unsigned pcr; /* not of a file */
	struct digest_set digests;
	char *entry; /* "apps.events[2]", "initramfs.files[7] /init" */
};

struct known_list {
	struct known_entry *entry;
	size_t n;
	size_t cap;
};

struct known {
	struct known_list events;
	struct known_list files; /* sorted by SHA-256, which all have */
};

void known_free(struct known *k);

/*
 * Collects them; prediction may be NULL. What is not as cvmctl writes it is
 * passed over: it explains nothing. 0, -ENOMEM or -EIO.
 */
int known_collect(struct json_object *manifest, struct json_object *prediction,
		  struct known *ret);

/*
 * An entry of that PCR whose digests are equal in every bank of banks that
 * both have, at least in one that is not SHA-1; or NULL.
 */
const struct known_entry *known_find(const struct known *k, unsigned pcr,
				     const struct digest_set *digests,
				     digest_algs banks);

/* Whether one of that place and PCR is equal in this way. */
bool known_is(const struct known *k, enum known_place place, unsigned pcr,
	      const struct digest_set *digests, digest_algs banks);

/* As known_find, for the content of a file, under one algorithm. */
const struct known_entry *known_find_file(const struct known *k,
					  enum digest_alg alg,
					  const uint8_t *digest);

#endif
