// SPDX-License-Identifier: MIT
/* See child.h. Output goes to memory files, so nothing can block. */
#include "cvmctl/tool/child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "cvmctl/tool/interrupt.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"

enum { messages_max = 1024 * 1024 };

static void actions_destroy(posix_spawn_file_actions_t *a)
{
	(void)posix_spawn_file_actions_destroy(a); /* cannot fail in glibc */
}

#define own_actions __attribute__((cleanup(actions_destroy)))

static void attributes_destroy(posix_spawnattr_t *a)
{
	(void)posix_spawnattr_destroy(a); /* cannot fail in glibc */
}

#define own_attributes __attribute__((cleanup(attributes_destroy)))

/* Starts it with the signal mask that cvmctl had; interrupts are blocked. */
static int start(char **words, char **env,
		 const posix_spawn_file_actions_t *actions,
		 const sigset_t *mask, pid_t *ret)
{
	own_attributes posix_spawnattr_t attributes;
	int e = posix_spawnattr_init(&attributes);

	if (!e)
		e = posix_spawnattr_setflags(&attributes,
					     POSIX_SPAWN_SETSIGMASK);
	if (!e)
		e = posix_spawnattr_setsigmask(&attributes, mask);
	if (!e)
		e = posix_spawnp(ret, words[0], actions, &attributes, words,
				 env);
	return e;
}

static int spawn(const char *const *argv, int out, int err, pid_t *ret)
{
	char locale[] = "LC_ALL=C";
	char zone[] = "TZ=UTC0";
	own_text struct text path = { 0 };
	char *env[] = { locale, zone, NULL, NULL };
	own_free char **words = NULL;
	own_actions posix_spawn_file_actions_t actions;
	sigset_t before;
	size_t n = 0;
	int e = posix_spawn_file_actions_init(&actions);

	while (argv[n])
		n++;
	words = calloc(n + 1, sizeof(*words));
	text_add(&path, "PATH=%s", getenv("PATH") ? getenv("PATH") : "");
	if (e || !words || text_failed(&path))
		return -ENOMEM;
	env[2] = path.s;
	memcpy(words, argv, n * sizeof(*words));
	e = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
					     "/dev/null", O_RDONLY, 0);
	if (!e)
		e = posix_spawn_file_actions_adddup2(&actions, out,
						     STDOUT_FILENO);
	if (!e)
		e = posix_spawn_file_actions_adddup2(&actions, err,
						     STDERR_FILENO);
	if (!e) {
		interrupt_block(&before);
		e = start(words, env, &actions, &before, ret);
		if (!e)
			interrupt_set_child(*ret);
		interrupt_unblock(&before);
	}
	return -e;
}

/* What tar says last whatever the cause was, which stands before it. */
static bool is_closing(const char *line)
{
	return strstr(line, "tar: Child returned status") ||
	       strstr(line, "Error is not recoverable: exiting now") ||
	       strstr(line, "Exiting with failure status due to previous");
}

/* The last line of text that says something. */
static const char *last_line(char *text)
{
	char *line;

	text_trim_end(text);
	line = strrchr(text, '\n');
	while (line && is_closing(line)) {
		*line = '\0';
		text_trim_end(text);
		line = strrchr(text, '\n');
	}
	return line ? line + 1 : text;
}

static int fail_status(int status, int err_fd, const char *program,
		       const char *remedy, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	const char *said = "";

	(void)fail_because(f, "", remedy, "run %s", program);
	if (lseek(err_fd, 0, SEEK_SET) == 0 &&
	    io_read_fd(err_fd, messages_max, &text) == 0)
		said = last_line((char *)text.data);
	/* of the locale C: whatever it was to do, it could not write it */
	if (strstr(said, "No space left on device"))
		(void)fail_remedy(f, "free disk space");
	if (WIFSIGNALED(status))
		return fail_reason(f, "it was ended by signal %d",
				   WTERMSIG(status));
	return fail_reason(f, "it ended with status %d%s%s",
			   WEXITSTATUS(status), *said ? ": " : "", said);
}

/* Programs whose Debian package has another name than they have. */
static const struct {
	const char *program;
	const char *package;
} packages[] = {
	{ "cp", "coreutils" },		 { "depmod", "kmod" },
	{ "fsck.erofs", "erofs-utils" }, { "mkfs.erofs", "erofs-utils" },
	{ "mkfs.ext4", "e2fsprogs" },	 { "xz", "xz-utils" },
};

static int fail_start(int r, const char *program, struct fail *f)
{
	const char *package = program;
	char remedy[64];

	if (r == -ENOMEM)
		return fail_errno(f, r, "free memory", "run %s", program);
	for (size_t i = 0; i < array_size(packages); i++)
		if (strcmp(program, packages[i].program) == 0)
			package = packages[i].package;
	(void)snprintf(remedy, sizeof(remedy), "install the package %s",
		       package);
	return fail_errno(f, r, remedy, "run %s", program);
}

/* Its number is not given to another before it is forgotten here. */
static int wait_for(pid_t pid, int *ret_status)
{
	sigset_t before;
	siginfo_t info;
	int r;

	do
		r = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	while (r < 0 && errno == EINTR);
	interrupt_block(&before);
	r = waitpid(pid, ret_status, 0) < 0 ? -errno : 0;
	interrupt_set_child(0);
	interrupt_unblock(&before);
	return r;
}

int child_run(const char *const *argv, const char *remedy, size_t max,
	      struct bytes *ret_output, struct fail *f)
{
	own_fd int out = memfd_create("output", MFD_CLOEXEC);
	own_fd int err = memfd_create("messages", MFD_CLOEXEC);
	int status = 0;
	pid_t pid;
	int r;

	if (out < 0 || err < 0)
		return fail_errno(f, errno, "free memory", "run %s", argv[0]);
	r = spawn(argv, out, err, &pid);
	if (r < 0)
		return fail_start(r, argv[0], f);
	r = wait_for(pid, &status);
	if (r < 0)
		return fail_errno(f, r, remedy, "wait for %s", argv[0]);
	if (status)
		return fail_status(status, err, argv[0], remedy, f);
	if (!ret_output)
		return 0;
	if (lseek(out, 0, SEEK_SET) < 0)
		return fail_errno(f, errno, remedy, "read what %s wrote",
				  argv[0]);
	r = io_read_fd(out, max, ret_output);
	return r < 0 ? fail_errno(f, r, remedy, "read what %s wrote", argv[0])
		     : 0;
}

void child_extend_path(void)
{
	const char *path = getenv("PATH");
	own_text struct text t = { 0 };

	text_add(&t, "%s%s/usr/sbin:/sbin", path ? path : "/usr/bin:/bin",
		 path && !*path ? "" : ":");
	if (!text_failed(&t))
		(void)setenv("PATH", t.s, 1); /* else: as it was */
}
