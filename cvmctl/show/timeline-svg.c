// SPDX-License-Identifier: MIT
/*
 * A timeline as SVG: a row for each stage, with a bar where its time was. The
 * waiting for the TPM is a bar of its own, as long as all of it in one piece.
 */
#include <errno.h>
#include <inttypes.h>

#include "cvmctl/show/svg.h"
#include "cvmctl/show/timeline.h"
#include "lib/own.h"

/* Pixels. */
enum {
	row_height = 22,
	head_height = 84,
	margin = 24,
	bars_x = 152,
	bars_width = 592,
	bar_height = 12,
	bar_min = 2,
	picture_width = 872,
	ticks_max = 8,
};

static const struct svg_text label = { SVG_SANS, 12, "ink", SVG_START };
static const struct svg_text tick = { SVG_SANS, 11, "dim", SVG_MIDDLE };
static const struct svg_text duration = { SVG_SANS, 11, "dim", SVG_START };

static void draw_row(struct text *svg, const char *class, unsigned row,
		     const char *name, unsigned from, unsigned to, uint64_t us)
{
	unsigned y = head_height + row * row_height;
	unsigned width = to > from + bar_min ? to - from : bar_min;
	char time[timeline_time_max];

	svg_text(svg, &label, margin, y + 14, bars_x - margin - 8, name);
	svg_box(svg, class, bars_x + from, y + 4, width, bar_height);
	svg_text(svg, &duration, bars_x + from + width + 8, y + 14,
		 picture_width - margin - bars_x - from - width - 8,
		 timeline_time(us, time));
}

/* 1, 2 or 5 and zeros, so that there are at most ticks_max steps of it. */
static uint64_t tick_step(uint64_t span)
{
	uint64_t step = 1;

	for (unsigned i = 0; span / step > ticks_max; i++)
		step = i % 3 == 1 ? step / 2 * 5 : step * 2;
	return step;
}

/* Round times, behind the bars. */
static void draw_ticks(struct text *svg, const struct timeline *t,
		       unsigned rows)
{
	uint64_t span = t->end_us - t->start_us;
	uint64_t step = tick_step(span);

	for (uint64_t us = 0; us <= span; us += step) {
		unsigned x =
			bars_x + timeline_at(t, t->start_us + us, bars_width);
		char time[timeline_time_max];

		svg_line(svg, "grid", "M%u %dV%u", x, head_height - 2,
			 head_height + rows * row_height);
		svg_text(svg, &tick, x, head_height - 8, bars_width / 2,
			 timeline_time(us, time));
	}
}

int timeline_draw_svg(const struct timeline *t, struct text *ret)
{
	unsigned rows = (unsigned)t->n + 1;
	own_text struct text about = { 0 };
	char whole[timeline_time_max];
	char kernel[timeline_time_max];

	text_add(&about, "cvm-init %s took %s, after %s of the kernel",
		 t->version, timeline_time(t->end_us - t->start_us, whole),
		 timeline_time(t->start_us, kernel));
	if (text_failed(&about))
		return -ENOMEM;
	svg_begin(ret, picture_width, head_height + rows * row_height + margin,
		  "Timeline of a boot", about.s);
	svg_heading(ret, margin, picture_width - 2 * margin,
		    "Timeline of a boot", about.s);
	draw_ticks(ret, t, rows);
	for (size_t i = 0; i < t->n; i++) {
		const struct timeline_stage *s = &t->stage[i];

		draw_row(ret, "bar", (unsigned)i, s->name,
			 timeline_at(t, s->start_us, bars_width - bar_min),
			 timeline_at(t, s->start_us + s->duration_us,
				     bars_width),
			 s->duration_us);
	}
	draw_row(ret, "keys", rows - 1, "waiting for TPM", 0,
		 timeline_at(t, t->start_us + t->waited_us, bars_width),
		 t->waited_us);
	svg_end(ret);
	return text_failed(ret) ? -ENOMEM : 0;
}
