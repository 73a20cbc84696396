// SPDX-License-Identifier: MIT
/* See targets.h. */
#include "tests/fuzz/targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "config/apps.h"
#include "config/boot.h"
#include "config/cmdline.h"
#include "cvmctl/image/cpio.h"
#include "cvmctl/predict/boot-chain.h"
#include "cvmctl/predict/event-log.h"
#include "cvmctl/predict/pe.h"
#include "cvmctl/predict/prediction-read.h"
#include "evidence/collect/attestation.h"
#include "ima-policy/loader.h"
#include "ima-policy/rules.h"
#include "lib/base64.h"
#include "lib/bytes.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/json.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/luks/luks.h"
#include "seal/luks/token.h"
#include "seal/object/release-key.h"
#include "seal/object/sealed-object.h"
#include "seal/object/signatures.h"
#include "seal/object/srk-public.h"
#include "tests/fuzz/delivery.h"
#include "tests/fuzz/evidence.h"
#include "tests/fuzz/exchange.h"
#include "tests/fuzz/pictures.h"
#include "tests/fuzz/promise.h"

static void fuzz_boot_conf(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = as_text(data, len);
	own_free struct boot_conf *c = malloc(sizeof(*c));
	struct ini_error e = { "" };

	for (int template = 0; template <2; template ++) {
		int r = boot_conf_read("boot.conf", (char *)b.data, b.len,
				       template, c, &e);

		expect(r <= 0, "0 or -errno");
		expect(r != -EINVAL || e.text[0], "a reason");
		if (r < 0)
			continue;
		expect(c->volumes <= boot_volumes_max, "volumes");
		for (size_t i = 0; i < c->volumes; i++)
			expect(text_is_path(c->volume[i].mount), "a mount");
	}
}

static void fuzz_apps_conf(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = as_text(data, len);
	own_free struct apps_conf *c = malloc(sizeof(*c));
	struct ini_error e = { "" };
	int r = apps_conf_read("apps.conf", (char *)b.data, b.len, c, &e);

	expect(r <= 0, "0 or -errno");
	expect(r != -EINVAL || e.text[0], "a reason");
	for (size_t i = 0; r == 0 && i < c->n; i++) {
		expect(text_is_name(c->app[i].name, app_name_max), "a name");
		expect(text_is_path(c->app[i].argv[0]), "a program");
	}
	apps_conf_free(c);
}

static void fuzz_cmdline(const uint8_t *data, size_t len)
{
	static const struct boot_words allowed = {
		.word = { "nosmt", "root=/dev/vda" }, .n = 2
	};
	own_bytes struct bytes b = as_text(data, len);
	struct fail f = { 0 };

	if (cmdline_check((char *)b.data, b.len, &allowed, &f) < 0)
		expect_failure(&f);
}

static void fuzz_ima_policy(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = as_text(data, len);
	struct fail f = { 0 };

	if (ima_check_policy("policy", (char *)b.data, b.len, &f) < 0)
		expect_failure(&f);
}

/* The parts of a blob lie in it; a key's in its file, and make a record. */
static void expect_within(const struct unmarshal *part, const uint8_t *data,
			  size_t len)
{
	expect(!part->len ||
		       (part->at >= data && part->at + part->len <= data + len),
	       "a part of it");
}

static void expect_object(const struct sealed_key *key)
{
	struct sealed_object o = { 0 };
	const char *why = sealed_object_parse(key, &o);

	expect(!why || *why, "a reason");
	expect_within(&o.private, key->blob.data, key->blob.len);
	expect_within(&o.public, key->blob.data, key->blob.len);
	expect_within(&o.seed, key->blob.data, key->blob.len);
}

static void fuzz_srk(const uint8_t *data, size_t len)
{
	own_bytes struct bytes file = as_text(data, len);
	own_bytes struct bytes record = { 0 };
	struct srk_public srk;
	struct srk_record read;
	struct fail f = { 0 };

	if (srk_public_parse(&file, &srk, &f) < 0) {
		expect_failure(&f);
		return;
	}
	expect_within(&srk.key.modulus, file.data, file.len);
	expect_within(&srk.key.x, file.data, file.len);
	expect_within(&srk.key.y, file.data, file.len);
	expect(srk_public_record(&srk, &record) == 0, "memory");
	expect(srk_record_parse(&record, &read) == 0, "a record");
}

/* What is accepted comes back the same when it is written and read again. */
static void fuzz_token(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = as_text(data, len);
	own_sealed_key struct sealed_key key = { 0 };
	own_sealed_key struct sealed_key again = { 0 };
	own_free char *json = NULL;
	struct fail f = { 0 };
	int slot = -1;
	int slot_again = -1;

	if (token_parse((char *)b.data, &key, &slot, &f) < 0) {
		expect_failure(&f);
		return;
	}
	expect_object(&key);
	expect(token_format(&key, slot, &json, &f) == 0, "it can be written");
	expect(token_parse(json, &again, &slot_again, &f) == 0, "and read");
	expect(slot == slot_again && key.pcr_mask == again.pcr_mask &&
		       key.bank == again.bank &&
		       key.blob.len == again.blob.len &&
		       memcmp(key.blob.data, again.blob.data, key.blob.len) ==
			       0,
	       "the same token");
}

/* Our own archives: what can be read is written again to the same bytes. */
static void fuzz_cpio(const uint8_t *data, size_t len)
{
	own_free uint8_t *exact = malloc(len ? len : 1);
	struct cpio c = { 0 };

	memcpy(exact, data, len);
	if (cpio_read(exact, len, &c) == 0)
		expect(c.n <= cpio_entries_max, "entries");
	cpio_free(&c);
}

static void fuzz_luks_header(const uint8_t *data, size_t len)
{
	own_fd int fd = memfd_create("fuzz", MFD_CLOEXEC);

	expect(io_write_all(fd, data, len) == 0, "memory");
	if (luks_has_uuid(fd, "11111111-2222-4333-8444-555555555555") > 0)
		expect(luks_has_uuid(fd, NULL) > 0, "any UUID is one");
}

static void fuzz_event_log(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = as_text(data, len);
	own_event_log struct event_log log = { 0 };
	struct fail f = { 0 };

	if (event_log_parse("log", (char *)b.data, b.len, &log, &f) < 0)
		expect_failure(&f);
	for (size_t i = 0; i < log.n; i++)
		expect(log.event[i].pcr < pcr_count, "a PCR");
}

static void fuzz_prediction(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = as_text(data, len);

	for (enum digest_alg bank = 0; bank < DIGEST_ALG_COUNT; bank++) {
		struct pcr_values values = { .mask = 0 };
		struct fail f = { 0 };

		if (prediction_parse("prediction", (char *)b.data, b.len, bank,
				     &values, &f) < 0) {
			expect_failure(&f);
			continue;
		}
		expect(values.bank == bank, "the bank");
		expect(values.mask >> pcr_count == 0, "PCRs that exist");
		expect(values.mask & 1U << pcr_apps, "PCR 14");
	}
}

/* What is read of signatures can be written, and reads the same again. */
static void fuzz_signatures(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = as_text(data, len);
	own_bytes struct bytes text = { 0 };
	own_signatures struct signatures s = { 0 };
	own_signatures struct signatures again = { 0 };
	struct fail f = { 0 };

	if (signatures_parse((char *)b.data, &s, &f) < 0) {
		expect_failure(&f);
		return;
	}
	expect(s.n <= signatures_max, "a bounded list");
	expect(signatures_write(&s, &text) == 0, "memory");
	expect(signatures_parse((char *)text.data, &again, &f) == 0 &&
		       again.n == s.n,
	       "the same list");
	for (size_t i = 0; i < s.n; i++)
		expect(again.entry[i].mask == s.entry[i].mask &&
			       again.entry[i].release == s.entry[i].release &&
			       again.entry[i].values.mask ==
				       s.entry[i].values.mask,
		       "the same entry");
}

static void fuzz_release_key(const uint8_t *data, size_t len)
{
	/* no NUL behind it, in memory of exactly that size */
	own_free uint8_t *copy = malloc(len ? len : 1);
	own_release_key struct release_key key = { 0 };
	struct bytes pem = { .data = copy, .len = len };

	expect(copy, "memory");
	memcpy(copy, data, len);
	if (release_key_parse(&pem, &key) < 0) {
		expect(!key.public.data, "nothing of a refused key");
		return;
	}
	expect(key.public.len >= 2 && key.name[1] == 0x0b, "a SHA-256 name");
}

/* A kernel, as it is and as QEMU changes it. */
static void fuzz_kernel(const uint8_t *data, size_t len)
{
	static const struct qemu_machine m = { false, 1 << 30 };
	own_bytes struct bytes b = as_text(data, len);
	struct digest_set digest;
	struct pe pe;

	if (pe_read(b.data, b.len, &pe) == 0) {
		expect(pe.sections <= pe_sections_max, "sections");
		expect(pe_authenticode(&pe, 1U << DIGEST_SHA1, &digest) <= 0,
		       "0 or -errno");
	}
	expect(qemu_patch_kernel(&b, "quiet", 4096, &m) <= 0, "0 or -errno");
	expect(b.len == len, "the same length");
}

static void fuzz_uki(const uint8_t *data, size_t len)
{
	own_free struct boot_chain *c = calloc(1, sizeof(*c));
	own_boot_uki struct boot_uki u = { .name = "u" };
	struct fail f = { 0 };

	expect(c != NULL, "memory");
	c->algs = 1U << DIGEST_SHA1;
	u.file = as_text(data, len);
	if (boot_chain_uki(c, &u, &f) < 0) {
		expect_failure(&f);
		return;
	}
	expect(c->n >= 11 && c->n <= boot_events_max, "events");
	expect(strncmp(c->stub, "systemd-stub ", 13) == 0, "a stub");
}

/* The next bytes of an input, at most max, in memory of exactly that size. */
static struct bytes take_part(const uint8_t **data, size_t *len, size_t max)
{
	size_t part = *len < max ? *len : max;
	struct bytes b = { malloc(part ? part : 1), part };

	expect(b.data, "memory");
	memcpy(b.data, *data, part);
	*data += part;
	*len -= part;
	return b;
}

/* Nonce, report, manifest; then once more with the right hash in the report. */
static void fuzz_attestation(const uint8_t *data, size_t len)
{
	own_bytes struct bytes nonce =
		take_part(&data, &len, attestation_nonce_size);
	own_attestation struct attestation a = { .nonce = { 0 } };
	struct fail f = { 0 };
	const uint8_t *report;
	bool sound;

	memcpy(a.nonce, nonce.data, nonce.len);
	a.report = take_part(&data, &len, attestation_report_size);
	a.manifest = take_part(&data, &len, attestation_manifest_max);
	if (attestation_check(&a, &f) < 0)
		expect_failure(&f);
	if (a.report.len < attestation_report_size)
		return;
	report = a.report.data;
	expect(digest_pair(DIGEST_SHA512, a.nonce, sizeof(a.nonce),
			   a.manifest.data, a.manifest.len,
			   a.report.data + 0x50) == 0,
	       "a hash");
	sound = report[0] >= 2 && report[0] <= 5 && !report[1] && !report[2] &&
		!report[3] && memcmp(report + 0x30, "\0\0\0\0", 4) == 0;
	expect((attestation_check(&a, &f) == 0) == sound, "version and VMPL");
}

/* Words, numbers and encodings: text of the length of a line. */
static void fuzz_text(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = as_text(data, len);
	own_bytes struct bytes decoded = { 0 };
	char escaped[64];
	char *words[9];
	uint8_t hex[16];
	uint64_t number;
	size_t n = 0;
	int r;

	text_escape((const char *)data, len, escaped, sizeof(escaped));
	expect(strlen(escaped) < sizeof(escaped), "a string");
	if (text_parse_size((char *)b.data, 1000, &number) == 0)
		expect(number <= 1000, "a maximum");
	if (hex_decode((char *)b.data, sizeof(hex), hex, &n) == 0)
		expect(n <= sizeof(hex), "a maximum");
	if (base64_decode((char *)b.data, 100, &decoded) == 0)
		expect(decoded.len <= 100, "a maximum");
	r = text_split_words((char *)b.data, words, 8);
	expect(r <= 8 && (r < 0 || !words[r]), "a list that ends");
}

const struct fuzz_target fuzz_targets[] = {
	{ "boot-conf", fuzz_boot_conf, boot_conf_max + 1 },
	{ "apps-conf", fuzz_apps_conf, apps_conf_max + 1 },
	{ "cmdline", fuzz_cmdline, cmdline_max },
	{ "ima-policy", fuzz_ima_policy, ima_policy_max + 1 },
	{ "token", fuzz_token, token_json_max + 1 },
	{ "srk", fuzz_srk, srk_public_max + 1 },
	{ "cpio", fuzz_cpio, 4096 },
	{ "luks-header", fuzz_luks_header, 4096 },
	{ "event-log", fuzz_event_log, 4096 },
	{ "prediction", fuzz_prediction, 4096 },
	{ "signatures", fuzz_signatures, 4096 },
	{ "release-key", fuzz_release_key, 4096 },
	{ "kernel", fuzz_kernel, 4096 },
	{ "uki", fuzz_uki, 8192 },
	{ "attestation", fuzz_attestation,
	  attestation_nonce_size + attestation_report_size + 512 },
	{ "log", fuzz_log, 4096 },
	{ "chain", fuzz_chain, 16384 },
	{ "diff", fuzz_diff, 16384 },
	{ "report", fuzz_report, 4096 },
	{ "evidence", fuzz_evidence, 16384 },
	{ "public", fuzz_public, tpm_public_max + 1 },
	{ "attest", fuzz_attest, 1024 },
	{ "tcg-log", fuzz_tcg_log, 4096 },
	{ "ima-log", fuzz_ima_log, 4096 },
	{ "systemd-log", fuzz_systemd_log, 4096 },
	{ "snp", fuzz_snp, snp_report_size + 4096 },
	{ "ccel", fuzz_ccel, 4096 },
	{ "td-quote", fuzz_td_quote, 8192 },
	{ "listing", fuzz_listing, 4096 },
	{ "identity", fuzz_identity, 4096 },
	{ "challenge", fuzz_challenge, challenge_json_max + 1 },
	{ "request", fuzz_request, request_json_max + 1 },
	{ "answer", fuzz_answer, 16384 },
	{ "erofs", fuzz_erofs, 8192 },
	{ "init-program", fuzz_init_program, 1024 },
	{ "text", fuzz_text, 256 },
	{ 0 },
};
