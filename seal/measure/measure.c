// SPDX-License-Identifier: MIT
/*
 * See measure.h. Two passes: find every path, listing what is listed; then
 * hash the files, all CPUs working, and append the events in their order.
 */
#include "seal/measure/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/measure/content.h"
#include "seal/measure/listing.h"
#include "seal/object/pcr.h"

enum { remedy_max = 64 };

/* Never full: apps.conf, each path and its rights, volumes' keys, the cap. */
_Static_assert(1 + 2 * apps_max * (1 + app_list_max) + boot_volumes_max + 1 <=
		       events_max,
	       "events_max is too small");

/* One event in the making. */
struct item {
	const struct app *app;
	const char *path; /* as declared */
	enum event_kind kind;
	const struct expected_digest *expect;
	size_t before;	      /* bytes of the listings of the items before */
	struct bytes listing; /* of a directory, or by verity */
	struct digest_set digests;
	struct bytes attributes; /* of a file that has any, as a listing */
};

struct items {
	struct item *item;
	size_t n;
};

static void item_free(struct item *item)
{
	bytes_free(&item->listing);
	bytes_free(&item->attributes);
}

static void items_free(struct items *items)
{
	for (size_t i = 0; i < items->n; i++)
		item_free(&items->item[i]);
	free(items->item);
}

#define own_items __attribute__((cleanup(items_free)))

/* What to do about a path that cannot be measured. */
static const char *write_remedy(const struct app *app, char ret[remedy_max])
{
	(void)snprintf(ret, remedy_max, "check [app %s] in apps.conf",
		       app->name); /* names are short, see app_name_max */
	return ret;
}

static int list_items(const struct apps_conf *apps, struct items *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < apps->n; i++)
		n += 1 + apps->app[i].measure_n;
	ret->item = calloc(n ? n : 1, sizeof(*ret->item));
	if (!ret->item)
		return -ENOMEM;
	for (size_t i = 0; i < apps->n; i++) {
		const struct app *app = &apps->app[i];

		ret->item[ret->n++] = (struct item){ .app = app,
						     .path = app->argv[0],
						     .kind = EVENT_EXEC,
						     .expect = &app->expect };
		for (size_t j = 0; j < app->measure_n; j++)
			ret->item[ret->n++] = (struct item){
				.app = app,
				.path = app->measure[j].path,
				.kind = EVENT_FILE,
				.expect = &app->measure[j].expect,
			};
	}
	return 0;
}

/* The banks, and what the author's own digest takes. */
static digest_algs item_algs(const struct measured *m, const struct item *item)
{
	return m->algs | (item->expect->given ? 1U << item->expect->alg : 0);
}

/* Refuses an item that is not what its author says. */
static int check_expected(const struct item *item, struct fail *f)
{
	const struct expected_digest *e = item->expect;
	char remedy[remedy_max];
	char hex[2 * digest_size_max + 1];

	if (!e->given || memcmp(item->digests.value[e->alg], e->value,
				digest_size(e->alg)) == 0)
		return 0;
	hex_encode(item->digests.value[e->alg], digest_size(e->alg), hex);
	(void)fail_because(f, "", write_remedy(item->app, remedy), "measure %s",
			   item->path);
	return fail_reason(f, "its %s is not the expected one but %s",
			   digest_name(e->alg), hex);
}

/* Lists what is at the item's path, a directory or a file. */
static int list_item(const struct measured *m, const struct item *item,
		     const char *head, struct bytes *ret, struct fail *f)
{
	char remedy[remedy_max];
	own_fd int fd = io_open_in_root(m->root_fd, item->path, O_PATH);
	const struct listed what = {
		.fd = fd,
		.name = item->path,
		.remedy = write_remedy(item->app, remedy),
		.head = head,
		.no_content = item->kind != EVENT_DIRECTORY,
		.before = item->before,
	};

	if (fd < 0)
		return fail_errno(f, fd, remedy, "measure %s", item->path);
	return listing_write(&what, ret, f);
}

static int digest_listing(const struct measured *m, struct item *item,
			  struct fail *f)
{
	char remedy[remedy_max];
	int r = digest_data(item_algs(m, item), item->listing.data,
			    item->listing.len, &item->digests);

	return r < 0 ? fail_errno(f, r, write_remedy(item->app, remedy),
				  "measure %s", item->path)
		     : 0;
}

static int list_directory(const struct measured *m, struct item *item,
			  struct fail *f)
{
	int r;

	item->kind = EVENT_DIRECTORY;
	r = list_item(m, item, LISTING_HEAD, &item->listing, f);
	return r < 0 ? r : digest_listing(m, item, f);
}

/* The item by the root hash, which covers it with all else on the root. */
static int list_by_verity(const struct measured *m, struct item *item,
			  struct fail *f)
{
	char hex[2 * digest_size_max + 1];
	char path[PATH_MAX * 4];
	own_text struct text head = { 0 };
	int r;

	hex_encode(m->verity->root_hash, m->verity->root_hash_len, hex);
	text_escape(item->path, strlen(item->path), path, sizeof(path));
	text_add(&head, "cvm-init verity 1\nroot\t%s\t%s\n%s\t%s\n",
		 digest_name(m->verity->hash), hex,
		 item->kind == EVENT_EXEC ? "exec" : "measure", path);
	if (text_failed(&head))
		return fail_errno(f, ENOMEM, "give the VM more memory",
				  "measure %s", item->path);
	item->kind = EVENT_VERITY;
	r = list_item(m, item, head.s, &item->listing, f);
	return r < 0 ? r : digest_listing(m, item, f);
}

/* Notes what the digest of a file's content does not tell, if there is any. */
static int list_attributes(const struct measured *m, struct item *item,
			   mode_t mode, struct fail *f)
{
	own_bytes struct bytes listing = { 0 };
	int r = list_item(m, item, "cvm-init attributes 1\n", &listing, f);

	if (r == 0 && listing.data &&
	    (mode & (S_ISUID | S_ISGID) ||
	     strstr((const char *)listing.data, "\nx\t")))
		item->attributes = take_bytes(&listing);
	return r;
}

/* Why this cannot be measured as such an item, or NULL. */
static const char *refusal(const struct item *item, mode_t mode)
{
	if (S_ISDIR(mode) && item->kind == EVENT_FILE)
		return NULL;
	if (!S_ISREG(mode))
		return content_refusal(mode);
	if (item->kind == EVENT_EXEC && !(mode & 0111))
		return "it is not executable";
	return NULL;
}

/*
 * Finds the item's path. What is listed is measured at once; a file whose
 * content counts is left to *ret_file, whose path is NULL otherwise.
 */
static int find_item(const struct measured *m, struct item *item,
		     struct content *ret_file, struct fail *f)
{
	char remedy[remedy_max];
	struct content found;
	int r = content_find(m->root_fd, item->path, &found);

	(void)write_remedy(item->app, remedy);
	if (r < 0)
		return fail_errno(f, r, remedy, "measure %s", item->path);
	if (refusal(item, found.st.st_mode))
		return fail_because(f, refusal(item, found.st.st_mode), remedy,
				    "measure %s", item->path);
	if (item->app->measure_by == APP_MEASURE_BY_VERITY)
		return list_by_verity(m, item, f);
	if (S_ISDIR(found.st.st_mode))
		return list_directory(m, item, f);
	r = list_attributes(m, item, found.st.st_mode, f);
	found.algs = item_algs(m, item);
	if (r == 0)
		*ret_file = found;
	return r;
}

static int hash_items(const struct measured *m, struct items *items,
		      struct fail *f)
{
	own_free struct content *files = calloc(items->n + 1, sizeof(*files));
	own_free struct item **owner = calloc(items->n + 1, sizeof(*owner));
	size_t listed = 0;
	size_t n = 0;

	if (!files || !owner)
		return fail_errno(f, ENOMEM, "give the VM more memory",
				  "measure the apps");
	for (size_t i = 0; i < items->n; i++) {
		struct item *item = &items->item[i];
		int r;

		item->before = listed;
		r = find_item(m, item, &files[n], f);
		if (r < 0)
			return r;
		listed += item->listing.len + item->attributes.len;
		if (files[n].path)
			owner[n++] = item;
	}
	content_digest(files, n);
	for (size_t i = 0; i < n; i++) {
		char remedy[remedy_max];

		if (files[i].error)
			return content_failed(
				&files[i], owner[i]->path,
				write_remedy(owner[i]->app, remedy), f);
		owner[i]->digests = files[i].digests;
	}
	return 0;
}

/* From here on only the digests for the banks remain. */
static int check_items(const struct measured *m, struct items *items,
		       struct fail *f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < items->n; i++) {
		r = check_expected(&items->item[i], f);
		items->item[i].digests.algs &= m->algs;
	}
	return r;
}

/* An event of the item; *detail is taken over. */
static int add_event(struct events *list, const struct item *item,
		     enum event_kind kind, struct bytes *detail,
		     const struct digest_set *digests)
{
	own_event struct event e = {
		.pcr = pcr_apps,
		.kind = kind,
		.app = strdup(item->app->name),
		.path = strdup(item->path),
		.detail = take_bytes(detail),
		.digests = *digests,
	};

	return e.app && e.path ? events_add(list, &e) : -ENOMEM;
}

static int add_item(const struct measured *m, struct events *list,
		    struct item *item)
{
	struct bytes *attributes = &item->attributes;
	struct digest_set digests;
	int r = add_event(list, item, item->kind, &item->listing,
			  &item->digests);

	if (r < 0 || !attributes->len)
		return r;
	r = digest_data(m->algs, attributes->data, attributes->len, &digests);
	return r < 0 ? r
		     : add_event(list, item, EVENT_ATTRIBUTES, attributes,
				 &digests);
}

static int add_conf_event(const struct measured *m, struct events *list)
{
	own_event struct event e = {
		.pcr = pcr_apps,
		.kind = EVENT_APPS_CONF,
		.path = strdup(APPS_CONF_PATH),
	};
	int r = digest_data(m->algs, m->apps_raw->data, m->apps_raw->len,
			    &e.digests);

	if (r == 0 && !e.path)
		r = -ENOMEM;
	return r < 0 ? r : events_add(list, &e);
}

static int add_events(const struct measured *m, struct items *items,
		      struct events *ret)
{
	int r = add_conf_event(m, ret);

	for (size_t i = 0; r == 0 && i < items->n; i++)
		r = add_item(m, ret, &items->item[i]);
	return r;
}

int measure_apps(const struct measured *m, struct events *ret, struct fail *f)
{
	own_items struct items items = { 0 };
	int r = list_items(m->apps, &items);

	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "measure the apps");
	r = hash_items(m, &items, f);
	if (r == 0)
		r = check_items(m, &items, f);
	if (r == -ENOMEM) /* which says nothing about an app */
		(void)fail_remedy(f, "give the VM more memory");
	if (r < 0)
		return r;
	r = add_events(m, &items, ret);
	return r < 0 ? fail_errno(f, r, "give the VM more memory",
				  "note what was measured")
		     : 0;
}
