// SPDX-License-Identifier: MIT
/* Memory for keys: its limits, and that it is gone afterwards. */
#include "lib/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/own.h"
#include "tests/table.h"

static const struct alloc_case {
	const char *name;
	size_t len;
	int result;
} allocs[] = {
	{ "nothing", 0, -EINVAL },
	{ "smallest", 1, 0 },
	{ "a page and a byte", 4097, 0 },
	{ "largest", secret_max, 0 },
	{ "over the largest", secret_max + 1, -EINVAL },
	{ "overflow", SIZE_MAX, -EINVAL },
};

static void allocates_zeroes(void **state)
{
	const struct alloc_case *c = *state;
	own_secret struct secret s = { 0 };

	assert_int_equal(secret_alloc(c->len, &s), c->result);
	if (c->result) {
		assert_null(s.data);
		return;
	}
	assert_int_equal(s.len, c->len);
	for (size_t i = 0; i < s.len; i++)
		assert_int_equal(s.data[i], 0);
	memset(s.data, 0xaa, s.len);
}

static void unmaps_whatever_the_length(void **state)
{
	struct secret s = { 0 };
	unsigned char present;
	void *page;

	(void)state;
	assert_int_equal(secret_alloc(32, &s), 0);
	page = s.data;
	memset(s.data, 0xaa, s.len);
	s.len = 1; /* the owner used less */
	secret_free(&s);
	assert_null(s.data);
	assert_int_equal(s.len, 0);
	assert_int_equal(mincore(page, 1, &present), -1);
	assert_int_equal(errno, ENOMEM);
	secret_free(&s);
}

static void wipes(void **state)
{
	uint8_t data[4] = { 1, 2, 3, 4 };

	(void)state;
	secret_wipe(data, 3);
	assert_memory_equal(data, "\0\0\0\4", 4);
	secret_wipe(NULL, 0);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(allocates_zeroes, allocs),
		CASE(unmaps_whatever_the_length),
		CASE(wipes),
	};

	return table_run(tables, array_size(tables));
}
