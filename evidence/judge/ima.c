// SPDX-License-Identifier: MIT
/*
 * IMA's list, replayed against PCR 10. The list may go on where the quote has
 * ended; it may not differ before. Its first record ties it to the boot.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/boot.h"
#include "evidence/judge/internal.h"
#include "evidence/logs/ima-replay.h"
#include "lib/hex.h"
#include "lib/own.h"

static const char check[] = "ima-log";
static const char aggregate_check[] = "boot-aggregate";

enum { table_entry_max = 64 };

/* The list as it is read. */
struct listing {
	struct judging *j;
	struct ima_replay replay;
	size_t violations;
	size_t unknown;
	/* the last table that was explained, as what resumes it names it */
	char table[2 * digest_size_max + 32];
	char table_entry[table_entry_max];
};

static char *copy_field(const struct ima_field *field)
{
	return field->len ? strndup((const char *)field->at, field->len)
			  : strdup("");
}

/* The algorithm of the file's digest, or -EINVAL. */
static int file_alg(const struct ima_record *r)
{
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (ima_field_is(&r->alg, digest_name(a)) &&
		    r->digest.len == digest_size(a))
			return (int)a;
	return -EINVAL;
}

static bool holds(const struct ima_field *field, const char *text)
{
	return field->len && memmem(field->at, field->len, text, strlen(text));
}

/* dm-verity's table has the root hash. */
static bool is_root(const struct judging *j, const struct ima_field *table)
{
	struct json_object *verity =
		json_get(json_get(j->x->manifest, "root"), "verity");
	const char *hash = json_get_string(verity, "root-hash");

	return *hash && holds(table, hash);
}

/* "CRYPT-LUKS2-", the volume's UUID without dashes, and its name. */
static bool is_volume(struct json_object *volume, const struct ima_field *table)
{
	const char *name = json_get_string(volume, "name");
	const char *uuid = json_get_string(volume, "uuid");
	char digits[boot_uuid_len + 1];
	char id[128];
	size_t len = 0;

	for (; *uuid && len < boot_uuid_len; uuid++)
		if (*uuid != '-')
			digits[len++] = *uuid;
	digits[len] = '\0';
	/* cut short by no name that boot.conf can have */
	(void)snprintf(id, sizeof(id), ";name=%s,uuid=CRYPT-LUKS2-%s-%s,", name,
		       digits, name);
	return len && holds(table, id);
}

/* What of the manifest a table is about: false for nothing. */
static bool name_table(const struct judging *j, const struct ima_field *table,
		       char ret[static table_entry_max])
{
	struct json_object *list = json_get(j->x->manifest, "volumes");
	size_t n = json_object_is_type(list, json_type_array)
			   ? json_object_array_length(list)
			   : 0;

	if (is_root(j, table)) {
		(void)snprintf(ret, table_entry_max, "root.verity.root-hash");
		return true;
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_volume(json_object_array_get_idx(list, i), table))
			continue;
		(void)snprintf(ret, table_entry_max, "volumes[%zu] uuid", i);
		return true;
	}
	return false;
}

/*
 * What the device mapper is told, as it measures it since Linux 5.15
 * (Documentation/admin-guide/device-mapper/dm-ima.rst): a table that holds
 * what the manifest names, and that this very table, by its hash, is put to
 * use. 1, 0 or -errno.
 */
static int find_table(struct listing *l, const struct ima_record *r)
{
	char hex[2 * digest_size_max + 1];
	struct digest_set hash;
	int result;

	if (ima_field_is(&r->path, "dm_device_resume"))
		return *l->table && holds(&r->buffer, l->table);
	if (!ima_field_is(&r->path, "dm_table_load") || !r->buffer.len ||
	    !name_table(l->j, &r->buffer, l->table_entry))
		return 0;
	result = digest_data(1U << DIGEST_SHA256, r->buffer.at, r->buffer.len,
			     &hash);
	if (result < 0)
		return result;
	hex_encode(hash.value[DIGEST_SHA256], digest_size(DIGEST_SHA256), hex);
	(void)snprintf(l->table, sizeof(l->table),
		       "active_table_hash=sha256:%s;", hex); /* fits */
	return 1;
}

static int explain(struct listing *l, const struct ima_record *r,
		   struct log_event *e)
{
	int alg = file_alg(r);
	const struct known_entry *k = NULL;
	int result;

	if (r->is_violation)
		return 0;
	result = find_table(l, r);
	if (result < 0)
		return result;
	if (result) {
		e->origin = ORIGIN_KNOWN;
		return log_event_name(e, l->table_entry);
	}
	if (alg >= 0)
		k = known_find_file(&l->j->known, (enum digest_alg)alg,
				    r->digest.at);
	if (!k)
		return 0;
	e->origin = ORIGIN_KNOWN;
	return log_event_name(e, k->entry);
}

/*
 * The first record: PCRs 0 to 9, or to 7 for SHA-1, as they were when IMA
 * began (ima_calc_boot_aggregate_tfm() of Linux 5.8 and later).
 */
static int judge_aggregate(struct judging *j, const struct ima_record *r,
			   struct log_event *e)
{
	int alg = file_alg(r);
	unsigned last = alg == DIGEST_SHA1 ? 7 : 9;
	own_text struct text pcrs = { 0 };
	struct digest_set digest;

	if (!ima_field_is(&r->path, "boot_aggregate"))
		return verdict_add(j->v, aggregate_check, CHECK_REFUSED,
				   "the first record of IMA is another one");
	for (unsigned i = 0; alg >= 0 && i <= last; i++) {
		const uint8_t *v = judging_quoted(j, (enum digest_alg)alg, i);

		if (!v)
			alg = -EINVAL;
		else
			text_add_bytes(&pcrs, v,
				       digest_size((enum digest_alg)alg));
	}
	if (alg < 0)
		return verdict_add(j->v, aggregate_check, CHECK_SKIPPED,
				   "the PCRs that it is over were not quoted");
	if (text_failed(&pcrs) ||
	    digest_data(1U << alg, pcrs.s, pcrs.len, &digest) < 0)
		return -ENOMEM;
	if (memcmp(digest.value[alg], r->digest.at, r->digest.len) != 0)
		return verdict_add(j->v, aggregate_check, CHECK_REFUSED,
				   "the first record of IMA is not over the "
				   "PCRs that were quoted");
	e->origin = ORIGIN_KNOWN;
	if (asprintf(&e->entry, "PCRs 0 to %u of bank %s", last,
		     digest_name((enum digest_alg)alg)) < 0) {
		e->entry = NULL;
		return -ENOMEM;
	}
	return verdict_add(j->v, aggregate_check, CHECK_OK,
			   "the list of IMA was begun on what was booted");
}

/* 0; 1 when the list was refused; or -errno. */
static int check_record(struct listing *l, const struct ima_record *r,
			const struct digest_set *digests)
{
	const char *why = NULL;
	int result;

	if (r->pcr != pcr_ima)
		why = "extends another PCR than 10";
	else if (!r->is_violation && memcmp(digests->value[DIGEST_SHA1],
					    r->sha1, ima_sha1_size) != 0)
		why = "has a digest that is not that of its data";
	if (!why)
		return 0;
	result = verdict_add(l->j->v, check, CHECK_REFUSED, "its record %zu %s",
			     r->number, why);
	return result < 0 ? result : 1;
}

static int add_record(struct listing *l, const struct ima_record *r)
{
	own_log_event struct log_event e = { .log = LOG_IMA,
					     .number = r->number,
					     .pcr = r->pcr };
	int result = ima_record_digest(r, l->j->banks | 1U << DIGEST_SHA1,
				       &e.digests);

	if (result == 0)
		result = check_record(l, r, &e.digests);
	if (result)
		return result;
	e.type = r->is_violation ? strdup("violation")
				 : copy_field(&r->template);
	e.says = copy_field(&r->path);
	if (!e.type || !e.says)
		return -ENOMEM;
	result = ima_replay_add(&l->replay, r, &e.digests);
	if (result == 0 && r->number == 0)
		result = judge_aggregate(l->j, r, &e);
	else if (result == 0)
		result = explain(l, r, &e);
	l->violations += r->is_violation;
	l->unknown += e.origin == ORIGIN_UNKNOWN;
	e.digests.algs &= l->j->banks;
	return result < 0 ? result : log_events_add(&l->j->v->events, &e);
}

/* What a list that leads to PCR 10 is worth. */
static int accept_list(struct listing *l)
{
	const struct ima_replay *r = &l->replay;
	bool is_strong = r->found_own & strong_banks;

	if (is_strong)
		l->j->accounted |= 1U << pcr_ima;
	return verdict_add(l->j->v, check, CHECK_OK,
			   "its first %zu of %zu records lead to PCR 10%s; "
			   "%zu unknown, %zu of them violations",
			   r->found_at, r->records,
			   is_strong || !r->found_at ? "" : ", by SHA-1 alone",
			   l->unknown, l->violations);
}

static int refuse_list(struct listing *l)
{
	if (!l->replay.records)
		return verdict_add(l->j->v, check, CHECK_REFUSED,
				   "there is none, and PCR 10 is not zero");
	return verdict_add(l->j->v, check, CHECK_REFUSED,
			   "it does not lead to PCR 10 in each bank: records "
			   "were left out, added, changed or moved");
}

int judge_ima(struct judging *j)
{
	struct listing l = { .j = j };
	struct ima_log log;
	struct ima_record r;
	struct fail f = { 0 };
	int result;

	if (j->by_td)
		return verdict_add(j->v, check, CHECK_SKIPPED,
				   "nothing proves it without a TPM: Linux "
				   "extends no RTMR with it");
	if (!j->e->has_tpm)
		return 0;
	ima_replay_start(&l.replay, j->e->tpm.pcrs);
	if (!l.replay.banks)
		return verdict_add(j->v, check, CHECK_SKIPPED,
				   "PCR 10 was not quoted");
	ima_log_open(&j->e->ima, &log);
	while ((result = ima_log_next(&log, &r, &f)) > 0) {
		result = add_record(&l, &r);
		if (result)
			break;
	}
	if (result > 0)
		return 0; /* a record was refused, and that was said */
	if (result < 0) {
		result = judging_parsed(j, check, result, &f);
		return result < 0 ? result : 0;
	}
	return l.replay.found ? accept_list(&l) : refuse_list(&l);
}
