// SPDX-License-Identifier: MIT
/* cvmctl timeline: what a boot spent its time on, as text or as SVG. */
#include <fcntl.h>

#include "cvmctl/command.h"
#include "cvmctl/show/picture.h"
#include "cvmctl/show/timeline.h"
#include "cvmctl/tool/options.h"
#include "lib/io.h"
#include "lib/own.h"

struct timeline_options {
	const char *path, *svg;
};

static const struct option_usage usage = {
	"timeline [--svg FILE|-] REPORT",
	"Draws the stages of a boot and what they took. REPORT is the file\n"
	"/run/cvm-init/report.json of the VM.",
};

static int read_options(int argc, char **argv, struct timeline_options *o,
			struct fail *f)
{
	const struct option_spec specs[] = {
		{ NULL, OPTION_OPERAND, "REPORT", "what to draw", &o->path },
		{ "svg", OPTION_TEXT, "FILE|-", "draw an SVG, no text",
		  &o->svg },
		{ 0 },
	};

	return options_read(&usage, specs, argc, argv, f);
}

int command_timeline(int argc, char **argv, struct fail *f)
{
	own_bytes struct bytes report = { 0 };
	own_text struct text picture = { 0 };
	struct timeline_options o = { 0 };
	struct timeline t;
	int r = read_options(argc, argv, &o, f);

	if (r)
		return r;
	r = io_read_file(AT_FDCWD, o.path, report_max, &report);
	if (r < 0)
		return fail_errno(f, r,
				  "give /run/cvm-init/report.json of the VM",
				  "read %s", o.path);
	r = timeline_parse(o.path, (const char *)report.data, report.len, &t,
			   f);
	if (r < 0)
		return r;
	r = o.svg ? timeline_draw_svg(&t, &picture)
		  : timeline_draw_text(&t,
				       picture_columns(timeline_width_min,
						       timeline_width_max),
				       picture_is_utf8(), &picture);
	if (r < 0)
		return fail_errno(f, r, "free memory", "draw the timeline");
	return picture_write(o.svg, &picture, f);
}
