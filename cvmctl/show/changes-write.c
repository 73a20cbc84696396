// SPDX-License-Identifier: MIT
/* The changes of changes.h in words and as JSON. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "cvmctl/show/changes.h"
#include "cvmctl/show/describe.h"
#include "lib/json.h"
#include "lib/own.h"
#include "seal/object/pcr.h"

enum { schema = 1, digest_digits = 12, sha1_digits = 40 };

static const struct {
	const char *key; /* of the manifest */
	const char *words;
} parts[CHANGES_PARTS] = {
	[CHANGES_KERNEL] = { "kernel", "kernel" },
	[CHANGES_CMDLINE] = { "cmdline", "command line" },
	[CHANGES_INITRAMFS] = { "initramfs", "initramfs" },
	[CHANGES_ROOT] = { "root", "root" },
	[CHANGES_MODULES] = { "modules", "modules" },
	[CHANGES_VOLUMES] = { "volumes", "volumes" },
	[CHANGES_IMA_POLICY] = { "ima-policy", "IMA policy" },
	[CHANGES_APPS] = { "apps", "apps" },
	[CHANGES_PCR_14] = { "pcr-14", "PCR 14" },
	[CHANGES_VERSIONS] = { "versions", "versions" },
	[CHANGES_OTHER] = { "other", "other" },
};

static const char *const kinds[] = {
	[CHANGE_CHANGED] = "changed",
	[CHANGE_ADDED] = "added",
	[CHANGE_REMOVED] = "removed",
};

/* "4, 9 and 14" */
static void add_pcrs(uint32_t mask, struct text *t)
{
	const char *before = "";

	for (unsigned i = 0; i < pcr_count; i++) {
		if (!(mask & 1U << i))
			continue;
		text_add(t, "%s%u", before, i);
		mask &= ~(1U << i);
		before = mask & (mask - 1) ? ", " : " and ";
	}
}

/* What becomes of keys and signatures if PCRs change. */
static void follow_pcrs(const struct changes *c, struct text *t)
{
	bool is_one = !(c->pcrs & (c->pcrs - 1));

	text_add(t, is_one ? "PCR " : "PCRs ");
	add_pcrs(c->pcrs, t);
	text_add(t, is_one ? " changes" : " change");
	if (c->uki_pcrs != c->pcrs) {
		text_add(t, " (with a unified kernel image ");
		add_pcrs(c->uki_pcrs, t);
		text_add(t, ")");
	}
	text_add(t, ", so keys sealed to %s have to be sealed again",
		 is_one ? "its value" : "their values");
	if (!(c->pcrs & 1U << pcr_apps))
		text_add(t, ", those sealed to PCR 14 alone stay good");
	text_add(t, ", signatures of %s need a new cvmctl sign",
		 is_one ? "it" : "them");
}

void changes_follow(const struct changes *c, struct text *t)
{
	bool is_known = true;

	if (changes_none(c)) {
		text_add(t, "the manifests are equal");
		return;
	}
	for (unsigned p = 0; p < CHANGES_PARTS; p++)
		if (p != CHANGES_VERSIONS &&
		    changes_count(c, (enum changes_part)p))
			is_known = false;
	if (c->pcrs)
		follow_pcrs(c, t);
	else
		text_add(t, "no PCR changes, so keys and signatures stay good");
	text_add(t, ", %s verifiers %s manifest",
		 c->pcrs || is_known ? "and" : "but",
		 is_known ? "can keep the old" : "need the new");
}

static bool is_digest(const char *s)
{
	size_t len = strlen(s);

	return len >= sha1_digits && strspn(s, "0123456789abcdef") == len;
}

/* Digests are cut, unless that makes them alike. */
static void add_values(const struct change *c, struct text *t)
{
	const char *a = c->before ? c->before : "none";
	const char *b = c->after ? c->after : "none";
	bool is_cut = strncmp(a, b, digest_digits) != 0;

	text_add(t, " %.*s ->",
		 is_cut && is_digest(a) ? digest_digits : (int)strlen(a), a);
	text_add(t, " %.*s",
		 is_cut && is_digest(b) ? digest_digits : (int)strlen(b), b);
}

/* "  web: directory /app: main.py: mode: 0644 -> 0755" */
static void add_line(const struct change *c, struct text *t)
{
	const char *names[] = { c->item, c->entry, c->field };
	const char *before = " ";

	text_add(t, " ");
	for (size_t i = 0; i < array_size(names); i++) {
		if (!names[i])
			continue;
		text_add(t, "%s%s", before, names[i]);
		before = ": ";
	}
	text_add(t, "%s", before[0] == ':' ? ":" : "");
	if (c->before || c->after)
		add_values(c, t);
	else
		text_add(t, " %s", kinds[c->kind]);
	text_add(t, "\n");
}

static int finish(struct text *t, struct bytes *ret)
{
	if (text_failed(t))
		return -ENOMEM;
	*ret = take_text(t);
	return 0;
}

int changes_write_text(const struct changes *c, struct bytes *ret)
{
	own_text struct text follows = { 0 };
	own_text struct text t = { 0 };

	for (unsigned p = 0; p < CHANGES_PARTS; p++) {
		if (!changes_count(c, (enum changes_part)p))
			continue;
		text_add(&t, "%s\n", parts[p].words);
		for (size_t i = 0; i < c->part[p].n; i++)
			add_line(&c->part[p].change[i], &t);
		if (c->part[p].left_out)
			text_add(&t, "  and %zu more\n", c->part[p].left_out);
	}
	changes_follow(c, &follows);
	if (text_failed(&follows))
		return -ENOMEM;
	follows.s[0] = (char)toupper((unsigned char)follows.s[0]);
	text_add(&t, "%s.\n", follows.s);
	return finish(&t, ret);
}

static int set_text(struct json_object *o, const char *key, const char *s)
{
	return s ? json_set_string(o, key, s) : 0;
}

static struct json_object *change_json(enum changes_part part,
				       const struct change *c)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "part", parts[part].key) < 0 ||
	    json_set_string(o, "change", kinds[c->kind]) < 0 ||
	    set_text(o, "item", c->item) < 0 ||
	    set_text(o, "entry", c->entry) < 0 ||
	    set_text(o, "field", c->field) < 0 ||
	    set_text(o, "old", c->before) < 0 ||
	    set_text(o, "new", c->after) < 0)
		return NULL;
	return take_ptr(o);
}

static struct json_object *list_json(const struct changes *c,
				     size_t *ret_left_out)
{
	own_json struct json_object *list = json_object_new_array();

	for (unsigned p = 0; p < CHANGES_PARTS; p++) {
		*ret_left_out += c->part[p].left_out;
		for (size_t i = 0; i < c->part[p].n; i++)
			if (json_append(list,
					change_json((enum changes_part)p,
						    &c->part[p].change[i])) < 0)
				return NULL;
	}
	return take_ptr(list);
}

int changes_write_json(const struct changes *c, struct bytes *ret)
{
	own_json struct json_object *o = json_object_new_object();
	own_text struct text follows = { 0 };
	size_t left_out = 0;

	changes_follow(c, &follows);
	if (text_failed(&follows) ||
	    json_set_string(o, "type", "cvm-init diff") < 0 ||
	    json_set_u64(o, "schema", schema) < 0 ||
	    json_set_bool(o, "equal", changes_none(c)) < 0 ||
	    json_set(o, "changes", list_json(c, &left_out)) < 0 ||
	    json_set_u64(o, "left-out", left_out) < 0 ||
	    json_set(o, "pcrs", inspect_pcrs(c->pcrs)) < 0 ||
	    json_set(o, "uki-pcrs", inspect_pcrs(c->uki_pcrs)) < 0 ||
	    json_set_string(o, "follows", follows.s) < 0)
		return -ENOMEM;
	return json_write(o, ret);
}
