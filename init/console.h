/* SPDX-License-Identifier: MIT */
/*
 * Lines on the console, which the host reads: never a secret. stdout and
 * stderr are the console from stage_mounts on.
 */
#ifndef INIT_CONSOLE_H
#define INIT_CONSOLE_H

/* Puts /dev/console, or /dev/null where there is none, on fds 0 to 2. */
int console_attach(void);

/* Prints "init: text". */
__attribute__((format(printf, 1, 2))) void console_say(const char *fmt, ...);

/* Prints a complete line on the console and into the kernel log. */
void console_line(const char *line);

/* Waits until the host has taken what was printed. */
void console_drain(void);

#endif
