// SPDX-License-Identifier: MIT
/*
 * See cmdline.h. The kernel has acted on the command line before init runs;
 * what this stage can do is refuse to go on with a kernel that was told more
 * than the builder knows. No setting of ours is ever taken from it.
 */
#include "init/cmdline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "init/boot.h"
#include "lib/io.h"
#include "lib/own.h"

enum { words_max = 128 };

enum value { NO_VALUE, NUMBER, DEVICE };

/* Harmless in any hands: where the console is, and how a panic ends. */
static const struct {
	const char *name;
	enum value value;
	bool repeat; /* with different values */
} known[] = {
	{ "quiet", NO_VALUE, false },
	{ "console=", DEVICE, true },
	{ "loglevel=", NUMBER, false },
	{ "panic=", NUMBER, false },
};

/* OVMF adds this word before (2025) or after ours; it carries nothing. */
static const char ovmf_word[] = "initrd=initrd";

/* Not even boot.conf can allow these: they replace what was measured. */
static const char *const never[] = { "init=", "rdinit=", "root=", NULL };

static bool has_value(const char *value, enum value kind)
{
	static const char digits[] = "0123456789";
	static const char device[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ,";

	switch (kind) {
	case NO_VALUE: return *value == '\0';
	case NUMBER:
		value += *value == '-'; /* panic=-1 */
		return *value && strspn(value, digits) == strlen(value);
	case DEVICE: return *value && strspn(value, device) == strlen(value);
	}
	return false;
}

static bool is_known(const char *word)
{
	for (size_t i = 0; i < array_size(known); i++) {
		size_t len = strlen(known[i].name);

		if (strncmp(word, known[i].name, len) == 0)
			return has_value(word + len, known[i].value);
	}
	return strcmp(word, ovmf_word) == 0;
}

static bool is_allowed(const char *word, const struct boot_words *allowed)
{
	for (size_t i = 0; i < allowed->n; i++)
		if (strcmp(word, allowed->word[i]) == 0)
			return true;
	return false;
}

static bool is_never(const char *word)
{
	for (const char *const *n = never; *n; n++)
		if (strncmp(word, *n, strlen(*n)) == 0)
			return true;
	return false;
}

/* The same name twice: the kernel would take one of them, we cannot say which.
 */
static bool repeats(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	if (strcmp(a, b) == 0)
		return true;
	for (size_t i = 0; i < array_size(known); i++)
		if (known[i].repeat &&
		    strncmp(a, known[i].name, strlen(known[i].name)) == 0)
			return false;
	return len == strcspn(b, "=") && strncmp(a, b, len) == 0;
}

static int refuse(struct fail *f, const char *word, const char *reason)
{
	return fail_because(
		f, reason, "boot with the command line that cvmctl build wrote",
		"accept the command line word %.100s", word);
}

static int check_word(char **words, size_t i, const struct boot_words *allowed,
		      struct fail *f)
{
	if (is_never(words[i]))
		return refuse(f, words[i],
			      "it would replace what was measured");
	if (!is_known(words[i]) && !is_allowed(words[i], allowed))
		return refuse(f, words[i],
			      "it is not on the list of "
			      "boot.conf(5), [boot] allow-cmdline");
	for (size_t j = 0; j < i; j++)
		if (repeats(words[i], words[j]))
			return refuse(f, words[i], "it is repeated");
	return 0;
}

int cmdline_check(char *line, const struct boot_words *allowed, struct fail *f)
{
	char *words[words_max];
	char *rest = NULL;
	size_t n = 0;

	/* no quotes: a word with one is on no list */
	for (char *w = strtok_r(line, " \t\n", &rest); w;
	     w = strtok_r(NULL, " \t\n", &rest)) {
		int r;

		if (n == words_max)
			return refuse(f, w, "there are over 128 words");
		words[n] = w;
		r = check_word(words, n++, allowed, f);
		if (r < 0)
			return r;
	}
	return 0;
}

int stage_cmdline(struct boot *b, struct fail *f)
{
	own_bytes struct bytes line = { 0 };
	int r = io_read_file(AT_FDCWD, "/proc/cmdline", cmdline_max, &line);

	if (r < 0)
		return fail_errno(f, r, "shorten the kernel command line",
				  "read /proc/cmdline");
	if (strlen((char *)line.data) != line.len)
		return refuse(f, (char *)line.data, "a NUL byte follows it");
	return cmdline_check((char *)line.data, &b->conf.boot.allow_cmdline, f);
}
