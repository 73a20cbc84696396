// SPDX-License-Identifier: MIT
/* The strict INI: every refusal in its exact words. */
#include "lib/ini.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/own.h"
#include "lib/text.h"
#include "tests/table.h"

enum { pets_max = 2, label_max = 16 };

struct pet {
	char name[label_max];
	char food[label_max];
};

struct conf {
	struct {
		uint64_t rooms;
		char street[label_max];
		char colours[label_max * 4]; /* each added, with a "," */
	} house;
	struct {
		uint64_t trees;
	} garden;
	struct pet pet[pets_max];
	size_t pets;
};

static int parse_rooms(const char *value, void *field)
{
	return text_parse_u64(value, 99, field);
}

static int parse_label(const char *value, void *field)
{
	if (strlen(value) >= label_max)
		return -ERANGE;
	strcpy(field, value);
	return 0;
}

static int parse_colour(const char *value, void *field)
{
	if (strcmp(value, "no memory") == 0)
		return -ENOMEM;
	strcat(field, value);
	strcat(field, ",");
	return 0;
}

static const struct ini_key house_keys[] = {
	{ "rooms", parse_rooms, offsetof(struct conf, house.rooms),
	  INI_REQUIRED, "a number to 99" },
	{ "street", parse_label, offsetof(struct conf, house.street), INI_ONCE,
	  "15 bytes at most" },
	{ "colour", parse_colour, offsetof(struct conf, house.colours),
	  INI_REPEAT, "a colour" },
	{ 0 },
};

static const struct ini_key garden_keys[] = {
	{ "trees", parse_rooms, 0, INI_ONCE, "a number to 99" },
	{ 0 },
};

static const struct ini_key pet_keys[] = {
	{ "food", parse_label, offsetof(struct pet, food), INI_REQUIRED,
	  "15 bytes at most" },
	{ 0 },
};

static void *open_pet(void *conf, const char *name, const char **ret_why)
{
	struct conf *c = conf;

	*ret_why = c->pets == pets_max ? "too many pets; at most 2"
				       : "no name for a pet";
	if (c->pets == pets_max || !text_is_name(name, label_max - 1))
		return NULL;
	strcpy(c->pet[c->pets].name, name);
	return &c->pet[c->pets++];
}

/* The house keys' offsets are from the start of the configuration. */
static const struct ini_section sections[] = {
	{ "house", house_keys, 0, NULL },
	{ "garden", garden_keys, offsetof(struct conf, garden), NULL },
	{ "pet", pet_keys, 0, open_pet },
	{ 0 },
};

static int read_text(const char *text, size_t len, struct conf *ret,
		     struct ini_error *error)
{
	*ret = (struct conf){ 0 };
	memset(error, 'x', sizeof(*error));
	return ini_read("t.conf", text, len, sections, ret, error);
}

static void reads_every_kind(void **state)
{
	static const char text[] = "# comment\n"
				   "; another = one\n"
				   "\n"
				   "[house]\n"
				   "rooms=3\n"
				   "  street \t=  \"a # b\"#c  \n"
				   "colour = red\n"
				   "colour = blue\n"
				   "[pet tom]\n"
				   "food = [fish]\n"
				   "\t[garden] \t\n"
				   "[pet jerry]\n"
				   "food =";
	struct conf c;
	struct ini_error e;

	(void)state;
	assert_int_equal(read_text(text, sizeof(text) - 1, &c, &e), 0);
	assert_string_equal(e.text, "");
	assert_int_equal(c.house.rooms, 3);
	assert_string_equal(c.house.street, "\"a # b\"#c");
	assert_string_equal(c.house.colours, "red,blue,");
	assert_int_equal(c.pets, 2);
	assert_string_equal(c.pet[0].name, "tom");
	assert_string_equal(c.pet[0].food, "[fish]");
	assert_string_equal(c.pet[1].name, "jerry");
	assert_string_equal(c.pet[1].food, "");
}

#define LETTERS_49 "pet aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct refusal {
	const char *want;
	const char *text;
} refusals[] = {
	{ "t.conf: is empty", "" },
	{ "t.conf:2: control byte 0x0d; plain text only",
	  "[garden]\ntrees = 1\r\n" },
	{ "t.conf:1: control byte 0x1b; plain text only", "# \x1b[2J\n" },
	{ "t.conf:1: control byte 0x7f; plain text only", "[house\x7f]\n" },
	{ "t.conf:1: control byte 0x0c; plain text only", "\f[house]\n" },
	{ "t.conf:1: neither [section] nor key = value",
	  "\xef\xbb\xbf[house]\n" },
	{ "t.conf:1: neither [section] nor key = value", "house\n" },
	{ "t.conf:1: neither [section] nor key = value", "[house\n" },
	{ "t.conf:2: neither [section] nor key = value",
	  "[garden]\ntrees : 1\n" },
	{ "t.conf:2: neither [section] nor key = value",
	  "[garden]\ntrees: a = 1\n" },
	{ "t.conf:3: neither [section] nor key = value",
	  "[garden]\ntrees = 1\n  continued\n" },
	{ "t.conf:1: text after [section]; none is allowed", "[garden] x\n" },
	{ "t.conf:1: text after [section]; none is allowed",
	  "[garden] trees = 1\n" },
	{ "t.conf:1: text after [section]; none is allowed",
	  "[garden] # comment\n" },
	{ "t.conf:1: text after [section]; none is allowed", "[[garden]]\n" },
	{ "t.conf:1: rooms before any [section]", "rooms = 1\n" },
	{ "t.conf:1: unknown section []; allowed are "
	  "[house] [garden] [pet NAME]",
	  "[]\n" },
	{ "t.conf:1: unknown section [House]; allowed are "
	  "[house] [garden] [pet NAME]",
	  "[House]\n" },
	{ "t.conf:1: unknown section [house x]; allowed are "
	  "[house] [garden] [pet NAME]",
	  "[house x]\n" },
	{ "t.conf:1: unknown section [ house ]; allowed are "
	  "[house] [garden] [pet NAME]",
	  "[ house ]\n" },
	{ "t.conf:1: unknown section [pet]; allowed are "
	  "[house] [garden] [pet NAME]",
	  "[pet]\n" },
	{ "t.conf:1: unknown section [petunia]; allowed are "
	  "[house] [garden] [pet NAME]",
	  "[petunia]\n" },
	{ "t.conf:1: [" LETTERS_49 "]: no name for a pet",
	  "[" LETTERS_49 "]\n" },
	{ "t.conf:1: section name too long; at most 49 bytes",
	  "[" LETTERS_49 "a]\n" },
	{ "t.conf:1: [pet ]: no name for a pet", "[pet ]\n" },
	{ "t.conf:1: [pet  x]: no name for a pet", "[pet  x]\n" },
	{ "t.conf:5: [pet c]: too many pets; at most 2",
	  "[pet a]\nfood = x\n[pet b]\nfood = x\n[pet c]\n" },
	{ "t.conf:3: [garden] repeated; one section each",
	  "[garden]\ntrees = 1\n[garden]\n" },
	{ "t.conf:4: [garden] repeated; one section each",
	  "[garden]\n[pet a]\nfood = x\n[garden]\n" },
	{ "t.conf:2: # after the value of trees; a comment stands on a line "
	  "of its own",
	  "[garden]\ntrees = 1 # oaks\n" },
	{ "t.conf:2: # after the value of street; a comment stands on a line "
	  "of its own",
	  "[house]\nstreet = a\t#\n" },
	{ "t.conf:2: unknown key Trees in [garden]; allowed are trees",
	  "[garden]\nTrees = 1\n" },
	{ "t.conf:2: unknown key rooms in [garden]; allowed are trees",
	  "[garden]\nrooms = 1\n" },
	{ "t.conf:2: unknown key tree in [garden]; allowed are trees",
	  "[garden]\ntree = 1\n" },
	{ "t.conf:2: unknown key  in [garden]; allowed are trees",
	  "[garden]\n= 1\n" },
	{ "t.conf:2: unknown key x in [house]; allowed are "
	  "rooms street colour",
	  "[house]\nx = 1\n" },
	{ "t.conf:3: trees repeated in [garden]; one value only",
	  "[garden]\ntrees = 1\ntrees = 1\n" },
	{ "t.conf:3: rooms repeated in [house]; one value only",
	  "[house]\nrooms = 1\nrooms = 1\n" },
	{ "t.conf:2: trees = 100 refused; allowed is a number to 99",
	  "[garden]\ntrees = 100\n" },
	{ "t.conf:2: trees =  refused; allowed is a number to 99",
	  "[garden]\ntrees =\n" },
	{ "t.conf:3: [house] ends without rooms; it is a number to 99",
	  "[house]\nstreet = a\n[garden]\n" },
	{ "t.conf: [house] ends without rooms; it is a number to 99",
	  "[house]\n" },
	{ "t.conf: [pet tom] ends without food; it is 15 bytes at most",
	  "[house]\nrooms = 1\n[pet tom]" },
	/* what an earlier section had does not count */
	{ "t.conf: [pet b] ends without food; it is 15 bytes at most",
	  "[pet a]\nfood = x\n[pet b]\n" },
};

static void refuses(void **state)
{
	const struct refusal *c = *state;
	struct conf conf;
	struct ini_error e;

	assert_int_equal(read_text(c->text, strlen(c->text), &conf, &e),
			 -EINVAL);
	assert_string_equal(e.text, c->want);
}

/* libinih would end at the NUL and call the rest unread. */
static void refuses_nul(void **state)
{
	static const char text[] = "[garden]\ntrees = 1\0 2\n";
	struct conf conf;
	struct ini_error e;

	(void)state;
	assert_int_equal(read_text(text, sizeof(text) - 1, &conf, &e), -EINVAL);
	assert_string_equal(e.text,
			    "t.conf:2: control byte 0x00; plain text only");
}

static const struct length_case {
	const char *name;
	int line_len;
	bool newline;
	const char *want;
} lengths[] = {
	{ "longest", ini_line_max, true, "" },
	{ "longest at the end", ini_line_max, false, "" },
	{ "one more", ini_line_max + 1, true,
	  "t.conf:2: line too long; at most 4000 bytes" },
	{ "one more at the end", ini_line_max + 1, false,
	  "t.conf:2: line too long; at most 4000 bytes" },
	{ "libinih's buffer", 4095, true,
	  "t.conf:2: line too long; at most 4000 bytes" },
	{ "over libinih's first allocation", 200, true, "" },
};

/* "trees = 7" with blanks up to the length: all of it must arrive. */
static void bounds_lines(void **state)
{
	const struct length_case *c = *state;
	own_text struct text t = { 0 };
	struct conf conf;
	struct ini_error e;

	text_add(&t, "[garden]\ntrees =%*s%s", c->line_len - 7, "7",
		 c->newline ? "\n" : "");
	assert_int_equal(read_text(t.s, t.len, &conf, &e),
			 *c->want ? -EINVAL : 0);
	assert_string_equal(e.text, c->want);
	if (!*c->want)
		assert_int_equal(conf.garden.trees, 7);
}

static void reports_no_memory(void **state)
{
	static const char text[] = "[house]\nrooms = 1\ncolour = no memory\n";
	struct conf conf;
	struct ini_error e;

	(void)state;
	assert_int_equal(read_text(text, sizeof(text) - 1, &conf, &e), -ENOMEM);
}

/* Unknown words of any length are cut, and the text ends. */
static void bounds_its_own_words(void **state)
{
	own_text struct text t = { 0 };
	char name[1000];
	struct conf conf;
	struct ini_error e;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = 0;
	text_add(&t, "[garden]\n%.999s = %.999s\n", name, name);
	assert_int_equal(read_text(t.s, t.len, &conf, &e), -EINVAL);
	assert_string_equal(e.text, "t.conf:2: unknown key "
				    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn "
				    "in [garden]; allowed are trees");
	assert_int_equal(ini_refuse(&e, name, "%.999s", name), -EINVAL);
	assert_in_range(strlen(e.text), 300, ini_error_max - 1);
}

int main(void)
{
	const struct table tables[] = {
		CASE(reads_every_kind),	 TABLE(refuses, refusals),
		CASE(refuses_nul),	 TABLE(bounds_lines, lengths),
		CASE(reports_no_memory), CASE(bounds_its_own_words),
	};

	return table_run(tables, array_size(tables));
}
