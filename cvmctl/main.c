// SPDX-License-Identifier: MIT
/*
 * The host command: builds the images that init boots, predicts what init
 * will measure, and seals disks under it. The table is the usage text and
 * the dispatcher; the manual is cvmctl(1).
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/command.h"
#include "cvmctl/tool/child.h"
#include "cvmctl/tool/interrupt.h"
#include "cvmctl/tool/key-memory.h"
#include "cvmctl/tool/nearest.h"
#include "lib/own.h"

enum { mistyped_max = 2 }; /* letters of a command's name */

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv, struct fail *f);
	const char *summary;
} commands[] = {
	{ "build", command_build, "write an image: kernel, initramfs, disk" },
	{ "predict", command_predict, "PCRs of the boot chain and the apps" },
	{ "seal", command_seal, "bind a LUKS2 disk to a TPM and PCR values" },
	{ "sign", command_sign, "approve PCR values with a release key" },
	{ "srk", command_srk, "the key of a TPM to seal for elsewhere" },
	{ "unseal", command_unseal, "for tests: the key of a sealed disk" },
	{ "evidence", command_evidence, "in a VM: what a verifier goes by" },
	{ "challenge", command_challenge, "ask a VM's TPM to prove itself" },
	{ "verify", command_verify, "judge the evidence of a VM" },
	{ "broker", command_broker,
	  "give volumes' keys to VMs that it trusts" },
	{ "inspect", command_inspect, "show what one of our files holds" },
	{ "diff", command_diff, "what changed from one image to another" },
	{ "explain", command_explain, "draw what is measured into what" },
	{ "timeline", command_timeline, "draw what a boot took, and where" },
	{ "check", command_check, "check boot.conf, apps.conf, IMA policy" },
};

static void print_usage(FILE *out)
{
	(void)fputs("usage: cvmctl COMMAND [OPTION]...\n\n", out);
	for (size_t i = 0; i < array_size(commands); i++)
		(void)fprintf(out, "  %-10s%s\n", commands[i].name,
			      commands[i].summary);
	(void)fputs("\ncvmctl help COMMAND lists the options of one; "
		    "cvmctl --version says which this is.\n"
		    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 not "
		    "trusted, or different.\n",
		    out);
}

static int report(const char *command, int result, const struct fail *f)
{
	char line[fail_line_max];

	if (result == COMMAND_OK || result == COMMAND_HELP ||
	    result == COMMAND_REFUSED) {
		if (fflush(stdout) == 0)
			return result == COMMAND_REFUSED ? COMMAND_REFUSED : 0;
		(void)fprintf(stderr,
			      "cvmctl: %s: cannot write the answer: %s; free "
			      "disk space\n",
			      command, "the output is full or closed");
		return 1;
	}
	fail_format(f, "cvmctl", command, line, sizeof(line));
	(void)fprintf(stderr, "%s\n", line);
	return result == COMMAND_USAGE ? 2 : 1;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < array_size(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

/* One that is close enough to be what was meant, or NULL. */
static const struct command *find_nearest(const char *name)
{
	const struct command *nearest = NULL;
	unsigned least = mistyped_max + 1;

	for (size_t i = 0; i < array_size(commands); i++) {
		unsigned n = nearest_distance(name, commands[i].name);

		if (n >= least)
			continue;
		least = n;
		nearest = &commands[i];
	}
	return nearest;
}

static int refuse_command(const char *name)
{
	const struct command *nearest = find_nearest(name);
	struct fail f = { 0 };

	(void)fail_because(&f, "", "see cvmctl help", "read the arguments");
	(void)fail_reason(&f, "there is no command %s%s%s", name,
			  nearest ? ", but " : "",
			  nearest ? nearest->name : "");
	return report(NULL, COMMAND_USAGE, &f);
}

static int run(int argc, char **argv)
{
	const struct command *command = find(argv[0]);
	struct fail f = { 0 };

	return command ? report(argv[0], command->run(argc, argv, &f), &f)
		       : refuse_command(argv[0]);
}

static bool is_help(const char *word)
{
	return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 ||
	       strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
	char help[] = "--help";

	(void)key_memory_protect(); /* if not, keys work as they are */
	interrupt_install();
	child_extend_path();
	if (argc < 2) {
		print_usage(stderr);
		return 2;
	}
	if (is_help(argv[1]) && argc > 2) {
		char *words[] = { argv[2], help, NULL };

		return run(2, words);
	}
	if (is_help(argv[1])) {
		print_usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)puts("cvmctl " CVM_VERSION);
		return 0;
	}
	return run(argc - 1, argv + 1);
}
