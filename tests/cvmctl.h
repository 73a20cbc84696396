/* SPDX-License-Identifier: MIT */
/*
 * Commands of cvmctl, run in the test's own process from a line of words, and
 * what they write to standard output. Include cmocka.h first.
 */
#ifndef TESTS_CVMCTL_H
#define TESTS_CVMCTL_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/fail.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"
#include "tests/line.h"

typedef int cvmctl_command(int argc, char **argv, struct fail *f);

enum { cvmctl_words_max = 100, cvmctl_output_max = 64 * 1024 };

__attribute__((format(printf, 3, 4))) static inline int
cvmctl_run(cvmctl_command *command, struct fail *f, const char *words, ...)
{
	own_text struct text line = { 0 };
	char *argv[cvmctl_words_max] = { NULL };
	char text[4096];
	va_list args;
	int argc;

	va_start(args, words);
	(void)vsnprintf(text, sizeof(text), words, args);
	va_end(args);
	text_add(&line, "%s", text);
	argc = text_split_words(line.s, argv, cvmctl_words_max - 1);
	assert_true(argc > 0);
	return command(argc, argv, f);
}

/*
 * What a command writes, which has to return result; the caller frees *ret.
 */
static inline void cvmctl_capture_result(cvmctl_command *command,
					 const char *words, int result,
					 struct bytes *ret)
{
	own_fd int stdout_fd = dup(STDOUT_FILENO);
	own_fd int fd = memfd_create("stdout", MFD_CLOEXEC);
	struct fail f = { 0 };
	int r;

	assert_true(stdout_fd >= 0 && fd >= 0);
	(void)fflush(stdout);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	r = cvmctl_run(command, &f, "%s", words);
	(void)fflush(stdout);
	assert_true(dup2(stdout_fd, STDOUT_FILENO) >= 0);
	if (result == 0)
		assert_ok(r, &f);
	assert_int_equal(r, result);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_fd(fd, cvmctl_output_max, ret), 0);
}

/* The same of one that has to succeed. */
static inline void cvmctl_capture(cvmctl_command *command, const char *words,
				  struct bytes *ret)
{
	cvmctl_capture_result(command, words, 0, ret);
}

#endif
