// SPDX-License-Identifier: MIT
/* See console.h. A console that does not work is no reason to stop. */
#include "init/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/fail.h"
#include "lib/io.h"
#include "lib/text.h"

int console_attach(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (int std = 0; std <= 2; std++)
		if (dup2(fd, std) < 0)
			return -errno;
	if (fd > 2)
		(void)close(fd); /* its copies stay */
	else
		(void)fcntl(fd, F_SETFD, 0); /* dup2 to itself keeps the flag */
	return 0;
}

void console_say(const char *fmt, ...)
{
	char text[fail_line_max];
	char line[fail_line_max + 16];
	va_list args;
	int len;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	len = snprintf(line, sizeof(line), "init: ");
	text_escape(text, strlen(text), line + len,
		    sizeof(line) - (size_t)len - 1);
	strcat(line, "\n");
	(void)io_write_all(STDOUT_FILENO, line, strlen(line));
}

void console_line(const char *line)
{
	/*
	 * KERN_DEBUG: into the log, where a panic or a saved log shows it,
	 * but not printed a second time on the same console.
	 */
	own_text struct text kmsg = { 0 };

	text_add(&kmsg, "<7>%s", line);
	if (!text_failed(&kmsg))
		(void)io_write_file("/dev/kmsg", kmsg.s, kmsg.len);
	(void)io_write_all(STDERR_FILENO, line, strlen(line));
	(void)io_write_all(STDERR_FILENO, "\n", 1);
}

void console_drain(void)
{
	(void)tcdrain(STDERR_FILENO); /* fails when it is no terminal */
}
