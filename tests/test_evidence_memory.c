// SPDX-License-Identifier: MIT
/*
 * The files of docs/evidence.md, read and written with the n-th allocation
 * failing, for every n until nothing fails: -ENOMEM and one whole failure, or
 * no difference, and nothing left allocated. What fails is as in test_memory.
 */
#include <errno.h>
#include <string.h>

#include "tests/table.h"

#include <fcntl.h>
#include <sanitizer/lsan_interface.h>

#include "evidence/exchange/exchange.h"
#include "lib/io.h"
#include "lib/own.h"
#include "tests/fault.h"

enum { faults_max = 10000 };

static struct bytes identity_text; /* of tests/corpus */
static struct bytes challenge_text;
static struct evidence_tpm identity;
static struct challenge challenge;
static struct evidence evidence;

static int read_identity(size_t *ret, struct fail *f)
{
	own_evidence_tpm struct evidence_tpm t = { 0 };
	int r = identity_read_json(&identity_text, &t, f);

	*ret = t.ek.len + t.ak.len;
	return r;
}

static int read_challenge(size_t *ret, struct fail *f)
{
	own_challenge struct challenge c = { 0 };
	int r = challenge_read_json(&challenge_text, &c, f);

	*ret = c.secret.len;
	return r;
}

static int make_challenge(size_t *ret, struct fail *f)
{
	static const uint8_t random[32] = { 1, 2, 3 };
	own_challenge struct challenge c = { 0 };
	int r = challenge_make(&identity, random, &c, f);

	*ret = c.secret.len;
	return r;
}

static int write_challenge(size_t *ret, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	int r = challenge_write_json(&challenge, "test", &text);

	(void)f;
	*ret = text.len;
	return r;
}

static int write_identity(size_t *ret, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	int r = evidence_write_identity(&identity, "test", &text);

	(void)f;
	*ret = text.len;
	return r;
}

static int write_evidence(size_t *ret, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	int r = evidence_write_json(&evidence, "test", &text);

	(void)f;
	*ret = text.len;
	return r;
}

static const struct job {
	const char *name;
	int (*run)(size_t *ret_size, struct fail *f);
	bool only_ours; /* json-c, when it parses, dies */
	bool fills;	/* a struct fail */
} jobs[] = {
	{ "identity_read_json", read_identity, true, true },
	{ "challenge_read_json", read_challenge, true, true },
	{ "challenge_make", make_challenge, false, true },
	{ "challenge_write_json", write_challenge, false, false },
	{ "evidence_write_identity", write_identity, false, false },
	{ "evidence_write_json", write_evidence, false, false },
};

static bool fails_at(const struct job *job, size_t n, size_t sound)
{
	struct fail f = { 0 };
	size_t size = 0;
	bool hit;
	int r;

	fault_at = n;
	fault_only_ours = job->only_ours;
	r = job->run(&size, &f);
	hit = fault_at == 0;
	fault_at = 0;
	assert_true(r == 0 || r == -ENOMEM);
	assert_int_equal(size, r ? 0 : sound);
	if (r && job->fills) {
		assert_true(f.what[0] != '\0');
		assert_string_equal(f.reason, "Cannot allocate memory");
		assert_string_equal(f.remedy, "give the VM more memory");
	}
	return hit;
}

static void survives(void **state)
{
	const struct job *job = *state;
	struct fail f = { 0 };
	size_t sound = 0;
	size_t n = 1;

	assert_int_equal(job->run(&sound, &f), 0);
	assert_true(sound > 0);
	while (n < faults_max && fails_at(job, n, sound))
		n++;
	assert_in_range(n, 2, faults_max - 1);
	assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
}

static void assert_read(const char *path, struct bytes *ret)
{
	assert_int_equal(io_read_file(AT_FDCWD, path, 1 << 16, ret), 0);
}

/* One of everything. */
static void make_inputs(void)
{
	struct fail f = { 0 };

	assert_read("tests/corpus/identity/good", &identity_text);
	assert_read("tests/corpus/challenge/good", &challenge_text);
	assert_int_equal(identity_read_json(&identity_text, &identity, &f), 0);
	assert_int_equal(challenge_read_json(&challenge_text, &challenge, &f),
			 0);
	evidence.nonce = challenge.secret;
	evidence.nonce.len = 8;
	evidence.has_tpm = true;
	evidence.tpm = identity;
	evidence.tpm.quote.attest = identity_text;
	evidence.tpm.quote.signature = challenge_text;
	evidence.tpm.srk_certification = evidence.tpm.quote;
	evidence.tpm.pcrs[DIGEST_SHA384] =
		(struct pcr_values){ .bank = DIGEST_SHA384, .mask = 1U << 14 };
	evidence.init = json_object_new_array();
	evidence.ima = identity_text;
	evidence.firmware = identity_text;
	evidence.ccel = challenge_text;
	evidence.systemd = challenge_text;
	evidence.report[0] =
		(struct evidence_report){ "svsm",	  0,
					  evidence.nonce, identity_text,
					  challenge_text, identity_text };
	evidence.reports = 1;
	evidence.has_rtmr = true;
}

static void free_inputs(void)
{
	json_release(&evidence.init);
	challenge_free(&challenge);
	evidence_tpm_free(&identity);
	bytes_free(&identity_text);
	bytes_free(&challenge_text);
}

int main(void)
{
	const struct table tables[] = { TABLE(survives, jobs) };
	int r;

	/* before its first allocation */
	if (!fault_spare_openssl())
		return 1;
	make_inputs();
	r = table_run(tables, array_size(tables));
	free_inputs();
	return r;
}
