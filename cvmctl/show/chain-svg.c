// SPDX-License-Identifier: MIT
/*
 * A chain as SVG: steps on the left, what they are measured into on the
 * right, blue arrows level between them. What keys hang on is joined by a
 * green line at the right edge, dashed where the disk decides; what a quote
 * signs by a violet one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/show/chain-draw.h"
#include "cvmctl/show/svg.h"

/* Pixels. */
enum {
	row_height = 20,
	head_height = 100, /* above the first row */
	margin = 24,
	padding = 14, /* inside of a box, left and right */
	overhang = 6, /* of a box above its first row and below its last */
	step_width = 412,
	side_x = 560,
	side_width = 264,
	rail_x = 846,
	picture_width = 872,
	indent_width = 16,
	spine_x = 48,
	corner = 8, /* of a line that turns */
	dash_width = 28,
};

static const struct svg_text column = { SVG_BOLD, 11, "dim", SVG_START };
static const struct svg_text middle = { SVG_BOLD, 11, "dim", SVG_MIDDLE };
static const struct svg_text title = { SVG_BOLD, 13, "ink", SVG_START };
static const struct svg_text remark = { SVG_SANS, 11, "dim", SVG_START };
static const struct svg_text head = { SVG_BOLD, 12, "ink", SVG_START };
static const struct svg_text item = { SVG_MONO, 12, "ink", SVG_START };
static const struct svg_text value = { SVG_SANS, 12, "ink", SVG_START };
static const struct svg_text digest = { SVG_MONO, 12, "dim", SVG_END };
static const struct svg_text measurer = { SVG_SANS, 11, "blue", SVG_MIDDLE };
static const struct svg_text releaser = { SVG_SANS, 11, "green", SVG_START };
static const struct svg_text opener = { SVG_SANS, 11, "green", SVG_MIDDLE };
static const struct svg_text signer = { SVG_SANS, 11, "violet", SVG_START };

static unsigned row_top(unsigned row)
{
	return head_height + row * row_height;
}

static unsigned row_middle(unsigned row)
{
	return row_top(row) + row_height / 2;
}

static unsigned baseline(unsigned row)
{
	return row_top(row) + 14;
}

/* The row of the last line, or of the title. */
static unsigned last_row(const struct chain_box *b)
{
	return b->n ? b->line[b->n - 1].row : b->top;
}

static unsigned bottom_of(const struct chain_box *b)
{
	return row_top(last_row(b) + 1) + overhang;
}

/* Of the last box on each side; a chain has both. */
static unsigned lowest(const struct chain *c)
{
	unsigned left = bottom_of(&c->step[c->steps - 1]);
	unsigned right = bottom_of(&c->side[c->sides - 1]);

	return left > right ? left : right;
}

/* On the left items are files, on the right what a value is of. */
static const struct svg_text *style_of(enum chain_style style, unsigned x)
{
	switch (style) {
	case CHAIN_ITEM: return x < side_x ? &item : &value;
	case CHAIN_HEAD: return &head;
	case CHAIN_NOTE: return &remark;
	}
	return &remark;
}

static void draw_line(struct text *svg, unsigned x, unsigned width,
		      const struct chain_line *line)
{
	unsigned used = svg_text_width(&digest, line->value);
	unsigned half = width / 2;
	const char *name = line->name;
	unsigned indent = 0;

	if (name[0] == ' ' && name[1] == ' ') {
		indent = indent_width;
		name += 2;
	}
	used = used > half ? half : used;
	if (used)
		svg_text(svg, &digest, x + width, baseline(line->row), half,
			 line->value);
	used += used ? padding : 0;
	svg_text(svg, style_of(line->style, x), x + indent, baseline(line->row),
		 width - used - indent, name);
}

static void draw_box(struct text *svg, const char *class,
		     const struct chain_box *b, unsigned x, unsigned width)
{
	unsigned top = row_top(b->top) - overhang;

	svg_box(svg, class, x, top, width, bottom_of(b) - top);
	svg_text(svg, &title, x + padding, baseline(b->top),
		 width - 2 * padding, b->title);
	for (size_t i = 0; i < b->n; i++)
		draw_line(svg, x + padding, width - 2 * padding, &b->line[i]);
}

/* The arrow from the step above, and what that step does. */
static void draw_way(struct text *svg, const struct chain_box *above,
		     const struct chain_box *b)
{
	unsigned to = row_top(b->top) - overhang - 1;

	svg_line(svg, "way", "M%d %uV%um-4 -5l4 5l4 -5", spine_x,
		 bottom_of(above), to);
	svg_text(svg, &remark, spine_x + 12, to - 9, step_width - spine_x,
		 b->from);
}

/* The arrow to a register, and who measures. */
static void draw_arrow(struct text *svg, const struct chain *c,
		       const struct chain_arrow *a)
{
	unsigned y = row_middle(c->side[a->side].top);
	unsigned from = margin + step_width;

	svg_line(svg, "measure", "M%u %uH%dm-5 -4l5 4l-5 4", from, y,
		 side_x - 1);
	svg_text(svg, &measurer, (from + side_x) / 2, y - 6, side_x - from - 8,
		 a->by);
}

/* How what the registers lead to is drawn. */
static const struct end {
	const char *box, *line, *maybe;
	const struct svg_text *by;
	const char *how;
} ends[] = {
	[CHAIN_END_KEYS] = { "keys", "release", "release maybe", &releaser,
			     "the TPM releases the keys" },
	[CHAIN_END_QUOTE] = { "quote", "sign", "sign", &signer,
			      "the quoting enclave signs" },
};

/*
 * The line at the right edge, from the registers down to the last box. Each
 * piece ends where that of the next register below comes in.
 */
static void draw_rail(struct text *svg, const struct chain *c,
		      const struct end *end)
{
	const struct chain_box *last = &c->side[c->sides - 1];
	unsigned right = side_x + side_width;
	unsigned to = row_middle(last->top) - corner;

	svg_line(svg, end->line, "M%d %uq0 %d -%d %dH%um5 -4l-5 4l5 4", rail_x,
		 to, corner, corner, corner, right + 1);
	for (size_t i = c->sides - 1; i-- > 0;) {
		const struct chain_box *b = &c->side[i];
		unsigned from = row_middle(b->top);

		if (b->bound == CHAIN_UNBOUND)
			continue;
		svg_line(svg, b->bound == CHAIN_BOUND ? end->line : end->maybe,
			 "M%u %uH%dq%d 0 %d %dV%u", right, from,
			 rail_x - corner, corner, corner, corner, to);
		to = from + corner;
	}
	svg_text(svg, end->by, side_x + padding, baseline(last->top - 1) - 7,
		 side_width - padding, end->how);
}

/* From the volumes to the workload. */
static void draw_opening(struct text *svg, const struct chain *c)
{
	const struct chain_box *keys = &c->side[c->sides - 1];
	unsigned y = row_middle(c->step[c->steps - 1].line[0].row);
	unsigned to = margin + step_width;

	svg_line(svg, "release", "M%d %uV%uq0 %d -%d %dH%um5 -4l-5 4l5 4",
		 side_x + indent_width, bottom_of(keys), y - corner, corner,
		 corner, corner, to + 1);
	svg_text(svg, &opener, (to + side_x) / 2, y - 6, side_x - to,
		 "init opens");
}

/* Beside that arrow: what the dashes mean, if there are any. */
static void draw_legend(struct text *svg, const struct chain *c)
{
	unsigned row = c->step[c->steps - 1].line[0].row;
	unsigned x = side_x + 3 * indent_width;
	unsigned text_x = x + dash_width + padding / 2;
	bool is_needed = false;

	for (size_t i = 0; i + 1 < c->sides; i++)
		is_needed |= c->side[i].bound == CHAIN_MAYBE_BOUND;
	if (!is_needed)
		return;
	svg_line(svg, "release maybe", "M%u %uh%d", x, row_middle(row),
		 dash_width);
	svg_text(svg, &remark, text_x, baseline(row), rail_x - text_x,
		 "if a token or a broker says so");
}

/* What a reader who does not see the picture is told. */
static void describe(const struct chain *c, struct text *ret)
{
	text_add(ret, "%s.", c->note);
	for (size_t i = 0; i < c->arrows; i++) {
		const struct chain_arrow *a = &c->arrow[i];

		text_add(ret, " %s: %s measures into %s.",
			 c->step[a->step].title, a->by, c->side[a->side].title);
	}
	for (size_t i = 0; i + 1 < c->sides; i++) {
		const struct chain_box *b = &c->side[i];

		if (c->end == CHAIN_END_NONE || b->bound == CHAIN_UNBOUND)
			continue;
		text_add(ret,
			 c->end == CHAIN_END_QUOTE
				 ? " A quoting enclave signs %s%s."
				 : " Keys of volumes hang on %s%s.",
			 b->title,
			 b->bound == CHAIN_BOUND
				 ? ""
				 : " if a disk's token says so");
	}
}

static void draw_headings(struct text *svg, const struct chain *c)
{
	unsigned from = margin + step_width;

	svg_heading(svg, margin, picture_width - 2 * margin, c->title, c->note);
	svg_text(svg, &column, margin, 84, step_width, "what is measured");
	svg_text(svg, &middle, (from + side_x) / 2, 84, side_x - from,
		 "by whom");
	svg_text(svg, &column, side_x, 84, side_width, "into what");
}

/* The class of a box on the right. */
static const char *class_of(const struct chain *c, size_t side)
{
	if (side + 1 == c->sides && c->end != CHAIN_END_NONE)
		return ends[c->end].box;
	return c->side[side].is_nothing ? "nothing" : "register";
}

int chain_draw_svg(const struct chain *c, struct text *ret)
{
	unsigned height = lowest(c) + margin;
	own_text struct text description = { 0 };

	describe(c, &description);
	if (text_failed(&description))
		return -ENOMEM;
	svg_begin(ret, picture_width, height, c->title, description.s);
	draw_headings(ret, c);
	if (c->end != CHAIN_END_NONE)
		draw_rail(ret, c, &ends[c->end]);
	if (c->end == CHAIN_END_KEYS) {
		draw_opening(ret, c);
		draw_legend(ret, c);
	}
	for (size_t i = 0; i < c->steps; i++) {
		if (i)
			draw_way(ret, &c->step[i - 1], &c->step[i]);
		draw_box(ret, "step", &c->step[i], margin, step_width);
	}
	for (size_t i = 0; i < c->sides; i++)
		draw_box(ret, class_of(c, i), &c->side[i], side_x, side_width);
	for (size_t i = 0; i < c->arrows; i++)
		draw_arrow(ret, c, &c->arrow[i]);
	svg_end(ret);
	return text_failed(ret) ? -ENOMEM : 0;
}
