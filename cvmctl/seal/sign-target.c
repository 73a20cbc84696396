// SPDX-License-Identifier: MIT
/* See sign-target.h. */
#include "cvmctl/seal/sign-target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/image/manifest.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/object/pcr.h"

/* The signatures that are there already, if --add-to names a file that is. */
static int read_file(const char *path, struct signatures *ret, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	int r = io_read_file(AT_FDCWD, path, signatures_json_max, &text);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return fail_errno(f, r, "check --add-to", "read %s", path);
	r = signatures_parse((const char *)text.data, ret, f);
	if (r < 0)
		fail_what(f, "read the signatures in %s", path);
	return r;
}

static bool approve_the_same(const struct signature *a,
			     const struct signature *b)
{
	return a->bank == b->bank && a->mask == b->mask &&
	       memcmp(a->fingerprint, b->fingerprint, sizeof(a->fingerprint)) ==
		       0 &&
	       memcmp(a->policy.digest, b->policy.digest,
		      sizeof(a->policy.digest)) == 0;
}

/* Adds an entry, in place of one that says the same, and empties it. */
static int put(struct signatures *s, struct signature *entry)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!approve_the_same(&s->entry[i], entry))
			continue;
		bytes_free(&s->entry[i].sig);
		s->entry[i] = *entry;
		*entry = (struct signature){ 0 };
		return 0;
	}
	return signatures_add(s, entry);
}

/* Adds the new ones to those that are there, and makes JSON of all. */
static int merge(struct signatures *present, struct signatures *added,
		 struct bytes *ret, struct fail *f)
{
	static const char drop[] = "drop those of old releases";
	int r = 0;

	for (size_t i = 0; r == 0 && i < added->n; i++)
		r = put(present, &added->entry[i]);
	if (r == -E2BIG)
		return fail_because(f, "there are 128 already", drop,
				    "add a signature");
	if (r == 0)
		r = signatures_write(present, ret);
	if (r == 0 && ret->len > signatures_json_max)
		return fail_because(f, "they would take over 256 KiB", drop,
				    "add a signature");
	return r < 0 ? fail_errno(f, r, "free memory", "add a signature") : 0;
}

/* A line for each: what they are signatures of, and where they are. */
static int describe(const struct sign_target *t, const struct signatures *s,
		    struct text *ret)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct signature *e = &s->entry[i];
		char key[2 * sizeof(e->fingerprint) + 1];

		hex_encode(e->fingerprint, sizeof(e->fingerprint), key);
		text_add(ret, "%s: ", t->image ? t->image : t->file);
		pcr_names_write(e->mask, ret);
		text_add(ret, ", bank %s, ", digest_name(e->bank));
		if (e->release)
			text_add(ret, "release %" PRIu64 ", ", e->release);
		text_add(ret, "key %s\n", key);
	}
	return text_failed(ret) ? -ENOMEM : 0;
}

int sign_target_open(struct sign_target *t, bool replace, struct fail *f)
{
	int r;

	if (t->file)
		return read_file(t->file, &t->present, f);
	if (!t->image)
		return 0;
	r = manifest_read(t->image, &t->manifest, f);
	if (r == 0)
		r = sign_image_open(t->image, t->manifest, &t->disk, f);
	if (r == 0 && !replace)
		r = sign_image_read(&t->disk, &t->present, f);
	return r;
}

void sign_target_close(struct sign_target *t)
{
	json_release(&t->manifest);
	sign_image_close(&t->disk);
	signatures_free(&t->present);
}

static int write_file(const char *path, const struct bytes *json,
		      struct fail *f)
{
	int r = io_replace_file(path, json->data, json->len, 0644);

	if (r == -EEXIST)
		return fail_because(f, "it is no regular file",
				    "choose another --add-to", "write %s",
				    path);
	return r < 0 ? fail_errno(f, r, "check the directory of --add-to",
				  "write %s", path)
		     : 0;
}

int sign_target_write(struct sign_target *t, struct signatures *added,
		      struct fail *f)
{
	bool to_stdout = !t->image && !t->file;
	own_bytes struct bytes json = { 0 };
	own_text struct text lines = { 0 };
	int r;

	if (!to_stdout && describe(t, added, &lines) < 0)
		return fail_errno(f, ENOMEM, "free memory", "write the answer");
	r = merge(&t->present, added, &json, f);
	if (r == 0 && t->image)
		r = sign_image_write(&t->disk, &json, f);
	if (r == 0 && t->file)
		r = write_file(t->file, &json, f);
	if (r < 0)
		return r;
	/* main() checks what stdout took */
	(void)fputs(to_stdout ? (const char *)json.data : lines.s, stdout);
	return 0;
}
