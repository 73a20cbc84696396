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
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/own.h"

enum { groups_max = 64, env_base = 3 };

struct identity {
	uid_t uid;
	gid_t gid;
	gid_t groups[groups_max];
	int n_groups;
	char home[PATH_MAX];
};

/* What the child could not do, sent to PID 1. */
struct child_failure {
	char step[32];
	int err;
};

static int look_up(const struct app *app, struct identity *ret, struct fail *f)
{
	const struct passwd *pw;

	*ret = (struct identity){ .home = "/" };
	if (!app->user[0])
		return 0; /* root, and no other group */
	errno = 0;
	pw = getpwnam(app->user);
	if (!pw)
		return fail_because(f,
				    errno ? strerror(errno)
					  : "/etc/passwd does not know it",
				    "add the user to the root, or change user "
				    "in apps.conf",
				    "run app %s as user %s", app->name,
				    app->user);
	ret->uid = pw->pw_uid;
	ret->gid = pw->pw_gid;
	(void)snprintf(ret->home, sizeof(ret->home), "%s", pw->pw_dir);
	ret->n_groups = groups_max;
	if (getgrouplist(app->user, pw->pw_gid, ret->groups, &ret->n_groups) <
	    0)
		return fail_because(f, "it is in over 64 groups",
				    "put the user in fewer groups",
				    "run app %s as user %s", app->name,
				    app->user);
	return 0;
}

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

static int child_identity(const struct identity *id)
{
	if (setgroups((size_t)id->n_groups, id->groups) < 0 ||
	    setgid(id->gid) < 0 || setuid(id->uid) < 0)
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
child_run(const struct app *app, const struct identity *id, int report)
{
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
		      "/sbin:/bin";
	char home[sizeof("HOME=") + PATH_MAX];
	char name[sizeof("APP=") + app_name_max];
	char *const base[env_base] = { path, home, name };
	char *env[env_base + app_list_max + 1];

	(void)snprintf(home, sizeof(home), "HOME=%s", id->home); /* fits */
	(void)snprintf(name, sizeof(name), "APP=%s", app->name); /* fits */
	fill_env(app, base, env);
	child_signals();
	if (setsid() < 0)
		child_fail(report, "make a session for");
	if (child_stdin() < 0)
		child_fail(report, "open /dev/null for");
	if (child_identity(id) < 0)
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

int app_start(const struct app *app, pid_t *ret_pid, struct fail *f)
{
	struct child_failure failure;
	struct identity id;
	int ends[2];
	pid_t pid;
	int r = look_up(app, &id, f);

	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(f, errno, "give the VM more memory",
				  "start app %s", app->name);
	own_fd int read_end = ends[0];
	own_fd int write_end = ends[1];

	pid = fork();
	if (pid == 0)
		child_run(app, &id, write_end);
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
