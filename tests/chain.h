/* SPDX-License-Identifier: MIT */
/* Chains of events, as tests compare them. Include cmocka.h first. */
#ifndef TESTS_CHAIN_H
#define TESTS_CHAIN_H

#include <string.h>

#include "cvmctl/predict/boot-chain.h"
#include "lib/text.h"

enum { chain_banks = 1U << DIGEST_SHA1 | 1U << DIGEST_SHA256 };

#define CHAIN_OPTION                                                 \
	"4 EV_EFI_ACTION Calling EFI Application from Boot Option\n" \
	"2 EV_SEPARATOR four zero bytes\n"                           \
	"4 EV_SEPARATOR four zero bytes\n"
#define CHAIN_PROGRAM(name) "4 EV_EFI_BOOT_SERVICES_APPLICATION " name "\n"
#define CHAIN_LINUX                                  \
	"9 EV_EVENT_TAG LOADED_IMAGE::LoadOptions\n" \
	"9 EV_EVENT_TAG Linux initrd\n"
#define CHAIN_PART(name) "11 EV_IPL " name "\n11 EV_IPL its content\n"

/* "4 EV_SEPARATOR what\n" for each event. */
static inline void chain_list(const struct boot_chain *c, struct text *ret)
{
	for (size_t i = 0; i < c->n; i++)
		text_add(ret, "%u %s %s\n", c->event[i].pcr, c->event[i].type,
			 c->event[i].what);
}

/* The SHA-256 of an event is that of len bytes of data. */
static inline void chain_assert_digest(const struct boot_event *e,
				       const void *data, size_t len)
{
	struct digest_set want;

	assert_int_equal(digest_data(1U << DIGEST_SHA256, data, len, &want), 0);
	assert_int_equal(e->digests.algs, chain_banks);
	assert_memory_equal(e->digests.value[DIGEST_SHA256],
			    want.value[DIGEST_SHA256], 32);
}

#endif
