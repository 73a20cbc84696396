// SPDX-License-Identifier: MIT
/* See evidence.h. */
#include "tests/fuzz/evidence.h"

#include <errno.h>
#include <string.h>

#include "evidence/file/read.h"
#include "evidence/judge/judge.h"
#include "evidence/logs/ima-log.h"
#include "evidence/logs/logs.h"
#include "evidence/signed/attest.h"
#include "evidence/signed/certificates.h"
#include "evidence/signed/signature.h"
#include "evidence/signed/snp-internal.h"
#include "evidence/signed/snp.h"
#include "evidence/signed/td-quote.h"
#include "lib/json.h"
#include "lib/own.h"
#include "seal/measure/journal.h"
#include "tests/fuzz/promise.h"

/* The bytes without a NUL behind them, in memory of exactly that size. */
static struct bytes exact(const uint8_t *data, size_t len)
{
	struct bytes b = { malloc(len ? len : 1), len };

	expect(b.data, "memory");
	if (len)
		memcpy(b.data, data, len);
	return b;
}

static void expect_printable(const struct bytes *b)
{
	for (size_t i = 0; i < b->len; i++)
		expect(b->data[i] == '\n' ||
			       (b->data[i] >= 0x20 && b->data[i] < 0x7f),
		       "printable text");
}

static void judge_for(const struct evidence *e, const struct expectations *x)
{
	own_verdict struct verdict v = { .n = 0 };
	own_bytes struct bytes text = { 0 };
	own_bytes struct bytes json = { 0 };

	expect(judge(e, x, &v) == 0, "memory");
	expect(!verdict_trusted(&v), "no trust");
	expect(verdict_write_json(&v, &json) == 0 &&
		       verdict_write_text(&v, &text) == 0,
	       "memory");
	expect_printable(&json);
	expect_printable(&text);
	bytes_free(&text);
	expect(verdict_write_events(&v, &text) == 0, "memory");
	expect_printable(&text);
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

/* Two events of any digests, then a directory that cannot be this one. */
static const char any_manifest[] =
	"{\"apps\":{\"banks\":{\"sha256\":{\"ready\":\"" ZEROS "\"}},"
	"\"events\":[{\"digests\":[]},{\"digests\":[]},{\"digests\":[{"
	"\"hashAlg\":\"sha256\",\"digest\":\"" ZEROS "\"}],\"content\":{"
	"\"kind\":\"directory\",\"path\":\"/app\",\"listing\":"
	"\"cvm-init listing 1\\nd\\t0700\\t0\\t0\\t-\\t.\\n\"}}]}}";

/* Nobody is told which key to believe: so whatever it says is not trusted. */
static void judge_it(const struct evidence *e)
{
	static const struct bytes no_root = { 0 };
	own_json struct json_object *manifest =
		json_tokener_parse(any_manifest);
	struct expectations x = { .nonce = &e->nonce,
				  .without_hardware = true,
				  .manifest = manifest };

	judge_for(e, &x);
	x.without_hardware = false;
	x.tdx.root = &no_root;
	judge_for(e, &x);
}

void fuzz_evidence(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = as_text(data, len);
	own_evidence struct evidence e = { .has_tpm = false };
	own_evidence struct evidence again = { .has_tpm = false };
	own_bytes struct bytes text = { 0 };
	struct fail f = { 0 };

	if (evidence_read_json((char *)b.data, b.len, &e, &f) < 0) {
		expect_failure(&f);
		return;
	}
	expect(e.nonce.len >= 1 && e.nonce.len <= evidence_nonce_max,
	       "a nonce");
	expect(evidence_write_json(&e, "fuzz", &text) == 0, "it is written");
	expect(evidence_read_json((char *)text.data, text.len, &again, &f) == 0,
	       "and read again");
	judge_it(&e);
}

void fuzz_public(const uint8_t *data, size_t len)
{
	static const uint8_t ecdsa[] = { 0, 0x18, 0, 0x0b, 0, 1, 1, 0, 1, 1 };
	static const uint8_t rsassa[] = { 0, 0x14, 0, 0x0b, 0, 1, 1 };
	own_bytes struct bytes b = exact(data, len);
	struct bytes ecc = { (uint8_t *)(uintptr_t)ecdsa, sizeof(ecdsa) };
	struct bytes rsa = { (uint8_t *)(uintptr_t)rsassa, sizeof(rsassa) };
	enum digest_alg alg;
	struct tpm_public p;
	struct fail f = { 0 };

	if (tpm_public_read(&b, &p, &f) < 0) {
		expect(f.reason[0], "a reason");
		return;
	}
	expect(tpm_public_verify(&p, &b, &ecc, &alg, &f) < 0 &&
		       tpm_public_verify(&p, &b, &rsa, &alg, &f) < 0,
	       "no signature");
	/* as a signature of itself */
	expect(tpm_public_verify(&p, &b, &b, &alg, &f) < 0, "no signature");
}

void fuzz_attest(const uint8_t *data, size_t len)
{
	static const enum attest_type types[] = { ATTEST_QUOTE,
						  ATTEST_CERTIFY };
	own_bytes struct bytes b = exact(data, len);

	for (size_t i = 0; i < array_size(types); i++) {
		struct pcr_values values[DIGEST_ALG_COUNT] = { 0 };
		struct fail f = { 0 };
		struct attest a;

		if (attest_read(&b, types[i], &a, &f) < 0) {
			expect(f.reason[0], "a reason");
			continue;
		}
		expect(a.banks <= attest_banks_max, "banks");
		for (size_t n = 0; n < a.banks; n++) {
			expect(a.mask[n] >> pcr_count == 0, "PCRs");
			values[a.bank[n]].mask = a.mask[n];
		}
		expect(attest_check_pcrs(&a, DIGEST_SHA256, values, &f) <= 0,
		       "0 or -errno");
	}
}

static void expect_events(struct log_events *list, int r, const struct fail *f)
{
	expect(r != -EINVAL || f->reason[0], "a reason");
	for (size_t i = 0; i < list->n; i++)
		expect(list->event[i].pcr < pcr_count && list->event[i].type,
		       "an event of a PCR");
	log_events_free(list);
}

void fuzz_tcg_log(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = exact(data, len);
	struct log_events list = { .n = 0 };
	uint8_t locality = 0;
	struct fail f = { 0 };
	int r = firmware_log_read(&b, &list, &locality, &f);

	expect_events(&list, r, &f);
}

void fuzz_ccel(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = exact(data, len);
	struct log_events list = { .n = 0 };
	struct fail f = { 0 };
	int r = ccel_log_read(&b, &list, &f);

	for (size_t i = 0; i < list.n; i++)
		expect(list.event[i].mr <= log_mr_rtmr_3 &&
			       list.event[i].mr_alone,
		       "an event of an RTMR");
	expect_events(&list, r, &f);
}

void fuzz_systemd_log(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = exact(data, len);
	struct log_events list = { .n = 0 };
	struct fail f = { 0 };
	int r = systemd_log_read(&b, &list, &f);

	expect_events(&list, r, &f);
}

static void expect_field(const struct ima_field *field, const struct bytes *b)
{
	/* of template ima the algorithm is a constant */
	if (!field->len || ima_field_is(field, "sha1"))
		return;
	expect(field->at >= b->data &&
		       field->at + field->len <= b->data + b->len,
	       "a part of the list");
}

void fuzz_ima_log(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = exact(data, len);
	struct ima_log log;
	struct ima_record r;
	struct fail f = { 0 };
	int result;

	ima_log_open(&b, &log);
	while ((result = ima_log_next(&log, &r, &f)) > 0) {
		struct digest_set digests;

		expect_field(&r.template, &b);
		expect_field(&r.data, &b);
		expect_field(&r.alg, &b);
		expect_field(&r.digest, &b);
		expect_field(&r.path, &b);
		expect_field(&r.buffer, &b);
		expect(ima_record_digest(&r, 1U << DIGEST_SHA1, &digests) == 0,
		       "memory");
	}
	expect(result == 0 || f.reason[0], "a reason");
}

void fuzz_snp(const uint8_t *data, size_t len)
{
	size_t part = len < snp_report_size ? len : snp_report_size;
	own_bytes struct bytes report = exact(data, part);
	own_bytes struct bytes table = exact(data + part, len - part);
	own_certificate X509 *c = snp_table_find(&table, SNP_VCEK);
	const struct bytes none = { 0 };
	const struct snp_certificates given = { .ark = &none };
	struct snp_report r;
	struct fail f = { 0 };

	if (snp_report_read(&report, &r, &f) == 0) {
		expect(snp_report_verify(&r, &given, &table, &f) < 0,
		       "no signature");
		if (c)
			(void)snp_vcek_refuse(c, &report); /* any answer */
	}
	expect(f.reason[0], "a reason");
}

static void expect_part(const struct unmarshal *part, const struct bytes *b)
{
	expect(part->at >= b->data && part->at + part->len <= b->data + b->len,
	       "a part of the quote");
}

/* Its own certificates for the root: whoever wrote it has signed none. */
void fuzz_td_quote(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = exact(data, len);
	struct td_quote q;
	struct fail f = { 0 };

	if (td_quote_read(&b, &q, &f) == 0) {
		const struct bytes root = {
			(uint8_t *)(uintptr_t)q.certificates.at,
			q.certificates.len
		};

		expect_part(&q.signed_part, &b);
		expect_part(&q.enclave_data, &b);
		expect_part(&q.certificates, &b);
		(void)td_quote_refuse(&q); /* any answer */
		expect(td_quote_verify(&q, &root, 0, &f) < 0, "no signature");
	}
	expect(f.reason[0], "a reason");
}

/* measurements.bin and measurements.json. */
void fuzz_log(const uint8_t *data, size_t len)
{
	own_bytes struct bytes b = as_text(data, len);
	own_json struct json_object *o = json_tokener_parse((char *)b.data);
	enum journal_state state;
	int tcg = journal_tcg_state(b.data, b.len, &state);
	int cel = journal_cel_state(o, &state);

	expect(tcg == 0 || tcg == -EBADMSG, "0 or -EBADMSG");
	expect(cel == 0 || cel == -EBADMSG, "0 or -EBADMSG");
}
