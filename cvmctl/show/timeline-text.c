// SPDX-License-Identifier: MIT
/* A timeline as text: a line for each stage, with a bar where its time was. */
#include <errno.h>

#include "cvmctl/show/timeline.h"

/* Columns of name, start, duration, and the blanks between. */
enum { table_width = timeline_name_max + 1 + 11 + 11 + 2 };

static void draw_bar(const struct timeline *t, const struct timeline_stage *s,
		     unsigned width, bool utf8, struct text *ret)
{
	unsigned from = timeline_at(t, s->start_us, width - 1);
	unsigned to = timeline_at(t, s->start_us + s->duration_us, width);

	if (to <= from) /* what took less than a column is seen too */
		to = from + 1;
	text_add(ret, "%*s", (int)from, "");
	for (; from < to; from++)
		text_add(ret, "%s", utf8 ? "\u2588" : "#");
}

int timeline_draw_text(const struct timeline *t, unsigned width, bool utf8,
		       struct text *ret)
{
	char start[timeline_time_max];
	char duration[timeline_time_max];

	text_add(ret, "%-*s %11s %11s\n", timeline_name_max, "stage",
		 "after start", "takes");
	for (size_t i = 0; i < t->n; i++) {
		const struct timeline_stage *s = &t->stage[i];

		text_add(ret, "%-*s %11s %11s  ", timeline_name_max, s->name,
			 timeline_time(s->start_us - t->start_us, start),
			 timeline_time(s->duration_us, duration));
		draw_bar(t, s, width - table_width, utf8, ret);
		text_add(ret, "\n");
	}
	text_add(ret, "%-*s %11s %11s\n", timeline_name_max, "in all", "",
		 timeline_time(t->end_us - t->start_us, duration));
	text_add(ret, "%-*s %11s %11s\n", timeline_name_max, "waiting for TPM",
		 "", timeline_time(t->waited_us, duration));
	text_add(ret, "%-*s %11s %11s\n", timeline_name_max, "kernel, before",
		 "", timeline_time(t->start_us, duration));
	return text_failed(ret) ? -ENOMEM : 0;
}
