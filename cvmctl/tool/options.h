/* SPDX-License-Identifier: MIT */
/*
 * Arguments by table: the same rows are the parser and the text of --help.
 *
 *	const char *root = NULL;
 *	const struct option_spec specs[] = {
 *		{ "root", OPTION_REQUIRED, "DIR", "the tree to read", &root },
 *		{ 0 }
 *	};
 */
#ifndef CVMCTL_TOOL_OPTIONS_H
#define CVMCTL_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/fail.h"

enum { options_max = 24, option_list_max = 32 };

struct option_list {
	const char *value[option_list_max];
	size_t n;
};

enum option_kind {
	OPTION_TEXT,	 /* --name VALUE, target is a const char * */
	OPTION_LINE,	 /* the same, and may be empty */
	OPTION_REQUIRED, /* --name VALUE that must be there */
	OPTION_LIST,	 /* may repeat, target is a struct option_list */
	OPTION_FLAG,	 /* no value, target is a bool */
	OPTION_OPERAND,	 /* no name; one argument that must be there */
};

struct option_spec {
	const char *name; /* NULL for an operand */
	enum option_kind kind;
	const char *value; /* "DIR"; NULL for a flag, and ends the table
			      together with a NULL name */
	const char *help;
	void *target;
};

struct option_usage {
	const char *synopsis; /* "build --root DIR --output DIR" */
	const char *about;    /* a sentence or two */
};

/*
 * 0, COMMAND_HELP, or COMMAND_USAGE with *f. Values are borrowed from argv; but
 * for an OPTION_LINE none is empty.
 */
int options_read(const struct option_usage *usage,
		 const struct option_spec *specs, int argc, char **argv,
		 struct fail *f);

/* COMMAND_USAGE, for a combination that makes no sense. */
__attribute__((format(printf, 3, 4))) int
options_refuse(struct fail *f, const char *command, const char *reason, ...);

#endif
