// SPDX-License-Identifier: MIT
/*
 * The host command: builds the images that init boots, predicts what init
 * will measure, and seals disks under it. The table is the usage text and
 * the dispatcher; the manual is cvmctl(1).
 */
#include <stdio.h>
#include <string.h>

#include "cvmctl/command.h"
#include "cvmctl/tool/child.h"
#include "cvmctl/tool/interrupt.h"
#include "cvmctl/tool/key-memory.h"
#include "lib/own.h"

static const struct {
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
	{ "challenge", command_challenge, "of a verifier to a VM's TPM" },
	{ "verify", command_verify, "judge the evidence of a VM" },
	{ "broker", command_broker,
	  "give volumes' keys to VMs that it trusts" },
	{ "inspect", command_inspect, "show what one of our files holds" },
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
	(void)fputs("\ncvmctl COMMAND --help lists the options of one; "
		    "cvmctl --version says which this is.\n"
		    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 not "
		    "trusted.\n",
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

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	struct fail f = { 0 };

	(void)key_memory_protect(); /* if not, keys work as they are */
	interrupt_install();
	child_extend_path();
	for (size_t i = 0; i < array_size(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return report(name,
				      commands[i].run(argc - 1, argv + 1, &f),
				      &f);
	if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
		print_usage(stdout);
		return 0;
	}
	if (strcmp(name, "--version") == 0) {
		(void)puts("cvmctl " CVM_VERSION);
		return 0;
	}
	print_usage(stderr);
	return 2;
}
