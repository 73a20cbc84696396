// SPDX-License-Identifier: MIT
/* See chain-model.h. */
#include "cvmctl/show/chain-model.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/own.h"

static void box_free(struct chain_box *b)
{
	free(b->line);
	*b = (struct chain_box){ .title = "" };
}

void chain_free(struct chain *c)
{
	for (size_t i = 0; i < c->steps; i++)
		box_free(&c->step[i]);
	for (size_t i = 0; i < c->sides; i++)
		box_free(&c->side[i]);
	c->steps = c->sides = c->arrows = 0;
}

void chain_shorten(const char *s, size_t max, const char *dots, char *ret,
		   size_t size)
{
	size_t len = strlen(s);
	/* dots may be the one character U+2026 */
	size_t dots_width = (unsigned char)*dots < 0x80 ? strlen(dots) : 1;
	size_t tail;

	if (len <= max) {
		(void)snprintf(ret, size, "%s", s); /* fits: max < size */
		return;
	}
	if (max <= dots_width) {
		(void)snprintf(ret, size, "%.*s", (int)max, s);
		return;
	}
	tail = (max - dots_width) / 2;
	(void)snprintf(ret, size, "%.*s%s%s", (int)(max - dots_width - tail), s,
		       dots, s + len - tail);
}

/* Escapes what may come from others; cuts it inside if it is too long. */
static void put_text(const char *s, char ret[static chain_text_max])
{
	char escaped[4 * 4096 + 1];

	text_escape(s, strlen(s), escaped, sizeof(escaped));
	chain_shorten(escaped, chain_text_max - 1, "...", ret, chain_text_max);
}

__attribute__((format(printf, 2, 0))) static void
put_formatted(char ret[static chain_text_max], const char *fmt, va_list args)
{
	char text[4096];

	(void)vsnprintf(text, sizeof(text), fmt, args); /* may be cut */
	put_text(text, ret);
}

void chain_set_title(struct chain *c, const char *note, const char *title, ...)
{
	va_list args;

	va_start(args, title);
	put_formatted(c->title, title, args);
	va_end(args);
	put_text(note, c->note);
}

/* The next box of a column; the last one, if that was full. */
static struct chain_box *next_box(struct chain *c, struct chain_box *column,
				  size_t *n, const char *title)
{
	struct chain_box *b = &column[*n < chain_boxes_max ? *n : *n - 1];

	if (*n == chain_boxes_max) {
		c->failed = true;
		return b;
	}
	*b = (struct chain_box){ .from = "" };
	put_text(title, b->title);
	(*n)++;
	return b;
}

struct chain_box *chain_add_step(struct chain *c, const char *title,
				 const char *from)
{
	struct chain_box *b = next_box(c, c->step, &c->steps, title);

	b->from = from;
	return b;
}

struct chain_box *chain_measure(struct chain *c, const char *by,
				const char *title)
{
	struct chain_box *b = next_box(c, c->side, &c->sides, title);
	const struct chain_box *step = c->steps ? &c->step[c->steps - 1] : NULL;

	if (!step || !step->n || c->arrows == chain_boxes_max) {
		c->failed = true;
		return b;
	}
	c->arrow[c->arrows++] = (struct chain_arrow){
		.step = c->steps - 1,
		.line = step->n - 1,
		.side = c->sides - 1,
		.by = by,
	};
	return b;
}

struct chain_box *chain_add_end(struct chain *c, enum chain_end end,
				const char *title)
{
	c->end = end;
	return next_box(c, c->side, &c->sides, title);
}

void chain_add_line(struct chain_box *b, enum chain_style style,
		    const char *value, const char *fmt, ...)
{
	struct chain_line *bigger;
	struct chain_line *line;
	va_list args;

	if (b->n == chain_lines_max) {
		b->failed = true;
		return;
	}
	bigger = reallocarray(b->line, b->n + 1, sizeof(*bigger));
	if (!bigger) {
		b->failed = true;
		return;
	}
	b->line = bigger;
	line = &b->line[b->n++];
	*line = (struct chain_line){ .style = style };
	put_text(value, line->value);
	va_start(args, fmt);
	put_formatted(line->name, fmt, args);
	va_end(args);
}

const char *chain_short_digest(const char *hex,
			       char ret[static chain_digest_digits + 1])
{
	(void)snprintf(ret, chain_digest_digits + 1, "%.*s",
		       chain_digest_digits, hex);
	return ret;
}
