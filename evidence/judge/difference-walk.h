/* SPDX-License-Identifier: MIT */
/* All entries in which two listings differ, one after the other. */
#ifndef EVIDENCE_JUDGE_DIFFERENCE_WALK_H
#define EVIDENCE_JUDGE_DIFFERENCE_WALK_H

#include <stdbool.h>

#include "evidence/judge/difference.h"
#include "evidence/judge/listing.h"

/* A walk over the entries that differ. All is borrowed from the two texts. */
struct differences {
	struct listing expected, found;
	struct listing_entry a, b; /* the last that was read of each */
	bool has_a, has_b;
	bool in_expected, in_found; /* where the entry that differs is */
};

/* False if one of the two is no whole listing. Heads are not compared. */
bool differences_open(const char *expected, const char *found,
		      struct differences *ret);

/* To the next, in the order of their paths; false behind the last. */
bool differences_next(struct differences *w);

/* The one that it is at. The caller frees *ret. 0 or -ENOMEM. */
int differences_get(const struct differences *w, struct difference *ret);

#endif
