// SPDX-License-Identifier: MIT
/*
 * What is collected in a VM, from a tree that stands for its /sys and /run, a
 * directory in which tests/configfs.h plays the kernel, and swtpm.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tests/table.h"

#include "evidence/collect/collect.h"
#include "evidence/collect/tsm.h"
#include "lib/own.h"
#include "seal/object/identity-public.h"
#include "tests/fake-vm.h"
#include "tests/line.h"
#include "tests/swtpm.h"

static const uint8_t nonce_bytes[] = { 'n', 'o', 'n', 'c', 'e' };
static const struct bytes nonce = { (uint8_t *)(uintptr_t)nonce_bytes,
				    sizeof(nonce_bytes) };

static bool in_init;

static int collect(const struct tree *vm, struct tpm *t, struct evidence *ret,
		   struct fail *f)
{
	const struct evidence_sources s = { .root = vm->path,
					    .tpm = t,
					    .chip = "tpm3",
					    .pcrs = 1U << 10 | 1U << 14,
					    .booted = !in_init };

	return evidence_collect(&s, &nonce, ret, f);
}

static void assert_bytes(const struct bytes *b, const void *want, size_t len)
{
	assert_int_equal(b->len, len);
	assert_memory_equal(b->data, want, len);
}

static void assert_text(const struct bytes *b, const char *want)
{
	assert_bytes(b, want, strlen(want));
}

/* -- what is there is in it ----------------------------------------------- */

static void under_an_svsm(void **state)
{
	static const char aux[] = "certificates";
	own_swtpm struct swtpm s = { 0 };
	own_tpm struct tpm *t = NULL;
	own_evidence struct evidence e = { 0 };
	struct digest_set hash;
	struct tree vm;
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	vm_boot(&vm);
	configfs.aux =
		(struct bytes){ (uint8_t *)(uintptr_t)aux, sizeof(aux) - 1 };
	vm_file(&vm, VM_FIRMWARE, "a firmware log");
	vm_file(&vm, VM_IMA, "an VM_IMA list");
	vm_file(&vm, VM_SYSTEMD, "\x1e{\"pcr\":11}\n");
	vm_file(&vm, VM_INIT, "[{\"recnum\":0,\"pcr\":14}]\n");
	vm_dirs(&vm, VM_DRIVER);
	tree_link(&vm, VM_DRIVER, "../../drivers/tpm-svsm");
	assert_ok(collect(&vm, t, &e, &f), &f);
	assert_bytes(&e.nonce, nonce.data, nonce.len);
	assert_true(e.has_tpm);
	assert_string_equal(e.tpm.class, "svsm");
	assert_int_equal(e.tpm.pcrs[DIGEST_SHA256].mask, 1U << 10 | 1U << 14);
	assert_text(&e.firmware, "a firmware log");
	assert_text(&e.ima, "an VM_IMA list");
	assert_text(&e.systemd, "\x1e{\"pcr\":11}\n");
	assert_int_equal(json_object_array_length(e.init), 1);
	assert_int_equal(e.reports, 1);
	assert_string_equal(e.report[0].provider, "svsm");
	assert_int_equal(e.report[0].privlevel, 0);
	assert_int_equal(digest_data(1U << DIGEST_SHA512, nonce.data, nonce.len,
				     &hash),
			 0);
	assert_bytes(&e.report[0].inblob, hash.value[DIGEST_SHA512], 64);
	assert_int_equal(e.report[0].outblob.len, report_size);
	assert_bytes(&e.report[0].manifestblob, vm_manifest.data,
		     vm_manifest.len);
	assert_text(&e.report[0].auxblob, aux);
	assert_false(e.has_rtmr);
	/* nothing is left behind */
	assert_int_equal(faccessat(vm.fd, VM_REPORT "/cvm-init", F_OK, 0), -1);
	vm_power_off(&vm);
}

/* Bound to our attestation key by its name, if there is a TPM. */
static void assert_inblob(const struct evidence *e)
{
	const char *context = e->has_tpm ? "cvm-init evidence of a TPM"
					 : "cvm-init evidence without a TPM";
	struct digest_span spans[3] = { { context, strlen(context) },
					{ nonce.data, nonce.len } };
	struct digest_set hash;
	struct tpm_public ak;
	struct fail f = { 0 };
	size_t n = 2;

	if (e->has_tpm) {
		assert_ok(ak_public_parse(&e->tpm.ak, &ak, &f), &f);
		spans[n++] = (struct digest_span){ ak.name, sizeof(ak.name) };
	}
	assert_int_equal(digest_spans(1U << DIGEST_SHA512, spans, n, &hash), 0);
	assert_bytes(&e->report[0].inblob, hash.value[DIGEST_SHA512], 64);
}

static void under_sev_snp_alone(void **state)
{
	own_swtpm struct swtpm s = { 0 };
	own_tpm struct tpm *t = NULL;
	own_evidence struct evidence e = { 0 };
	struct tree vm;
	struct fail f = { 0 };

	(void)state;
	swtpm_start(&s);
	t = swtpm_open(&s);
	vm_boot(&vm);
	configfs.no_svsm = true;
	configfs.floor = "2\n";
	assert_ok(collect(&vm, t, &e, &f), &f);
	vm_power_off(&vm);
	assert_int_equal(e.reports, 1);
	assert_string_equal(e.report[0].provider, "sev_guest");
	assert_int_equal(e.report[0].privlevel, 2);
	assert_inblob(&e);
	assert_int_equal(e.report[0].manifestblob.len, 0);
	/* without a log nothing is made up */
	assert_string_equal(e.tpm.class, "");
	assert_int_equal(e.firmware.len + e.ima.len + e.systemd.len, 0);
	assert_null(e.init);
}

static void in_tdx_without_a_tpm(void **state)
{
	own_evidence struct evidence e = { 0 };
	own_bytes struct bytes text = { 0 };
	struct tree vm;
	struct fail f = { 0 };

	(void)state;
	vm_boot(&vm);
	configfs.no_svsm = true;
	configfs.provider = "tdx_guest";
	vm_registers(&vm, 4);
	vm_file(&vm, VM_CCEL, "a log");
	assert_ok(collect(&vm, NULL, &e, &f), &f);
	vm_power_off(&vm);
	assert_false(e.has_tpm);
	assert_string_equal(e.report[0].provider, "tdx_guest");
	assert_inblob(&e);
	assert_true(e.has_rtmr);
	assert_int_equal(e.rtmr.mrtd[47], 0x10);
	assert_int_equal(e.rtmr.rtmr[3][0], 0x14);
	assert_int_equal(evidence_write_json(&e, "init 0.1.0", &text), 0);
	assert_non_null(strstr((char *)text.data, "\"rtmr3\":\"1414"));
	assert_non_null(strstr((char *)text.data, "\"ccel\":\"YSBsb2c=\""));
	assert_null(strstr((char *)text.data, "\"tpm\""));
}

/* -- what is refused ------------------------------------------------------ */

/* Files, and the line; NULL: it is taken. */
static const struct vm_case {
	const char *name;
	const char *file; /* below the VM's root */
	const char *text; /* NULL: that many zeros */
	size_t size;
	unsigned registers; /* 0: none; else MRTD and so many less one */
	struct configfs kernel;
	bool in_init;
	const char *line; /* "PATH/" stands for the VM's root */
} cases[] = {
#define READ(path) "cannot read PATH/" path ": "
#define MEASURE	   "; let the VM measure less, or boot it anew"
#define SIZE(what, path, bytes, why)                                    \
	{                                                               \
		.name = what, .file = path, .size = bytes, .line = why, \
	}
#define TEXT(what, path, content, why)                                    \
	{                                                                 \
		.name = what, .file = path, .text = content, .line = why, \
	}
	SIZE("firmware log, largest", VM_FIRMWARE, evidence_firmware_max, NULL),
	SIZE("firmware log, larger", VM_FIRMWARE, evidence_firmware_max + 1,
	     READ(VM_FIRMWARE) "it has more than 4194304 bytes" MEASURE),
	SIZE("log of a TD, largest", VM_CCEL, evidence_firmware_max, NULL),
	SIZE("log of a TD, larger", VM_CCEL, evidence_firmware_max + 1,
	     READ(VM_CCEL) "it has more than 4194304 bytes" MEASURE),
	SIZE("IMA list, largest", VM_IMA, evidence_ima_max, NULL),
	SIZE("IMA list, larger", VM_IMA, evidence_ima_max + 1,
	     READ(VM_IMA) "it has more than 33554432 bytes" MEASURE),
	SIZE("systemd's log, largest", VM_SYSTEMD, evidence_systemd_max, NULL),
	SIZE("systemd's log, larger", VM_SYSTEMD, evidence_systemd_max + 1,
	     READ(VM_SYSTEMD) "it has more than 1048576 bytes" MEASURE),
	SIZE("log of init, larger", VM_INIT, evidence_init_max + 1,
	     READ(VM_INIT) "it has more than 50331648 bytes" MEASURE),
#define NOT_INITS \
	READ(VM_INIT) "it is not the log of init; let nothing but init write it"
	TEXT("log of init, an object", VM_INIT, "{}", NOT_INITS),
	TEXT("log of init, cut", VM_INIT, "[{\"pcr\":14}", NOT_INITS),
	TEXT("log of init, a key twice", VM_INIT, "[{\"pcr\":14,\"pcr\":14}]",
	     NOT_INITS),
	SIZE("log of init, zeros", VM_INIT, 20, NOT_INITS),
	TEXT("log of init, an empty list", VM_INIT, "[]", NULL),
	TEXT("log of init, empty", VM_INIT, "", NULL),
	TEXT("a directory", VM_IMA "/x", "",
	     READ(VM_IMA) "Is a directory; collect evidence as root in the VM"),
	TEXT("a file for a directory", "run/log", "", NULL),
#define SYSFS "; use a kernel with the register in sysfs"
	{ .name = "MRTD alone",
	  .registers = 1,
	  .line = "cannot read RTMR 0: there is none beside MRTD" SYSFS },
	{ .name = "no RTMR 3",
	  .registers = 4,
	  .line = "cannot read RTMR 3: there is none beside MRTD" SYSFS },
	{ .name = "a short register",
	  .registers = 4,
	  .file = VM_RTMR "rtmr3:sha384",
	  .text = "short",
	  .line = READ(VM_RTMR "rtmr3:sha384") "it is not a SHA-384" SYSFS },
	{ .name = "a long register",
	  .registers = 4,
	  .file = VM_RTMR "rtmr3:sha384",
	  .size = 49,
	  .line = READ(VM_RTMR
		       "rtmr3:sha384") "it has more than 48 bytes" MEASURE },
#define HOST                                                             \
	"; use Linux 6.7 or later, 6.16 under an SVSM, and a host that " \
	"attests"
	{ .name = "another request",
	  .kernel = { .no_item = true, .err = EEXIST },
	  .line = "cannot ask for an attestation report: File exists; run "
		  "one cvmctl evidence at a time, as root" },
	{ .name = "not root",
	  .kernel = { .no_item = true, .err = EACCES },
	  .line = "cannot ask for an attestation report: Permission denied; "
		  "run one cvmctl evidence at a time, as root" },
	{ .name = "no signature",
	  .kernel = { .refused = "outblob", .err = EIO },
	  .line = "cannot read outblob of the attestation report: Input/output "
		  "error" HOST },
	{ .name = "no request",
	  .kernel = { .refused = "inblob", .err = EBUSY },
	  .line = "cannot write inblob of the attestation report: Device or "
		  "resource busy" HOST },
	{ .name = "no memory",
	  .kernel = { .refused = "outblob", .err = ENOMEM },
	  .line = "cannot read outblob of the attestation report: Cannot "
		  "allocate memory; give the VM more memory" },
	{ .name = "in init, another request",
	  .kernel = { .no_item = true, .err = EEXIST },
	  .in_init = true,
	  .line = "cannot ask for an attestation report: File exists; load "
		  "sev-guest in [modules] of boot.conf" },
	{ .name = "in init, no signature",
	  .kernel = { .refused = "outblob", .err = EIO },
	  .in_init = true,
	  .line = "cannot read outblob of the attestation report: Input/output "
		  "error; boot under an SVSM, with Linux 6.16 or later" },
	{ .name = "written meanwhile",
	  .kernel = { .raced = "outblob" },
	  .line = "cannot use the attestation report: its generation went from "
		  "0 to 5, not by 4; let nothing else ask for attestation "
		  "reports" },
#define FLOOR "cannot read privlevel_floor of the attestation report: "
	{ .name = "no VMPL",
	  .kernel = { .no_svsm = true, .floor = "low\n" },
	  .line = FLOOR "Invalid argument" HOST },
	{ .name = "VMPL 4",
	  .kernel = { .no_svsm = true, .floor = "4\n" },
	  .line = FLOOR "Numerical result out of range" HOST },
#define NOTHING                                                          \
	"cannot collect evidence: there is neither a TPM nor a report; " \
	"attach a working TPM 2.0 to the VM"
	{ .name = "no provider",
	  .kernel = { .no_item = true, .err = ENXIO },
	  .line = NOTHING },
	{ .name = "no configfs",
	  .kernel = { .no_item = true, .err = ENOENT },
	  .line = NOTHING },
};

static void make_vm(const struct vm_case *c, struct tree *vm)
{
	struct tree place;

	vm_boot(vm);
	place = configfs.tree;
	configfs = c->kernel;
	configfs.tree = place;
	configfs.manifest = vm_manifest;
	if (c->registers)
		vm_registers(vm, c->registers - 1);
	if (c->file && c->text)
		vm_file(vm, c->file, c->text);
	else if (c->file)
		vm_size(vm, c->file, c->size);
}

static void judges_the_vm(void **state)
{
	const struct vm_case *c = *state;
	own_evidence struct evidence e = { 0 };
	struct fail f = { 0 };
	struct tree vm;
	char line[2 * fail_line_max];
	const char *path = c->line ? strstr(c->line, "PATH/") : NULL;
	int r;

	make_vm(c, &vm);
	in_init = c->in_init;
	r = collect(&vm, NULL, &e, &f);
	in_init = false;
	vm_power_off(&vm);
	if (!c->line) {
		assert_ok(r, &f);
		return;
	}
	(void)snprintf(line, sizeof(line), "%.*s%s%s",
		       path ? (int)(path - c->line) : 0, c->line,
		       path ? vm.path : "", path ? path + 4 : c->line);
	assert_refusal(r, &f, line);
	assert_null(e.nonce.data);
}

/* Each part has its maximum, and so has the whole. */
static void bounds_the_file(void **state)
{
	static const size_t largest = 16 * 1024 * 1024;
	own_free char *text = calloc(1, largest + 1);
	own_evidence struct evidence e = { .reports = 0 };
	own_bytes struct bytes out = { 0 };
	struct fail f = { 0 };

	(void)state;
	assert_non_null(text);
	memset(text, 0x01, largest); /* six characters each */
	assert_int_equal(bytes_copy(nonce.data, nonce.len, &e.nonce), 0);
	assert_int_equal(
		bytes_copy(text, evidence_json_max / 6 - 1000, &e.systemd), 0);
	assert_int_equal(evidence_write_json(&e, "init 0.1.0", &out), 0);
	assert_in_range(out.len, evidence_json_max - 8192, evidence_json_max);
	bytes_free(&out);
	bytes_free(&e.systemd);
	assert_int_equal(bytes_copy(text, evidence_json_max / 6, &e.systemd),
			 0);
	assert_refusal(evidence_write(&e, "init 0.1.0", &out, &f), &f,
		       "cannot write the evidence: it is longer than 64 MiB; "
		       "let the VM measure less, or boot it anew");
	assert_null(out.data);
}

static void needs_entropy(void **state)
{
	own_bytes struct bytes b = { 0 };
	struct fail f = { 0 };

	(void)state;
	assert_ok(evidence_make_nonce(&b, &f), &f);
	assert_int_equal(b.len, 32);
	bytes_free(&b);
	configfs.no_entropy = true;
	assert_refusal(evidence_make_nonce(&b, &f), &f,
		       "cannot make a nonce: Function not implemented; use a "
		       "kernel with getrandom");
	configfs.no_entropy = false;
}

int main(void)
{
	const struct table tables[] = {
		CASE(under_an_svsm),	    CASE(under_sev_snp_alone),
		CASE(in_tdx_without_a_tpm), TABLE(judges_the_vm, cases),
		CASE(bounds_the_file),	    CASE(needs_entropy),
	};

	return table_run(tables, array_size(tables));
}
