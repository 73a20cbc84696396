// SPDX-License-Identifier: MIT
/* An EROFS image that somebody may have changed, as cvmctl predict reads it. */
#include <string.h>

#include "cvmctl/image/erofs.h"
#include "tests/fuzz/promise.h"
#include "tests/fuzz/targets.h"

static int see_attribute(const char *name, const void *value, size_t len,
			 void *arg)
{
	const struct erofs *e = arg;
	const uint8_t *at = value;

	expect(*name && strlen(name) < 300, "a name");
	expect(at >= e->data && len <= e->len && at <= e->data + (e->len - len),
	       "a value in the image");
	return 0;
}

static int see_name(const char *name, uint64_t number, void *arg)
{
	const struct erofs *e = arg;
	struct erofs_node node;

	expect(*name && !strchr(name, '/') && strcmp(name, ".") != 0 &&
		       strcmp(name, "..") != 0,
	       "a name of a directory's");
	if (erofs_read_node(e, number, &node) == 0)
		(void)erofs_list_attributes(e, &node, see_attribute, arg);
	return 0;
}

void fuzz_erofs(const uint8_t *data, size_t len)
{
	struct erofs_node root;
	struct erofs e;

	if (erofs_open(data, len, &e) == 0 &&
	    erofs_read_node(&e, e.root, &root) == 0)
		(void)erofs_list(&e, &root, see_name, &e);
}
