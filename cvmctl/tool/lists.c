// SPDX-License-Identifier: MIT
/* See lists.h. */
#include "cvmctl/tool/lists.h"

#include <errno.h>
#include <string.h>

#include "lib/text.h"
#include "seal/object/pcr.h"

enum { list_max = 128 };

/* Calls take() for each word between commas; its first failure ends it. */
static int each_word(const char *list, int (*take)(const char *word, void *ret),
		     void *ret)
{
	char words[list_max];
	char *next = words;

	if (strlen(list) >= sizeof(words))
		return -EINVAL;
	memcpy(words, list, strlen(list) + 1);
	while (next) {
		const char *word = strsep(&next, ",");
		int r = take(word, ret);

		if (r < 0)
			return r;
	}
	return 0;
}

static int take_bank(const char *word, void *ret)
{
	digest_algs *algs = ret;
	int alg = digest_from_name(word);

	if (alg < 0 || *algs & 1U << alg)
		return -EINVAL;
	*algs |= 1U << alg;
	return 0;
}

static int take_pcr(const char *word, void *ret)
{
	uint32_t *mask = ret;
	uint64_t pcr;

	if (text_parse_u64(word, pcr_count - 1, &pcr) < 0 || *mask & 1U << pcr)
		return -EINVAL;
	*mask |= 1U << pcr;
	return 0;
}

int list_read_banks(const char *list, digest_algs *ret)
{
	*ret = 0;
	return each_word(list, take_bank, ret);
}

int list_read_pcrs(const char *list, uint32_t *ret_mask)
{
	*ret_mask = 0;
	return each_word(list, take_pcr, ret_mask);
}
