// SPDX-License-Identifier: MIT
/*
 * See prediction-read.h. The document may have been through other hands:
 * what is used of it has to be as cvmctl predict writes it, to the letter.
 * Keys that are not used are not looked at.
 */
#include "cvmctl/predict/prediction-read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/strict-json.h"
#include "lib/text.h"

enum { depth_max = 10 }; /* boot, events, an event, digests, one of them */

static const char remedy[] = "make it with cvmctl predict --json";

static bool is_object(struct json_object *o)
{
	return json_object_is_type(o, json_type_object);
}

/* Puts the hexadecimal value of a PCR into *ret; a PCR comes once. */
static int take_value(struct json_object *value, unsigned pcr,
		      struct pcr_values *ret)
{
	uint8_t bytes[digest_size_max];
	size_t len = 0;
	const char *hex;

	if (!json_object_is_type(value, json_type_string) ||
	    ret->mask & 1U << pcr)
		return -EINVAL;
	hex = json_object_get_string(value);
	if (strlen(hex) != (size_t)json_object_get_string_len(value) ||
	    hex_decode(hex, sizeof(bytes), bytes, &len) < 0 ||
	    len != digest_size(ret->bank))
		return -EINVAL;
	memcpy(ret->value[pcr], bytes, len);
	ret->mask |= 1U << pcr;
	return 0;
}

/* "4", not "04": so that no PCR has two names. */
static int read_pcr(const char *name, unsigned *ret)
{
	uint64_t n = 0;

	if (text_parse_u64(name, pcr_count - 1, &n) < 0 ||
	    (name[0] == '0' && name[1]))
		return -EINVAL;
	*ret = (unsigned)n;
	return 0;
}

/* The values of "boot". NULL, or why they are refused. */
static const char *take_boot(struct json_object *boot, struct pcr_values *ret)
{
	const char *bank = digest_name(ret->bank);
	struct json_object *pcrs = json_get(boot, "pcrs");
	struct json_object_iterator at;
	struct json_object_iterator end;

	if (!is_object(pcrs))
		return "\"boot\" has no PCRs";
	at = json_object_iter_begin(pcrs);
	end = json_object_iter_end(pcrs);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		struct json_object *values = json_object_iter_peek_value(&at);
		unsigned pcr = 0;

		if (read_pcr(json_object_iter_peek_name(&at), &pcr) < 0)
			return "\"boot\" names no PCR from 0 to 23";
		if (take_value(json_get(values, bank), pcr, ret) < 0)
			return "a PCR of \"boot\" has no value in this bank, "
			       "or several";
	}
	return NULL;
}

/* All that is used. NULL, or why it is refused. */
static const char *take_document(struct json_object *o, struct pcr_values *ret)
{
	const char *bank = digest_name(ret->bank);
	struct json_object *pcr = json_get(o, "pcr");
	struct json_object *boot = NULL;

	if (!json_object_is_type(pcr, json_type_int) ||
	    json_object_get_int64(pcr) != pcr_apps)
		return "it does not predict PCR 14";
	if (take_value(json_get(json_get(json_get(o, "banks"), bank),
				"measured"),
		       pcr_apps, ret) < 0)
		return "it has no value of PCR 14 in this bank";
	if (!json_object_object_get_ex(o, "boot", &boot))
		return NULL;
	return take_boot(boot, ret);
}

/* The text as JSON, which is not looked at any further. */
static int parse_text(const char *name, const char *text, size_t len,
		      struct json_object **ret, struct fail *f)
{
	int r = strnlen(text, len) == len
			? strict_json_parse(text, prediction_json_max,
					    depth_max, ret)
			: -EINVAL;

	if (r == -ENOMEM)
		return fail_errno(f, r, "free memory", "read %s", name);
	if (r == -EFBIG)
		return fail_because(f, "it has over a million values", remedy,
				    "read %s", name);
	if (r < 0)
		return fail_because(f, "it is not a JSON object", remedy,
				    "read %s", name);
	return 0;
}

int prediction_values(struct json_object *prediction, const char *name,
		      enum digest_alg bank, struct pcr_values *ret,
		      struct fail *f)
{
	struct pcr_values values = { .bank = bank };
	const char *refusal = take_document(prediction, &values);

	if (refusal)
		return fail_because(f, refusal, remedy,
				    "read the %s values of %s",
				    digest_name(bank), name);
	*ret = values;
	return 0;
}

int prediction_parse(const char *name, const char *text, size_t len,
		     enum digest_alg bank, struct pcr_values *ret,
		     struct fail *f)
{
	own_json struct json_object *o = NULL;
	int r = parse_text(name, text, len, &o, f);

	return r < 0 ? r : prediction_values(o, name, bank, ret, f);
}

const char *prediction_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "the standard input" : path;
}

int prediction_open(const char *path, struct json_object **ret, struct fail *f)
{
	const char *name = prediction_name(path);
	own_bytes struct bytes text = { 0 };
	int r = strcmp(path, "-") == 0
			? io_read_fd(STDIN_FILENO, prediction_json_max, &text)
			: io_read_file(AT_FDCWD, path, prediction_json_max,
				       &text);

	if (r < 0)
		return fail_errno(f, r, remedy, "read %s", name);
	return parse_text(name, (const char *)text.data, text.len, ret, f);
}

int prediction_read(const char *path, enum digest_alg bank,
		    struct pcr_values *ret, struct fail *f)
{
	own_json struct json_object *o = NULL;
	int r = prediction_open(path, &o, f);

	return r < 0 ? r
		     : prediction_values(o, prediction_name(path), bank, ret,
					 f);
}
