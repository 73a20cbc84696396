// SPDX-License-Identifier: MIT
/*
 * The logs when they cannot be written: what a reader finds when memory runs
 * out at any byte, and when a file is cut anywhere.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "tests/journal.h"

/* The file system: bytes by which files may grow, and a failing fchmod. */
static size_t room = much;
static bool no_chmod;

/* Over what is there already as always; what does not fit is cut off. */
ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	struct stat st;
	size_t there;
	size_t grows;

	tree_check(fstat(fd, &st) == 0, "fstat");
	there = st.st_size > offset ? (size_t)(st.st_size - offset) : 0;
	grows = len > there ? len - there : 0;
	if (grows > room)
		len = there + room;
	room -= grows > room ? room : grows;
	if (len == 0) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, data, len, offset);
}

int fchmod(int fd, mode_t mode)
{
	if (no_chmod) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_fchmod, fd, mode);
}

/*
 * What init does when memory is short: an end, and what can be logged of it;
 * and an event on the way down.
 */
static void run_short(struct place *p, size_t have)
{
	static const char line[] = "log a measurement in ";
	struct fail f = { 0 };
	size_t records;
	size_t then;
	enum journal_state cel;

	room = have;
	if (run(p, &f) < 0) {
		assert_memory_equal(f.what, line, strlen(line));
		assert_string_equal(f.reason, "No space left on device");
		assert_string_equal(f.remedy, "give the VM more memory");
	}
	room = much;
	cel = cel_state(p, &records);
	assert_in_range(p->extended, records, records + 1);
	if (p->extended > records)
		assert_int_equal(cel, JOURNAL_OPEN);
	(void)tcg_state(p); /* it can be read */
	assert_ok(journal_intend(p->journal, &p->list.event[3], &f), &f);
	assert_ok(journal_complete(p->journal, &p->list.event[3], &f), &f);
	assert_int_equal(cel_state(p, &then), cel);
	assert_int_equal(then, records + 1);
	(void)tcg_state(p);
}

static void survives_a_full_file_system(void **state)
{
	size_t needed = 0;

	(void)state;
	for (size_t have = 0; have == 0 || needed < 4; have++) {
		own_place struct place p = { 0 };

		room = much;
		place_begin(&p);
		make_list(&p.list);
		run_short(&p, have);
		needed = p.extended;
	}
}

static void cannot_begin_in_a_full_file_system(void **state)
{
	(void)state;
	for (size_t have = 0; have < 50; have++) {
		own_place struct place p = { 0 };
		struct fail f;
		int r;

		tree_make(&p.tree);
		room = have;
		r = place_open(&p, &tpm, &f);
		room = much;
		assert_int_equal(r, -ENOSPC);
		assert_null(p.journal);
	}
}

/* A file cut at any byte is never taken for complete by mistake. */
static void notices_a_torn_log(void **state)
{
	own_place struct place p = { 0 };
	own_bytes struct bytes log = { 0 };
	struct fail f;
	size_t complete = 0;
	size_t open = 0;

	(void)state;
	place_begin(&p);
	make_list(&p.list);
	assert_ok(run(&p, &f), &f);
	read_log(&p, TCG, &log);
	for (size_t len = 0; len <= log.len; len++) {
		own_free uint8_t *cut = malloc(len + 1);
		enum journal_state found = JOURNAL_COMPLETE;
		int r;

		memcpy(cut, log.data, len);
		r = journal_tcg_state(cut, len, &found);
		assert_true(r == 0 || r == -EBADMSG);
		complete += r == 0 && found == JOURNAL_COMPLETE;
		open += r == 0 && found == JOURNAL_OPEN;
	}
	assert_int_equal(complete, 5); /* after the head and each event */
	assert_int_equal(open, 0);
}

static void does_not_go_on_unmarked(void **state)
{
	own_place struct place p = { 0 };
	char line[PATH_MAX + 128];
	struct fail f;

	(void)state;
	place_begin(&p);
	make_list(&p.list);
	(void)snprintf(line, sizeof(line),
		       "cannot log a measurement in %s: Operation not "
		       "permitted; give the VM more memory",
		       p.path[SYSTEMD]);
	no_chmod = true;
	assert_refusal(run(&p, &f), &f, line);
	no_chmod = false;
	assert_int_equal(p.extended, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_a_full_file_system),
		cmocka_unit_test(cannot_begin_in_a_full_file_system),
		cmocka_unit_test(notices_a_torn_log),
		cmocka_unit_test(does_not_go_on_unmarked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
