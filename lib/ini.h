/* SPDX-License-Identifier: MIT */
/*
 * Strict INI by table. libinih splits the lines; this file refuses what it
 * would let pass (overlong lines, NUL and control bytes, unknown sections
 * and keys, repeated ones) and puts each value where a table says.
 *
 *	static const struct ini_key overlay_keys[] = {
 *		{ "size", parse_size, offsetof(struct overlay_conf, size),
 *		  INI_ONCE, "a size such as 512M" },
 *		{ 0 }
 *	};
 */
#ifndef LIB_INI_H
#define LIB_INI_H

#include <stddef.h>

enum { ini_line_max = 4000, ini_error_max = 400 };

/*
 * Puts value into field. 0, or -errno: the value is refused in the words of
 * the key's "allowed".
 */
typedef int ini_parse_fn(const char *value, void *field);

/* INI_REQUIRED: wherever the section stands, the key has to. */
enum ini_repeat { INI_ONCE, INI_REPEAT, INI_REQUIRED };

struct ini_key {
	const char *name; /* NULL ends a table */
	ini_parse_fn *parse;
	size_t offset; /* of the field in the section's struct */
	enum ini_repeat repeat;
	const char *allowed; /* in words, for the refusal */
};

struct ini_section {
	const char *name; /* "root", or "volume" for [volume NAME] */
	const struct ini_key *keys;
	size_t offset; /* of the section's struct in the configuration */
	/*
	 * For named sections: returns the struct for this name, or NULL and
	 * *ret_why when the name is refused (repeated, malformed, too many).
	 * NULL for sections without a name, which may occur once.
	 */
	void *(*open)(void *conf, const char *name, const char **ret_why);
};

/* Where and why a file was refused; text holds "boot.conf:12: what". */
struct ini_error {
	char text[ini_error_max];
};

/*
 * Reads len bytes of text (a NUL follows) called file in messages into conf,
 * by a table of sections that ends with a NULL name. 0; -EINVAL and *error;
 * -ENOMEM. conf may be partly filled after a failure.
 */
int ini_read(const char *file, const char *text, size_t len,
	     const struct ini_section *sections, void *conf,
	     struct ini_error *error);

/* Fills *error with "file: what" where no single line is to blame. -EINVAL. */
__attribute__((format(printf, 3, 4))) int
ini_refuse(struct ini_error *error, const char *file, const char *what, ...);

#endif
