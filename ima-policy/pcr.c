// SPDX-License-Identifier: MIT
/*
 * See pcr.h. The log has a line for each measurement since the kernel began,
 * the first for the boot aggregate, and the PCR in the first column
 * (security/integrity/ima/ima_fs.c: "%2d ").
 */
#include "ima-policy/pcr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "lib/own.h"
#include "lib/text.h"

enum { column_max = 8 };

static const char other_kernel[] =
	"use a kernel whose IMA measures into PCR 10";

/* The number at the beginning of text, between blanks. */
static int parse_column(char *text, uint64_t *ret)
{
	char *number = text + strspn(text, " ");
	size_t len = strcspn(number, " ");

	if (number[len] != ' ')
		return -EINVAL;
	number[len] = '\0';
	return text_parse_u64(number, ima_pcr_last, ret);
}

int ima_check_pcr(const char *path, struct fail *f)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[column_max + 1] = "";
	uint64_t pcr = 0;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || read(fd, text, column_max) < 0)
		return fail_errno(f, errno, other_kernel, "read %s", path);
	if (parse_column(text, &pcr) < 0)
		return fail_because(f, "its first line names no PCR",
				    other_kernel, "read %s", path);
	if (pcr == ima_pcr_of_init)
		return fail_because(f, "IMA was built to use it too",
				    other_kernel, "measure into PCR %d",
				    ima_pcr_of_init);
	return 0;
}
