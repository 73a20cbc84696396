// SPDX-License-Identifier: MIT
/* The list of changes.h. */
#include "cvmctl/show/changes.h"

#include <stdlib.h>
#include <string.h>

static void change_free(struct change *c)
{
	free(c->item);
	free(c->entry);
	free(c->field);
	free(c->before);
	free(c->after);
}

void changes_free(struct changes *c)
{
	for (size_t p = 0; p < CHANGES_PARTS; p++) {
		for (size_t i = 0; i < c->part[p].n; i++)
			change_free(&c->part[p].change[i]);
		free(c->part[p].change);
	}
	*c = (struct changes){ .failed = false };
}

/* With "..." at its end if it was cut. False: out of memory. */
static bool escape(const char *s, size_t max, char **ret)
{
	static const char dots[] = "...";
	size_t len;
	size_t size;
	bool is_cut;

	if (!s)
		return true;
	len = strlen(s);
	is_cut = len > max;
	if (is_cut)
		len = max;
	size = 4 * len + sizeof(dots); /* \xNN for each byte */
	*ret = malloc(size);
	if (!*ret)
		return false;
	text_escape(s, len, *ret, size);
	if (is_cut || strlen(*ret) > max)
		memcpy(*ret + strnlen(*ret, max), dots, sizeof(dots));
	return true;
}

/* Room for one more; its place doubles at each power of two. */
static struct change *make_room(struct changes *c, enum changes_part part)
{
	struct change *list = c->part[part].change;
	size_t n = c->part[part].n;

	if ((n & (n - 1)) == 0) {
		struct change *grown =
			reallocarray(list, n ? 2 * n : 1, sizeof(*list));

		if (!grown)
			return NULL;
		list = grown;
		c->part[part].change = list;
	}
	list[n] = (struct change){ .kind = CHANGE_CHANGED };
	c->part[part].n++;
	return &list[n];
}

void changes_add(struct changes *c, enum changes_part part,
		 const struct change_source *what)
{
	struct change *change;

	if (c->failed)
		return;
	if (c->part[part].n == changes_part_max) {
		c->part[part].left_out++;
		return;
	}
	change = make_room(c, part);
	if (!change) {
		c->failed = true;
		return;
	}
	change->kind = what->kind;
	c->failed = !escape(what->item, changes_path_max, &change->item) ||
		    !escape(what->entry, changes_path_max, &change->entry) ||
		    !escape(what->field, changes_value_max, &change->field) ||
		    !escape(what->before, changes_value_max, &change->before) ||
		    !escape(what->after, changes_value_max, &change->after);
}

size_t changes_count(const struct changes *c, enum changes_part part)
{
	return c->part[part].n + c->part[part].left_out;
}

bool changes_none(const struct changes *c)
{
	for (unsigned p = 0; p < CHANGES_PARTS; p++)
		if (changes_count(c, (enum changes_part)p))
			return false;
	return true;
}
