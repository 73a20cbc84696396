/* SPDX-License-Identifier: MIT */
/*
 * What init may find that is not as it should be, made so by a program that
 * runs before it: this one is /init, does what the lines of /pre-init.acts
 * say, ACT [WORD], and executes /init.real in its place. The acts are the
 * table below.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/vm_sockets.h> /* wants sys/socket.h before it */

#define IMA_POLICY "/sys/kernel/security/ima/policy"

enum { line_max = 512, words_max = 32 };

static void say(const char *act, const char *word, int failed)
{
	printf("pre-init: %s %s: %s\n", act, word,
	       failed ? strerror(errno) : "done");
}

/* The kernel takes one write for each line, and the policy at close. */
static void act_policy(const char *word)
{
	int fd = open(IMA_POLICY, O_WRONLY | O_CLOEXEC);
	char line[line_max];
	FILE *policy = fopen(word, "r");
	int failed = fd < 0 || !policy;

	while (!failed && fgets(line, sizeof(line), policy))
		failed = write(fd, line, strlen(line)) < 0;
	say("policy", word, failed || close(fd) < 0);
}

/* A process that has the policy file open, and keeps it so. */
static void act_hold(const char *word)
{
	int fd = open(IMA_POLICY, O_WRONLY | O_CLOEXEC);

	say("hold", word, fd < 0);
	if (fork() == 0)
		for (;;)
			pause();
	close(fd);
}

static const struct call {
	const char *name;
	int number;
} calls[] = {
	{ "chdir", SYS_chdir },	    { "chroot", SYS_chroot },
	{ "fstatfs", SYS_fstatfs }, { "lseek", SYS_lseek },
	{ "mkdir", SYS_mkdir },	    { "mount", SYS_mount },
	{ "open", SYS_open },	    { "pivot_root", SYS_pivot_root },
	{ "socket", SYS_socket },   { "symlink", SYS_symlink },
	{ "umount2", SYS_umount2 },
};

static int call_number(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(name, calls[i].name) == 0)
			return calls[i].number;
	return -1;
}

/*
 * A kernel that answers a call with an error, from here on: a filter that init
 * inherits (Documentation/userspace-api/seccomp_filter.rst). What comes as
 * argument ARG, its lower half, has to be VALUE; without them every call fails.
 */
static void act_refuse(const char *word)
{
	char name[32] = "";
	unsigned error = 0;
	unsigned arg = 0;
	unsigned value = 0;
	int n = sscanf(word, "%31s %u %u %u", name, &error, &arg, &value);
	size_t arg_at = offsetof(struct seccomp_data, args) + 8 * arg;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call_number(name),
			 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)arg_at),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, n == 4),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(*code), code };

	if (call_number(name) < 0 || (n != 2 && n != 4))
		errno = EINVAL;
	else if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0)
		errno = 0;
	say("refuse", word, errno != 0);
}

static void act_load(const char *word)
{
	int fd = open(word, O_RDONLY | O_CLOEXEC);

	say("load", word, syscall(SYS_finit_module, fd, "", 0) < 0);
	close(fd);
}

static void execute(const char *words)
{
	char line[line_max];
	char *argv[words_max + 1] = { NULL };
	char *rest = NULL;

	snprintf(line, sizeof(line), "%s", words);
	argv[0] = strtok_r(line, " ", &rest);
	for (int i = 1; i < words_max && argv[i - 1]; i++)
		argv[i] = strtok_r(NULL, " ", &rest);
	execv(argv[0], argv);
}

/* A program beside init, which has said a line when init begins. */
static void act_start(const char *word)
{
	char line[line_max];
	int out[2] = { -1, -1 };
	FILE *file;

	if (pipe2(out, O_CLOEXEC) == 0 && fork() == 0) {
		dup2(out[1], STDOUT_FILENO);
		execute(word);
		_exit(1);
	}
	close(out[1]);
	file = fdopen(out[0], "r");
	if (file && fgets(line, sizeof(line), file))
		printf("pre-init: %s", line);
}

/* Takes what it is told, and never answers; or begins to, and hangs up. */
static void play_peer(int listener, int hangs_up)
{
	static const char begun[] = { 0, 0, 1, 0, '{' };
	char buffer[line_max];
	int fd = accept(listener, NULL, NULL);
	ssize_t n = read(fd, buffer, sizeof(buffer));

	if (hangs_up && n > 0) {
		n = write(fd, begun, sizeof(begun));
		_exit(n < 0);
	}
	while (n > 0)
		n = read(fd, buffer, sizeof(buffer));
	_exit(0);
}

/* Somebody at a vsock port who is no broker; load vsock first. */
static void act_peer(const char *word)
{
	struct sockaddr_vm at = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_ANY };
	char manner[32] = "";
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	errno = EINVAL;
	say("peer", word,
	    sscanf(word, "%u %31s", &at.svm_port, manner) != 2 ||
		    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
		    listen(fd, 1) < 0);
	if (fork() == 0)
		play_peer(fd, strcmp(manner, "hangs-up") == 0);
	close(fd);
}

static const struct act {
	const char *name;
	void (*perform)(const char *word);
} acts[] = {
	{ "policy", act_policy }, /* loads the IMA policy in file WORD */
	{ "hold", act_hold },	  /* keeps the policy file open */
	{ "refuse", act_refuse }, /* WORD: CALL ERRNO [ARG VALUE] */
	{ "load", act_load },	  /* a kernel module, without others */
	{ "start", act_start },	  /* WORD: PROGRAM [WORD]... */
	{ "peer", act_peer },	  /* WORD: PORT silent, or PORT hangs-up */
};

static const struct {
	const char *type;
	const char *target;
} mounts[] = {
	{ "devtmpfs", "/dev" },
	{ "sysfs", "/sys" },
	{ "securityfs", "/sys/kernel/security" },
};

enum { mounts_n = sizeof(mounts) / sizeof(*mounts) };

static void perform(char *line)
{
	char *word = strchr(line, ' ');

	line[strcspn(line, "\n")] = '\0';
	if (word)
		*word++ = '\0';
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		if (strcmp(line, acts[i].name) == 0)
			acts[i].perform(word ? word : "");
}

int main(void)
{
	char name[] = "/init";
	char *argv[] = { name, NULL };
	char line[line_max];
	FILE *file = fopen("/pre-init.acts", "r");

	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 0; i < mounts_n; i++)
		mount(mounts[i].type, mounts[i].target, mounts[i].type, 0,
		      NULL);
	while (file && fgets(line, sizeof(line), file))
		perform(line);
	fclose(file);
	/* with a flag more than init has, which may be refused */
	for (int i = mounts_n; i > 0; i--)
		umount2(mounts[i - 1].target, MNT_DETACH | UMOUNT_NOFOLLOW);
	execv("/init.real", argv);
	return 1;
}
