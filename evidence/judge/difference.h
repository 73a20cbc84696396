/* SPDX-License-Identifier: MIT */
/*
 * In what the listing of a log differs from that of the manifest: the first
 * entry that does, and how many do.
 */
#ifndef EVIDENCE_JUDGE_DIFFERENCE_H
#define EVIDENCE_JUDGE_DIFFERENCE_H

#include <stddef.h>

#include "lib/text.h"

enum difference_kind {
	DIFFERENCE_NONE,
	DIFFERENCE_CHANGED,    /* the entry at path */
	DIFFERENCE_ADDED,      /* it is not in the manifest */
	DIFFERENCE_MISSING,    /* it is in the manifest alone */
	DIFFERENCE_HEAD,       /* what is before the entries */
	DIFFERENCE_UNREADABLE, /* one of the two is no whole listing */
};

enum {
	difference_fields_max = 6,
	difference_value_max = 4095, /* bytes; what is longer is cut */
};

/* One field of an entry, or of the head the first line that differs. */
struct difference_field {
	const char *name; /* static: "mode", "attribute" */
	char *attribute;  /* its name; NULL for other fields */
	char *expected;	  /* NULL: the manifest has no such line or attribute */
	char *found;	  /* NULL: the log has none */
};

/* Strings hold the bytes that a listing stands for, and not its escapes. */
struct difference {
	enum difference_kind kind;
	char *path;	/* of the first entry; NULL with DIFFERENCE_HEAD */
	size_t entries; /* that differ, the first included */
	size_t fields;	/* of what has changed; else 0 */
	struct difference_field field[difference_fields_max];
};

void difference_free(struct difference *d);

#define own_difference __attribute__((cleanup(difference_free)))

/* Compares two texts, both hostile. The caller frees. 0 or -ENOMEM. */
int difference_find(const char *expected, const char *found,
		    struct difference *ret);

/* "changed" and so on; NULL for DIFFERENCE_NONE. */
const char *difference_kind_name(enum difference_kind kind);

/*
 * Appends "; 2 of its entries differ, the first by content: main.py": bytes
 * that others chose, not escaped. Nothing for DIFFERENCE_NONE.
 */
void difference_describe(const struct difference *d, struct text *t);

#endif
