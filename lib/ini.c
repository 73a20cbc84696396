// SPDX-License-Identifier: MIT
/*
 * See ini.h. libinih is compiled with one set of options for init and cvmctl
 * (deps/build), so both read a file the same way: no continuation lines, no
 * inline comments, line numbers to the handler, stop at the first error.
 */
#include "lib/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/own.h"
#include "lib/text.h"

enum { section_name_max = 50 }; /* MAX_SECTION of libinih, with the NUL */

struct reader {
	const char *file;
	const struct ini_section *sections;
	void *conf;
	struct ini_error *error;
	const struct ini_section *now; /* section of the last line */
	char now_text[section_name_max];
	void *target;	    /* its struct */
	uint64_t keys_seen; /* bit per row of its keys */
	uint64_t seen_once; /* bit per section without a name */
	bool out_of_memory;
};

/* Refuses a line, or, with line 0, the whole file. -EINVAL. */
__attribute__((format(printf, 3, 4))) static int
refuse(struct reader *r, int line, const char *what, ...)
{
	char text[ini_error_max];
	char number[16] = "";
	va_list args;

	va_start(args, what);
	(void)vsnprintf(text, sizeof(text), what, args);
	va_end(args);
	if (line)
		(void)snprintf(number, sizeof(number), ":%d", line);
	(void)snprintf(r->error->text, sizeof(r->error->text),
		       "%.80s%s: %.300s", r->file, number, text);
	return -EINVAL;
}

int ini_refuse(struct ini_error *error, const char *file, const char *what, ...)
{
	char text[ini_error_max];
	va_list args;

	va_start(args, what);
	(void)vsnprintf(text, sizeof(text), what, args);
	va_end(args);
	(void)snprintf(error->text, sizeof(error->text), "%.80s: %.300s", file,
		       text);
	return -EINVAL;
}

/* One line's bytes: what libinih would cut or stop at without a word. */
static int check_bytes(struct reader *r, int line, const char *s, size_t len)
{
	if (len > ini_line_max)
		return refuse(r, line, "line too long; at most %d bytes",
			      ini_line_max);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c != '\t' && (c < 0x20 || c == 0x7f))
			return refuse(r, line,
				      "control byte 0x%02x; plain text only",
				      c);
	}
	return 0;
}

static const char *skip_blanks(const char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	return s;
}

/*
 * One line's form: libinih ignores what follows "]", and takes a colon for
 * an equals sign.
 */
static int check_form(struct reader *r, int line, const char *s, size_t len)
{
	const char *end = s + len;
	const char *mark;

	s = skip_blanks(s, end);
	if (s == end || *s == '#' || *s == ';')
		return 0;
	mark = memchr(s, *s == '[' ? ']' : '=', (size_t)(end - s));
	if (!mark || (*s != '[' && memchr(s, ':', (size_t)(mark - s))))
		return refuse(r, line, "neither [section] nor key = value");
	if (*s == '[' && mark - s > section_name_max)
		return refuse(r, line,
			      "section name too long; at most %d bytes",
			      section_name_max - 1);
	if (*s == '[' && skip_blanks(mark + 1, end) != end)
		return refuse(r, line, "text after [section]; none is allowed");
	return 0;
}

/* Refuses, before libinih sees it, what it would let pass. */
static int check_lines(struct reader *r, const char *text, size_t len)
{
	const char *end = text + len;
	int bad = 0;

	for (int line = 1; text < end && !bad; line++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((stop ? stop : end) - text);

		bad = check_bytes(r, line, text, n);
		if (!bad)
			bad = check_form(r, line, text, n);
		text += n + (stop ? 1 : 0);
	}
	return bad;
}

static void list_sections(const struct ini_section *s, struct text *t)
{
	for (; s->name; s++)
		text_add(t, "%s[%s%s]", t->len ? " " : "", s->name,
			 s->open ? " NAME" : "");
}

static void list_keys(const struct ini_key *k, struct text *t)
{
	for (; k->name; k++)
		text_add(t, "%s%s", t->len ? " " : "", k->name);
}

static const char *words(struct text *t)
{
	return t->s ? t->s : "";
}

/* A section that is opened by name: [volume state] */
static int open_named(struct reader *r, int line, const char *name)
{
	const char *why = "";

	r->target = r->now->open(r->conf, name, &why);
	if (!r->target)
		return refuse(r, line, "[%s %s]: %s", r->now->name, name, why);
	return 0;
}

static int open_single(struct reader *r, int line)
{
	uint64_t bit = UINT64_C(1) << (r->now - r->sections);

	if (r->seen_once & bit)
		return refuse(r, line, "[%s] repeated; one section each",
			      r->now->name);
	r->seen_once |= bit;
	r->target = (char *)r->conf + r->now->offset;
	return 0;
}

/* True when text is "name" or, for named sections, "name rest". */
static bool section_matches(const struct ini_section *s, const char *text)
{
	size_t len = strlen(s->name);

	if (strncmp(text, s->name, len) != 0)
		return false;
	return s->open ? text[len] == ' ' : text[len] == '\0';
}

static int check_required(struct reader *r, int line)
{
	if (!r->now)
		return 0;
	for (size_t i = 0; r->now->keys[i].name; i++)
		if (r->now->keys[i].repeat == INI_REQUIRED &&
		    !(r->keys_seen & UINT64_C(1) << i))
			return refuse(r, line, "[%s] ends without %s; it is %s",
				      r->now_text, r->now->keys[i].name,
				      r->now->keys[i].allowed);
	return 0;
}

static int enter_section(struct reader *r, int line, const char *text)
{
	own_text struct text known = { 0 };
	int bad = check_required(r, line);

	if (bad)
		return bad;
	r->keys_seen = 0;
	r->now = NULL;
	for (const struct ini_section *s = r->sections; s->name; s++)
		if (section_matches(s, text))
			r->now = s;
	if (!r->now) {
		list_sections(r->sections, &known);
		return refuse(r, line, "unknown section [%s]; allowed are %s",
			      text, words(&known));
	}
	(void)snprintf(r->now_text, sizeof(r->now_text), "%s", text);
	if (!r->now->open)
		return open_single(r, line);
	return open_named(r, line, text + strlen(r->now->name) + 1);
}

/*
 * "key = value # words" looks like a comment to who wrote it and is part of
 * the value to who reads it: neither guess would be safe. In "quotes" it is
 * meant.
 */
static bool has_comment(const char *value)
{
	bool quoted = false;

	for (; *value; value++) {
		if (*value == '"')
			quoted = !quoted;
		if (!quoted && (*value == ' ' || *value == '\t') &&
		    value[1] == '#')
			return true;
	}
	return false;
}

static int set_key(struct reader *r, int line, const char *name,
		   const char *value)
{
	own_text struct text known = { 0 };
	const struct ini_key *k = r->now->keys;
	uint64_t bit;
	int e;

	while (k->name && strcmp(k->name, name) != 0)
		k++;
	if (!k->name) {
		list_keys(r->now->keys, &known);
		return refuse(r, line,
			      "unknown key %.40s in [%s]; allowed are %s", name,
			      r->now_text, words(&known));
	}
	bit = UINT64_C(1) << (k - r->now->keys);
	if (r->keys_seen & bit && k->repeat != INI_REPEAT)
		return refuse(r, line, "%s repeated in [%s]; one value only",
			      name, r->now_text);
	r->keys_seen |= bit;
	if (has_comment(value))
		return refuse(r, line,
			      "# after the value of %s; a comment stands on a "
			      "line of its own",
			      name);
	e = k->parse(value, (char *)r->target + k->offset);
	if (e == -ENOMEM)
		r->out_of_memory = true;
	if (e < 0)
		return refuse(r, line, "%s = %.80s refused; allowed is %s",
			      name, value, k->allowed);
	return 0;
}

/*
 * libinih calls this for each key, and, compiled with
 * INI_CALL_HANDLER_ON_NEW_SECTION, with a NULL name for each section.
 * Returns 0 to stop.
 */
static int on_line(void *user, const char *section, const char *name,
		   const char *value, int line)
{
	struct reader *r = user;

	if (!name)
		return enter_section(r, line, section) == 0;
	if (!r->now) {
		(void)refuse(r, line, "%.40s before any [section]", name);
		return 0;
	}
	return set_key(r, line, name, value ? value : "") == 0;
}

int ini_read(const char *file, const char *text, size_t len,
	     const struct ini_section *sections, void *conf,
	     struct ini_error *error)
{
	struct reader r = {
		.file = file, .sections = sections, .conf = conf, .error = error
	};
	int line;

	error->text[0] = '\0';
	if (len == 0)
		return ini_refuse(error, file, "is empty");
	if (check_lines(&r, text, len) < 0)
		return -EINVAL;
	line = ini_parse_string(text, on_line, &r);
	if (r.out_of_memory || line == -2)
		return -ENOMEM;
	if (error->text[0])
		return -EINVAL;
	if (line > 0)
		return refuse(&r, line, "neither [section] nor key = value");
	return check_required(&r, 0);
}
