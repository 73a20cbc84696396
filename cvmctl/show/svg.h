/* SPDX-License-Identifier: MIT */
/*
 * A small writer of SVG: boxes, lines, text. What it makes stands alone: no
 * script, no link, no font but the reader's own, and colours for light and
 * dark pages by a style sheet inside. Lengths are whole pixels, so the same
 * picture is the same bytes everywhere.
 *
 * No library: cairo and its like place glyphs, so the text could neither be
 * selected nor read aloud, and would need the font of who drew it; a writer of
 * XML would save the escaping alone, which is a table of five characters.
 */
#ifndef CVMCTL_SHOW_SVG_H
#define CVMCTL_SHOW_SVG_H

#include "lib/text.h"

/* Fonts of text, by which it is measured. */
enum svg_font { SVG_SANS, SVG_BOLD, SVG_MONO };

enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };

/* Text that is to be drawn. class is one of the style sheet. */
struct svg_text {
	enum svg_font font;
	unsigned size; /* pixels */
	const char *class;
	enum svg_anchor anchor;
};

/* Title and description are for who cannot see it. */
void svg_begin(struct text *svg, unsigned width, unsigned height,
	       const char *title, const char *description);
void svg_end(struct text *svg);

/* A box with round corners. */
void svg_box(struct text *svg, const char *class, unsigned x, unsigned y,
	     unsigned width, unsigned height);

/* A line along points "M1 2H3V4", all literals or numbers of ours. */
__attribute__((format(printf, 3, 4))) void
svg_line(struct text *svg, const char *class, const char *path, ...);

/* s, which is printable ASCII, cut inside so as not to be wider than max. */
void svg_text(struct text *svg, const struct svg_text *as, unsigned x,
	      unsigned y, unsigned max, const char *s);

/* What is at the top of each picture, both cut as by svg_text. */
void svg_heading(struct text *svg, unsigned x, unsigned max, const char *title,
		 const char *note);

/* Pixels that s takes at most, in any of the fonts a reader may have. */
unsigned svg_text_width(const struct svg_text *as, const char *s);

#endif
