/* SPDX-License-Identifier: MIT */
/*
 * Reading the canonical listing of a directory, or another text of that form
 * (docs/formats.md, "Listings"), as seal/measure/listing.h writes it. The text
 * is hostile; nothing is copied.
 */
#ifndef EVIDENCE_JUDGE_LISTING_H
#define EVIDENCE_JUDGE_LISTING_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A piece of a listing, borrowed. In one of the fields below a backslash is
 * \\ and a byte that is not printable ASCII, and not NUL, is \xNN.
 */
struct listing_part {
	const char *at;
	size_t len;
};

enum listing_field {
	LISTING_TYPE, /* "d", "f" or "l" */
	LISTING_MODE,
	LISTING_OWNER,
	LISTING_GROUP,
	LISTING_CONTENT,
	LISTING_PATH,
	LISTING_FIELDS
};

struct listing_entry {
	struct listing_part field[LISTING_FIELDS];
	struct listing_part attributes; /* their lines */
};

struct listing_attribute {
	struct listing_part name;
	struct listing_part value;
};

struct listing {
	struct listing_part head; /* the lines before the first entry */
	struct listing_part rest; /* those that listing_next has not read */
};

/*
 * Begins to read. False if the text is not a head and entries to its end, each
 * line whole, sorted as they have to be, none of them twice.
 */
bool listing_open(const char *text, struct listing *ret);

/* The next line of the head, or of another part; false at its end. */
bool listing_next_line(struct listing_part *rest, struct listing_part *ret);

/* The next entry; false at the end, or before what is none. */
bool listing_next(struct listing *l, struct listing_entry *ret);

/* The next of an entry's attributes, from its lines; false at their end. */
bool listing_next_attribute(struct listing_part *lines,
			    struct listing_attribute *ret);

/* As strcmp: the order of fields, by the bytes that they stand for. */
int listing_compare(const struct listing_part *a, const struct listing_part *b);

/* The order of entries: that of their paths, the directory's own before all. */
int listing_compare_paths(const struct listing_entry *a,
			  const struct listing_entry *b);

bool listing_equal(const struct listing_part *a, const struct listing_part *b);

/*
 * The bytes that a field stands for, of a longer one the first max, as a
 * string that the caller frees. NULL: out of memory.
 */
char *listing_decode(const struct listing_part *part, size_t max);

#endif
