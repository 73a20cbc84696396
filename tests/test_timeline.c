// SPDX-License-Identifier: MIT
/* report.json as a VM may send it: a timeline, or one refusal. */
#include <string.h>

#include "tests/table.h"

#include "cvmctl/show/timeline.h"
#include "lib/own.h"
#include "tests/line.h"
#include "tests/picture.h"

#define GIVE_REPORT "give /run/cvm-init/report.json of the VM"
#define STAGE(start, took) \
	"{\"name\":\"s\",\"start_us\":" start ",\"duration_us\":" took "}"
#define STAGES(stages) "{\"stages\":[" stages "]}"
#define TEN_STAGES                                                                                 \
	STAGE("1", "1")                                                                            \
	"," STAGE("1", "1") "," STAGE("1", "1") "," STAGE("1", "1") "," STAGE("1", "1") "," STAGE( \
		"1",                                                                               \
		"1") "," STAGE("1",                                                                \
			       "1") "," STAGE("1",                                                 \
					      "1") "," STAGE("1",                                  \
							     "1") "," STAGE("1",                   \
									    "1")
#define SIXTY_STAGES                                                           \
	TEN_STAGES "," TEN_STAGES "," TEN_STAGES "," TEN_STAGES "," TEN_STAGES \
		   "," TEN_STAGES
#define READ(reason) "cannot read report: " reason "; " GIVE_REPORT
#define NO_TIME	     READ("a stage has no time, or one of over a year")

static const struct report {
	const char *name;
	const char *json;
	const char *line; /* NULL: it is a timeline */
} reports[] = {
	{ "one stage", STAGES(STAGE("0", "0")), NULL },
	{ "a year", STAGES(STAGE("31622400000000", "31622400000000")), NULL },
	{ "backwards", STAGES(STAGE("9", "5") "," STAGE("1", "2")), NULL },
	{ "64 stages",
	  STAGES(SIXTY_STAGES "," STAGE("2", "3") "," STAGE("2", "3") "," STAGE(
		  "2", "3") "," STAGE("2", "3")),
	  NULL },
	{ "waited too long",
	  "{\"stages\":[" STAGE("1", "2") "],\"tpm\":{\"waited_us\":"
					  "9223372036854775807}}",
	  NULL },
	{ "a hostile name",
	  "{\"version\":\"<\\u001b\",\"stages\":[{\"name\":\"" HOSTILE_NAME
	  "\",\"start_us\":5,\"duration_us\":7}]}",
	  NULL },
	{ "65 stages",
	  STAGES(SIXTY_STAGES "," STAGE("2", "3") "," STAGE("2", "3") "," STAGE(
		  "2", "3") "," STAGE("2", "3") "," STAGE("2", "3")),
	  READ("it lists more than 64 stages") },
	{ "no JSON", "stages", READ("it is not a JSON object") },
	{ "stages twice", "{\"stages\":[],\"stages\":[]}",
	  READ("it is not a JSON object") },
	{ "nothing", "{}", READ("it lists no stages") },
	{ "no stages", STAGES(""), READ("it lists no stages") },
	{ "stages of another kind", "{\"stages\":{\"s\":1}}",
	  READ("it lists no stages") },
	{ "negative", STAGES(STAGE("1", "-1")), NO_TIME },
	{ "huge", STAGES(STAGE("1", "31622400000001")), NO_TIME },
	{ "all of 64 bits", STAGES(STAGE("18446744073709551615", "1")),
	  NO_TIME },
	{ "a fraction", STAGES(STAGE("1.5", "1")), NO_TIME },
	{ "no time", STAGES("{\"name\":\"s\"}"), NO_TIME },
	{ "a stage of another kind", STAGES("7"), NO_TIME },
};

static void reads_report(void **state)
{
	const struct report *c = *state;
	own_text struct text svg = { 0 };
	own_text struct text text = { 0 };
	struct fail f = { 0 };
	struct timeline t;
	int r = timeline_parse("report", c->json, strlen(c->json), &t, &f);

	if (c->line) {
		assert_refusal(r, &f, c->line);
		return;
	}
	assert_ok(r, &f);
	assert_int_equal(timeline_draw_svg(&t, &svg), 0);
	assert_int_equal(
		timeline_draw_text(&t, timeline_width_min, false, &text), 0);
	assert_is_svg(&svg);
	assert_is_text(&text);
}

static const struct time_text {
	const char *name;
	uint64_t us;
} times[] = {
	{ "0", 0 },
	{ "1 us", 1 },
	{ "999 us", 999 },
	{ "1.0 ms", 1000 },
	{ "999.9 ms", 999999 },
	{ "1.000 s", 1000000 },
	{ "62.005 s", 62005999 },
};

static void writes_times(void **state)
{
	const struct time_text *c = *state;
	char text[timeline_time_max];

	assert_string_equal(timeline_time(c->us, text), c->name);
}

int main(void)
{
	const struct table tables[] = { TABLE(reads_report, reports),
					TABLE(writes_times, times) };

	return table_run(tables, array_size(tables));
}
