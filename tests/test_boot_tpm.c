// SPDX-License-Identifier: MIT
/*
 * [tpm], [measure] and [evidence] of boot.conf: which TPM, what has to show it,
 * how PCR 14 begins; what is measured into; and what is quoted.
 */
#include "config/boot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/table.h"

#define HASH   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEX_20 "00112233445566778899aabbccddeeff00112233"
#define REST   "[ima]\npolicy = none\n[workload]\nmode = supervise\n"

static int read_template(const char *text, struct boot_conf *c,
			 struct ini_error *e)
{
	return boot_conf_read("boot.conf", text, strlen(text), true, c, e);
}

static const struct boot_conf *accept(const char *text)
{
	static struct boot_conf c; /* large */
	struct ini_error e;

	if (read_template(text, &c, &e) != 0)
		fail_msg("refused: %s", e.text);
	return &c;
}

static void has_defaults(void **state)
{
	static const uint8_t zero[digest_size_max];
	const struct boot_conf *c = accept(REST);

	(void)state;
	assert_int_equal(c->tpm.require, 0); /* for cvmctl build to fill in */
	assert_int_equal(c->tpm.identity, BOOT_IDENTITY_DRIVER);
	assert_false(c->tpm.srk.pinned);
	assert_int_equal(c->tpm.pcr14_start.algs, 0);
	assert_int_equal(c->measure.into, BOOT_MEASURE_TPM);
	assert_false(c->measure.systemd_log);
	assert_false(c->evidence.write);
	assert_int_equal(c->evidence.pcrs, 0);
	for (int a = 0; a < DIGEST_ALG_COUNT; a++)
		assert_memory_equal(c->tpm.pcr14_start.value[a], zero,
				    digest_size_max);
}

static void reads_every_key(void **state)
{
	const struct boot_conf *c =
		accept("[tpm]\nrequire = svsm\nidentity = attested\n"
		       "srk = 000b" HASH "\n"
		       "pcr14-start = sha1:" HEX_20 " \tsha256:" HASH "\n"
		       "pcr14-start = sha512:" HASH HASH "\n" REST);
	const struct digest_set *start = &c->tpm.pcr14_start;

	(void)state;
	assert_int_equal(c->tpm.identity, BOOT_IDENTITY_ATTESTED);
	assert_true(c->tpm.srk.pinned);
	assert_int_equal(c->tpm.srk.name[1], 0x0b);
	assert_int_equal(c->tpm.srk.name[2], 0x00);
	assert_int_equal(c->tpm.srk.name[33], 0xff);
	assert_int_equal(start->algs, 1U << DIGEST_SHA1 | 1U << DIGEST_SHA256 |
					      1U << DIGEST_SHA512);
	assert_int_equal(start->value[DIGEST_SHA1][19], 0x33);
	assert_int_equal(start->value[DIGEST_SHA256][31], 0xff);
	assert_int_equal(start->value[DIGEST_SHA512][63], 0xff);
}

static const struct into_case {
	const char *name;
	unsigned want;
} intos[] = {
	{ "tpm", BOOT_MEASURE_TPM },
	{ "rtmr", BOOT_MEASURE_RTMR },
	{ "tpm rtmr", BOOT_MEASURE_TPM | BOOT_MEASURE_RTMR },
	{ "none", BOOT_MEASURE_NONE },
};

/* Without a TPM also init, which reads no template, does not want require. */
static void reads_into(void **state)
{
	static const char verity[] =
		"[root]\nroot-hash = " HASH "\ndata-block-size = 4096\n"
		"hash-block-size = 4096\ndata-blocks = 1\n"
		"hash-offset = 4096\n";
	static struct boot_conf c; /* large */
	const struct into_case *want = *state;
	char text[1024];
	struct ini_error e;
	bool tpm = want->want & BOOT_MEASURE_TPM;

	(void)snprintf(text, sizeof(text), "%s[measure]\ninto = %s\n%s%s",
		       tpm ? "[tpm]\nrequire = any\n" : "", want->name, REST,
		       verity);
	if (boot_conf_read("boot.conf", text, strlen(text), false, &c, &e) < 0)
		fail_msg("refused: %s", e.text);
	assert_int_equal(c.measure.into, want->want);
	assert_string_equal(boot_into_name(want->want), want->name);
}

static void other_registers_have_no_name(void **state)
{
	unsigned into = 7;

	(void)state;
	assert_string_equal(boot_into_name(~0U), "");
	assert_int_equal(boot_into_from_name("", &into), -EINVAL);
	assert_int_equal(into, 7);
}

#define INTO(text)                                                             \
	{                                                                      \
		"boot.conf:2: into = " text " refused; allowed is tpm, rtmr, " \
		"tpm rtmr, or none",                                           \
			"[measure]\ninto = " text "\n"                         \
	}

#define NO_TPM(key)                                                       \
	{                                                                 \
		"boot.conf: keys in [tpm] without tpm in [measure] into", \
			"[measure]\ninto = rtmr\n[tpm]\n" key "\n" REST   \
	}

static const struct refusal {
	const char *want;
	const char *text;
} refusals[] = {
	{ "boot.conf:2: pcr14-start =  refused; allowed is some of "
	  "BANK:HEX, each bank once",
	  "[tpm]\npcr14-start = \n" },
	{ "boot.conf:2: pcr14-start = sha256 refused; allowed is some of "
	  "BANK:HEX, each bank once",
	  "[tpm]\npcr14-start = sha256\n" },
	{ "boot.conf:2: pcr14-start = sha256: refused; allowed is some of "
	  "BANK:HEX, each bank once",
	  "[tpm]\npcr14-start = sha256:\n" },
	{ "boot.conf:2: pcr14-start = sha256:00 refused; allowed is some of "
	  "BANK:HEX, each bank once",
	  "[tpm]\npcr14-start = sha256:00\n" },
	{ "boot.conf:2: pcr14-start = md5:00 refused; allowed is some of "
	  "BANK:HEX, each bank once",
	  "[tpm]\npcr14-start = md5:00\n" },
	{ "boot.conf:2: pcr14-start = :00 refused; allowed is some of "
	  "BANK:HEX, each bank once",
	  "[tpm]\npcr14-start = :00\n" },
	{ "boot.conf:2: pcr14-start = sha1:" HEX_20
	  "00 refused; allowed is some of "
	  "BANK:HEX, each bank once",
	  "[tpm]\npcr14-start = sha1:" HEX_20 "00\n" },
	{ "boot.conf:2: pcr14-start = sha1:" HEX_20
	  " sha1:00112233445566778899aabbccdde refused; allowed is some of "
	  "BANK:HEX, each bank once", /* 80 bytes of it */
	  "[tpm]\npcr14-start = sha1:" HEX_20 " sha1:" HEX_20 "\n" },
	{ "boot.conf:3: pcr14-start = sha1:" HEX_20 " refused; allowed is some "
	  "of BANK:HEX, each bank once",
	  "[tpm]\npcr14-start = sha1:" HEX_20 "\n"
	  "pcr14-start = sha1:" HEX_20 "\n" },
	{ "boot.conf:2: srk =  refused; allowed is the name of a storage root key, 000b "
	  "and 64 digits of hex",
	  "[tpm]\nsrk = \n" },
	{ "boot.conf:2: srk = sha256:00 refused; allowed is the name of a storage root key, 000b "
	  "and 64 digits of hex",
	  "[tpm]\nsrk = sha256:00\n" },
	{ "boot.conf:2: srk = 000c" HASH
	  " refused; allowed is the name of a storage root key, 000b "
	  "and 64 digits of hex",
	  "[tpm]\nsrk = 000c" HASH "\n" },
	{ "boot.conf:2: srk = 010b" HASH
	  " refused; allowed is the name of a storage root key, 000b "
	  "and 64 digits of hex",
	  "[tpm]\nsrk = 010b" HASH "\n" },
	{ "boot.conf:2: srk = 000b" HEX_20
	  " refused; allowed is the name of a storage root key, 000b "
	  "and 64 digits of hex",
	  "[tpm]\nsrk = 000b" HEX_20 "\n" },
	{ "boot.conf:2: srk = 000b" HASH "00 refused; allowed is the name of a "
	  "storage root key, 000b "
	  "and 64 digits of hex",
	  "[tpm]\nsrk = 000b" HASH "00\n" },
	{ "boot.conf:2: identity = yes refused; allowed is driver or attested",
	  "[tpm]\nidentity = yes\n" },
	INTO(""),
	INTO("rtmr tpm"),
	INTO("none tpm"),
	INTO("tpm  rtmr"),
	NO_TPM("require = any"),
	NO_TPM("identity = attested"),
	NO_TPM("srk = 000b" HASH),
	NO_TPM("pcr14-start = sha256:" HASH),
	NO_TPM("banks = sha256"),
	NO_TPM("timeout = 1"),
	NO_TPM("minimum-release = 1"),
	{ "boot.conf: [volume v] has a sealed key, which needs tpm in "
	  "[measure] into",
	  "[measure]\ninto = none\n[volume v]\ndevice = /dev/vdb\n"
	  "mount = /v\n" REST },
	{ "boot.conf: [measure] systemd-log = yes, which needs tpm in into",
	  "[measure]\ninto = none\nsystemd-log = yes\n" REST },
#define DIGITS_40 "0000000000000000000000000000000000000000"
#define PCRS(text)                                                            \
	{                                                                     \
		"boot.conf:2: pcrs = " text " refused; allowed is some of 0 " \
		"to 23, each once",                                           \
			"[evidence]\npcrs = " text "\n"                       \
	}
	PCRS(""),
	PCRS("24"),
	PCRS("4 4"),
	PCRS("4,9"),
	PCRS("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 0"),
	/* over 128 bytes, of which 80 are shown */
	{ "boot.conf:2: pcrs = " DIGITS_40 DIGITS_40
	  " refused; allowed is some "
	  "of 0 to 23, each once",
	  "[evidence]\npcrs = " DIGITS_40 DIGITS_40 DIGITS_40 DIGITS_40 "\n" },
	{ "boot.conf:2: write = maybe refused; allowed is yes or no",
	  "[evidence]\nwrite = maybe\n" },
	{ "boot.conf: [evidence] pcrs without write = yes",
	  "[tpm]\nrequire = any\n[evidence]\npcrs = 14\n" REST },
	{ "boot.conf: [evidence] pcrs, which needs tpm in [measure] into",
	  "[measure]\ninto = rtmr\n[evidence]\nwrite = yes\npcrs = 14\n" REST },
	{ "boot.conf: [tpm] identity = attested without svsm in require",
	  "[tpm]\nrequire = crb tis\nidentity = attested\n" },
};

static void refuses(void **state)
{
	static struct boot_conf c; /* large */
	const struct refusal *want = *state;
	struct ini_error e;

	assert_true(read_template(want->text, &c, &e) < 0);
	assert_string_equal(e.text, want->want);
}

static void reads_pcrs(void **state)
{
	const struct boot_conf *c = accept(
		"[tpm]\nrequire = any\n[evidence]\nwrite = yes\npcrs = 0 14 "
		"\t9 23\n" REST);

	(void)state;
	assert_true(c->evidence.write);
	assert_int_equal(c->evidence.pcrs,
			 1U << 0 | 1U << 9 | 1U << 14 | 1U << 23);
}

static void names_tpm_drivers(void **state)
{
	(void)state;
	assert_int_equal(boot_tpm_class_of_driver("tpm-svsm"), BOOT_TPM_SVSM);
	assert_int_equal(boot_tpm_class_of_driver("tpm_crb"), BOOT_TPM_CRB);
	assert_int_equal(boot_tpm_class_of_driver("tpm_crb_acpi"),
			 BOOT_TPM_CRB);
	assert_int_equal(boot_tpm_class_of_driver("tpm_tis"), BOOT_TPM_TIS);
	assert_int_equal(boot_tpm_class_of_driver("tpm_tis_spi"), 0);
	assert_int_equal(boot_tpm_class_of_driver(""), 0);
	assert_string_equal(boot_tpm_class_name(BOOT_TPM_SVSM), "svsm");
}

int main(void)
{
	const struct table tables[] = {
		CASE(has_defaults),	  CASE(reads_every_key),
		TABLE(reads_into, intos), CASE(other_registers_have_no_name),
		TABLE(refuses, refusals), CASE(reads_pcrs),
		CASE(names_tpm_drivers),
	};

	return table_run(tables, sizeof(tables) / sizeof(tables[0]));
}
