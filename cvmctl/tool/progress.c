// SPDX-License-Identifier: MIT
/* See progress.h. */
#include "cvmctl/tool/progress.h"

#include <stdarg.h>
#include <stdio.h>

void command_progress(const char *what, ...)
{
	char line[256];
	va_list args;

	va_start(args, what);
	(void)vsnprintf(line, sizeof(line), what, args); /* may be cut short */
	va_end(args);
	(void)fprintf(stderr, "cvmctl: %s ...\n", line);
}

void command_notice(const char *what, ...)
{
	char line[256];
	va_list args;

	va_start(args, what);
	(void)vsnprintf(line, sizeof(line), what, args); /* may be cut short */
	va_end(args);
	(void)fprintf(stderr, "cvmctl: notice: %s\n", line);
}
