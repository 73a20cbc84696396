// SPDX-License-Identifier: MIT
/*
 * See loader.h. The kernel parses exactly one line in each write(2), returns
 * its length, and activates what it has at close(2), which succeeds whatever
 * happened. So each write must take its whole line, and only the absence of
 * the policy file afterwards shows that the policy is in force.
 */
#include "ima-policy/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ima-policy/rules.h"
#include "lib/own.h"

static int fail_open(struct fail *f, const char *path, int err)
{
	if (err == ENOENT)
		return fail_because(f,
				    "the kernel offers no policy file: a "
				    "policy is in force already, or IMA is off",
				    "boot without ima_policy= on a kernel with "
				    "CONFIG_IMA",
				    "open %s", path);
	return fail_errno(f, err, "let nothing else load an IMA policy",
			  "open %s", path);
}

/* One rule and its newline in one write(2). */
static int write_rule(int fd, const struct ima_line *line)
{
	char buf[ima_line_max + 1];
	size_t len = line->len + 1;
	ssize_t n;

	memcpy(buf, line->text, line->len);
	buf[line->len] = '\n';
	do
		n = write(fd, buf, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

static int fail_rule(struct fail *f, int r, unsigned number, const char *source)
{
	if (r == -EINVAL)
		return fail_because(f, "the kernel refuses the rule",
				    "use the grammar of the oldest kernel "
				    "that boots this image",
				    "load line %u of %s", number, source);
	/* it says so to the first rule, not to who opens the file */
	if (r == -EACCES)
		return fail_because(f, "the kernel takes signed policies only",
				    "boot without ima_policy=secure_boot",
				    "load line %u of %s", number, source);
	return fail_errno(f, r, "check the IMA policy", "load line %u of %s",
			  number, source);
}

static int write_rules(int fd, const char *source, const char *text, size_t len,
		       struct fail *f)
{
	struct ima_line line = { 0 };
	unsigned number = 0;
	size_t at = 0;

	while (ima_next_rule(text, len, &at, &number, &line) > 0) {
		int r = write_rule(fd, &line);

		if (r < 0)
			return fail_rule(f, r, line.number, source);
	}
	return 0;
}

int ima_load_policy(const char *path, const char *source, const char *text,
		    size_t len, struct fail *f)
{
	own_fd int fd = -1;
	int r = ima_check_policy(source, text, len, f);

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_open(f, path, errno);
	r = write_rules(fd, source, text, len, f);
	if (r < 0)
		return r;
	(void)close(take_fd(&fd)); /* says nothing: the next line does */
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return fail_because(
			f, "the kernel did not put it in force",
			"use a kernel without CONFIG_IMA_WRITE_POLICY"
			" and check the rules",
			"load IMA policy %s", source);
	return 0;
}
