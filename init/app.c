// SPDX-License-Identifier: MIT
/*
 * See app.h. The child reports what it could not do through a pipe that a
 * successful execve closes, so "cannot be run" is known before the next app
 * is started.
 */
#include "init/app.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/users.h"
#include "lib/io.h"
#include "lib/own.h"

enum { env_base = 3 };

/* What the child could not do, sent to PID 1. */
struct child_failure {
	char step[32];
	int err;
};

static __attribute__((noreturn)) void child_fail(int report, const char *step)
{
	struct child_failure failure = { .err = errno };

	(void)snprintf(failure.step, sizeof(failure.step), "%s", step);
	/* when this fails too, PID 1 sees an exit status of 127 */
	(void)io_write_all(report, &failure, sizeof(failure));
	_exit(127);
}

static int child_stdin(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	return dup2(fd, STDIN_FILENO);
}

static int child_identity(const struct user *u)
{
	if (setgroups(u->groups_n, u->groups) < 0 || setgid(u->gid) < 0 ||
	    setuid(u->uid) < 0)
		return -1;
	return 0;
}

static void child_signals(void)
{
	sigset_t none;

	(void)sigemptyset(&none); /* cannot fail */
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool same_variable(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return len == strcspn(b, "=") && strncmp(a, b, len) == 0;
}

/* What apps.conf sets comes first, and in place of what we would. */
static void fill_env(const struct app *app, char *const base[static env_base],
		     char *ret[static env_base + app_list_max + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < app->env_n; i++)
		ret[n++] = app->env[i];
	for (size_t i = 0; i < env_base; i++) {
		bool set = false;

		for (size_t j = 0; j < app->env_n; j++)
			set = set || same_variable(base[i], ret[j]);
		if (!set)
			ret[n++] = base[i];
	}
	ret[n] = NULL;
}

static __attribute__((noreturn)) void
child_run(const struct app *app, const struct user *user, int report)
{
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
		      "/sbin:/bin";
	char home[sizeof("HOME=") + PATH_MAX];
	char name[sizeof("APP=") + app_name_max];
	char *const base[env_base] = { path, home, name };
	char *env[env_base + app_list_max + 1];

	(void)snprintf(home, sizeof(home), "HOME=%s", user->home); /* fits */
	(void)snprintf(name, sizeof(name), "APP=%s", app->name);   /* fits */
	fill_env(app, base, env);
	child_signals();
	if (setsid() < 0)
		child_fail(report, "make a session for");
	if (child_stdin() < 0)
		child_fail(report, "open /dev/null for");
	if (child_identity(user) < 0)
		child_fail(report, "change the user of");
	(void)execve(app->argv[0], app->argv, env);
	child_fail(report, "execute");
}

/* False when the pipe closed empty: the program runs. */
static bool read_failure(int fd, struct child_failure *ret)
{
	ssize_t n;

	/* smaller than PIPE_BUF: comes whole or not at all */
	do
		n = read(fd, ret, sizeof(*ret));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*ret);
}

static int find_user(const struct app *app, struct user *ret, struct fail *f)
{
	own_fd int root = open("/", O_PATH | O_CLOEXEC);

	return root < 0 ? fail_errno(f, errno, "give the VM more memory",
				     "open the root")
			: users_find(root, app, ret, f);
}

int app_start(const struct app *app, pid_t *ret_pid, struct fail *f)
{
	struct child_failure failure;
	struct user user;
	int ends[2];
	pid_t pid;
	int r = find_user(app, &user, f);

	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(f, errno, "give the VM more memory",
				  "start app %s", app->name);
	own_fd int read_end = ends[0];
	own_fd int write_end = ends[1];

	pid = fork();
	if (pid == 0)
		child_run(app, &user, write_end);
	if (pid < 0)
		return fail_errno(f, errno, "give the VM more memory",
				  "start app %s", app->name);
	(void)close(take_fd(&write_end)); /* the child holds the other one */
	if (read_failure(read_end, &failure))
		return fail_errno(f, failure.err,
				  "check exec and user in apps.conf",
				  "%.31s %s of app %s", failure.step,
				  app->argv[0], app->name);
	*ret_pid = pid;
	return 0;
}
