// SPDX-License-Identifier: MIT
/*
 * See rules.h. The grammar is that of Linux 6.1
 * (Documentation/ABI/testing/ima_policy); values that only a running kernel
 * can judge (user ids, LSM labels, keyrings) are accepted as they stand.
 */
#include "ima-policy/rules.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ima-policy/pcr.h"
#include "lib/own.h"
#include "lib/text.h"

enum { rule_words_max = 32 };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int check_bytes(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)line[i] < 0x20 && line[i] != '\t') ||
		    (unsigned char)line[i] >= 0x7f)
			return -EINVAL;
	return 0;
}

int ima_next_rule(const char *text, size_t len, size_t *at, unsigned *number,
		  struct ima_line *ret)
{
	while (*at < len) {
		const char *line = text + *at;
		const char *end = memchr(line, '\n', len - *at);
		size_t line_len = end ? (size_t)(end - line) : len - *at;
		size_t blanks = 0;

		*at += line_len + (end ? 1 : 0);
		*ret = (struct ima_line){ line, line_len, ++*number };
		if (line_len >= ima_line_max)
			return -EFBIG;
		if (check_bytes(line, line_len) < 0)
			return -EINVAL;
		while (blanks < line_len && is_blank(line[blanks]))
			blanks++;
		if (blanks < line_len && line[blanks] != '#')
			return 1;
	}
	return 0;
}

static const char *const actions[] = { "measure",   "dont_measure",
				       "appraise",  "dont_appraise",
				       "audit",	    "hash",
				       "dont_hash", NULL };

static const char *const functions[] = {
	"BPRM_CHECK",	      "MMAP_CHECK",
	"CREDS_CHECK",	      "FILE_CHECK",
	"MODULE_CHECK",	      "FIRMWARE_CHECK",
	"KEXEC_KERNEL_CHECK", "KEXEC_INITRAMFS_CHECK",
	"KEXEC_CMDLINE",      "KEY_CHECK",
	"CRITICAL_DATA",      "SETXATTR_CHECK",
	"POLICY_CHECK",	      NULL
};

static const char *const masks[] = { "MAY_READ", "MAY_WRITE", "MAY_APPEND",
				     "MAY_EXEC", NULL };

static const char *const free_keys[] = { "fsmagic=",
					 "fsuuid=",
					 "fsname=",
					 "subj_user=",
					 "subj_role=",
					 "subj_type=",
					 "obj_user=",
					 "obj_role=",
					 "obj_type=",
					 "template=",
					 "label=",
					 "keyrings=",
					 "digest_type=",
					 "appraise_type=",
					 "appraise_flag=",
					 "appraise_algos=",
					 NULL };

static const char *const id_keys[] = { "uid",	 "euid",   "gid", "egid",
				       "fowner", "fgroup", NULL };

static bool listed(const char *word, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(word, *names) == 0)
			return true;
	return false;
}

/* uid=0, euid>1000, fowner<10 */
static bool is_id_condition(const char *word)
{
	for (const char *const *k = id_keys; *k; k++) {
		size_t len = strlen(*k);

		if (strncmp(word, *k, len) == 0 && word[len] &&
		    strchr("=<>", word[len]))
			return word[len + 1] != '\0';
	}
	return false;
}

static bool is_free_condition(const char *word)
{
	for (const char *const *k = free_keys; *k; k++)
		if (strncmp(word, *k, strlen(*k)) == 0)
			return word[strlen(*k)] != '\0';
	return false;
}

/* The kernel would also take a sign. */
static bool is_pcr_condition(const char *word, uint64_t *ret_pcr)
{
	return strncmp(word, "pcr=", 4) == 0 &&
	       text_parse_u64(word + 4, ima_pcr_last, ret_pcr) == 0;
}

static bool is_condition(const char *word)
{
	uint64_t ignored;

	if (strncmp(word, "func=", 5) == 0)
		return listed(word + 5, functions);
	if (strncmp(word, "mask=", 5) == 0)
		return listed(word + 5 + (word[5] == '^'), masks);
	return is_id_condition(word) || is_free_condition(word) ||
	       is_pcr_condition(word, &ignored) ||
	       strcmp(word, "permit_directio") == 0;
}

/* The first word of the rule that the grammar does not know, or NULL. */
static const char *unknown_word(char **words, int n)
{
	if (!listed(words[0], actions))
		return words[0];
	for (int i = 1; i < n; i++)
		if (!is_condition(words[i]))
			return words[i];
	return NULL;
}

/* Its events would stand among those that keys are sealed to. */
static bool takes_our_pcr(char **words, int n)
{
	uint64_t pcr;

	for (int i = 1; i < n; i++)
		if (is_pcr_condition(words[i], &pcr) && pcr == ima_pcr_of_init)
			return true;
	return false;
}

static int check_rule(const char *source, const struct ima_line *line,
		      struct fail *f)
{
	char buf[ima_line_max + 1];
	char *words[rule_words_max + 1];
	const char *bad;
	int n;

	memcpy(buf, line->text, line->len);
	buf[line->len] = '\0';
	n = text_split_words(buf, words, rule_words_max);
	if (n < 0)
		return fail_errno(f, n,
				  "see Documentation/ABI/testing/"
				  "ima_policy of Linux 6.1",
				  "read line %u of %s", line->number, source);
	bad = unknown_word(words, n);
	if (!bad && takes_our_pcr(words, n))
		return fail_because(f, "PCR 14 is init's",
				    "name another pcr=", "accept line %u of %s",
				    line->number, source);
	if (!bad)
		return 0;
	(void)fail_because(f, "",
			   "see Documentation/ABI/testing/ima_policy of "
			   "Linux 6.1",
			   "accept line %u of %s", line->number, source);
	return fail_reason(f, "unknown word %.80s", bad);
}

int ima_check_policy(const char *source, const char *text, size_t len,
		     struct fail *f)
{
	struct ima_line line = { 0 };
	unsigned rules = 0;
	unsigned number = 0;
	size_t at = 0;
	int r;

	while ((r = ima_next_rule(text, len, &at, &number, &line)) > 0) {
		r = check_rule(source, &line, f);
		if (r < 0)
			return r;
		rules++;
	}
	if (r < 0)
		return fail_because(f,
				    r == -EFBIG ? "the line is too long"
						: "it holds control bytes",
				    "write one plain rule in each line",
				    "read line %u of %s", line.number, source);
	if (!rules)
		return fail_because(f, "it holds no rule",
				    "add a rule, or set [ima] policy = none",
				    "use IMA policy %s", source);
	return 0;
}
