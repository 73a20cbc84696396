// SPDX-License-Identifier: MIT
/* How far words are from each other. cvmctl itself: qemu-test/test_help.py. */
#include "cvmctl/tool/nearest.h"

#include "tests/table.h"

#include "lib/own.h"

static const struct pair {
	const char *a;
	const char *b;
	unsigned distance;
} pairs[] = {
	{ "", "", 0 },
	{ "seal", "seal", 0 },
	{ "", "seal", 4 },
	{ "prdeict", "predict", 1 },
	{ "sael", "seal", 1 },
	{ "sel", "seal", 1 },
	{ "seall", "seal", 1 },
	{ "feal", "seal", 1 },
	{ "unseal", "seal", 2 },
	{ "verifyx", "verify", 1 },
	{ "ca", "abc", 3 },
	{ "123456789012345", "12345678901234", 1 },
	{ "1234567890123456", "seal", UINT_MAX },
};

static void measures(void **state)
{
	const struct pair *p = *state;

	assert_int_equal(nearest_distance(p->a, p->b), p->distance);
	assert_int_equal(nearest_distance(p->b, p->a), p->distance);
}

int main(void)
{
	static const struct table tables[] = { TABLE(measures, pairs) };

	return table_run(tables, array_size(tables));
}
