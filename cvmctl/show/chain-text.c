// SPDX-License-Identifier: MIT
/*
 * A chain as text: a canvas of characters, with box drawing, or with what
 * ASCII has for it. Nothing on it is wider than one column, since the texts of
 * a chain are ASCII.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cvmctl/show/chain-draw.h"
#include "lib/own.h"

/* The widths of the arrows, with who measures, and of the right column. */
enum { arrow_width = 18, side_width = 26, head_rows = 3 };

/* Cells below ' ' are drawings. */
enum glyph {
	GLYPH_ACROSS = 1,
	GLYPH_DOWN,
	GLYPH_TOP_LEFT,
	GLYPH_TOP_RIGHT,
	GLYPH_BOTTOM_LEFT,
	GLYPH_BOTTOM_RIGHT,
	GLYPH_TEE_RIGHT,
	GLYPH_TEE_DOWN,
	GLYPH_ARROW_RIGHT,
	GLYPH_ARROW_LEFT,
	GLYPH_ARROW_DOWN,
	GLYPH_DOTS,
	GLYPH_COUNT
};

static const char *const drawn[GLYPH_COUNT] = {
	[GLYPH_ACROSS] = "\u2500",	[GLYPH_DOWN] = "\u2502",
	[GLYPH_TOP_LEFT] = "\u250c",	[GLYPH_TOP_RIGHT] = "\u2510",
	[GLYPH_BOTTOM_LEFT] = "\u2514", [GLYPH_BOTTOM_RIGHT] = "\u2518",
	[GLYPH_TEE_RIGHT] = "\u251c",	[GLYPH_TEE_DOWN] = "\u252c",
	[GLYPH_ARROW_RIGHT] = "\u25b6", [GLYPH_ARROW_LEFT] = "\u25c0",
	[GLYPH_ARROW_DOWN] = "\u25bc",	[GLYPH_DOTS] = "\u2026",
};

static const char ascii[GLYPH_COUNT] = {
	[GLYPH_ACROSS] = '-',	   [GLYPH_DOWN] = '|',
	[GLYPH_TOP_LEFT] = '+',	   [GLYPH_TOP_RIGHT] = '+',
	[GLYPH_BOTTOM_LEFT] = '+', [GLYPH_BOTTOM_RIGHT] = '+',
	[GLYPH_TEE_RIGHT] = '+',   [GLYPH_TEE_DOWN] = '+',
	[GLYPH_ARROW_RIGHT] = '>', [GLYPH_ARROW_LEFT] = '<',
	[GLYPH_ARROW_DOWN] = 'v',  [GLYPH_DOTS] = '~',
};

static const char dots[] = { GLYPH_DOTS, '\0' };

struct canvas {
	char *cell;
	unsigned width, rows;
	unsigned box; /* width of the boxes on the left */
};

static void put(const struct canvas *v, unsigned row, unsigned column, char c)
{
	if (row < v->rows && column < v->width)
		v->cell[row * v->width + column] = c;
}

static void put_run(const struct canvas *v, unsigned row, unsigned from,
		    unsigned to, char c)
{
	for (unsigned i = from; i < to; i++)
		put(v, row, i, c);
}

/* At most max columns of s; the end of what was put. */
static unsigned put_text(const struct canvas *v, unsigned row, unsigned column,
			 unsigned max, const char *s)
{
	char shorter[chain_text_max + 4];

	chain_shorten(s, max, dots, shorter, sizeof(shorter));
	for (const char *at = shorter; *at; at++)
		put(v, row, column++, *at);
	return column;
}

/* A name on the left, its value on the right of width columns. */
static void put_line(const struct canvas *v, unsigned column, unsigned width,
		     const struct chain_line *line)
{
	char value[chain_text_max + 4];
	unsigned len;

	chain_shorten(line->value, width / 2, dots, value, sizeof(value));
	len = (unsigned)strlen(value);
	(void)put_text(v, head_rows + line->row, column,
		       width - (len ? len + 1 : 0), line->name);
	(void)put_text(v, head_rows + line->row, column + width - len, len,
		       value);
}

/* The edges of a box from its title's row to the row behind its last line. */
static void put_frame(const struct canvas *v, const struct chain_box *b)
{
	unsigned top = head_rows + b->top;
	unsigned bottom = head_rows + b->line[b->n - 1].row + 1;
	unsigned end = v->box - 1;

	put_run(v, top, 0, end, GLYPH_ACROSS);
	put_run(v, bottom, 0, end, GLYPH_ACROSS);
	put(v, top, 0, GLYPH_TOP_LEFT);
	put(v, top, end, GLYPH_TOP_RIGHT);
	put(v, bottom, 0, GLYPH_BOTTOM_LEFT);
	put(v, bottom, end, GLYPH_BOTTOM_RIGHT);
	for (unsigned row = top + 1; row < bottom; row++) {
		put(v, row, 0, GLYPH_DOWN);
		put(v, row, end, GLYPH_DOWN);
	}
}

/* A box, and if there is one above, the arrow from that one's lower edge. */
static void put_step(const struct canvas *v, const struct chain_box *b,
		     unsigned from_row)
{
	unsigned top = head_rows + b->top;
	unsigned at = from_row ? 4 : 3;
	unsigned end;

	put_frame(v, b);
	put(v, top, at - 1, ' ');
	end = put_text(v, top, at, v->box - at - 3, b->title);
	put(v, top, end, ' ');
	for (size_t i = 0; i < b->n; i++)
		put_line(v, 2, v->box - 4, &b->line[i]);
	if (!from_row)
		return;
	put(v, from_row, 2, GLYPH_TEE_DOWN);
	for (unsigned row = from_row + 1; row < top; row++)
		put(v, row, 2, GLYPH_DOWN);
	(void)put_text(v, top - 1, 4, v->box - 4, b->from);
	put(v, top, 2, GLYPH_ARROW_DOWN);
}

static void put_side(const struct canvas *v, const struct chain_box *b)
{
	unsigned column = v->box + arrow_width;

	(void)put_text(v, head_rows + b->top, column, side_width - 1, b->title);
	for (size_t i = 0; i < b->n; i++)
		put_line(v, column, side_width - 1, &b->line[i]);
}

static void put_arrow(const struct canvas *v, const struct chain *c,
		      const struct chain_arrow *a)
{
	unsigned row = head_rows + c->side[a->side].top;
	unsigned end = v->box + arrow_width - 2;
	unsigned by;

	put(v, row, v->box - 1, GLYPH_TEE_RIGHT);
	put_run(v, row, v->box, end, GLYPH_ACROSS);
	put(v, row, v->box + 1, ' ');
	by = put_text(v, row, v->box + 2, arrow_width - 6, a->by);
	put(v, row, by, ' ');
	put(v, row, end, GLYPH_ARROW_RIGHT);
}

/* From the last register to the last box: what is done by the values. */
static void put_end(const struct canvas *v, const struct chain *c)
{
	const struct chain_box *end = &c->side[c->sides - 1];
	unsigned column = v->box + arrow_width;
	unsigned row = head_rows + end->top;

	put(v, row - 2, column, GLYPH_DOWN);
	(void)put_text(v, row - 2, column + 2, side_width - 3,
		       c->end == CHAIN_END_KEYS ? "the TPM releases keys:"
						: "quoting enclave signs:");
	put(v, row - 1, column, GLYPH_ARROW_DOWN);
}

/* From the volumes to the workload. */
static void put_opening(const struct canvas *v, const struct chain *c)
{
	const struct chain_box *keys = &c->side[c->sides - 1];
	const struct chain_box *workload = &c->step[c->steps - 1];
	unsigned column = v->box + arrow_width;
	unsigned row = head_rows + keys->top + (unsigned)keys->n + 1;
	unsigned to = head_rows + workload->line[0].row;

	for (; row < to; row++)
		put(v, row, column, GLYPH_DOWN);
	put_run(v, to, v->box + 1, column, GLYPH_ACROSS);
	put(v, to, column, GLYPH_BOTTOM_RIGHT);
	put(v, to, v->box, GLYPH_ARROW_LEFT);
	(void)put_text(v, to - 1, v->box + 3, arrow_width - 4, "init opens");
}

/* The canvas in lines, without blanks at their ends. */
static void write_canvas(const struct canvas *v, bool utf8, struct text *ret)
{
	for (unsigned row = 0; row < v->rows; row++) {
		const char *line = v->cell + row * v->width;
		unsigned len = v->width;

		while (len && line[len - 1] == ' ')
			len--;
		for (unsigned i = 0; i < len; i++) {
			unsigned char c = (unsigned char)line[i];

			if (c >= GLYPH_COUNT)
				text_add_bytes(ret, &line[i], 1);
			else if (utf8)
				text_add(ret, "%s", drawn[c]);
			else
				text_add_bytes(ret, &ascii[c], 1);
		}
		text_add_bytes(ret, "\n", 1);
	}
}

int chain_draw_text(const struct chain *c, unsigned width, bool utf8,
		    struct text *ret)
{
	struct canvas v = {
		.width = width,
		.rows = head_rows + c->rows,
		.box = width - arrow_width - side_width,
	};
	own_free char *cell = malloc((size_t)v.rows * v.width);
	unsigned from = 0;

	if (!cell)
		return -ENOMEM;
	v.cell = memset(cell, ' ', (size_t)v.rows * v.width);
	(void)put_text(&v, 0, 0, v.width, c->title);
	(void)put_text(&v, 1, 0, v.width, c->note);
	for (size_t i = 0; i < c->sides; i++)
		put_side(&v, &c->side[i]);
	for (size_t i = 0; i < c->steps; i++) {
		const struct chain_box *b = &c->step[i];

		put_step(&v, b, from);
		from = head_rows + b->line[b->n - 1].row + 1;
	}
	for (size_t i = 0; i < c->arrows; i++)
		put_arrow(&v, c, &c->arrow[i]);
	if (c->end != CHAIN_END_NONE)
		put_end(&v, c);
	if (c->end == CHAIN_END_KEYS)
		put_opening(&v, c);
	write_canvas(&v, utf8, ret);
	return text_failed(ret) ? -ENOMEM : 0;
}
