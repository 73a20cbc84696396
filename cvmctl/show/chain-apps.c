// SPDX-License-Identifier: MIT
/*
 * The step "Applications" of a chain: the events of PCR 14 or RTMR 3, by
 * application. Not more than a picture can hold is listed, the rest is counted.
 */
#include <string.h>

#include "config/apps.h"
#include "cvmctl/show/chain-source.h"
#include "lib/own.h"

enum { apps_shown_max = 12, files_shown_max = 4 };

struct listing {
	struct chain_box *box;
	const char *bank;
	const char *app;    /* whose events are read */
	size_t apps, files; /* files: of this application */
	size_t hidden_files;
};

size_t chain_count(struct json_object *array)
{
	return json_object_is_type(array, json_type_array)
		       ? json_object_array_length(array)
		       : 0;
}

/* The digest of an event in a bank, as it is written; "" for none. */
static const char *event_digest(struct json_object *event, const char *bank)
{
	struct json_object *digests = json_get(event, "digests");

	for (size_t i = 0; i < chain_count(digests); i++) {
		struct json_object *d = json_object_array_get_idx(digests, i);

		if (strcmp(json_get_string(d, "hashAlg"), bank) == 0)
			return json_get_string(d, "digest");
	}
	return "";
}

/* What an event of a path is about, besides the content of a file. */
static const char *mark(const char *kind)
{
	static const char *const marks[][2] = {
		{ "directory", "/" },
		{ "attributes", ": its rights" },
		{ "verity", ": by the root hash" },
		{ "volume-key", ": a key" },
	};

	for (size_t i = 0; i < array_size(marks); i++)
		if (strcmp(kind, marks[i][0]) == 0)
			return marks[i][1];
	return "";
}

static void add_event(struct listing *l, struct json_object *event,
		      const char *indent)
{
	struct json_object *content = json_get(event, "content");
	const char *kind = json_get_string(content, "kind");
	const char *path = json_get_string(content, "path");
	char digest[chain_digest_digits + 1];

	chain_add_line(l->box, CHAIN_ITEM,
		       chain_short_digest(event_digest(event, l->bank), digest),
		       "%s%s%s", indent,
		       strcmp(path, APPS_CONF_PATH) == 0 ? "apps.conf" : path,
		       mark(kind));
}

/* Says what was left out of the application before. */
static void end_app(struct listing *l)
{
	if (l->hidden_files)
		chain_add_line(l->box, CHAIN_NOTE, "", "  and %zu more",
			       l->hidden_files);
	l->hidden_files = 0;
	l->files = 0;
}

static void add_app_event(struct listing *l, struct json_object *event,
			  const char *app)
{
	if (strcmp(app, l->app) != 0) {
		end_app(l);
		l->app = app;
		if (++l->apps <= apps_shown_max)
			chain_add_line(l->box, CHAIN_HEAD, "", "%s", app);
	}
	if (l->apps > apps_shown_max)
		return;
	if (l->files++ < files_shown_max)
		add_event(l, event, "  ");
	else
		l->hidden_files++;
}

/* Behind the last event of an application. */
static void end_apps(struct listing *l)
{
	end_app(l);
	if (l->apps > apps_shown_max)
		chain_add_line(l->box, CHAIN_NOTE, "",
			       "and %zu more applications",
			       l->apps - apps_shown_max);
	l->apps = 0;
}

static bool is_kind(struct json_object *event, const char *kind)
{
	return strcmp(json_get_string(json_get(event, "content"), "kind"),
		      kind) == 0;
}

/* Those of volumes, where they are in no PCR but in RTMR 3. */
static void add_keys(struct listing *l, struct json_object *events)
{
	for (size_t i = 0; i < chain_count(events); i++) {
		struct json_object *e = json_object_array_get_idx(events, i);

		if (!is_kind(e, "volume-key"))
			continue;
		if (l->files++ < files_shown_max)
			add_event(l, e, "");
		else
			l->hidden_files++;
	}
	end_app(l);
}

struct chain_box *chain_add_apps(struct chain *c, struct json_object *events,
				 const char *bank,
				 const struct chain_boot *boot)
{
	struct listing l = { .bank = bank, .app = "" };
	struct chain_box *box = NULL;
	struct json_object *cap = NULL;

	l.box = chain_add_step(c, "Applications", "holds");
	for (size_t i = 0; i < chain_count(events); i++) {
		struct json_object *e = json_object_array_get_idx(events, i);
		const char *app =
			json_get_string(json_get(e, "content"), "app");

		if (is_kind(e, "cap"))
			cap = e;
		else if (*app)
			add_app_event(&l, e, app);
		else if (is_kind(e, "apps.conf") && !box) {
			add_event(&l, e, "");
			box = chain_measure_into(c, "init", CHAIN_APPS, boot,
						 CHAIN_BOUND);
		}
	}
	end_apps(&l);
	if (!chain_has_tpm(boot))
		add_keys(&l, events);
	if (cap)
		add_event(&l, cap, "");
	if (!l.box->n)
		chain_add_line(l.box, CHAIN_NOTE, "", "nothing is listed");
	if (!box)
		box = chain_measure_into(c, "init", CHAIN_APPS, boot,
					 CHAIN_BOUND);
	return box;
}
