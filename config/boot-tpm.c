// SPDX-License-Identifier: MIT
/*
 * See boot-values.h: the values of [tpm], [measure] and [evidence], and boot.h
 * for the names of TPMs.
 */
#include "config/boot-values.h"

#include <errno.h>
#include <string.h>

#include "config/boot.h"
#include "lib/hex.h"
#include "lib/own.h"
#include "lib/text.h"

static const char blanks[] = " \t";

enum { pcrs_max = 24 }; /* TCG PC Client PTP, 4.6.1 */

static const struct {
	const char *name;
	const char *driver;
	enum boot_tpm_class class;
} tpm_classes[] = {
	{ "svsm", "tpm-svsm", BOOT_TPM_SVSM },
	{ "crb", "tpm_crb", BOOT_TPM_CRB },
	{ "crb", "tpm_crb_acpi", BOOT_TPM_CRB }, /* its name in Linux 7 */
	{ "tis", "tpm_tis", BOOT_TPM_TIS },
};

const char *boot_tpm_class_name(enum boot_tpm_class class)
{
	for (size_t i = 0; i < array_size(tpm_classes); i++)
		if (tpm_classes[i].class == class)
			return tpm_classes[i].name;
	return "any";
}

unsigned boot_tpm_class_of_driver(const char *driver)
{
	for (size_t i = 0; i < array_size(tpm_classes); i++)
		if (strcmp(tpm_classes[i].driver, driver) == 0)
			return tpm_classes[i].class;
	return 0;
}

/* "any" alone, or a list of classes. */
int boot_parse_require(const char *value, void *field)
{
	char buf[64];
	char *words[array_size(tpm_classes) + 1];
	unsigned set = 0;
	int n;

	if (strcmp(value, "any") == 0) {
		*(unsigned *)field = BOOT_TPM_ANY;
		return 0;
	}
	if (strlen(value) >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, value, strlen(value) + 1);
	n = text_split_words(buf, words, array_size(tpm_classes));
	for (int i = 0; i < n; i++) {
		unsigned class = 0;

		for (size_t c = 0; c < array_size(tpm_classes); c++)
			if (strcmp(words[i], tpm_classes[c].name) == 0)
				class = tpm_classes[c].class;
		if (!class || set & class)
			return -EINVAL;
		set |= class;
	}
	if (!set)
		return -EINVAL;
	*(unsigned *)field = set;
	return 0;
}

static const struct {
	const char *name;
	unsigned into;
} measures[] = {
	{ "none", BOOT_MEASURE_NONE },
	{ "tpm", BOOT_MEASURE_TPM },
	{ "rtmr", BOOT_MEASURE_RTMR },
	{ "tpm rtmr", BOOT_MEASURE_TPM | BOOT_MEASURE_RTMR },
};

const char *boot_into_name(unsigned into)
{
	for (size_t i = 0; i < array_size(measures); i++)
		if (measures[i].into == into)
			return measures[i].name;
	return "";
}

int boot_into_from_name(const char *name, unsigned *ret)
{
	for (size_t i = 0; i < array_size(measures); i++)
		if (strcmp(name, measures[i].name) == 0) {
			*ret = measures[i].into;
			return 0;
		}
	return -EINVAL;
}

int boot_parse_into(const char *value, void *field)
{
	return boot_into_from_name(value, field);
}

int boot_parse_banks(const char *value, void *field)
{
	char buf[64];
	char *words[DIGEST_ALG_COUNT + 1];
	digest_algs set = 0;
	int n;

	if (strlen(value) >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, value, strlen(value) + 1);
	n = text_split_words(buf, words, DIGEST_ALG_COUNT);
	for (int i = 0; i < n; i++) {
		int alg = digest_from_name(words[i]);

		if (alg < 0 || set & 1U << alg)
			return -EINVAL;
		set |= 1U << alg;
	}
	if (!set)
		return -EINVAL;
	*(digest_algs *)field = set;
	return 0;
}

/* TCG Part 1, 16: a name is nameAlg || H(public area), here of SHA-256. */
int boot_parse_srk(const char *value, void *field)
{
	struct boot_srk srk = { .pinned = true };
	size_t len;
	int r = hex_decode(value, sizeof(srk.name), srk.name, &len);

	if (r < 0 || len != sizeof(srk.name))
		return -EINVAL;
	if (srk.name[0] != 0x00 || srk.name[1] != 0x0b)
		return -EINVAL;
	*(struct boot_srk *)field = srk;
	return 0;
}

/* "sha256:00ff..." */
static int parse_bank_value(const char *word, size_t len,
			    struct digest_set *set)
{
	char bank_and_hex[sizeof("sha512:") + 2 * digest_size_max];
	uint8_t value[digest_size_max];
	size_t value_len = 0;
	char *hex;
	int alg;

	if (len >= sizeof(bank_and_hex))
		return -EINVAL;
	memcpy(bank_and_hex, word, len);
	bank_and_hex[len] = '\0';
	hex = strchr(bank_and_hex, ':');
	if (!hex)
		return -EINVAL;
	*hex++ = '\0';
	alg = digest_from_name(bank_and_hex);
	if (alg < 0 || set->algs & 1U << alg ||
	    hex_decode(hex, sizeof(value), value, &value_len) < 0 ||
	    value_len != digest_size((enum digest_alg)alg))
		return -EINVAL;
	memcpy(set->value[alg], value, value_len);
	set->algs |= 1U << alg;
	return 0;
}

int boot_parse_pcr_start(const char *value, void *field)
{
	struct digest_set *set = field;

	if (!*value)
		return -EINVAL;
	while (*(value += strspn(value, blanks))) {
		size_t len = strcspn(value, blanks);
		int r = parse_bank_value(value, len, set);

		if (r < 0)
			return r;
		value += len;
	}
	return 0;
}

int boot_parse_pcrs(const char *value, void *field)
{
	char buf[128];
	char *words[pcrs_max + 1];
	uint32_t mask = 0;
	int n;

	if (strlen(value) >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, value, strlen(value) + 1);
	n = text_split_words(buf, words, pcrs_max);
	for (int i = 0; i < n; i++) {
		uint64_t pcr;

		if (text_parse_u64(words[i], pcrs_max - 1, &pcr) < 0 ||
		    mask & 1U << pcr)
			return -EINVAL;
		mask |= 1U << pcr;
	}
	if (!mask)
		return -EINVAL;
	*(uint32_t *)field = mask;
	return 0;
}

int boot_parse_release(const char *value, void *field)
{
	uint64_t release;
	int r = text_parse_u64(value, INT32_MAX, &release);

	if (r < 0 || release == 0)
		return r < 0 ? r : -ERANGE;
	*(uint64_t *)field = release;
	return 0;
}
