// SPDX-License-Identifier: MIT
/* See cmdline.h. Pure: init reads /proc/cmdline, cvmctl its own option. */
#include "config/cmdline.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

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

/* One byte of a parameter's name: the kernel takes '-' for '_'. */
static char name_byte(char c)
{
	return c == '-' ? '_' : c;
}

static bool same_name(const char *a, const char *b)
{
	while (*a && *a != '=' && name_byte(*a) == name_byte(*b)) {
		a++;
		b++;
	}
	return (!*a || *a == '=') && (!*b || *b == '=');
}

/* The same name twice: which of them the kernel took, we cannot say. */
static bool repeats(const char *a, const char *b)
{
	if (strcmp(a, b) == 0)
		return true;
	for (size_t i = 0; i < array_size(known); i++)
		if (known[i].repeat &&
		    strncmp(a, known[i].name, strlen(known[i].name)) == 0)
			return false;
	return same_name(a, b);
}

static const char remedy[] =
	"boot with the command line that cvmctl build wrote";

static int refuse(struct fail *f, const char *word, const char *reason)
{
	return fail_because(f, reason, remedy,
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

int cmdline_refuse_length(struct fail *f)
{
	return fail_because(f, "it is over 4096 bytes", remedy,
			    "accept the command line");
}

int cmdline_check(const char *line, size_t len,
		  const struct boot_words *allowed, struct fail *f)
{
	static const char blanks[] = " \t\n";
	char text[cmdline_max + 1];
	char *words[words_max];
	char *rest = NULL;
	size_t n = 0;

	if (len > cmdline_max)
		return cmdline_refuse_length(f);
	if (memchr(line, '\0', len))
		return fail_because(f, "it holds a NUL byte", remedy,
				    "accept the command line");
	memcpy(text, line, len);
	text[len] = '\0';
	/* no quotes: a word with one is on no list */
	for (char *w = strtok_r(text, blanks, &rest); w;
	     w = strtok_r(NULL, blanks, &rest)) {
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
