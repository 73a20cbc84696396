/* SPDX-License-Identifier: MIT */
/*
 * The chain from launch measurement to workload, as a picture before it is
 * drawn: two columns of boxes. On the left is each step of the boot with what
 * it consists of, on the right what that is measured into, and at the right's
 * end the volumes whose keys those values release, or the quote that they are
 * signed in. An arrow to the right says who measures. Both renderers draw the
 *same chain, on the same rows.
 *
 *	own_chain struct chain c = { 0 };
 *	chain_add_step(&c, "Kernel", "starts");
 *	chain_add_line(chain_last_step(&c), CHAIN_ITEM, digest, "%s", file);
 *	chain_measure(&c, "the firmware", "PCR 4");	 * that line
 *
 * All text in a chain is printable ASCII: what others chose is escaped. Like
 * in struct text the first failure is remembered, and checked at the end.
 */
#ifndef CVMCTL_SHOW_CHAIN_MODEL_H
#define CVMCTL_SHOW_CHAIN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fail.h"
#include "lib/json.h"
#include "lib/text.h"

enum {
	chain_text_max = 160,	  /* bytes of a text; longer: cut inside */
	chain_lines_max = 128,	  /* of a box */
	chain_boxes_max = 12,	  /* of a column */
	chain_digest_digits = 12, /* that are shown of a digest */
};

enum chain_style {
	CHAIN_ITEM, /* a file or name, and its digest or place */
	CHAIN_HEAD, /* a name above items */
	CHAIN_NOTE, /* a remark */
};

struct chain_line {
	enum chain_style style;
	char name[chain_text_max];
	char value[chain_text_max]; /* may be "" */
	unsigned row;
};

/* Whether keys hang on the value of a register; in a quote it is bound. */
enum chain_bound { CHAIN_UNBOUND, CHAIN_MAYBE_BOUND, CHAIN_BOUND };

struct chain_box {
	char title[chain_text_max];
	const char *from; /* what the box above does: "starts" */
	enum chain_bound bound;
	uint32_t pcrs; /* that it stands for, as a mask */
	struct chain_line *line;
	size_t n;
	unsigned top;	 /* row of the title; lines follow */
	bool is_nothing; /* stands for no register */
	bool failed;
};

/* From a line of a step to a register, that is a box on the right. */
struct chain_arrow {
	size_t step, line, side;
	const char *by;
};

/* What the last box on the right is, that the others lead to. */
enum chain_end {
	CHAIN_END_NONE,	 /* a register as the others */
	CHAIN_END_KEYS,	 /* volumes, whose keys they release */
	CHAIN_END_QUOTE, /* what they are signed in */
};

struct chain {
	char title[chain_text_max];
	char note[chain_text_max]; /* may be "" */
	struct chain_box step[chain_boxes_max];
	size_t steps;
	struct chain_box side[chain_boxes_max];
	size_t sides;
	struct chain_arrow arrow[chain_boxes_max];
	size_t arrows;
	enum chain_end end;
	unsigned rows; /* of the picture, once laid out */
	bool failed;
};

void chain_free(struct chain *c);

#define own_chain __attribute__((cleanup(chain_free)))

/* Title and note, both as they are to be read. */
__attribute__((format(printf, 3, 4))) void
chain_set_title(struct chain *c, const char *note, const char *title, ...);

/* A box below the last step. from is what that one does, a literal. */
struct chain_box *chain_add_step(struct chain *c, const char *title,
				 const char *from);

/* The register that the last line of the last step is measured into. */
struct chain_box *chain_measure(struct chain *c, const char *by,
				const char *title);

/* The box of the volumes or of a quote, once, after all registers. */
struct chain_box *chain_add_end(struct chain *c, enum chain_end end,
				const char *title);

/* A line at the end of a box. value is escaped, and so is what fmt makes. */
__attribute__((format(printf, 4, 5))) void
chain_add_line(struct chain_box *b, enum chain_style style, const char *value,
	       const char *fmt, ...);

/* The first digits of a digest in hexadecimal, for a value. */
const char *chain_short_digest(const char *hex,
			       char ret[static chain_digest_digits + 1]);

/*
 * Gives every line its row, so that each arrow to the right is level and
 * nothing overlaps. 0, or -ENOMEM if anything before has failed.
 */
int chain_layout(struct chain *c);

/*
 * The first and the last characters of s, with dots between them, if it is
 * longer than max characters. size is that of ret.
 */
void chain_shorten(const char *s, size_t max, const char *dots, char *ret,
		   size_t size);

#endif
