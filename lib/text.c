// SPDX-License-Identifier: MIT
/* See text.h. Nothing here touches the system. */
#include "lib/text.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All of s must be digits before its size counts: "9...9x" is no number. */
static int parse_digits(const char *s, size_t len, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (len == 0 || strspn(s, "0123456789") < len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s[i] - '0'),
					   &value))
			return -ERANGE;
	if (value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

int text_parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
	return parse_digits(s, strlen(s), max, ret);
}

static unsigned unit_shift(char unit)
{
	switch (unit) {
	case 'K': return 10;
	case 'M': return 20;
	case 'G': return 30;
	default: return 0;
	}
}

int text_parse_size(const char *s, uint64_t max, uint64_t *ret_bytes)
{
	size_t len = strlen(s);
	unsigned shift = len ? unit_shift(s[len - 1]) : 0;
	uint64_t value = 0;
	int r = parse_digits(s, shift ? len - 1 : len, max >> shift, &value);

	if (r == 0)
		*ret_bytes = value << shift;
	return r;
}

int text_parse_bool(const char *s, bool *ret)
{
	if (strcmp(s, "yes") == 0)
		*ret = true;
	else if (strcmp(s, "no") == 0)
		*ret = false;
	else
		return -EINVAL;
	return 0;
}

bool text_is_name(const char *s, size_t max)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = strlen(s);

	if (len == 0 || len > max || !strchr(letters, *s))
		return false;
	for (; *s; s++)
		if (!strchr(letters, *s) && *s != '-' && *s != '_')
			return false;
	return true;
}

static bool is_dots(const char *s, size_t len)
{
	return (len == 1 && s[0] == '.') ||
	       (len == 2 && s[0] == '.' && s[1] == '.');
}

bool text_is_path(const char *s)
{
	const char *part;

	if (s[0] != '/' || strlen(s) >= PATH_MAX)
		return false;
	for (part = s; *part; part++)
		if ((unsigned char)*part < 0x20 || *part == 0x7f)
			return false;
	if (!s[1])
		return true;
	for (part = s; *part == '/';) {
		size_t len = strcspn(++part, "/");

		if (len == 0 || is_dots(part, len))
			return false;
		part += len;
	}
	return true;
}

/* One character as printable ASCII; how many that are. */
static size_t escape_one(unsigned char c, char ret[static 4])
{
	static const char digits[] = "0123456789abcdef";
	const char hex[4] = { '\\', 'x', digits[c >> 4], digits[c & 15] };

	if (c >= 0x20 && c < 0x7f) {
		ret[0] = ret[1] = (char)c;
		return c == '\\' ? 2 : 1;
	}
	memcpy(ret, hex, sizeof(hex));
	return sizeof(hex);
}

bool text_is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/');
}

void text_escape(const char *s, size_t len, char *ret, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		char part[4];
		size_t n = escape_one((unsigned char)s[i], part);

		if (used + n >= size)
			break;
		memcpy(ret + used, part, n);
		used += n;
	}
	if (size)
		ret[used] = '\0';
}

void text_trim_end(char *s)
{
	size_t len = strlen(s);

	while (len && strchr(" \t\r\n", s[len - 1]))
		s[--len] = '\0';
}

/* Reads one word at *in into *out (in place); both move on. */
static int take_word(char **in, char **out)
{
	bool quoted = false;

	for (; **in && (quoted || !strchr(" \t", **in)); (*in)++) {
		if (**in == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && **in == '\\' && (*in)[1])
			(*in)++;
		*(*out)++ = **in;
	}
	return quoted ? -EINVAL : 0;
}

int text_split_words(char *buf, char **ret_words, size_t max)
{
	char *in = buf;
	size_t n = 0;

	for (;;) {
		char *out;
		bool more;

		in += strspn(in, " \t");
		if (!*in)
			break;
		if (n == max)
			return -E2BIG;
		ret_words[n++] = out = in;
		if (take_word(&in, &out) < 0)
			return -EINVAL;
		more = *in != '\0';
		*out = '\0'; /* may be where in points: looked at before */
		if (!more)
			break;
		in++;
	}
	ret_words[n] = NULL;
	return (int)n;
}

static bool text_reserve(struct text *t, size_t more)
{
	size_t need;
	size_t cap;
	char *s;

	if (t->failed || __builtin_add_overflow(t->len, more, &need) ||
	    need > SIZE_MAX / 4) {
		t->failed = true;
		return false;
	}
	if (need < t->cap)
		return true;
	cap = 2 * need + 64;
	s = realloc(t->s, cap);
	if (!s) {
		t->failed = true;
		return false;
	}
	t->s = s;
	t->cap = cap;
	return true;
}

void text_add(struct text *t, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0 || !text_reserve(t, (size_t)len)) {
		t->failed = true;
		return;
	}
	va_start(args, fmt);
	(void)vsnprintf(t->s + t->len, (size_t)len + 1, fmt, args);
	va_end(args);
	t->len += (size_t)len;
}

void text_add_bytes(struct text *t, const void *data, size_t len)
{
	if (!text_reserve(t, len))
		return;
	if (len)
		memcpy(t->s + t->len, data, len);
	t->len += len;
	t->s[t->len] = '\0';
}

bool text_failed(const struct text *t)
{
	return t->failed;
}

struct bytes take_text(struct text *t)
{
	char *all = t->s ? realloc(t->s, t->len + 1) : NULL;
	struct bytes taken = { (uint8_t *)(all ? all : t->s), t->len };

	*t = (struct text){ 0 };
	return taken;
}

void text_free(struct text *t)
{
	free(t->s);
	*t = (struct text){ 0 };
}
