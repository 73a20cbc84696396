// SPDX-License-Identifier: MIT
/*
 * The rows of a chain's picture. Both columns grow downwards; where a line is
 * measured, the left waits for the right or the right for the left, so that
 * the arrow between them is level and no two arrows cross.
 */
#include <errno.h>

#include "cvmctl/show/chain-model.h"

struct columns {
	unsigned left, right; /* the next free row of each */
};

static bool has_failed(const struct chain *c)
{
	bool failed = c->failed;

	for (size_t i = 0; i < c->steps; i++)
		failed |= c->step[i].failed;
	for (size_t i = 0; i < c->sides; i++)
		failed |= c->side[i].failed;
	return failed;
}

static unsigned later(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* Puts a box of the right column at a row; one row below it stays empty. */
static void place_side(struct chain_box *b, unsigned top, struct columns *at)
{
	b->top = top;
	for (size_t i = 0; i < b->n; i++)
		b->line[i].row = top + 1 + (unsigned)i;
	at->right = top + (unsigned)b->n + 2;
}

static struct chain_box *measured_into(struct chain *c, size_t step,
				       size_t line)
{
	for (size_t i = 0; i < c->arrows; i++)
		if (c->arrow[i].step == step && c->arrow[i].line == line)
			return &c->side[c->arrow[i].side];
	return NULL;
}

/* A title, lines, the lower edge, and a row for the arrow to the next box. */
static void place_step(struct chain *c, size_t step, struct columns *at)
{
	struct chain_box *b = &c->step[step];
	unsigned row = at->left + 1;

	b->top = at->left;
	for (size_t i = 0; i < b->n; i++, row++) {
		struct chain_box *side = measured_into(c, step, i);

		if (side) {
			row = later(row, at->right);
			place_side(side, row, at);
		}
		if (i == 0)
			b->top = row - 1;
		b->line[i].row = row;
	}
	at->left = row + 2;
}

/* Behind all registers, with a row for who releases or signs. */
static void place_end(struct chain *c, struct columns *at)
{
	if (c->end == CHAIN_END_NONE)
		return;
	place_side(&c->side[c->sides - 1], at->right + 1, at);
	if (c->end == CHAIN_END_KEYS) /* the workload gets the volumes */
		at->left = later(at->left, at->right - 1);
}

int chain_layout(struct chain *c)
{
	struct columns at = { 0, 0 };

	if (has_failed(c))
		return -ENOMEM;
	for (size_t i = 0; i < c->steps; i++) {
		if (i + 1 == c->steps)
			place_end(c, &at);
		place_step(c, i, &at);
	}
	c->rows = later(at.left, at.right) - 1;
	return 0;
}
