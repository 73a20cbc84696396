// SPDX-License-Identifier: MIT
/* What cvmctl seal lets itself be told to seal under, and what not. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "cvmctl/seal/seal-policy.h"
#include "lib/own.h"
#include "tests/line.h"
#include "tests/place.h"

#define A64	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define Z64	"0000000000000000000000000000000000000000000000000000000000000000"
#define BANKS	"\"pcr\":14,\"banks\":{\"sha256\":{\"measured\":\"" A64 "\"}}"
#define BOOT(n) "\"" n "\":{\"sha256\":\"" B64 "\"}"

/* made once with openssl ecparam -name prime256v1 -genkey */
static const char key[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEJ1Nh1Gm6oKp5Z8QyPd3L0YxS8WkR\n"
	"bq8kRwq1dCkS6pXw3pXH4sC2m1jYB0h9r5QXb0m8n6Gd1P6zE2yT0kQzXA==\n"
	"-----END PUBLIC KEY-----\n";

enum {
	pcr_2 = 1U << 2,
	pcr_4 = 1U << 4,
	pcr_9 = 1U << 9,
	pcr_11 = 1U << 11,
	pcr_12 = 1U << 12,
	pcr_14 = 1U << 14,
	direct = pcr_2 | pcr_4 | pcr_9,
	uki = pcr_2 | pcr_4 | pcr_11 | pcr_12,
};

#define NO_CHAIN                                                                 \
	"cannot seal without the boot chain: a host that boots another "         \
	"kernel can extend PCR 14 with the same events; add PCRs 2, 4 and 9 (a " \
	"UKI: 2, 4, 11 and 12) with cvmctl predict --boot, or give --apps-only"
#define NOT_WHOLE true, 0, 0, NO_CHAIN
#define NO_APPS                                                            \
	"cannot seal without PCR 14: init does not use a key that its "    \
	"measurements do not guard; give --image, --prediction, or 14 in " \
	"--signed-pcrs"
#define ZERO(n)                                        \
	"cannot count on PCR " n                       \
	": it is zero: nothing was measured into it; " \
	"choose PCRs that are not zero in cvmctl predict --boot"
#define UNSTEADY(n, why) \
	"cannot seal to PCR " n ": " why "; leave it out, or give --any-pcr"
#define USAGE(what) \
	"cannot read the arguments: " what "; see cvmctl seal --help"

static const struct policy_case {
	const char *name;
	struct seal_policy_options o;
	bool image;
	uint32_t literal;
	uint32_t signed_mask;
	const char *line; /* NULL: accepted */
} cases[] = {
	{ "apps and boot chain",
	  { .prediction = "direct" },
	  false,
	  direct | pcr_14,
	  0,
	  NULL },
	{ "a UKI", { .prediction = "uki" }, false, uki | pcr_14, 0, NULL },
	{ "a prediction comes before the image",
	  { .prediction = "direct" },
	  true,
	  direct | pcr_14,
	  0,
	  NULL },
	{ "a prediction of another image",
	  { .prediction = "other" },
	  true,
	  0,
	  0,
	  "cannot use other: it is a prediction for another image; predict "
	  "again with cvmctl predict" },
	{ "another image, with PCR 14 signed",
	  { .prediction = "other", .signed_by = "key", .signed_pcrs = "14" },
	  true,
	  0,
	  0,
	  "cannot use other: it is a prediction for another image; predict "
	  "again with cvmctl predict" },
	{ "apps only, said outright",
	  { .apps_only = true },
	  true,
	  pcr_14,
	  0,
	  NULL },
	{ "apps only, with a prediction that has the boot chain",
	  { .prediction = "direct", .apps_only = true },
	  false,
	  direct | pcr_14,
	  0,
	  NULL },
	{ "apps only, not said", { 0 }, NOT_WHOLE },
	{ "the kernel without its initramfs",
	  { .pcr = { { "4=" B64 }, 1 } },
	  NOT_WHOLE },
	{ "the initramfs without its kernel",
	  { .pcr = { { "9=" B64 }, 1 } },
	  NOT_WHOLE },
	{ "both by hand",
	  { .pcr = { { "9=" B64, "2=" B64, "4=" B64 }, 3 } },
	  true,
	  direct | pcr_14,
	  0,
	  NULL },
	{ "Secure Boot and the parts of a UKI",
	  { .pcr = { { "7=" B64, "11=" B64, "12=" Z64 }, 3 } },
	  true,
	  1U << 7 | pcr_11 | pcr_12 | pcr_14,
	  0,
	  NULL },
	{ "a UKI of which nothing was measured",
	  { .pcr = { { "2=" B64, "4=" B64, "11=" Z64, "12=" Z64 }, 4 } },
	  true,
	  0,
	  0,
	  ZERO("11") },
	{ "a kernel that was not measured",
	  { .pcr = { { "2=" B64, "4=" Z64, "9=" B64 }, 3 } },
	  true,
	  0,
	  0,
	  ZERO("4") },
	{ "zero, but not said to be the boot chain",
	  { .pcr = { { "2=" B64, "4=" Z64, "9=" Z64 }, 3 }, .apps_only = true },
	  true,
	  direct | pcr_14,
	  0,
	  NULL },
	{ "zero, besides a boot chain",
	  { .pcr = { { "2=" B64, "4=" B64, "9=" B64, "11=" Z64 }, 4 } },
	  true,
	  direct | pcr_11 | pcr_14,
	  0,
	  NULL },
	{ "signed kernel, zero parts",
	  { .signed_by = "key",
	    .signed_pcrs = "2,4,12,14",
	    .pcr = { { "11=" Z64 }, 1 } },
	  true,
	  0,
	  0,
	  ZERO("11") },
	{ "nothing", { .apps_only = true }, false, 0, 0, NO_APPS },
	{ "the boot chain alone",
	  { .pcr = { { "9=" B64, "2=" B64, "4=" B64 }, 3 } },
	  false,
	  0,
	  0,
	  NO_APPS },
	{ "RAM size",
	  { .prediction = "direct", .pcr = { { "1=" A64 }, 1 } },
	  false,
	  0,
	  0,
	  UNSTEADY("1", "it changes with RAM size, ACPI tables and boot "
			"entries") },
	{ "a kernel that a driver can have changed",
	  { .pcr = { { "4=" B64, "9=" B64 }, 2 } },
	  NOT_WHOLE },
	{ "a UKI whose command line is the host's",
	  { .pcr = { { "2=" B64, "4=" B64, "11=" B64 }, 3 } },
	  NOT_WHOLE },
	{ "signed parts of a UKI, whose command line is the host's",
	  { .pcr = { { "7=" B64, "11=" B64 }, 2 } },
	  NOT_WHOLE },
	{ "drivers that were not measured",
	  { .pcr = { { "2=" Z64, "4=" B64, "9=" B64 }, 3 } },
	  true,
	  0,
	  0,
	  ZERO("2") },
	{ "settings of option ROMs",
	  { .prediction = "direct", .pcr = { { "3=" A64 }, 1 } },
	  false,
	  0,
	  0,
	  UNSTEADY("3", "it changes with the devices of the VM") },
	{ "boot attempts",
	  { .prediction = "direct", .pcr = { { "5=" A64 }, 1 } },
	  false,
	  0,
	  0,
	  UNSTEADY("5", "it changes with partitions and boot attempts") },
	{ "the vendor's own",
	  { .prediction = "direct", .pcr = { { "6=" A64 }, 1 } },
	  false,
	  0,
	  0,
	  UNSTEADY("6", "it is the firmware vendor's own") },
	{ "GRUB",
	  { .prediction = "direct", .pcr = { { "8=" A64 }, 1 } },
	  false,
	  0,
	  0,
	  UNSTEADY("8", "only GRUB extends it, command by command") },
	{ "what debuggers reset",
	  { .prediction = "direct", .pcr = { { "16=" A64 }, 1 } },
	  false,
	  0,
	  0,
	  UNSTEADY("16", "anybody may reset it") },
	{ "what anybody resets",
	  { .prediction = "direct", .pcr = { { "23=" A64 }, 1 } },
	  false,
	  0,
	  0,
	  UNSTEADY("23", "anybody may reset it") },
	{ "IMA",
	  { .prediction = "direct", .pcr = { { "10=" A64 }, 1 } },
	  false,
	  0,
	  0,
	  UNSTEADY("10", "IMA extends it in the order in which files are "
			 "opened") },
	{ "RAM size, said outright",
	  { .prediction = "direct",
	    .pcr = { { "1=" A64 }, 1 },
	    .any_pcr = true },
	  false,
	  1U << 1 | direct | pcr_14,
	  0,
	  NULL },
	{ "signed",
	  { .signed_by = "key", .signed_pcrs = "2,4,9,14" },
	  true,
	  0,
	  direct | pcr_14,
	  NULL },
	{ "signed, without the boot chain",
	  { .signed_by = "key", .signed_pcrs = "14" },
	  NOT_WHOLE },
	{ "signed, apps only",
	  { .signed_by = "key", .signed_pcrs = "14", .apps_only = true },
	  true,
	  0,
	  pcr_14,
	  NULL },
	{ "signed apps, literal boot chain",
	  { .signed_by = "key",
	    .signed_pcrs = "14",
	    .pcr = { { "9=" B64, "2=" B64, "4=" B64 }, 3 } },
	  true,
	  direct,
	  pcr_14,
	  NULL },
	{ "signed boot chain, literal apps",
	  { .signed_by = "key", .signed_pcrs = "2,4,9" },
	  true,
	  pcr_14,
	  direct,
	  NULL },
	{ "signed apps, predicted boot chain",
	  { .signed_by = "key", .signed_pcrs = "14", .prediction = "direct" },
	  false,
	  direct,
	  pcr_14,
	  NULL },
	{ "signed, unsteady",
	  { .signed_by = "key", .signed_pcrs = "0,2,4,9,14" },
	  true,
	  0,
	  0,
	  UNSTEADY("0", "it changes with the firmware's version") },
	{ "no key",
	  { .signed_by = "none", .signed_pcrs = "2,4,9,14" },
	  true,
	  0,
	  0,
	  "cannot read none: No such file or directory; write it with openssl "
	  "pkey -pubout" },
	{ "a file that is no key",
	  { .signed_by = "direct", .signed_pcrs = "2,4,9,14" },
	  true,
	  0,
	  0,
	  "cannot use direct: it is no public key in PEM, RSA of 2048, 3072 or "
	  "4096 bits with exponent 65537, or on P-256; write it with openssl "
	  "pkey -pubout" },
	{ "signed without PCRs",
	  { .signed_by = "key" },
	  true,
	  0,
	  0,
	  USAGE("--signed-by and --signed-pcrs go together") },
	{ "PCRs without a key",
	  { .signed_pcrs = "14" },
	  true,
	  0,
	  0,
	  USAGE("--signed-by and --signed-pcrs go together") },
	{ "PCRs that are none",
	  { .signed_by = "key", .signed_pcrs = "x" },
	  true,
	  0,
	  0,
	  USAGE("--signed-pcrs x is not a list such as 2,4,9,14") },
	{ "a bank that is none",
	  { .bank = "md5" },
	  true,
	  0,
	  0,
	  USAGE("--bank md5 is none of sha1, sha256, sha384, sha512") },
	{ "PCR 14 twice",
	  { .pcr = { { "14=" B64 }, 1 } },
	  true,
	  0,
	  0,
	  USAGE("--pcr 14=" B64 " is not N=HEX of bank sha256, or repeated") },
	{ "a PCR of the prediction twice",
	  { .prediction = "direct", .pcr = { { "4=" B64 }, 1 } },
	  false,
	  0,
	  0,
	  USAGE("--pcr 4=" B64 " is not N=HEX of bank sha256, or repeated") },
	{ "a PCR signed and by hand",
	  { .signed_by = "key",
	    .signed_pcrs = "2,4,9,14",
	    .pcr = { { "14=" B64 }, 1 } },
	  true,
	  0,
	  0,
	  USAGE("--pcr 14=" B64 " is of --signed-pcrs") },
	{ "no such prediction",
	  { .prediction = "none" },
	  false,
	  0,
	  0,
	  "cannot read none: No such file or directory; make it with cvmctl "
	  "predict --json" },
};

static void enter(struct tree *t)
{
	tree_make(t);
	tree_file(t, "key", 0644, key);
	tree_file(t, "direct", 0644,
		  "{" BANKS ",\"boot\":{\"pcrs\":{" BOOT("2") "," BOOT(
			  "4") "," BOOT("9") "}}}");
	tree_file(t, "uki", 0644,
		  "{" BANKS ",\"boot\":{\"pcrs\":{" BOOT("2") "," BOOT(
			  "4") "," BOOT("11") ","
					      "\"12\":{\"sha256\":\"" Z64 "\"}"
					      "}}}");
	tree_file(t, "other", 0644,
		  "{\"pcr\":14,\"banks\":{\"sha256\":{\"measured\":\"" B64
		  "\"}},\"boot\":{\"pcrs\":{" BOOT("2") "," BOOT("4") "," BOOT(
			  "9") "}}}");
	place_enter(t);
}

static void judges(void **state)
{
	const struct policy_case *c = *state;
	own_place struct tree t = { 0 };
	own_bytes struct bytes signer = { 0 };
	own_json struct json_object *manifest = json_tokener_parse(
		"{\"apps\":{\"banks\":{\"sha256\":{\"measured\":\"" A64
		"\"}}}}");
	struct seal_policy policy = { 0 };
	char said[fail_line_max];
	struct fail f = { 0 };
	int r;

	enter(&t);
	r = seal_policy_make(&c->o, c->image ? manifest : NULL, &signer,
			     &policy, &f);
	if (!c->line) {
		assert_ok(r, &f);
		assert_int_equal(policy.pcrs.mask, c->literal);
		assert_int_equal(policy.signed_mask, c->signed_mask);
		assert_int_equal(!policy.signer, !c->signed_mask);
		return;
	}
	assert_int_not_equal(r, 0);
	(void)snprintf(said, sizeof(said), "cannot %s: %s; %s", f.what,
		       f.reason, f.remedy);
	assert_string_equal(said, c->line);
}

int main(void)
{
	const struct table tables[] = { TABLE(judges, cases) };

	return table_run(tables, array_size(tables));
}
