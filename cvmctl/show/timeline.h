/* SPDX-License-Identifier: MIT */
/* A boot as report.json tells it, and its two pictures. */
#ifndef CVMCTL_SHOW_TIMELINE_H
#define CVMCTL_SHOW_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/fail.h"
#include "lib/text.h"

enum {
	report_max = 1024 * 1024, /* bytes of report.json; 2 KiB are usual */
	timeline_stages_max = 64,
	timeline_name_max = 16, /* of a stage; a longer one is cut inside */
	timeline_width_min = 72,
	timeline_width_max = 110,
};

struct timeline_stage {
	char name[timeline_name_max + 1]; /* printable ASCII */
	uint64_t start_us;		  /* since the kernel started */
	uint64_t duration_us;
};

struct timeline {
	char version[timeline_name_max + 1]; /* of init */
	struct timeline_stage stage[timeline_stages_max];
	size_t n;	    /* at least 1 */
	uint64_t start_us;  /* of the first stage */
	uint64_t end_us;    /* of the last one to end */
	uint64_t waited_us; /* for the TPM, in all stages */
};

/*
 * Reads len bytes of report.json, which a NUL follows; name is what messages
 * call it. The file is from a VM: nothing in it is trusted. 0 or -errno.
 */
int timeline_parse(const char *name, const char *text, size_t len,
		   struct timeline *ret, struct fail *f);

/* "1.482 s", "35.0 ms" or "7 us". */
enum { timeline_time_max = 24 };
const char *timeline_time(uint64_t us, char ret[static timeline_time_max]);

/*
 * Where a time is on a line of width steps that begins with the first stage
 * and ends with the last one: 0 to width. Earlier and later is the end.
 */
unsigned timeline_at(const struct timeline *t, uint64_t us, unsigned width);

/* Lines of at most width columns; the caller frees *ret. 0 or -ENOMEM. */
int timeline_draw_text(const struct timeline *t, unsigned width, bool utf8,
		       struct text *ret);

/* An SVG document; the caller frees *ret. 0 or -ENOMEM. */
int timeline_draw_svg(const struct timeline *t, struct text *ret);

#endif
