// SPDX-License-Identifier: MIT
/*
 * The events of a direct boot, in order, and how they are written. That
 * firmware logs just these is the matter of qemu-test/test_chain.py.
 */
#include <errno.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/predict/boot-plan.h"
#include "cvmctl/predict/prediction-read.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/object/pcr.h"
#include "tests/chain.h"
#include "tests/efi.h"
#include "tests/line.h"

static struct boot_files make_files(const char *cmdline)
{
	struct boot_files files = { .kernel = efi_make_kernel() };

	assert_int_equal(bytes_copy("cpio", 4, &files.initramfs), 0);
	assert_int_equal(bytes_copy(cmdline, strlen(cmdline), &files.cmdline),
			 0);
	return files;
}

static const struct word_case {
	const char *name;
	bool before;
	const char *options; /* every second byte of LoadOptions */
} words[] = {
	{ "after", false, "quiet initrd=initrd" },
	{ "before", true, "initrd=initrd quiet" },
};

static void starts_directly(void **state)
{
	static const struct boot_qemu qemu = { .patches_header = false };
	const struct word_case *w = *state;
	own_boot_files struct boot_files files = make_files("quiet");
	struct boot_chain c = { .algs = chain_banks };
	own_text struct text names = { 0 };
	own_text struct text options = { 0 };
	struct fail f = { 0 };

	assert_ok(boot_chain_direct(&c, &files, w->before, &qemu, &f), &f);
	chain_list(&c, &names);
	assert_string_equal(names.s,
			    CHAIN_PROGRAM("vmlinuz") CHAIN_OPTION CHAIN_LINUX);
	for (const char *s = w->options; *s; s++) {
		text_add_bytes(&options, s, 1);
		text_add_bytes(&options, "", 1);
	}
	text_add_bytes(&options, "\0", 2);
	chain_assert_digest(&c.event[1], c.event[1].what,
			    strlen(c.event[1].what));
	chain_assert_digest(&c.event[2], "\0\0\0", 4);
	chain_assert_digest(&c.event[3], "\0\0\0", 4);
	chain_assert_digest(&c.event[4], options.s, options.len);
	chain_assert_digest(&c.event[5], "cpio", 4);
	assert_string_equal(c.stub, "");
}

static void header_counts(void **state)
{
	static const struct boot_qemu how[] = {
		{ .patches_header = false },
		{ true, { false, 1 << 30 } },
		{ true, { false, 1 << 29 } },
	};
	struct boot_chain c[array_size(how)] = { 0 };

	(void)state;
	for (size_t i = 0; i < array_size(how); i++) {
		own_boot_files struct boot_files files = make_files("quiet");
		struct fail f = { 0 };

		c[i].algs = chain_banks;
		assert_ok(boot_chain_direct(&c[i], &files, true, &how[i], &f),
			  &f);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(
				c[i].event[0].digests.value[DIGEST_SHA256],
				c[j].event[0].digests.value[DIGEST_SHA256], 32);
		assert_memory_equal(&c[i].event[4].digests,
				    &c[0].event[4].digests,
				    sizeof(c[0].event[4].digests));
	}
}

static const struct direct_refusal {
	const char *name;
	const char *cmdline;
	size_t spoil; /* the byte of the kernel to clear */
	uint64_t memory;
	const char *line;
} direct_refusals[] = {
	{ "no EFI program", "quiet", 0, 0,
	  "cannot use the kernel: it is no EFI program; give the vmlinuz of an "
	  "x86-64 kernel" },
	{ "no kernel", "quiet", 0x202, 1 << 30,
	  "cannot use the kernel: QEMU would not boot it; give the vmlinuz of "
	  "an x86-64 kernel" },
	{ "little memory", "quiet", 8, 1 << 16,
	  "cannot lay out the VM's memory: the initramfs does not fit into it; "
	  "give the VM's --memory" },
	{ "vga=", "vga=1", 8, 1 << 30,
	  "cannot use the command line: it holds vga=, for which QEMU changes "
	  "the kernel; leave vga= out, or use --kernel-header pristine" },
	{ "newline", "quiet\n", 8, 0,
	  "cannot use the command line: it is not printable ASCII, or too "
	  "long; build the image again" },
};

static void refuses_directly(void **state)
{
	const struct direct_refusal *t = *state;
	const struct boot_qemu qemu = { t->memory != 0, { false, t->memory } };
	own_boot_files struct boot_files files = make_files(t->cmdline);
	struct boot_chain c = { .algs = chain_banks };
	struct fail f = { 0 };

	files.kernel.data[t->spoil] = 0;
	assert_refusal(boot_chain_direct(&c, &files, true, &qemu, &f), &f,
		       t->line);
}

static void refuses_a_nul_directly(void **state)
{
	static const struct boot_qemu qemu = { .patches_header = false };
	own_boot_files struct boot_files files = make_files("quiet");
	struct boot_chain c = { .algs = chain_banks };
	struct fail f = { 0 };

	(void)state;
	files.cmdline.data[2] = '\0';
	assert_refusal(boot_chain_direct(&c, &files, true, &qemu, &f), &f,
		       "cannot use the command line: it holds a NUL byte; "
		       "build the image again");
}

static void holds_48_events(void **state)
{
	struct boot_chain c = { .algs = chain_banks };
	struct digest_set value;
	char zeros[32] = { 0 };

	(void)state;
	for (size_t i = 0; i < boot_events_max; i++)
		assert_int_equal(boot_chain_add(&c, 9, "T", "w", NULL, 0), 0);
	assert_int_equal(boot_chain_add(&c, 9, "T", "w", NULL, 0), -E2BIG);
	assert_int_equal(c.n, boot_events_max);
	assert_int_equal(boot_chain_value(&c, 12, &value), 0);
	assert_memory_equal(value.value[DIGEST_SHA256], zeros, 32);
}

/* What is written is what cvmctl seal reads: every PCR, in each bank. */
static void is_read_back(void **state)
{
	own_json struct json_object *o = json_tokener_parse(
		"{\"pcr\":14,\"banks\":{\"sha1\":{\"measured\":"
		"\"00112233445566778899aabbccddeeff00112233\"}}}");
	static const struct boot_plan plan = { .mode = BOOT_OVMF };
	own_boot_files struct boot_files files = make_files("quiet");
	struct boot_chain c = { .algs = chain_banks };
	own_bytes struct bytes text = { 0 };
	struct pcr_values values;
	struct fail f = { 0 };

	(void)state;
	assert_ok(boot_chain_direct(&c, &files, true, &plan.qemu, &f), &f);
	assert_int_equal(json_set(o, "boot", boot_plan_to_json(&plan, &c)), 0);
	assert_int_equal(json_write(o, &text), 0);
	assert_ok(prediction_parse("p", (char *)text.data, text.len,
				   DIGEST_SHA1, &values, &f),
		  &f);
	assert_int_equal(values.mask, 1U << 2 | 1U << 4 | 1U << 9 | 1U << 11 |
					      1U << 12 | 1U << 14);
	for (const unsigned *pcr = boot_chain_pcrs; *pcr; pcr++) {
		struct digest_set want;

		assert_int_equal(boot_chain_value(&c, *pcr, &want), 0);
		assert_memory_equal(values.value[*pcr], want.value[DIGEST_SHA1],
				    20);
	}
}

int main(void)
{
	const struct table tables[] = {
		TABLE(starts_directly, words),
		CASE(header_counts),
		TABLE(refuses_directly, direct_refusals),
		CASE(refuses_a_nul_directly),
		CASE(holds_48_events),
		CASE(is_read_back),
	};

	return table_run(tables, array_size(tables));
}
