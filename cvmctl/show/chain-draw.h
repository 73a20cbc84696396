/* SPDX-License-Identifier: MIT */
/* The two pictures of a chain that was laid out; see chain-model.h. */
#ifndef CVMCTL_SHOW_CHAIN_DRAW_H
#define CVMCTL_SHOW_CHAIN_DRAW_H

#include "cvmctl/show/chain-model.h"

enum { chain_width_min = 80, chain_width_max = 110 };

/*
 * Text of at most width columns, from chain_width_min on: with box drawing,
 * or in ASCII alone. The caller frees *ret. 0 or -ENOMEM.
 */
int chain_draw_text(const struct chain *c, unsigned width, bool utf8,
		    struct text *ret);

/* An SVG document. The caller frees *ret. 0 or -ENOMEM. */
int chain_draw_svg(const struct chain *c, struct text *ret);

#endif
