// SPDX-License-Identifier: MIT
/* See known.h. */
#include "evidence/judge/known.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/logs/load-options.h"
#include "evidence/logs/log.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/object/json-values.h"

enum { listing_columns = 6, listing_content = 4, all_banks = (1 << 4) - 1 };

static void list_free(struct known_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->entry[i].entry);
	free(l->entry);
}

void known_free(struct known *k)
{
	list_free(&k->events);
	list_free(&k->files);
	*k = (struct known){ 0 };
}

__attribute__((format(printf, 5, 6))) static int
add(struct known_list *l, enum known_place place, unsigned pcr,
    const struct digest_set *digests, const char *entry, ...)
{
	struct known_entry e = { place, pcr, *digests, NULL };
	va_list args;
	int len;

	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct known_entry *bigger =
			reallocarray(l->entry, cap, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		l->entry = bigger;
		l->cap = cap;
	}
	va_start(args, entry);
	len = vasprintf(&e.entry, entry, args);
	va_end(args);
	if (len < 0)
		return -ENOMEM;
	l->entry[l->n++] = e;
	return 0;
}

/* The members of o that are called as banks are. */
static struct digest_set read_members(struct json_object *o)
{
	struct digest_set set = { .algs = 0 };

	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (json_value_hex(json_get(o, digest_name(a)), digest_size(a),
				   set.value[a]) == 0)
			set.algs |= 1U << a;
	return set;
}

static int add_text(struct known_list *l, enum known_place place, unsigned pcr,
		    const char *entry, const void *data, size_t len)
{
	struct digest_set digests;
	int r = digest_data(all_banks, data, len, &digests);

	return r < 0 ? r : add(l, place, pcr, &digests, "%s", entry);
}

/* As OVMF hands it on: alone, or with its word before or behind it. */
static int add_cmdline(struct known_list *l, const char *text)
{
	static const char *const forms[][2] = {
		{ "", "" },
		{ "initrd=initrd ", "" },
		{ "", " initrd=initrd" },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < array_size(forms); i++) {
		own_text struct text line = { 0 };
		own_bytes struct bytes options = { 0 };

		text_add(&line, "%s%s%s", forms[i][0], text, forms[i][1]);
		if (text_failed(&line))
			return -ENOMEM;
		r = load_options_encode(line.s, line.len, &options);
		if (r == -EINVAL || r == -EFBIG)
			return 0; /* then nothing explains it */
		if (r == 0)
			r = add_text(l, KNOWN_CMDLINE, 9, "cmdline",
				     options.data, options.len);
	}
	return r;
}

/* TCG PC Client Platform Firmware Profile 1.05, 3.3.4.6: of PCR 5. */
static int add_exit(struct known_list *l)
{
	static const char *const actions[] = {
		"Exit Boot Services Invocation",
		"Exit Boot Services Returned with Success",
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < array_size(actions); i++)
		r = add_text(l, KNOWN_FIRMWARE, 5, "EV_EFI_ACTION", actions[i],
			     strlen(actions[i]));
	return r;
}

/* What is started, and what firmware measures around it. */
static int add_boot(struct known_list *l, struct json_object *manifest)
{
	/* TCG PC Client Platform Firmware Profile 1.05, 3.3.4.5 and 10.4.1 */
	static const char calling[] =
		"Calling EFI Application from Boot Option";
	struct digest_set kernel = read_members(
		json_get(json_get(manifest, "kernel"), "authenticode"));
	struct digest_set initrd =
		read_members(json_get(manifest, "initramfs"));
	int r = add(l, KNOWN_KERNEL, 4, &kernel, "kernel.authenticode");

	if (r == 0)
		r = add(l, KNOWN_INITRAMFS, 9, &initrd, "initramfs");
	if (r == 0)
		r = add_text(l, KNOWN_FIRMWARE, 4, "EV_EFI_ACTION", calling,
			     sizeof(calling) - 1);
	if (r == 0)
		r = add_exit(l);
	if (r == 0)
		r = add_text(l, KNOWN_FIRMWARE, 2, "EV_SEPARATOR", "\0\0\0", 4);
	if (r == 0)
		r = add_text(l, KNOWN_FIRMWARE, 4, "EV_SEPARATOR", "\0\0\0", 4);
	return r < 0 ? r
		     : add_cmdline(l, json_get_string(json_get(manifest,
							       "cmdline"),
						      "text"));
}

/* One line of a listing, which is cut into its columns. */
static int add_line(struct known_list *l, char *line, size_t event)
{
	char *column[listing_columns] = { NULL };
	struct digest_set digests = { .algs = 1U << DIGEST_SHA256 };
	size_t n = 0;
	size_t len = 0;

	for (char *at = line; at && n < listing_columns; n++)
		column[n] = strsep(&at, "\t");
	if (n < listing_columns || strcmp(column[0], "f") != 0 ||
	    hex_decode(column[listing_content], digest_size(DIGEST_SHA256),
		       digests.value[DIGEST_SHA256], &len) < 0 ||
	    len != digest_size(DIGEST_SHA256))
		return 0;
	return add(l, KNOWN_FILE, 0, &digests, "apps.events[%zu] %s", event,
		   column[listing_columns - 1]);
}

static int add_listing(struct known_list *l, const char *listing, size_t event)
{
	own_free char *copy = strdup(listing);
	char *at = copy;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	while (r == 0 && at)
		r = add_line(l, strsep(&at, "\n"), event);
	return r;
}

/* An event of PCR 14, and the files behind it. */
static int add_app(struct known *k, struct json_object *o, size_t i)
{
	struct json_object *content = json_get(o, "content");
	const char *listing = json_value_string(json_get(content, "listing"));
	struct json_object *pcr = json_get(o, "pcr");
	struct digest_set digests;
	int r;

	if (log_read_digests(json_get(o, "digests"), &digests) < 0 ||
	    !json_object_is_type(pcr, json_type_int))
		return 0;
	r = add(&k->events, KNOWN_APP, (unsigned)json_object_get_int(pcr),
		&digests, "apps.events[%zu]", i);
	if (r < 0 || listing)
		return r < 0 ? r : add_listing(&k->files, listing, i);
	if (!(digests.algs & 1U << DIGEST_SHA256))
		return 0;
	return add(&k->files, KNOWN_FILE, 0, &digests, "apps.events[%zu] %s", i,
		   json_get_string(content, "path"));
}

static size_t array_length(struct json_object *list)
{
	return json_object_is_type(list, json_type_array)
		       ? json_object_array_length(list)
		       : 0;
}

static int add_apps(struct known *k, struct json_object *manifest)
{
	struct json_object *list =
		json_get(json_get(manifest, "apps"), "events");
	int r = 0;

	for (size_t i = 0; r == 0 && i < array_length(list); i++)
		r = add_app(k, json_object_array_get_idx(list, i), i);
	return r;
}

static int add_initramfs_files(struct known *k, struct json_object *manifest)
{
	struct json_object *list =
		json_get(json_get(manifest, "initramfs"), "files");
	int r = 0;

	for (size_t i = 0; r == 0 && i < array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		struct digest_set digests = read_members(o);

		if (digests.algs & 1U << DIGEST_SHA256)
			r = add(&k->files, KNOWN_FILE, 0, &digests,
				"initramfs.files[%zu] %s", i,
				json_get_string(o, "path"));
	}
	return r;
}

static int add_prediction(struct known_list *l, struct json_object *prediction)
{
	struct json_object *list =
		json_get(json_get(prediction, "boot"), "events");
	int r = 0;

	for (size_t i = 0; r == 0 && i < array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		struct json_object *pcr = json_get(o, "pcr");
		struct digest_set digests;

		if (json_object_is_type(pcr, json_type_int) &&
		    log_read_digests(json_get(o, "digests"), &digests) == 0)
			r = add(l, KNOWN_PREDICTION,
				(unsigned)json_object_get_int(pcr), &digests,
				"boot.events[%zu] %s", i,
				json_get_string(o, "what"));
	}
	return r;
}

static int compare_files(const void *a, const void *b)
{
	const struct known_entry *x = a;
	const struct known_entry *y = b;

	return memcmp(x->digests.value[DIGEST_SHA256],
		      y->digests.value[DIGEST_SHA256],
		      digest_size(DIGEST_SHA256));
}

int known_collect(struct json_object *manifest, struct json_object *prediction,
		  struct known *ret)
{
	struct known k = { .events = { .n = 0 } };
	int r = add_prediction(&k.events, prediction);

	if (r == 0)
		r = add_boot(&k.events, manifest);
	if (r == 0)
		r = add_apps(&k, manifest);
	if (r == 0)
		r = add_initramfs_files(&k, manifest);
	if (r < 0) {
		known_free(&k);
		return r;
	}
	if (k.files.n)
		qsort(k.files.entry, k.files.n, sizeof(*k.files.entry),
		      compare_files);
	*ret = k;
	return 0;
}

static bool is_equal(const struct digest_set *a, const struct digest_set *b,
		     digest_algs banks)
{
	bool strong = false;

	for (enum digest_alg alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
		if (!(banks & a->algs & b->algs & 1U << alg))
			continue;
		if (memcmp(a->value[alg], b->value[alg], digest_size(alg)) != 0)
			return false;
		strong = strong || alg != DIGEST_SHA1;
	}
	return strong;
}

const struct known_entry *known_find(const struct known *k, unsigned pcr,
				     const struct digest_set *digests,
				     digest_algs banks)
{
	for (size_t i = 0; i < k->events.n; i++) {
		const struct known_entry *e = &k->events.entry[i];

		if (e->pcr == pcr && is_equal(&e->digests, digests, banks))
			return e;
	}
	return NULL;
}

bool known_is(const struct known *k, enum known_place place, unsigned pcr,
	      const struct digest_set *digests, digest_algs banks)
{
	for (size_t i = 0; i < k->events.n; i++) {
		const struct known_entry *e = &k->events.entry[i];

		if (e->place == place && e->pcr == pcr &&
		    is_equal(&e->digests, digests, banks))
			return true;
	}
	return false;
}

const struct known_entry *known_find_file(const struct known *k,
					  enum digest_alg alg,
					  const uint8_t *digest)
{
	struct known_entry key = { .digests = { .algs = 1U << alg } };

	memcpy(key.digests.value[alg], digest, digest_size(alg));
	if (alg == DIGEST_SHA256)
		return k->files.n ? bsearch(&key, k->files.entry, k->files.n,
					    sizeof(key), compare_files)
				  : NULL;
	return known_find(k, 14, &key.digests, key.digests.algs);
}
