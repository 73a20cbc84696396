/* SPDX-License-Identifier: MIT */
/*
 * Text: strict parsing of numbers, sizes and word lists, escaping of text
 * that others chose, and a string that grows.
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"

/*
 * Decimal digits only, no sign, no blanks, at most max. 0; -EINVAL when it is
 * not a number; -ERANGE when it is larger than max.
 */
int text_parse_u64(const char *s, uint64_t max, uint64_t *ret);

/* A number of bytes with an optional K, M or G (1024-based). As above. */
int text_parse_size(const char *s, uint64_t max, uint64_t *ret_bytes);

/* "yes" or "no"; -EINVAL otherwise. */
int text_parse_bool(const char *s, bool *ret);

/*
 * True for 1 to max characters of [a-z0-9_-], the first a letter or digit:
 * names of apps, volumes and dm devices.
 */
bool text_is_name(const char *s, size_t max);

/*
 * True for an absolute path shorter than PATH_MAX without empty, "." or ".."
 * components and without control characters; "/" itself is one.
 */
bool text_is_path(const char *s);

/* Whether such a path is dir or lies below it, by their names. */
bool text_is_below(const char *path, const char *dir);

/*
 * Writes s as printable ASCII: other bytes become \xNN, a backslash becomes
 * \\. Cut short at size; always NUL-terminated.
 */
void text_escape(const char *s, size_t len, char *ret, size_t size);

/* Removes blanks and newlines at the end of s, in place. */
void text_trim_end(char *s);

/*
 * Splits a line into words at blanks; "double quotes" keep blanks in a word,
 * a backslash inside them takes the next character as it is. Writes at most
 * max words and a closing NULL. Words point into buf, which is changed.
 * Returns the number of words, -E2BIG for more than max, -EINVAL for an
 * unclosed quote.
 */
int text_split_words(char *buf, char **ret_words, size_t max);

/*
 * A string that grows. The first failed allocation is remembered and every
 * later call does nothing, so only the end needs a check:
 *
 *	own_text struct text t = { 0 };
 *	text_add(&t, "%s=%d", name, value);
 *	if (text_failed(&t))
 *		return -ENOMEM;
 *
 * t.s is NULL until something was added.
 */
struct text {
	char *s;
	size_t len;
	size_t cap;
	bool failed;
};

__attribute__((format(printf, 2, 3))) void text_add(struct text *t,
						    const char *fmt, ...);
void text_add_bytes(struct text *t, const void *data, size_t len);
bool text_failed(const struct text *t);

/*
 * The string, without what was reserved beyond it, which the caller frees; *t
 * becomes empty. Only of a text that has not failed.
 */
struct bytes take_text(struct text *t);

void text_free(struct text *t);

#define own_text __attribute__((cleanup(text_free)))

#endif
