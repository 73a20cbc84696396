// SPDX-License-Identifier: MIT
/*
 * The volumes of an image at the end of a chain, and which registers release
 * their keys: PCR 14 always, since init uses no key without it, and others as
 * the tokens of the disks say, if those are at hand.
 */
#include <string.h>

#include "config/boot.h"
#include "cvmctl/show/chain-source.h"
#include "lib/own.h"

/* "PCRs 2,4,9,14", as arguments have it: a sentence would not fit. */
static void add_mask(struct chain_box *b, const char *what, uint32_t mask)
{
	own_text struct text list = { 0 };

	if (!mask)
		return;
	text_add(&list, mask & (mask - 1) ? "PCRs" : "PCR");
	for (unsigned i = 0, n = 0; i < pcr_count; i++)
		if (mask & 1U << i)
			text_add(&list, "%s%u", n++ ? "," : " ", i);
	if (text_failed(&list))
		b->failed = true;
	else
		chain_add_line(b, CHAIN_NOTE, "", "  key: %s%s", what, list.s);
}

/* The policy of each key of a disk. */
static void add_keys(struct chain_box *b, const struct chain_keys *keys,
		     const char *uuid)
{
	for (size_t i = 0; i < keys->n; i++) {
		const struct chain_key *k = &keys->key[i];

		if (strcmp(k->uuid, uuid) != 0)
			continue;
		add_mask(b, "", k->mask);
		add_mask(b, k->mask ? "and as signed " : "as signed, ",
			 k->signed_mask);
	}
}

/* The broker says what such a key is sealed to, at each boot. */
static bool is_delivered(struct json_object *volume)
{
	return strcmp(json_get_string(volume, "key"),
		      boot_key_kind_name(BOOT_KEY_DELIVERED)) == 0;
}

/* What the tokens say of a register; known: of all volumes. */
static void bind_registers(struct chain *c, uint32_t mask, bool known)
{
	for (size_t i = 0; i < c->sides; i++) {
		struct chain_box *b = &c->side[i];

		if (b->pcrs & (mask | 1U << pcr_apps))
			b->bound = CHAIN_BOUND;
		else if (known)
			b->bound = CHAIN_UNBOUND;
	}
}

void chain_add_volumes(struct chain *c, struct json_object *volumes,
		       const struct chain_keys *keys)
{
	size_t n = chain_count(volumes);
	struct chain_box *b;
	uint32_t bound = 0;
	bool known = true;     /* which registers, of all volumes */
	bool on_disks = false; /* what is not known, a token on a disk says */

	if (!n)
		return;
	b = chain_add_end(c, CHAIN_END_KEYS, "Volumes");
	for (size_t i = 0; i < n && i < boot_volumes_max; i++) {
		struct json_object *v = json_object_array_get_idx(volumes, i);
		const char *uuid = json_get_string(v, "uuid");
		uint32_t mask = chain_keys_pcrs(keys, uuid);

		chain_add_line(b, CHAIN_ITEM, json_get_string(v, "mount"), "%s",
			       json_get_string(v, "name"));
		bound |= mask;
		known = known && mask;
		if (is_delivered(v)) {
			chain_add_line(b, CHAIN_NOTE, "",
				       "  key: from a broker");
			continue;
		}
		add_keys(b, keys, uuid);
		on_disks = on_disks || !mask;
	}
	if (n > boot_volumes_max)
		chain_add_line(b, CHAIN_NOTE, "", "and %zu more",
			       n - boot_volumes_max);
	if (on_disks) {
		chain_add_line(b, CHAIN_NOTE, "", "keys: PCR 14, and those");
		chain_add_line(b, CHAIN_NOTE, "", "that a disk's token adds");
	}
	bind_registers(c, bound, known);
}
