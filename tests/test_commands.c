// SPDX-License-Identifier: MIT
/* Every way in which a command of cvmctl refuses its input, by table. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "lib/own.h"
#include "lib/text.h"
#include "tests/image-tree.h"

#define INPUT "--kernel kernel --modules mods --init init --config boot.conf "
#define BUILD "build --output image --root root " INPUT
#define ARGUMENTS(what, command) \
	"cannot read the arguments: " what "; see cvmctl " command " --help"

#define NO_SIZE "is no size, such as 64M: a number of bytes, or of K, M or G"

static const struct refusal {
	const char *words;
	int result; /* COMMAND_USAGE, or -1 for any failure */
	const char *line;
} refusals[] = {
	/* arguments */
	{ "build", COMMAND_USAGE,
	  ARGUMENTS("--root DIR|TAR is missing", "build") },
	{ "build --zig", COMMAND_USAGE,
	  ARGUMENTS("--zig is unknown", "build") },
	{ "build --root", COMMAND_USAGE,
	  ARGUMENTS("--root needs a value", "build") },
	{ "build --root a --root b", COMMAND_USAGE,
	  ARGUMENTS("--root is repeated", "build") },
	{ BUILD "more", COMMAND_USAGE, ARGUMENTS("more is too much", "build") },
	{ "predict", COMMAND_USAGE,
	  ARGUMENTS("give one of --image and --root", "predict") },
	{ "predict --image a --root b", COMMAND_USAGE,
	  ARGUMENTS("give one of --image and --root", "predict") },
	{ "predict --image a --apps b", COMMAND_USAGE,
	  ARGUMENTS(
		  "--apps, --config and --root-hash are for --root; an image has its own",
		  "predict") },
	{ "predict --image a --config b", COMMAND_USAGE,
	  ARGUMENTS(
		  "--apps, --config and --root-hash are for --root; an image has its own",
		  "predict") },
	{ "predict --root root --banks md5", COMMAND_USAGE,
	  ARGUMENTS("--banks md5 is not a list of sha1, sha256, sha384, "
		    "sha512",
		    "predict") },
	{ "predict --root root --banks ,", COMMAND_USAGE,
	  ARGUMENTS("--banks , is not a list of sha1, sha256, sha384, sha512",
		    "predict") },
	{ "check", COMMAND_USAGE,
	  ARGUMENTS("nothing is given to check", "check") },
	{ "check --modules mods", COMMAND_USAGE,
	  ARGUMENTS("--kernel and --modules go together", "check") },
	{ "check --kernel kernel --modules mods", COMMAND_USAGE,
	  ARGUMENTS("--kernel needs --boot", "check") },
	{ "inspect", COMMAND_USAGE, ARGUMENTS("PATH is missing", "inspect") },
	{ "seal", COMMAND_USAGE, ARGUMENTS("DEVICE is missing", "seal") },
	{ "seal d", COMMAND_USAGE,
	  ARGUMENTS("give one of --format, --add and --replace", "seal") },
	{ "seal --format --add d", COMMAND_USAGE,
	  ARGUMENTS("give one of --format, --add and --replace", "seal") },
	{ "seal --add --replace d", COMMAND_USAGE,
	  ARGUMENTS("give one of --format, --add and --replace", "seal") },
	{ "seal --format --legacy --srk s d", COMMAND_USAGE,
	  ARGUMENTS("--legacy needs the TPM, not --srk", "seal") },
	{ "seal --add --pcr 1=0 d", COMMAND_USAGE,
	  ARGUMENTS("--add and --replace need --key-file, a key that opens the "
		    "disk",
		    "seal") },
	{ "seal --replace --key-file k --pcr 1=0 --size 1M d", COMMAND_USAGE,
	  ARGUMENTS("--size, --mkfs and --force are for --format", "seal") },
	{ "seal --add --key-file k --pcr 1=0 --force d", COMMAND_USAGE,
	  ARGUMENTS("--size, --mkfs and --force are for --format", "seal") },
	{ "seal --add --key-file k --pcr 1=0 --mkfs none d", COMMAND_USAGE,
	  ARGUMENTS("--size, --mkfs and --force are for --format", "seal") },
	{ "seal --add --key-file k --pcr 1=0 --volume v d", COMMAND_USAGE,
	  ARGUMENTS("--volume needs --image", "seal") },
	{ "seal --replace --key-file k --pcr 1=0 --uuid 1 d", COMMAND_USAGE,
	  ARGUMENTS("--uuid 1 is no UUID", "seal") },
	{ "seal --add --key-file k --pcr 1=0 --token 1 d", COMMAND_USAGE,
	  ARGUMENTS("--token is for --replace", "seal") },
	{ "seal --replace --key-file k --pcr 1=0 --token 32 d", COMMAND_USAGE,
	  ARGUMENTS("--token 32 is no number from 0 to 31", "seal") },
	{ "seal --format --pcr 1=0 --tpm t --srk s d", COMMAND_USAGE,
	  ARGUMENTS("give one of --tpm and --srk", "seal") },
	{ "seal --format --pcr 1=0 --volume v d", COMMAND_USAGE,
	  ARGUMENTS("--volume needs --image", "seal") },
	{ "seal --format --pcr 1=0 --mkfs xfs d", COMMAND_USAGE,
	  ARGUMENTS("--mkfs xfs is neither ext4 nor none", "seal") },
	{ "seal --format --pcr 1=0 --bank md5 d", COMMAND_USAGE,
	  ARGUMENTS("--bank md5 is none of sha1, sha256, sha384, sha512",
		    "seal") },
	{ "seal --format --pcr 1=00 d", COMMAND_USAGE,
	  ARGUMENTS("--pcr 1=00 is not N=HEX of bank sha256, or repeated",
		    "seal") },
	{ "seal --format --bank sha1 --pcr "
	  "24=0000000000000000000000000000000000000000 d",
	  COMMAND_USAGE,
	  ARGUMENTS("--pcr 24=0000000000000000000000000000000000000000 is not "
		    "N=HEX of bank sha1, or repeated",
		    "seal") },
	{ "seal --format --bank sha1 --pcr "
	  "7=0000000000000000000000000000000000000000 --pcr "
	  "7=0000000000000000000000000000000000000000 d",
	  COMMAND_USAGE,
	  ARGUMENTS("--pcr 7=0000000000000000000000000000000000000000 is not "
		    "N=HEX of bank sha1, or repeated",
		    "seal") },
	{ "seal --format --bank sha1 --size much --pcr "
	  "7=0000000000000000000000000000000000000000 d",
	  COMMAND_USAGE, ARGUMENTS("--size much " NO_SIZE "", "seal") },
	{ "seal --format --size 0M --pcr 1=0 d", COMMAND_USAGE,
	  ARGUMENTS("--size 0M " NO_SIZE "", "seal") },
	{ "seal --format --uuid 463005b7 --pcr 1=0 d", COMMAND_USAGE,
	  ARGUMENTS("--uuid 463005b7 is no UUID", "seal") },
	{ "srk", COMMAND_USAGE, ARGUMENTS("--output FILE is missing", "srk") },
	{ "unseal", COMMAND_USAGE, ARGUMENTS("DEVICE is missing", "unseal") },
	/* files that are missing or something else */
	{ "build --output image --root none " INPUT, -1,
	  "cannot read root none: No such file or directory; check --root" },
	{ "build --output /none/image --root root " INPUT, -1,
	  "cannot make a directory beside /none/image: No such file or "
	  "directory; choose a place you can write to" },
	{ BUILD "--cmdline \"two\tlines\"", -1,
	  "cannot use the command line: it is not one line of 2047 bytes; "
	  "shorten --cmdline" },
	{ BUILD "--cmdline init=/bin/sh", -1,
	  "cannot accept the command line word init=/bin/sh: it would "
	  "replace what was measured; leave it out of --cmdline, or list "
	  "it in [boot] allow-cmdline" },
	{ "predict --image none", -1,
	  "cannot read none/manifest.json: No such file or directory; give "
	  "the directory that cvmctl build wrote" },
	{ "sign --key none --add-to empty", -1,
	  "cannot read empty: Is a directory; check --add-to" },
	{ "unseal --signatures none d", -1,
	  "cannot read none: No such file or directory; check "
	  "--signatures" },
	{ "unseal --signatures kernel d", -1,
	  "cannot read the signatures in kernel: they have not the form of "
	  "tpm2-pcr-signature.json; sign the PCR values again with cvmctl "
	  "sign" },
	{ BUILD "--cmdline \"\" --apps none", -1,
	  "cannot read none: No such file or directory; check --apps" },
	{ BUILD "--ima-policy kernel", -1,
	  "cannot use IMA policy kernel: boot.conf does not name it; set "
	  "[ima] policy to a path such as /etc/cvm-init/ima-policy" },
	{ "build --output image --root root --kernel init --modules mods "
	  "--init init --config boot.conf",
	  -1,
	  "cannot use kernel init: it is not a bzImage; give the vmlinuz of "
	  "an x86-64 kernel" },
	{ "build --output image --root root --kernel none --modules mods "
	  "--init init --config boot.conf",
	  -1, "cannot read none: No such file or directory; check --kernel" },
	{ "build --output image --root root --kernel kernel --modules mods "
	  "--init boot.conf --config boot.conf",
	  -1,
	  "cannot use boot.conf: it is not an ELF program; give the init that "
	  "make builds" },
	{ "build --output image --root root --kernel kernel --modules mods "
	  "--init /proc/self/exe --config boot.conf",
	  -1,
	  "cannot use /proc/self/exe: it is dynamic: there are no libraries in "
	  "the initramfs; give the init that make builds" },
	{ "build --output image --root root --kernel kernel --modules mods "
	  "--init none --config boot.conf",
	  -1, "cannot read none: No such file or directory; check --init" },
	{ "build --output image --root root --kernel kernel --modules mods "
	  "--init init --config none",
	  -1, "cannot read none: No such file or directory; check --config" },
	{ "build --output image --root root --kernel kernel --modules mods "
	  "--init init --config policy.conf",
	  -1,
	  "cannot find IMA policy /p: boot.conf names one and --ima-policy is "
	  "missing; give --ima-policy, or [ima] policy = none" },
	{ "build --output image --root root --kernel kernel --modules mods "
	  "--init init --config policy.conf --ima-policy none",
	  -1,
	  "cannot read none: No such file or directory; check --ima-policy" },
	{ "build --output image --root root --kernel kernel --modules mods "
	  "--init init --config ext4.conf",
	  -1,
	  "cannot make a root of ext4: cvmctl build makes erofs only; set "
	  "[root] fs = erofs in boot.conf" },
	{ "build --output image --root root --kernel kernel --modules none "
	  "--init init --config modules.conf",
	  -1, "cannot find none: No such file or directory; check --modules" },
	{ "build --output image --root root --kernel kernel --modules mods "
	  "--init init --config modules.conf",
	  -1,
	  "cannot read the modules in mods: No such file or directory; give a "
	  "/lib/modules/VERSION directory that depmod has seen" },
	{ "build --output image --root root --kernel kernel --modules mods "
	  "--init init --config overlay.conf",
	  -1,
	  "cannot put an overlay on /app/run of the root: Not a directory; "
	  "create the directory in the root" },
	{ BUILD "--apps idle.conf", -1,
	  "cannot run the apps of /etc/cvm-init/apps.conf: it declares no "
	  "[app]; declare one, see apps.conf(5)" },
	{ "predict --root empty", -1,
	  "cannot read /etc/cvm-init/apps.conf of the root: No such file or "
	  "directory; give one with --apps" },
	{ "predict --root bare", -1,
	  "cannot use /etc/cvm-init/apps.conf: apps.conf:1: unknown section "
	  "[x]; allowed are [app NAME]; see apps.conf(5)" },
	{ "check --root empty --apps kernel", -1, NULL },
	{ "check --root root --boot wrong.conf", -1, NULL },
	{ "check --root unmounted --boot boot.conf", -1,
	  "cannot mount on /dev of the root: No such file or directory; "
	  "create the directory in the root" },
	{ "check --root root --boot overlay.conf", -1,
	  "cannot put an overlay on /app/run of the root: Not a directory; "
	  "create the directory in the root" },
	{ "check --root root --apps idle.conf --boot boot.conf", -1,
	  "cannot run the apps of idle.conf: it declares no [app]; declare one, "
	  "see apps.conf(5)" },
	{ "check --root idle --boot boot.conf", -1,
	  "cannot run the apps of /etc/cvm-init/apps.conf: it declares no "
	  "[app]; declare one, see apps.conf(5)" },
	{ "check --apps idle.conf --boot boot.conf", -1,
	  "cannot run the apps of idle.conf: it declares no [app]; declare one, "
	  "see apps.conf(5)" },
	{ "check --boot none", -1,
	  "cannot read none: No such file or directory; check --boot" },
	{ "check --apps none", -1,
	  "cannot read none: No such file or directory; check --apps" },
	{ "check --ima-policy none", -1,
	  "cannot read none: No such file or directory; check "
	  "--ima-policy" },
	{ "inspect none", -1,
	  "cannot open none: No such file or directory; check the path" },
	{ "inspect boot.conf", -1,
	  "cannot inspect boot.conf: it is of no kind that cvmctl knows; see "
	  "cvmctl inspect --help" },
	{ "inspect null.json", -1,
	  "cannot inspect null.json: it is of no kind that cvmctl knows; see "
	  "cvmctl inspect --help" },
	{ "inspect nothing", -1,
	  "cannot inspect nothing: it is of no kind that cvmctl knows; see "
	  "cvmctl inspect --help" },
	{ "inspect mods", -1,
	  "cannot read mods/manifest.json: No such file or directory; give "
	  "the directory that cvmctl build wrote" },
	{ "inspect truncated.cpio", -1,
	  "cannot unpack truncated.cpio: Invalid argument; give an initramfs "
	  "of cvmctl build" },
	{ "seal --format --key-file none --apps-only --bank sha1 --pcr "
	  "14=0000000000000000000000000000000000000000 d",
	  -1,
	  "cannot read none: No such file or directory; check "
	  "--key-file" },
	{ "seal --format --srk none --apps-only --bank sha1 --pcr "
	  "14=0000000000000000000000000000000000000000 d",
	  -1, "cannot read none: No such file or directory; check --srk" },
	{ "seal --format --srk nothing --apps-only --bank sha1 --pcr "
	  "14=0000000000000000000000000000000000000000 d",
	  -1,
	  "cannot use the storage root key nothing: it is not one "
	  "TPM2B_PUBLIC; export it with cvmctl srk" },
	{ "seal --format --key-file nothing --apps-only --bank sha1 --pcr "
	  "14=0000000000000000000000000000000000000000 d",
	  -1,
	  "cannot use key nothing: a key has 1 to 8192 bytes; check "
	  "--key-file" },
	{ "seal --format --tpm swtpm:path=none --bank sha1 --apps-only "
	  "--pcr 14=0000000000000000000000000000000000000000 d",
	  -1,
	  "cannot open TPM path=none: No such file or directory; check --tpm, "
	  "and that swtpm runs" },
	{ "seal --format --tpm device:none --bank sha1 --apps-only "
	  "--pcr 14=0000000000000000000000000000000000000000 d",
	  -1,
	  "cannot open TPM none: No such file or directory; check --tpm, and "
	  "that swtpm runs" },
	{ "seal --format --tpm mssim:port=1 --bank sha1 --apps-only "
	  "--pcr 14=0000000000000000000000000000000000000000 d",
	  -1,
	  "cannot open TPM mssim:port=1: not a kind of TPM we can speak to; "
	  "check --tpm, and that swtpm runs" },
};

static void add_inputs(struct tree *t)
{
	static const char *const idle[] = {
		"idle",	    "idle/data",	 "idle/dev",
		"idle/etc", "idle/etc/cvm-init", "idle/proc",
		"idle/run", "idle/sys",
	};

	tree_dir(t, "empty");
	tree_dir(t, "bare");
	tree_dir(t, "bare/etc");
	tree_dir(t, "bare/etc/cvm-init");
	tree_file(t, "bare/etc/cvm-init/apps.conf", 0644, "[x]\n");
	tree_dir(t, "unmounted");
	tree_dir(t, "unmounted/app");
	tree_dir(t, "unmounted/etc");
	tree_dir(t, "unmounted/etc/cvm-init");
	tree_file(t, "unmounted/app/run", 0755, "");
	tree_file(t, "unmounted/etc/cvm-init/apps.conf", 0644, IMAGE_TREE_APPS);
	tree_file(t, "wrong.conf", 0644, "[nothing]\n");
	tree_file(t, "nothing", 0644, "");
	tree_file(t, "d", 0600, "");
	tree_file(t, "null.json", 0644, "{\"type\":null}");
	tree_file(t, "truncated.cpio", 0644, "07070100000000");
	for (size_t i = 0; i < array_size(idle); i++)
		tree_dir(t, idle[i]);
	tree_file(t, "idle/etc/cvm-init/apps.conf", 0644, "# none\n");
	tree_file(t, "idle.conf", 0644, "# none\n");
	tree_file(t, "overlay.conf", 0644,
		  "[tpm]\nrequire = any\n[ima]\npolicy = none\n[root]\n"
		  "fs = erofs\n[workload]\nmode = supervise\n[overlay]\n"
		  "mode = directories\ndirectory = /app\n"
		  "directory = /app/run\n");
	tree_file(t, "policy.conf", 0644,
		  "[tpm]\nrequire = any\n[ima]\npolicy = /p\n[root]\n"
		  "fs = erofs\n[workload]\nmode = supervise\n");
	tree_file(t, "ext4.conf", 0644,
		  "[tpm]\nrequire = any\n[ima]\npolicy = none\n[root]\n"
		  "fs = ext4\n[workload]\nmode = supervise\n");
	tree_file(t, "modules.conf", 0644,
		  "[tpm]\nrequire = any\n[ima]\npolicy = none\n[root]\n"
		  "fs = erofs\n[workload]\nmode = supervise\n[modules]\n"
		  "load = erofs\n");
}

static int run(char *words, struct fail *f)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv, struct fail *f);
	} commands[] = {
		{ "build", command_build },   { "predict", command_predict },
		{ "seal", command_seal },     { "inspect", command_inspect },
		{ "check", command_check },   { "srk", command_srk },
		{ "unseal", command_unseal }, { "sign", command_sign },
	};
	char *argv[32] = { NULL };
	int argc = text_split_words(words, argv, 31);

	for (size_t i = 0; i < array_size(commands); i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			return commands[i].run(argc, argv, f);
	fail_msg("%s is no command", argv[0]);
	return 0;
}

/* Makes paths in this run's tree relative again. */
static void cut_tree(char *line, const struct tree *t)
{
	size_t len = strlen(t->path) + 1;
	char *hit;

	while ((hit = strstr(line, t->path)) && hit[len - 1] == '/')
		memmove(hit, hit + len, strlen(hit + len) + 1);
}

static void refuses(void **state)
{
	const struct refusal *c = *state;
	char words[512];
	char line[fail_line_max];
	struct fail f = { 0 };
	struct tree t;
	int r;

	image_tree_make(&t);
	add_inputs(&t);
	(void)snprintf(words, sizeof(words), "%s", c->words);
	r = run(words, &f);
	(void)snprintf(line, sizeof(line), "cannot %s: %s; %s", f.what,
		       f.reason, f.remedy);
	cut_tree(line, &t);
	assert_int_equal(r < 0 ? -1 : r, c->result);
	if (c->line)
		assert_string_equal(line, c->line);
	assert_int_not_equal(access("image", F_OK), 0);
	image_tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = { TABLE(refuses, refusals) };

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return table_run(tables, array_size(tables));
}
