// SPDX-License-Identifier: MIT
/*
 * Image files that somebody else has open, by the locks of QEMU, are left as
 * they are. QEMU itself: qemu-test/test_disk_in_use.py.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/tool/disk-lock.h"
#include "lib/io.h"
#include "lib/own.h"
#include "tests/line.h"
#include "tests/sealing.h"

#define IN_USE                                                        \
	"cannot write to disk: it is in use by another program; end " \
	"the VM or the cvmctl that has it open"

/* Bytes of QEMU's: block/file-posix.c, and block.h for the permissions. */
static const struct user {
	const char *name;
	off_t at;
	short type;
	bool in_the_way;
} users[] = {
	{ "reads", 100, F_RDLCK, true },
	{ "writes", 101, F_RDLCK, true },
	{ "resizes", 103, F_RDLCK, true },
	{ "lets nobody write", 201, F_RDLCK, true },
	{ "the last of its bytes", 263, F_RDLCK, true },
	{ "asks whether somebody writes", 101, F_WRLCK, true },
	{ "another program in front", 99, F_WRLCK, false },
	{ "another program behind", 264, F_WRLCK, false },
};

static void leaves_a_disk_in_use(void **state)
{
	static const char *const ways[] = { "--format --force --mkfs none",
					    "--add", "--replace --token 0" };
	const struct user *c = *state;
	own_sealing struct swtpm s = { 0 };
	struct flock lock = { .l_type = c->type, .l_start = c->at, .l_len = 1 };
	own_bytes struct bytes before = { 0 };
	own_bytes struct bytes after = { 0 };
	own_fd int fd = -1;
	struct fail f = { 0 };

	sealing_start(&s);
	assert_ok(sealing_format(&s, &f), &f);
	assert_int_equal(
		io_read_file(s.tree.fd, "disk", sealing_bytes, &before), 0);
	fd = open("disk", O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	for (size_t i = 0; i < array_size(ways); i++) {
		int r = sealing_run(&s, ways[i], &f);

		if (c->in_the_way)
			assert_refusal(r, &f, IN_USE);
		else
			assert_ok(r, &f);
	}
	assert_int_equal(io_read_file(s.tree.fd, "disk", sealing_bytes, &after),
			 0);
	assert_int_equal(memcmp(before.data, after.data, sealing_bytes) == 0,
			 c->in_the_way);
	/* and when that one is gone */
	own_close_fd(&fd);
	fd = -1;
	assert_ok(sealing_run(&s, "--format --force --mkfs none", &f), &f);
}

/* As of a file system that knows no locks. */
static void tells_what_cannot_be_locked(void **state)
{
	own_fd int fd = open("/dev", O_PATH | O_CLOEXEC);
	struct fail f = { 0 };

	(void)state;
	assert_refusal(disk_lock_fd(fd, "disk", &f), &f,
		       "cannot lock disk: Bad file descriptor; check file "
		       "systems");
}

int main(void)
{
	static const struct table tables[] = {
		TABLE(leaves_a_disk_in_use, users),
		CASE(tells_what_cannot_be_locked),
	};

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return table_run(tables, array_size(tables));
}
