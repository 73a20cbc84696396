/* SPDX-License-Identifier: MIT */
/*
 * A workload that behaves as it is told, so that a scenario can see how PID 1
 * deals with it: actor [ROLE WORD]..., one role after the other until one
 * fails. Each says on stdout what it saw, in lines that begin with "actor: ".
 * The roles are the table below; one that needs no word takes and ignores it.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	reap_wait_ms = 3000,
	groups_max = 64,
	dump_bytes = 48, /* in each line, as 64 letters */
};

static int play_marker(const char *word)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	printf("actor: %s at %ld.%03ld\n", word, (long)now.tv_sec,
	       now.tv_nsec / 1000000);
	return 0;
}

static int play_exit(const char *word)
{
	exit(atoi(word));
}

static int play_die(const char *word)
{
	return raise(atoi(word));
}

static int play_sleep(const char *word)
{
	sleep((unsigned)atoi(word));
	return 0;
}

/* How many bytes the file has, now that it has one more; -1 for an error. */
static int add_byte(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int size = -1;

	if (fd >= 0 && write(fd, "x", 1) == 1)
		size = (int)lseek(fd, 0, SEEK_END);
	if (fd >= 0)
		close(fd);
	return size;
}

/* Fails until its WORD-th run; the file system remembers how many there were.
 */
static int play_flaky(const char *word)
{
	char name[64];
	int run;

	snprintf(name, sizeof(name), "/tmp/flaky.%s", getenv("APP"));
	run = add_byte(name);
	play_marker("run");
	return run < atoi(word);
}

static int play_count(const char *word)
{
	printf("actor: %s counts %d\n", word, add_byte(word));
	return 0;
}

/* Processes get their numbers in the order in which they are started. */
static int play_pid(const char *word)
{
	(void)word;
	printf("actor: %s is process %d\n", getenv("APP"), (int)getpid());
	return 0;
}

/* Who this process is, and what it was given. */
static int play_identity(const char *word)
{
	gid_t groups[groups_max];
	char path[PATH_MAX] = "";
	int n = getgroups(groups_max, groups);

	(void)word;
	printf("actor: uid %d %d gid %d %d groups", (int)getuid(),
	       (int)geteuid(), (int)getgid(), (int)getegid());
	for (int i = 0; i < n; i++)
		printf(" %d", (int)groups[i]);
	printf("\n");
	if (readlink("/proc/self/fd/0", path, sizeof(path) - 1) < 0)
		return 1;
	printf("actor: stdin %s\n", path);
	printf("actor: cwd %s\n", getcwd(path, sizeof(path)));
	printf("actor: session %s\n", getsid(0) == getpid() ? "own" : "shared");
	for (char **e = environ; *e; e++)
		printf("actor: env %s\n", *e);
	return 0;
}

/* The descriptors beyond stdio, which PID 1 should not have passed on. */
static int play_fds(const char *word)
{
	int n = 0;

	(void)word;
	for (int fd = 3; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	printf("actor: %d descriptors beyond stdio\n", n);
	return 0;
}

/* All zombies of the machine, which only their parent or PID 1 can reap. */
static int play_zombies(const char *word)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int n = 0;

	(void)word;
	while (proc && (entry = readdir(proc))) {
		char path[300];
		char state = 0;
		FILE *stat;

		if (!isdigit(entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		stat = fopen(path, "r");
		/* no name here has a bracket in it */
		if (stat && fscanf(stat, "%*d (%*[^)]) %c", &state) == 1)
			n += state == 'Z';
		if (stat)
			fclose(stat);
	}
	printf("actor: %d zombies\n", n);
	return 0;
}

/* True when nobody holds the process any more, not even as a zombie. */
static int reaped(pid_t pid)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	for (int i = 0; i < reap_wait_ms; i++) {
		if (kill(pid, 0) < 0 && errno == ESRCH)
			return 1;
		nanosleep(&ms, NULL);
	}
	return 0;
}

/* A grandchild that outlives its parent: PID 1 must adopt and reap it. */
static int play_orphan(const char *word)
{
	pid_t ids[2] = { 0 };
	int report[2];

	(void)word;
	if (pipe(report) < 0)
		return 1;
	if (fork() == 0) {
		pid_t parent = getpid();

		if (fork() == 0) {
			while (getppid() == parent)
				sched_yield();
			ids[0] = getpid();
			ids[1] = getppid();
			_exit(write(report[1], ids, sizeof(ids)) < 0);
		}
		_exit(0);
	}
	wait(NULL);
	if (read(report[0], ids, sizeof(ids)) != sizeof(ids))
		return 1;
	printf("actor: orphan adopted by %d, %s\n", (int)ids[1],
	       reaped(ids[0]) ? "reaped" : "left as a zombie");
	return 0;
}

/* Leaves a process behind that would run for ever, and goes on. */
static int play_leave(const char *word)
{
	(void)word;
	if (fork() == 0)
		for (;;)
			pause();
	printf("actor: left a child behind\n");
	return 0;
}

/* Deaf to SIGTERM: only SIGKILL after the stop timeout ends it. */
static int play_stubborn(const char *word)
{
	(void)word;
	signal(SIGTERM, SIG_IGN);
	printf("actor: stubborn\n");
	while (pause() < 0)
		continue;
	return 0;
}

static int play_stay(const char *word)
{
	(void)word;
	printf("actor: staying\n");
	while (pause() < 0)
		continue;
	return 0;
}

/* Kill another process, PID 1 for one: a workload run as root may try. */
static int play_signal(const char *word)
{
	int rc = kill(1, atoi(word));

	printf("actor: signal %s to PID 1: %s\n", word,
	       rc ? strerror(errno) : "sent");
	return 0;
}

/* Fill the file system that holds the file, until it says no. */
static int play_fill(const char *word)
{
	static const char block[1 << 16];
	int fd = open(word, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint64_t size = 0;
	ssize_t n;

	if (fd < 0) {
		printf("actor: cannot create %s: %s\n", word, strerror(errno));
		return 0;
	}
	while ((n = write(fd, block, sizeof(block))) > 0)
		size += (uint64_t)n;
	printf("actor: %s took %llu KiB, then: %s\n", word,
	       (unsigned long long)size / 1024, strerror(errno));
	return 0;
}

/* Change a file of the root, which must not reach the disk. */
static int play_write(const char *word)
{
	int fd = open(word, O_WRONLY | O_APPEND | O_CLOEXEC);

	printf("actor: write %s: %s\n", word,
	       fd < 0 || write(fd, "x", 1) != 1 ? strerror(errno) : "done");
	return 0;
}

/* A file, so that the host gets it whole: lines of base64. */
static int play_dump(const char *word)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t in[dump_bytes + 2];
	int fd = open(word, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0) {
		printf("actor: cannot open %s: %s\n", word, strerror(errno));
		return 0;
	}
	while ((n = read(fd, in, dump_bytes)) > 0) {
		char out[dump_bytes / 3 * 4 + 1];
		int len = 0;

		in[n] = in[n + 1] = 0;
		for (int i = 0; i < n; i += 3) {
			uint32_t v = (uint32_t)(in[i] << 16 | in[i + 1] << 8 |
						in[i + 2]);

			for (int shift = 18; shift >= 0; shift -= 6)
				out[len++] = letters[v >> shift & 63];
		}
		for (int i = 0; i < (3 - n % 3) % 3; i++)
			out[len - 1 - i] = '=';
		printf("actor: %s: %.*s\n", word, len, out);
	}
	printf("actor: %s: end\n", word);
	return 0;
}

/* PCR WORD in every bank, as the kernel reads it. */
static int play_pcr(const char *word)
{
	char path[128];
	glob_t found = { 0 };

	snprintf(path, sizeof(path), "/sys/class/tpm/tpm*/pcr-*/%s", word);
	glob(path, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *bank = strstr(found.gl_pathv[i], "pcr-");
		FILE *file = fopen(found.gl_pathv[i], "r");
		char value[130] = "";

		if (file && fscanf(file, "%129s", value) == 1) {
			for (char *c = value; *c; c++)
				*c = (char)tolower(*c);
			printf("actor: PCR %s %.*s %s\n", word,
			       (int)strcspn(bank + 4, "/"), bank + 4, value);
		}
		if (file)
			fclose(file);
	}
	globfree(&found);
	return 0;
}

static const struct role {
	const char *name;
	int (*play)(const char *word);
} roles[] = {
	{ "marker", play_marker },     /* says WORD and when */
	{ "exit", play_exit },	       /* ends with status WORD */
	{ "die", play_die },	       /* ends by signal WORD */
	{ "sleep", play_sleep },       /* does nothing for WORD seconds */
	{ "flaky", play_flaky },       /* fails until its WORD-th run */
	{ "count", play_count },       /* one more in file WORD */
	{ "pid", play_pid },	       /* says its APP and its number */
	{ "identity", play_identity }, /* says who it is: user, environment */
	{ "fds", play_fds },	       /* counts what it inherited */
	{ "orphan", play_orphan },     /* leaves a grandchild to PID 1 */
	{ "zombies", play_zombies },   /* counts what nobody reaped */
	{ "leave", play_leave },       /* leaves a child that never ends */
	{ "stubborn", play_stubborn }, /* ignores SIGTERM */
	{ "stay", play_stay },	       /* runs until it is told to end */
	{ "signal", play_signal },     /* sends signal WORD to PID 1 */
	{ "fill", play_fill },	       /* writes file WORD until disk full */
	{ "write", play_write },       /* appends to file WORD */
	{ "dump", play_dump },	       /* prints file WORD in base64 */
	{ "pcr", play_pcr },	       /* prints PCR WORD */
};

static int play(const char *name, const char *word)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (strcmp(name, roles[i].name) == 0)
			return roles[i].play(word);
	printf("actor: no such role\n");
	return 2;
}

int main(int argc, char **argv)
{
	int status = argc > 1 ? 0 : 2;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc && !status; i += 2)
		status = play(argv[i], i + 1 < argc ? argv[i + 1] : "");
	return status;
}
