// SPDX-License-Identifier: MIT
/* See options.h. getopt_long does the parsing. */
#include "cvmctl/tool/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/tool/result.h"
#include "lib/own.h"

enum { help_option = 256, first_option };

static bool is_end(const struct option_spec *s)
{
	return !s->name && !s->value;
}

static void print_help(const struct option_usage *usage,
		       const struct option_spec *specs)
{
	(void)printf("usage: cvmctl %s\n\n%s\n\n", usage->synopsis,
		     usage->about);
	for (const struct option_spec *s = specs; !is_end(s); s++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%s%s%s%s",
			       s->name ? "--" : "", s->name ? s->name : "",
			       s->name && s->value ? " " : "",
			       s->value ? s->value : "");
		(void)printf("  %-30s %s%s\n", left, s->help,
			     s->kind == OPTION_REQUIRED ? " (required)" : "");
	}
	(void)printf("  %-30s %s\n", "--help", "this text; also -h");
}

int options_refuse(struct fail *f, const char *command, const char *reason, ...)
{
	char text[fail_text_max];
	char remedy[fail_text_max];
	va_list args;

	va_start(args, reason);
	(void)vsnprintf(text, sizeof(text), reason, args); /* may be cut */
	va_end(args);
	(void)snprintf(remedy, sizeof(remedy), "see cvmctl %s --help",
		       command); /* command names are short */
	(void)fail_because(f, text, remedy, "read the arguments");
	return COMMAND_USAGE;
}

static const char *take_text(const char **target, const char *value)
{
	if (*target)
		return "is repeated";
	*target = value;
	return NULL;
}

/*
 * Puts one value where its row says. NULL, or what is wrong with it: an empty
 * one is most often a variable of the caller's that is not set.
 */
static const char *take(const struct option_spec *s, const char *value)
{
	struct option_list *list = s->target;
	bool *flag = s->target;

	if (value && !*value && s->kind != OPTION_LINE)
		return "is empty";
	switch (s->kind) {
	case OPTION_FLAG:
		if (*flag)
			return "is repeated";
		*flag = true;
		return NULL;
	case OPTION_LIST:
		if (list->n == option_list_max)
			return "is given more than 32 times";
		list->value[list->n++] = value;
		return NULL;
	case OPTION_TEXT:
	case OPTION_LINE:
	case OPTION_REQUIRED:
	case OPTION_OPERAND: return take_text(s->target, value);
	}
	return "is unknown";
}

static void fill_table(const struct option_spec *specs, struct option *table)
{
	for (int i = 0; !is_end(&specs[i]) && i < options_max; i++)
		if (specs[i].name)
			*table++ = (struct option){
				.name = specs[i].name,
				.has_arg = specs[i].kind == OPTION_FLAG
						   ? no_argument
						   : required_argument,
				.val = first_option + i,
			};
	*table = (struct option){ .name = "help", .val = help_option };
}

static int take_operands(const struct option_spec *specs, int argc, char **argv,
			 struct fail *f)
{
	int at = optind;

	for (const struct option_spec *s = specs; !is_end(s); s++) {
		const char **target = s->target;
		const char *why = NULL;

		if (s->kind == OPTION_OPERAND && at < argc)
			why = take(s, argv[at++]);
		if (why)
			return options_refuse(f, argv[0], "%s %s", s->value,
					      why);
		if (s->kind == OPTION_OPERAND && !*target)
			return options_refuse(f, argv[0], "%s is missing",
					      s->value);
		if (s->kind == OPTION_REQUIRED && !*target)
			return options_refuse(f, argv[0], "--%s %s is missing",
					      s->name, s->value);
	}
	if (at < argc)
		return options_refuse(f, argv[0], "%s is too much", argv[at]);
	return 0;
}

/* What getopt_long did not like: it says so in c and optopt. */
static int refuse_word(int c, char **argv, struct fail *f)
{
	const char letter[] = { '-', (char)optopt, '\0' };

	if (c == ':')
		return options_refuse(f, argv[0], "%s needs a value",
				      argv[optind - 1]);
	if (optopt >= help_option)
		return options_refuse(f, argv[0], "%s takes no value",
				      argv[optind - 1]);
	/* of several letters in a word only one is not liked */
	return options_refuse(f, argv[0], "%s is unknown",
			      optopt ? letter : argv[optind - 1]);
}

int options_read(const struct option_usage *usage,
		 const struct option_spec *specs, int argc, char **argv,
		 struct fail *f)
{
	struct option table[options_max + 2] = { 0 };
	const char *why;
	int c;

	fill_table(specs, table);
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
		if (c == help_option || c == 'h') {
			print_help(usage, specs);
			return COMMAND_HELP;
		}
		if (c == '?' || c == ':')
			return refuse_word(c, argv, f);
		why = take(&specs[c - first_option], optarg);
		if (why)
			return options_refuse(f, argv[0], "--%s %s",
					      specs[c - first_option].name,
					      why);
	}
	return take_operands(specs, argc, argv, f);
}
