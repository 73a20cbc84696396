/* SPDX-License-Identifier: MIT */
/*
 * Comparing two manifests, of which nothing is known but that manifest_read
 * took them.
 */
#ifndef CVMCTL_SHOW_COMPARE_H
#define CVMCTL_SHOW_COMPARE_H

#include "cvmctl/show/changes.h"
#include "lib/json.h"

/*
 * Notes in what they differ: nothing only if they are equal. The caller frees
 * *ret. 0 or -ENOMEM.
 */
int compare_manifests(struct json_object *before, struct json_object *after,
		      struct changes *ret);

/* -- what the files compare*.c share --------------------------------------- */

/* Where changes are noted. */
struct compare_place {
	struct changes *changes;
	enum changes_part part;
	const char *item; /* of that part; NULL: the part itself */
};

/*
 * Any two values, either of them NULL for none; members of objects one by one.
 * name is that of the value, or NULL; except ends with NULL and lists members
 * that are not compared.
 */
void compare_values(const struct compare_place *place, const char *name,
		    struct json_object *before, struct json_object *after,
		    const char *const *except);

struct compare_list {
	/* What an element is known by, which the caller frees; or NULL. */
	char *(*name)(struct json_object *element);
	/* Notes in what two of one name differ. */
	void (*compare)(const struct compare_place *place,
			struct json_object *before, struct json_object *after);
};

/* Two lists, whose elements are known by name and not by place. */
void compare_lists(struct changes *c, enum changes_part part,
		   struct json_object *before, struct json_object *after,
		   const struct compare_list *how);

/* The list of events behind PCR 14. */
void compare_events(struct changes *c, struct json_object *before,
		    struct json_object *after);

#endif
