/* SPDX-License-Identifier: MIT */
/*
 * What cvmctl diff found between two manifests, and how it says it. All text
 * in it is printable ASCII: what others chose is escaped, and cut if it is
 * long.
 */
#ifndef CVMCTL_SHOW_CHANGES_H
#define CVMCTL_SHOW_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/text.h"

enum {
	changes_part_max = 1000,  /* of one part; the others are counted */
	changes_path_max = 16384, /* characters: a path of escapes */
	changes_value_max = 1024,
};

enum changes_part {
	CHANGES_KERNEL,
	CHANGES_CMDLINE,
	CHANGES_INITRAMFS,
	CHANGES_ROOT,
	CHANGES_MODULES,
	CHANGES_VOLUMES,
	CHANGES_IMA_POLICY,
	CHANGES_APPS,
	CHANGES_PCR_14,
	CHANGES_VERSIONS,
	CHANGES_OTHER,
	CHANGES_PARTS
};

enum change_kind { CHANGE_CHANGED, CHANGE_ADDED, CHANGE_REMOVED };

/* Each string may be NULL: there is none. */
struct change {
	enum change_kind kind;
	char *item;   /* of the part: "web: directory /app" */
	char *entry;  /* of a listing: "main.py" */
	char *field;  /* "mode" */
	char *before; /* its values */
	char *after;
};

struct changes {
	struct {
		struct change *change;
		size_t n;
		size_t left_out;
	} part[CHANGES_PARTS];
	uint32_t pcrs;	   /* masks of those that change: without a unified */
	uint32_t uki_pcrs; /* kernel image, and with one */
	bool failed;	   /* out of memory; later calls do nothing */
};

void changes_free(struct changes *c);

#define own_changes __attribute__((cleanup(changes_free)))

/* What changes_add notes: bytes of others, borrowed, not escaped. */
struct change_source {
	enum change_kind kind;
	const char *item, *entry, *field, *before, *after;
};

void changes_add(struct changes *c, enum changes_part part,
		 const struct change_source *what);

/* How many there are in a part, those left out as well. */
size_t changes_count(const struct changes *c, enum changes_part part);
bool changes_none(const struct changes *c);

/* What it means for keys, signatures and verifiers: one sentence. */
void changes_follow(const struct changes *c, struct text *t);

/* Both with the sentence. The caller frees *ret. 0 or -ENOMEM. */
int changes_write_text(const struct changes *c, struct bytes *ret);
int changes_write_json(const struct changes *c, struct bytes *ret);

#endif
