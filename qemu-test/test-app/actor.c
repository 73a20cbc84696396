/* SPDX-License-Identifier: MIT */
/*
 * A workload that behaves as it is told, so that a scenario can see how PID 1
 * deals with it: actor ROLE [WORD]. Each role says on stdout what it saw, in
 * lines that begin with "actor: ". The roles are the table below.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { reap_wait_ms = 3000, tpm_answer_max = 4096, pcr_count = 24 };

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
	return atoi(word);
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

/* TPM2_PCR_Extend (TCG Part 3, 22.2) of a zero digest, password session. */
static int play_extend(const char *word)
{
	uint8_t command[65] = {
		0x80, 0x02, 0, 0,
		0,    65,   0, 0,
		0x01, 0x82,					  /* header */
		0,    0,    0, (uint8_t)(atoi(word) % pcr_count), /* the PCR */
		0,    0,    0, 9,
		0x40, 0,    0, 9,
		0,    0,    0, 0,
		0, /* session */
		0,    0,    0, 1,
		0,    0x0b, /* one digest: SHA-256 */
	};
	uint8_t answer[tpm_answer_max];
	int fd = open("/dev/tpmrm0", O_RDWR | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 || write(fd, command, sizeof(command)) < 0) {
		printf("actor: cannot extend: %s\n", strerror(errno));
		return 0;
	}
	n = read(fd, answer, sizeof(answer));
	printf("actor: extend PCR %s: code 0x%02x%02x\n", word,
	       n < 10 ? 0xff : answer[8], n < 10 ? 0xff : answer[9]);
	return 0;
}

static const struct role {
	const char *name;
	int (*play)(const char *word);
} roles[] = {
	{ "marker", play_marker },     /* says WORD and when, ends */
	{ "exit", play_exit },	       /* ends with status WORD */
	{ "orphan", play_orphan },     /* leaves a grandchild to PID 1 */
	{ "stubborn", play_stubborn }, /* ignores SIGTERM */
	{ "stay", play_stay },	       /* runs until it is told to end */
	{ "signal", play_signal },     /* sends signal WORD to PID 1 */
	{ "fill", play_fill },	       /* writes file WORD until disk full */
	{ "write", play_write },       /* appends to file WORD */
	{ "extend", play_extend },     /* extends PCR WORD */
};

int main(int argc, char **argv)
{
	const char *word = argc > 2 ? argv[2] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc > 1 && i < sizeof(roles) / sizeof(*roles); i++)
		if (strcmp(argv[1], roles[i].name) == 0)
			return roles[i].play(word);
	printf("actor: no such role\n");
	return 2;
}
