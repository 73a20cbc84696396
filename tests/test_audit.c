// SPDX-License-Identifier: MIT
/*
 * The broker's audit log: one line for each request, whatever happens to the
 * disk or to another broker. Each line is read as JSON again.
 */
#include "cvmctl/broker/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/table.h"

#include "lib/io.h"
#include "lib/json.h"
#include "lib/own.h"
#include "lib/text.h"
#include "tests/line.h"
#include "tests/tmptree.h"

enum { log_max = 1 << 20, writers = 4, lines = 50, seconds = 20 };

#define FULL \
	"cannot write the audit log: No space left on device; check --audit"

static struct tree tree;
static char path[PATH_MAX];

static int open_log(void)
{
	struct fail f = { 0 };
	int fd = audit_open(path, &f);

	assert_true(fd >= 0);
	return fd;
}

static int note(int fd, const char *volume, struct fail *f)
{
	const struct audit_entry entry = {
		.peer = "unix", .volume = volume, .uuid = "", .reason = "a test"
	};

	return audit_write(fd, &entry, frame_deadline_in(seconds), f);
}

/* The volumes of all lines that are JSON; other lines are "-". */
static void assert_lines(const char *volumes)
{
	own_bytes struct bytes all = { 0 };
	own_text struct text said = { 0 };
	char *rest;
	char *line;

	assert_int_equal(io_read_file(AT_FDCWD, path, log_max, &all), 0);
	assert_int_equal(all.data[all.len - 1], '\n');
	rest = (char *)all.data;
	while ((line = strsep(&rest, "\n")) && rest) {
		own_json struct json_object *o = json_tokener_parse(line);

		text_add(&said, "%s", o ? json_get_string(o, "volume") : "-");
	}
	assert_string_equal(said.s, volumes);
}

static void set_up(void)
{
	tree_make(&tree);
	(void)snprintf(path, sizeof(path), "%s/audit", tree.path);
}

/* The file may have this many bytes more, until it may have any again. */
static void limit_growth(int fd, rlim_t more)
{
	struct rlimit limit;
	struct stat st;

	assert_return_code(fstat(fd, &st), 0);
	assert_return_code(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = more == RLIM_INFINITY ? limit.rlim_max
					       : (rlim_t)st.st_size + more;
	assert_return_code(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The disk takes a part of the line: that is cut off again. */
static void leaves_no_half_line(void **state)
{
	own_fd int fd = -1;
	struct fail f = { 0 };
	struct stat before;
	struct stat after;

	(void)state;
	set_up();
	fd = open_log();
	assert_ok(note(fd, "a", &f), &f);
	assert_return_code(fstat(fd, &before), 0);
	limit_growth(fd, 20);
	assert_refusal(note(fd, "b", &f), &f, FULL);
	limit_growth(fd, RLIM_INFINITY);
	assert_return_code(fstat(fd, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	assert_ok(note(fd, "c", &f), &f);
	assert_lines("ac");
	tree_remove(&tree);
}

/* It takes nothing at all. */
static void notices_a_full_disk(void **state)
{
	own_fd int fd = -1;
	struct fail f = { 0 };

	(void)state;
	set_up();
	fd = open_log();
	assert_ok(note(fd, "a", &f), &f);
	limit_growth(fd, 0);
	assert_refusal(note(fd, "b", &f), &f,
		       "cannot write the audit log: File too large; check "
		       "--audit");
	limit_growth(fd, RLIM_INFINITY);
	assert_ok(note(fd, "c", &f), &f);
	assert_lines("ac");
	tree_remove(&tree);
}

/* A broker that was killed in the middle: the next line stands alone. */
static void ends_half_a_line(void **state)
{
	own_fd int fd = -1;
	struct fail f = { 0 };

	(void)state;
	set_up();
	tree_file(&tree, "audit", 0600, "{\"time\":");
	fd = open_log();
	assert_ok(note(fd, "a", &f), &f);
	assert_ok(note(fd, "b", &f), &f);
	assert_lines("-ab");
	tree_remove(&tree);
}

static void write_many(void)
{
	own_fd int fd = open_log();
	struct fail f = { 0 };

	for (unsigned i = 0; i < lines; i++)
		if (note(fd, "a", &f) < 0)
			_exit(1);
	_exit(0);
}

/* Each connection has a process of its own, and all write here. */
static void takes_turns(void **state)
{
	char all[writers * lines + 1];
	pid_t pid[writers];
	int status;

	(void)state;
	set_up();
	for (unsigned i = 0; i < writers; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0)
			write_many();
	}
	for (unsigned i = 0; i < writers; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	memset(all, 'a', sizeof(all) - 1);
	all[sizeof(all) - 1] = '\0';
	assert_lines(all);
	tree_remove(&tree);
}

/* Who may read the log may lock it, against writers, for as long as it runs. */
static pid_t hold_lock(void)
{
	struct flock whole = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int ready[2];
	char c;
	pid_t pid;

	assert_return_code(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || fcntl(fd, F_SETLK, &whole) < 0 ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		(void)alarm(2 * seconds); /* if nobody ends it */
		(void)pause();
		_exit(1);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	(void)close(ready[0]);
	return pid;
}

static void waits_for_no_lock_for_ever(void **state)
{
	const struct audit_entry entry = {
		.peer = "unix", .volume = "b", .uuid = "", .reason = "a test"
	};
	own_fd int fd = -1;
	struct fail f = { 0 };
	frame_deadline start;
	pid_t pid;

	(void)state;
	set_up();
	fd = open_log();
	assert_ok(note(fd, "a", &f), &f);
	pid = hold_lock();
	/* in a second, and when it is too late already */
	for (uint64_t i = 0; i < 2; i++) {
		start = frame_deadline_in(0);
		assert_refusal(
			audit_write(fd, &entry, start + 1000 * (1 - i), &f), &f,
			"cannot write the audit log: somebody else keeps its "
			"lock; look for who has it open");
		assert_true(frame_deadline_in(0) >= start + 1000 * (1 - i));
		assert_true(frame_deadline_in(0) < start + 1000 * seconds);
	}
	assert_return_code(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* one that is free is taken, however late it is */
	assert_ok(audit_write(fd, &entry, frame_deadline_in(0), &f), &f);
	assert_lines("ab");
	tree_remove(&tree);
}

/* A pipe to who keeps the log, say. */
static void writes_to_a_pipe(void **state)
{
	struct fail f = { 0 };
	char line[4096];
	own_fd int reader = -1;
	own_fd int fd = -1;
	ssize_t n;

	(void)state;
	set_up();
	assert_return_code(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	fd = open_log();
	assert_ok(note(fd, "a", &f), &f);
	n = read(reader, line, sizeof(line));
	assert_true(n > 0 && line[n - 1] == '\n');
	/* nobody reads any more */
	(void)close(take_fd(&reader));
	assert_refusal(
		note(fd, "b", &f), &f,
		"cannot write the audit log: Broken pipe; check --audit");
	tree_remove(&tree);
}

int main(void)
{
	static const struct table tables[] = {
		CASE(leaves_no_half_line), CASE(notices_a_full_disk),
		CASE(ends_half_a_line),	   CASE(takes_turns),
		CASE(writes_to_a_pipe),	   CASE(waits_for_no_lock_for_ever),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	return table_run(tables, array_size(tables));
}
