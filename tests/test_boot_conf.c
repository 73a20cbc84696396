// SPDX-License-Identifier: MIT
/* boot.conf: what is accepted, what it means, and every refusal's words. */
#include "config/boot.h"

#include <stdio.h>
#include <string.h>

#include "lib/own.h"
#include "lib/text.h"
#include "tests/table.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define VERITY                                                              \
	"root-hash = " HASH "\nhash = sha256\nsalt = 0011\n"                \
	"data-block-size = 4096\nhash-block-size = 4096\ndata-blocks = 7\n" \
	"hash-offset = 28672\n"
#define UUID   "01234567-89ab-cdef-0123-456789abcdef"
#define IMA    "[ima]\npolicy = none\n"
#define TPM    "[tpm]\nrequire = any\n" IMA
#define ROOT   "[root]\n" VERITY
#define WORK   "[workload]\nmode = supervise\n"
#define GOOD   TPM ROOT WORK
#define BROKER "[broker]\nat = vsock:2:7000\nkey = " HASH "\n"

static int read_conf(const char *text, bool template, struct boot_conf *c,
		     struct ini_error *e)
{
	return boot_conf_read("boot.conf", text, strlen(text), template, c, e);
}

static struct boot_conf *accept(const char *text)
{
	static struct boot_conf c; /* large */
	struct ini_error e;

	if (read_conf(text, false, &c, &e) != 0)
		fail_msg("refused: %s", e.text);
	return &c;
}

static void has_defaults(void **state)
{
	const struct boot_conf *c = accept(GOOD);

	(void)state;
	assert_int_equal(c->boot.on_failure, BOOT_END_POWER_OFF);
	assert_int_equal(c->boot.on_exit, BOOT_END_POWER_OFF);
	assert_int_equal(c->boot.device_timeout_s, 10);
	assert_int_equal(c->tpm.timeout_s, 30);
	assert_int_equal(c->tpm.require, BOOT_TPM_ANY);
	assert_int_equal(c->root.fs, BOOT_FS_EROFS);
	assert_int_equal(c->overlay.mode, BOOT_OVERLAY_ROOT);
	assert_int_equal(c->overlay.size_bytes, 256 * 1024 * 1024);
	assert_int_equal(c->volumes, 0);
	assert_int_equal(c->modules.load.n, 0);
	assert_false(c->modules.lock);
	assert_string_equal(c->ima.policy, "");
	assert_string_equal(c->root.device, "");
}

static void reads_every_key(void **state)
{
	const struct boot_conf *c = accept(
		"[boot]\non-failure = reboot\non-exit = reboot\n"
		"device-timeout = 3600\nallow-cmdline = nosmt\n"
		"allow-cmdline = lsm=ima\n"
		"[tpm]\nrequire = crb tis\nbanks = sha256 sha384\n"
		"timeout = 1\n"
		"[modules]\nload = virtio_blk dm-verity\nload = erofs\n"
		"lock = yes\n"
		"[ima]\npolicy = /etc/cvm-init/ima-policy\n"
		"[root]\ntype = verity\ndevice = /dev/vdb\nfs = ext4\n" VERITY
		"[overlay]\nmode = directories\nsize = 64M\ninodes = 99\n"
		"directory = /var\ndirectory = /etc\n"
		"[volume state]\nuuid = " UUID "\nkey = sealed\n"
		"mount = /data\nexec = yes\nmeasure-key = yes\n"
		"import = yes\n"
		"[volume two]\ndevice = /dev/vdc\nmount = /two\n"
		"key = delivered\n"
		"[broker]\nat = virtio-serial:org.example.keys\n"
		"key = " HASH "\ntimeout = 7\n"
		"[workload]\nmode = exec\nexec = /sbin/init\n");

	(void)state;
	assert_int_equal(c->boot.on_failure, BOOT_END_REBOOT);
	assert_int_equal(c->boot.on_exit, BOOT_END_REBOOT);
	assert_int_equal(c->boot.device_timeout_s, 3600);
	assert_int_equal(c->boot.allow_cmdline.n, 2);
	assert_string_equal(c->boot.allow_cmdline.word[1], "lsm=ima");
	assert_int_equal(c->tpm.require, BOOT_TPM_CRB | BOOT_TPM_TIS);
	assert_int_equal(c->tpm.banks,
			 1U << DIGEST_SHA256 | 1U << DIGEST_SHA384);
	assert_int_equal(c->modules.load.n, 3);
	assert_string_equal(c->modules.load.name[2], "erofs");
	assert_true(c->modules.lock);
	assert_string_equal(c->ima.policy, "/etc/cvm-init/ima-policy");
	assert_string_equal(c->root.device, "/dev/vdb");
	assert_int_equal(c->root.fs, BOOT_FS_EXT4);
	assert_int_equal(c->root.verity.data_blocks, 7);
	assert_int_equal(c->root.verity.hash_offset, 28672);
	assert_int_equal(c->root.verity.salt_len, 2);
	assert_int_equal(c->root.verity.root_hash[31], 0xff);
	assert_int_equal(c->overlay.dirs.n, 2);
	assert_int_equal(c->overlay.inodes, 99);
	assert_int_equal(c->volumes, 2);
	assert_string_equal(c->volume[0].uuid, UUID);
	assert_true(c->volume[0].exec);
	assert_true(c->volume[0].measure_key);
	assert_false(c->volume[1].measure_key);
	assert_true(c->volume[0].import);
	assert_false(c->volume[1].import);
	assert_int_equal(c->volume[0].key, BOOT_KEY_SEALED);
	assert_int_equal(c->volume[1].key, BOOT_KEY_DELIVERED);
	assert_int_equal(c->broker.at.kind, BOOT_CHANNEL_PORT);
	assert_string_equal(c->broker.at.port, "org.example.keys");
	assert_int_equal(c->broker.key.hash[31], 0xff);
	assert_int_equal(c->broker.timeout_s, 7);
	assert_string_equal(c->volume[1].device, "/dev/vdc");
	assert_string_equal(c->workload.exec, "/sbin/init");
}

static const struct refusal {
	const char *want;
	const char *text;
} refusals[] = {
	{ "boot.conf: is empty", "" },
	{ "boot.conf:1: unknown section [disk]; allowed are [boot] [tpm] [measure] "
	  "[evidence] [modules] [ima] [root] [overlay] [volume NAME] [broker] "
	  "[workload]",
	  "[disk]\n" },
	{ "boot.conf:2: on-failure = shell refused; allowed is power-off or "
	  "reboot",
	  "[boot]\non-failure = shell\n" },
	{ "boot.conf:2: device-timeout = 0 refused; allowed is 1 to 3600 "
	  "seconds",
	  "[boot]\ndevice-timeout = 0\n" },
	{ "boot.conf:2: device-timeout = 3601 refused; allowed is 1 to 3600 "
	  "seconds",
	  "[boot]\ndevice-timeout = 3601\n" },
	{ "boot.conf:2: allow-cmdline = a b refused; allowed is one word of "
	  "the command line in each of at most 32 lines",
	  "[boot]\nallow-cmdline = a b\n" },
	{ "boot.conf:2: require = tpm0 refused; allowed is any, or some of "
	  "svsm crb tis",
	  "[tpm]\nrequire = tpm0\n" },
	{ "boot.conf:2: require = crb crb refused; allowed is any, or some "
	  "of svsm crb tis",
	  "[tpm]\nrequire = crb crb\n" },
	{ "boot.conf:2: require =  refused; allowed is any, or some of svsm "
	  "crb tis",
	  "[tpm]\nrequire =\n" },
	{ "boot.conf:2: banks = md5 refused; allowed is some of sha1 sha256 "
	  "sha384 sha512",
	  "[tpm]\nbanks = md5\n" },
	{ "boot.conf:2: banks = sha256 sha256 refused; allowed is some of "
	  "sha1 sha256 sha384 sha512",
	  "[tpm]\nbanks = sha256 sha256\n" },
	{ "boot.conf:2: load = ../evil refused; allowed is at most 64 names "
	  "such as dm-verity",
	  "[modules]\nload = ../evil\n" },
	{ "boot.conf:2: lock = true refused; allowed is yes or no",
	  "[modules]\nlock = true\n" },
	{ "boot.conf:2: policy = ima-policy refused; allowed is none, or an "
	  "absolute path in the initramfs",
	  "[ima]\npolicy = ima-policy\n" },
	{ "boot.conf:2: policy = /etc/../x refused; allowed is none, or an "
	  "absolute path in the initramfs",
	  "[ima]\npolicy = /etc/../x\n" },
	{ "boot.conf:2: device = vda refused; allowed is auto, or a path "
	  "below /dev",
	  "[root]\ndevice = vda\n" },
	{ "boot.conf:2: fs = xfs refused; allowed is erofs, squashfs or ext4",
	  "[root]\nfs = xfs\n" },
	{ "boot.conf:2: hash = sha1 refused; allowed is sha256, sha384 or "
	  "sha512",
	  "[root]\nhash = sha1\n" },
	{ "boot.conf:2: root-hash = XY refused; allowed is the root hash in "
	  "lower-case hex",
	  "[root]\nroot-hash = XY\n" },
	{ "boot.conf:2: data-block-size = 8192 refused; allowed is 512, "
	  "1024, 2048 or 4096",
	  "[root]\ndata-block-size = 8192\n" },
	{ "boot.conf:2: data-blocks = 9223372036854775808 refused; allowed "
	  "is a number of blocks",
	  "[root]\ndata-blocks = 9223372036854775808\n" },
	{ "boot.conf:2: directory = / refused; allowed is an absolute path "
	  "in each of at most 8 lines",
	  "[overlay]\ndirectory = /\n" },
	{ "boot.conf:2: size = 2048G refused; allowed is a size such as 256M",
	  "[overlay]\nsize = 2048G\n" },
	{ "boot.conf:1: [volume A]: a name has 1 to 32 of a-z 0-9 - _",
	  "[volume A]\n" },
	{ "boot.conf:3: [volume a]: repeated; one section each",
	  "[volume a]\nmount = /a\n[volume a]\n" },
	{ "boot.conf:2: uuid = 1 refused; allowed is a UUID in lower case",
	  "[volume a]\nuuid = 1\n" },
#define CHANNELS "virtio-serial:NAME or vsock:CID:PORT"
	{ "boot.conf:2: at = unix:/x refused; allowed is " CHANNELS,
	  "[broker]\nat = unix:/x\n" },
	{ "boot.conf:2: at = virtio-serial: refused; allowed is " CHANNELS,
	  "[broker]\nat = virtio-serial:\n" },
	{ "boot.conf:2: at = virtio-serial:a/b refused; allowed is " CHANNELS,
	  "[broker]\nat = virtio-serial:a/b\n" },
	{ "boot.conf:2: at = vsock:2 refused; allowed is " CHANNELS,
	  "[broker]\nat = vsock:2\n" },
	{ "boot.conf:2: at = vsock:2:4294967295 refused; allowed is " CHANNELS,
	  "[broker]\nat = vsock:2:4294967295\n" },
	{ "boot.conf:2: at = vsock:12345678901234567:1 refused; allowed is " CHANNELS,
	  "[broker]\nat = vsock:12345678901234567:1\n" },
	{ "boot.conf:2: key = 00 refused; allowed is the SHA-256 of its "
	  "public key in DER, 64 digits of hex",
	  "[broker]\nkey = 00\n" },
	{ "boot.conf: [volume a] key = delivered without [broker]",
	  GOOD "[volume a]\nuuid = " UUID "\nmount = /a\nkey = delivered\n" },
	{ "boot.conf: [volume a] import is for key = sealed",
	  GOOD BROKER "[volume a]\nuuid = " UUID
		      "\nmount = /a\nkey = delivered\nimport = yes\n" },
	{ "boot.conf: [broker] without a volume with key = delivered",
	  GOOD BROKER },
	{ "boot.conf: [broker] ends without key; it is the SHA-256 of its "
	  "public key in DER, 64 digits of hex",
	  GOOD "[broker]\nat = vsock:2:7000\n" },
	{ "boot.conf:2: key = plain refused; allowed is sealed or delivered",
	  "[volume a]\nkey = plain\n" },
	{ "boot.conf: no [tpm] require; it is any, or some of svsm crb tis",
	  ROOT WORK },
	{ "boot.conf: no [tpm] require; it is any, or some of svsm crb tis",
	  "[tpm]\nbanks = sha256\n" IMA ROOT WORK },
	{ "boot.conf: [root] lacks verity values; cvmctl build writes "
	  "root-hash, data-blocks, hash-offset, data-block-size, "
	  "hash-block-size",
	  TPM WORK },
	{ "boot.conf: no [ima] policy; it is none, or an absolute path in the "
	  "initramfs",
	  "[tpm]\nrequire = any\n" ROOT WORK },
	{ "boot.conf: no [workload] mode; it is supervise or exec", TPM ROOT },
	{ "boot.conf:2: size = 0 refused; allowed is a size such as 256M",
	  "[overlay]\nsize = 0\n" },
	{ "boot.conf:2: inodes = 0 refused; allowed is a number of files",
	  "[overlay]\ninodes = 0\n" },
	{ "boot.conf:3: directory = /var refused; allowed is an absolute path "
	  "in each of at most 8 lines",
	  "[overlay]\ndirectory = /var\ndirectory = /var\n" },
	{ "boot.conf:1: [volume root]: the name is taken; choose another",
	  "[volume root]\n" },
	{ "boot.conf:1: [volume control]: the name is taken; choose another",
	  "[volume control]\n" },
	{ "boot.conf: [volume a] has both device and uuid; give one of them",
	  GOOD "[volume a]\ndevice = /dev/vdb\nuuid = " UUID "\nmount = /a\n" },
	{ "boot.conf: [volume a] mount = /run/a is the kernel's; choose "
	  "another directory",
	  GOOD "[volume a]\ndevice = /dev/vdb\nmount = /run/a\n" },
	{ "boot.conf: [volume a] mount = /proc is the kernel's; choose another "
	  "directory",
	  GOOD "[volume a]\ndevice = /dev/vdb\nmount = /proc\n" },
	{ "boot.conf: root-hash has 1 bytes; sha256 has 32",
	  TPM "[root]\nroot-hash = 00\ndata-block-size = 4096\n"
	      "hash-block-size = 4096\ndata-blocks = 7\n"
	      "hash-offset = 28672\n" WORK },
	{ "boot.conf: [overlay] mode = directories without a directory",
	  GOOD "[overlay]\nmode = directories\n" },
	{ "boot.conf: [overlay] directory without mode = directories",
	  GOOD "[overlay]\ndirectory = /var\n" },
	{ "boot.conf: [workload] mode = exec without exec",
	  TPM ROOT "[workload]\nmode = exec\n" },
	{ "boot.conf: [workload] exec without mode = exec",
	  TPM ROOT "[workload]\nmode = supervise\nexec = /sbin/init\n" },
	{ "boot.conf: [volume a] has neither device nor uuid; give one of "
	  "them",
	  GOOD "[volume a]\nmount = /a\n" },
	{ "boot.conf: [volume a] mount = / hides the verified root",
	  GOOD "[volume a]\ndevice = /dev/vdb\nmount = /\n" },
	{ "boot.conf: two volumes mount /a",
	  GOOD "[volume a]\ndevice = /dev/vdb\nmount = /a\n"
	       "[volume b]\ndevice = /dev/vdc\nmount = /a\n" },
	{ "boot.conf: [volume b] mount = /a/b is in that of another volume, "
	  "or the other in it; choose another directory",
	  GOOD "[volume a]\ndevice = /dev/vdb\nmount = /a\n"
	       "[volume b]\ndevice = /dev/vdc\nmount = /a/b\n" },
	{ "boot.conf: [volume b] mount = /a is in that of another volume, or "
	  "the other in it; choose another directory",
	  GOOD "[volume a]\ndevice = /dev/vdb\nmount = /a/b\n"
	       "[volume b]\ndevice = /dev/vdc\nmount = /a\n" },
};

static void refuses(void **state)
{
	static struct boot_conf c; /* large */
	const struct refusal *want = *state;
	struct ini_error e;

	assert_true(read_conf(want->text, false, &c, &e) < 0);
	assert_string_equal(e.text, want->want);
}

static void template_takes_no_verity_values(void **state)
{
	static struct boot_conf c; /* large */
	struct ini_error e;

	(void)state;
	assert_int_equal(read_conf(TPM WORK, true, &c, &e), 0);
	/* nor has it to name a class of TPM, as the complete file has */
	assert_int_equal(read_conf(IMA WORK, true, &c, &e), 0);
	assert_int_equal(c.tpm.require, 0);
	assert_int_equal(read_conf("[tpm]\n" IMA WORK, true, &c, &e), 0);
	assert_int_equal(c.tpm.require, 0);
	assert_true(read_conf(GOOD, true, &c, &e) < 0);
	assert_string_equal(e.text,
			    "boot.conf: [root] holds verity values already; "
			    "cvmctl build writes them");
}

/* Lists that are bounded: the last that fits, and the first that does not. */
static const struct bound {
	const char *name;
	const char *section;
	const char *line; /* with one %d */
	int max;
} bounds[] = {
	{ "words", "[boot]\n", "allow-cmdline = w%d\n", boot_words_max },
	{ "modules", "[modules]\n", "load = m%d\n", boot_modules_max },
	{ "directories", "[overlay]\nmode = directories\n",
	  "directory = /d%d\n", boot_dirs_max },
	{ "volumes", "", "[volume v%1$d]\ndevice = /dev/vda\nmount = /%1$d\n",
	  boot_volumes_max },
};

static void text_of(const struct bound *b, int n, struct text *ret)
{
	text_add(ret, GOOD "%s", b->section);
	for (int i = 0; i < n; i++) {
		char line[128];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(line, sizeof(line), b->line, i);
#pragma GCC diagnostic pop
		text_add(ret, "%s", line);
	}
}

static void bounded_lists(void **state)
{
	static struct boot_conf c; /* large */
	const struct bound *b = *state;
	own_text struct text at_max = { 0 };
	own_text struct text over = { 0 };
	struct ini_error e;

	text_of(b, b->max, &at_max);
	text_of(b, b->max + 1, &over);
	if (read_conf(at_max.s, false, &c, &e) != 0)
		fail_msg("refused at the maximum: %s", e.text);
	assert_true(read_conf(over.s, false, &c, &e) < 0);
}

static void bounded_file(void **state)
{
	static struct boot_conf c; /* large */
	own_text struct text text = { 0 };
	struct ini_error e;

	(void)state;
	text_add(&text, "%s", GOOD);
	while (text.len + 2 <= boot_conf_max)
		text_add(&text, "#\n");
	if (text.len < boot_conf_max)
		text_add(&text, "\n");
	assert_int_equal(text.len, boot_conf_max);
	assert_int_equal(read_conf(text.s, false, &c, &e), 0);
	text_add(&text, "\n");
	assert_true(read_conf(text.s, false, &c, &e) < 0);
	assert_string_equal(e.text, "boot.conf: is over 65536 bytes");
}

int main(void)
{
	const struct table tables[] = {
		CASE(has_defaults),
		CASE(reads_every_key),
		TABLE(refuses, refusals),
		CASE(template_takes_no_verity_values),
		TABLE(bounded_lists, bounds),
		CASE(bounded_file),
	};

	return table_run(tables, array_size(tables));
}
