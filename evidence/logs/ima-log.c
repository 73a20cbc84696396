// SPDX-License-Identifier: MIT
/*
 * See ima-log.h. Templates: ima is the one with a fixed form (20 bytes of
 * SHA-1 and the path), all others are fields behind a size each, of which the
 * first two are d-ng (or d-ngv2) and n-ng.
 */
#include "evidence/logs/ima-log.h"

#include <errno.h>
#include <string.h>

enum { name_fixed = 255 + 1 }; /* template ima hashes the path so long */

static int take(struct ima_field *from, size_t len, struct ima_field *ret)
{
	if (from->len < len)
		return -EINVAL;
	*ret = (struct ima_field){ from->at, len };
	from->at += len;
	from->len -= len;
	return 0;
}

static int take_number(struct ima_field *from, uint32_t *ret)
{
	struct ima_field n;

	if (take(from, 4, &n) < 0)
		return -EINVAL;
	*ret = (uint32_t)n.at[3] << 24 | (uint32_t)n.at[2] << 16 |
	       (uint32_t)n.at[1] << 8 | n.at[0];
	return 0;
}

/* A field behind its size. */
static int take_sized(struct ima_field *from, size_t max, struct ima_field *ret)
{
	uint32_t size;

	if (take_number(from, &size) < 0 || size > max)
		return -EINVAL;
	return take(from, size, ret);
}

bool ima_field_is(const struct ima_field *field, const char *text)
{
	return field->len == strlen(text) && field->at &&
	       memcmp(field->at, text, field->len) == 0;
}

static void drop_nul(struct ima_field *path)
{
	if (path->len && !path->at[path->len - 1])
		path->len--;
}

/* "sha256:" NUL digest, or "verity:sha256:" NUL digest. */
static void split_digest(struct ima_field field, struct ima_record *r)
{
	const uint8_t *nul = field.len ? memchr(field.at, 0, field.len) : NULL;
	const uint8_t *colon;
	struct ima_field name;

	if (!nul || nul == field.at || nul[-1] != ':')
		return;
	r->digest.at = nul + 1;
	r->digest.len = field.len - (size_t)(nul + 1 - field.at);
	name = (struct ima_field){ field.at, (size_t)(nul - 1 - field.at) };
	colon = name.len ? memchr(name.at, ':', name.len) : NULL;
	if (colon) {
		name.len -= (size_t)(colon + 1 - name.at);
		name.at = colon + 1;
	}
	r->alg = name;
}

/* What is not as it should be stays unknown; its digest is checked anyway. */
static void split_data(struct ima_record *r)
{
	struct ima_field rest = r->data;
	struct ima_field digest = { 0 };

	if (take_sized(&rest, ima_data_max, &digest) < 0 ||
	    take_sized(&rest, ima_data_max, &r->path) < 0)
		return;
	split_digest(digest, r);
	drop_nul(&r->path);
	if (ima_field_is(&r->template, "ima-buf"))
		(void)take_sized(&rest, ima_data_max, &r->buffer);
}

/* Template ima: the data is not behind a size, but the path in it is. */
static int read_fixed(struct ima_field *from, struct ima_record *r)
{
	static const uint8_t sha1[] = { 's', 'h', 'a', '1' };
	const uint8_t *start = from->at;

	if (take(from, ima_sha1_size, &r->digest) < 0 ||
	    take_sized(from, name_fixed - 1, &r->path) < 0)
		return -EINVAL;
	r->alg = (struct ima_field){ sha1, sizeof(sha1) };
	r->data = (struct ima_field){ start, (size_t)(from->at - start) };
	drop_nul(&r->path);
	return 0;
}

static int read_record(struct ima_field *from, struct ima_record *r)
{
	static const uint8_t zeros[ima_sha1_size];
	struct ima_field sha1;

	if (take_number(from, &r->pcr) < 0 ||
	    take(from, ima_sha1_size, &sha1) < 0 ||
	    take_sized(from, ima_template_max, &r->template) < 0)
		return -EINVAL;
	r->sha1 = sha1.at;
	r->is_violation = memcmp(sha1.at, zeros, sizeof(zeros)) == 0;
	if (ima_field_is(&r->template, "ima"))
		return read_fixed(from, r);
	if (take_sized(from, ima_data_max, &r->data) < 0)
		return -EINVAL;
	split_data(r);
	return 0;
}

void ima_log_open(const struct bytes *b, struct ima_log *ret)
{
	*ret = (struct ima_log){ .at = b->data, .left = b->len };
}

int ima_log_next(struct ima_log *log, struct ima_record *ret, struct fail *f)
{
	struct ima_field from = { log->at, log->left };
	struct ima_record r = { .number = log->number };

	if (!log->left)
		return 0;
	if (read_record(&from, &r) < 0)
		return fail_reason(f, "it is cut off or damaged at record %zu",
				   log->number);
	log->at = from.at;
	log->left = from.len;
	log->number++;
	*ret = r;
	return 1;
}

int ima_record_digest(const struct ima_record *r, digest_algs algs,
		      struct digest_set *ret)
{
	static const uint8_t zeros[name_fixed];
	const struct digest_span data = { r->data.at, r->data.len };
	/* ima_calc_field_array_hash_tfm(): the path as an array of 256 bytes */
	const struct digest_span fixed[] = {
		{ r->digest.at, r->digest.len },
		{ r->path.at, r->path.len },
		{ zeros, name_fixed - r->path.len },
	};

	if (ima_field_is(&r->template, "ima"))
		return digest_spans(algs, fixed, 3, ret);
	return digest_spans(algs, &data, 1, ret);
}
