// SPDX-License-Identifier: MIT
/* See fail.h. Fixed buffers: a failure must be reportable without memory. */
#include "lib/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/text.h"

static void set_text(char *dst, const char *src)
{
	(void)snprintf(dst, fail_text_max, "%s", src); /* may be cut short */
}

int fail_errno(struct fail *f, int err, const char *remedy, const char *what,
	       ...)
{
	int code = err < 0 ? -err : err;
	va_list args;

	if (!code)
		code = EIO;
	va_start(args, what);
	(void)vsnprintf(f->what, sizeof(f->what), what, args);
	va_end(args);
	set_text(f->reason, strerror(code));
	set_text(f->remedy, remedy);
	return -code;
}

int fail_because(struct fail *f, const char *reason, const char *remedy,
		 const char *what, ...)
{
	va_list args;

	va_start(args, what);
	(void)vsnprintf(f->what, sizeof(f->what), what, args);
	va_end(args);
	set_text(f->reason, reason);
	set_text(f->remedy, remedy);
	return -EINVAL;
}

void fail_what(struct fail *f, const char *what, ...)
{
	va_list args;

	va_start(args, what);
	(void)vsnprintf(f->what, sizeof(f->what), what, args);
	va_end(args);
}

int fail_reason(struct fail *f, const char *reason, ...)
{
	char text[fail_text_max]; /* args may quote the former reason */
	va_list args;

	va_start(args, reason);
	(void)vsnprintf(text, sizeof(text), reason, args);
	va_end(args);
	set_text(f->reason, text);
	return -EINVAL;
}

int fail_remedy(struct fail *f, const char *remedy)
{
	set_text(f->remedy, remedy);
	return -EINVAL;
}

void fail_format(const struct fail *f, const char *program, const char *stage,
		 char *ret_line, size_t size)
{
	char line[fail_line_max];
	const char *colon = stage && *stage ? ": " : "";

	(void)snprintf(line, sizeof(line), "%s%s%s: cannot %s: %s; %s", program,
		       colon, stage ? stage : "", f->what, f->reason,
		       f->remedy);
	text_escape(line, strlen(line), ret_line, size);
}
