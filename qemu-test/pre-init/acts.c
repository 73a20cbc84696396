/* SPDX-License-Identifier: MIT */
/*
 * What somebody who can add to the initramfs might run before init: this
 * program is /init, does what the lines of /pre-init.acts say, ACT [WORD],
 * and executes /init.real in its place. The acts are the table below.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMA_POLICY "/sys/kernel/security/ima/policy"

enum { line_max = 256 };

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

static const struct act {
	const char *name;
	void (*perform)(const char *word);
} acts[] = {
	{ "policy", act_policy }, /* loads the IMA policy in file WORD */
	{ "hold", act_hold },	  /* keeps the policy file open */
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
	for (int i = mounts_n; i > 0; i--)
		umount2(mounts[i - 1].target, MNT_DETACH);
	execv("/init.real", argv);
	return 1;
}
