// SPDX-License-Identifier: MIT
/* See nearest.h: the optimal string alignment distance. */
#include "cvmctl/tool/nearest.h"

#include <stdbool.h>
#include <string.h>

/* of the first i letters of one and the first j of the other */
typedef unsigned distances[nearest_word_max + 1][nearest_word_max + 1];

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned step(distances d, const char *a, const char *b, size_t i,
		     size_t j)
{
	unsigned changed = a[i - 1] != b[j - 1];
	bool swapped =
		i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
	unsigned least = smaller(d[i - 1][j] + 1, d[i][j - 1] + 1);

	least = smaller(least, d[i - 1][j - 1] + changed);
	return swapped ? smaller(least, d[i - 2][j - 2] + 1) : least;
}

unsigned nearest_distance(const char *a, const char *b)
{
	size_t a_len = strnlen(a, nearest_word_max + 1);
	size_t b_len = strnlen(b, nearest_word_max + 1);
	distances d = { { 0 } };

	if (a_len > nearest_word_max || b_len > nearest_word_max)
		return UINT_MAX;
	for (size_t i = 0; i <= a_len; i++)
		for (size_t j = 0; j <= b_len; j++)
			d[i][j] = i && j ? step(d, a, b, i, j)
					 : (unsigned)(i + j);
	return d[a_len][b_len];
}
