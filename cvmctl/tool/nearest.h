/* SPDX-License-Identifier: MIT */
/* Which of our words somebody meant who mistyped it. */
#ifndef CVMCTL_TOOL_NEAREST_H
#define CVMCTL_TOOL_NEAREST_H

#include <limits.h>

enum { nearest_word_max = 15 };

/*
 * How many letters are to be added, removed, replaced, or swapped with the next
 * one to get from a to b. UINT_MAX when one has more than nearest_word_max.
 */
unsigned nearest_distance(const char *a, const char *b);

#endif
