// SPDX-License-Identifier: MIT
/* What stays when a signal ends cvmctl in the middle of its work: nothing. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/tool/child.h"
#include "cvmctl/tool/interrupt.h"
#include "cvmctl/tool/workdir.h"
#include "lib/own.h"
#include "tests/line.h"
#include "tests/tmptree.h"

enum { wait_ms = 10000 };

static const struct signal_case {
	const char *name;
	int number;
	bool in_child; /* while a program runs, else while cvmctl works */
} cases[] = {
	{ "SIGINT, at work", SIGINT, false },
	{ "SIGINT, a program running", SIGINT, true },
	{ "SIGTERM, at work", SIGTERM, false },
	{ "SIGTERM, a program running", SIGTERM, true },
	{ "SIGHUP", SIGHUP, false },
	{ "SIGPIPE", SIGPIPE, true },
};

/* A command in the middle of its work; "ready" says that it is there. */
static _Noreturn void work(const struct signal_case *c, const char *output)
{
	char script[PATH_MAX + 128];
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct workdir dir = { .path = "" };
	struct fail f = { 0 };

	interrupt_install();
	if (workdir_make(output, &dir, &f) < 0)
		_exit(1);
	(void)snprintf(script, sizeof(script),
		       "cd %s && mkdir -p a/b && echo x >file && "
		       "ln -s / a/link && chmod 500 a/b a && "
		       ">../ready; exec sleep %d",
		       dir.path, c->in_child ? 60 : 0);
	(void)child_run(argv, "", 0, NULL, &f);
	while (!c->in_child)
		(void)getppid(); /* hashing, say */
	_exit(1);
}

static void wait_until_ready(const struct tree *t)
{
	const struct timespec pause = { 0, 10 * 1000 * 1000 };

	for (int ms = 0; ms < wait_ms; ms += 10) {
		if (faccessat(t->fd, "ready", F_OK, 0) == 0)
			return;
		(void)nanosleep(&pause, NULL);
	}
	fail_msg("it did not start");
}

static size_t count_entries(const struct tree *t)
{
	own_dir DIR *d = opendir(t->path);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	return n;
}

static void leaves_nothing(void **state)
{
	const struct signal_case *c = *state;
	char output[PATH_MAX];
	struct tree t;
	int status = 0;
	pid_t pid;

	tree_make(&t);
	(void)snprintf(output, sizeof(output), "%s/image", t.path);
	pid = fork();
	if (pid == 0)
		work(c, output);
	wait_until_ready(&t);
	assert_int_equal(kill(pid, c->number), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), c->number);
	assert_int_equal(count_entries(&t), 3); /* ".", "..", "ready" */
	tree_remove(&t);
}

/* As under nohup(1). */
static void ignored_signals_stay_ignored(void **state)
{
	void (*before)(int) = signal(SIGHUP, SIG_IGN);

	(void)state;
	interrupt_install();
	assert_int_equal(raise(SIGHUP), 0);
	(void)signal(SIGHUP, before);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
}

static void finished_directories_stay(void **state)
{
	struct tree t;
	struct workdir dir = { .path = "" };
	char output[PATH_MAX];
	struct fail f = { 0 };
	int status = 0;
	pid_t pid;

	(void)state;
	tree_make(&t);
	(void)snprintf(output, sizeof(output), "%s/image", t.path);
	pid = fork();
	if (pid == 0) {
		interrupt_install();
		if (workdir_make(output, &dir, &f) == 0)
			(void)rename(dir.path, output);
		(void)raise(SIGTERM);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(access(output, F_OK), 0);
	tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = { TABLE(leaves_nothing, cases),
					CASE(ignored_signals_stay_ignored),
					CASE(finished_directories_stay) };

	return table_run(tables, array_size(tables));
}
