/* SPDX-License-Identifier: MIT */
/*
 * An init for the harness's own tests: it does what the kernel command line
 * says after "--", which the kernel hands to it as arguments of the form
 * ACT[=VALUE], and powers off. The acts are the table below.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { path_max = 256 };

static void act_hang(const char *value)
{
	(void)value;
	while (pause() < 0)
		continue;
}

static void act_exit(const char *value)
{
	exit(atoi(value));
}

static void act_reboot(const char *value)
{
	(void)value;
	reboot(RB_AUTOBOOT);
}

static void act_exists(const char *value)
{
	printf("harness: %s: %s\n", value,
	       access(value, F_OK) ? "absent" : "there");
}

static void act_link(const char *value)
{
	char target[path_max] = "";

	if (readlink(value, target, sizeof(target) - 1) < 0)
		perror(value);
	printf("harness: %s -> %s\n", value, target);
}

static void act_load(const char *value)
{
	int fd = open(value, O_RDONLY | O_CLOEXEC);

	if (syscall(SYS_finit_module, fd, "", 0) < 0)
		perror(value);
	close(fd);
}

/* The first word of a file or disk. */
static void act_head(const char *value)
{
	char word[16] = "";
	int fd = open(value, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, word, sizeof(word) - 1) < 0)
		perror(value);
	printf("harness: %s begins with %s\n", value, word);
	close(fd);
}

static const struct act {
	const char *name;
	void (*perform)(const char *value);
} acts[] = {
	{ "hang", act_hang },	  /* for ever */
	{ "exit", act_exit },	  /* which PID 1 must not do */
	{ "reboot", act_reboot }, /* instead of powering off */
	{ "exists", act_exists }, /* is there such a path? */
	{ "link", act_link },	  /* where does it point? */
	{ "load", act_load },	  /* a kernel module */
	{ "head", act_head },	  /* how a file begins */
};

static void perform(char *word)
{
	const char *value = "";
	char *sign = strchr(word, '=');

	if (sign) {
		*sign = '\0';
		value = sign + 1;
	}
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		if (strcmp(word, acts[i].name) == 0)
			acts[i].perform(value);
}

int main(int argc, char **argv)
{
	mkdir("/sys", 0755);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	setvbuf(stdout, NULL, _IONBF, 0);
	printf("harness: began\n");
	for (int i = 1; i < argc; i++)
		perform(argv[i]);
	reboot(RB_POWER_OFF);
	return 0;
}
