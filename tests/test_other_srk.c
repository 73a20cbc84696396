// SPDX-License-Identifier: MIT
/*
 * Whose the storage root key is that a token or boot.conf names, when the one
 * at 0x81000001 is another: each refusal, and that its remedy helps.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "lib/own.h"
#include "seal/tpm/tpm.h"
#include "tests/line.h"
#include "tests/swtpm.h"
#include "tests/unseal.h"

#define EVICT "tpm2_evictcontrol -C o -c 0x81000001"
/* as init(8) has it */
#define RSA                                              \
	"-G rsa2048:aes128cfb -a 'fixedtpm|fixedparent|" \
	"sensitivedataorigin|userwithauth|noda|restricted|decrypt'"
/* a storage key, from another template */
#define WRONG "-G ecc256"

#define UNSEAL "cannot unseal the key: "
#define USE    "cannot use the TPM's storage root key 0x81000001: "
#define BY_THIS_TPM \
	UNSEAL "it was sealed by this TPM, but 0x81000001 holds another key now; "
#define REMOVE "remove the wrong key with tpm2_evictcontrol -C o -c 0x81000001"

/* A TPM, and a key that was sealed with it. */
struct scene {
	struct swtpm swtpm;
	struct sealed_key key;
	uint8_t name[tpm_name_size]; /* of its storage root key */
};

static void scene_end(struct scene *s)
{
	sealed_key_free(&s->key);
	swtpm_stop(&s->swtpm);
}

#define own_scene __attribute__((cleanup(scene_end)))

/* options: of a storage root key, or NULL for ours. */
static void scene_begin(struct scene *s, const char *options)
{
	const struct seal_policy policy = { .pcrs = { .bank = DIGEST_SHA256,
						      .mask = 1U << 14 } };
	own_secret struct secret secret = { 0 };
	own_tpm struct tpm *t = NULL;
	struct srk_record srk;
	struct fail f = { 0 };

	swtpm_start(&s->swtpm);
	if (options)
		swtpm_make_srk(&s->swtpm, options);
	t = swtpm_open(&s->swtpm);
	make_secret(32, &secret);
	assert_int_equal(sealed_key_begin(&policy, &s->key), 0);
	assert_ok(tpm_seal(t, &secret, &s->key, &f), &f);
	assert_int_equal(srk_record_parse(&s->key.srk, &srk), 0);
	memcpy(s->name, srk.name, tpm_name_size);
}

static void tool(const struct scene *s, const char *command)
{
	assert_int_equal(swtpm_tool(&s->swtpm, command), 0);
}

/* Twice, since the TPM is asked only once. */
static void assert_asks_once(const struct scene *s, const char *line)
{
	own_tpm struct tpm *t = swtpm_open(&s->swtpm);

	assert_refused(t, &s->key, line);
	assert_refused(t, &s->key, line);
}

/* With name in boot.conf. line NULL: it is used. */
static void assert_pinned(const struct scene *s, const char *line)
{
	own_tpm struct tpm *t = swtpm_open(&s->swtpm);
	struct fail f = { 0 };
	digest_algs algs = 0;
	int r;

	tpm_pin_srk(t, s->name);
	r = tpm_banks(t, &algs, &f);
	if (line)
		assert_refusal(r, &f, line);
	else
		assert_ok(r, &f);
}

static void assert_uses(const struct scene *s)
{
	own_tpm struct tpm *t = NULL;

	assert_pinned(s, NULL);
	t = swtpm_open(&s->swtpm);
	assert_unseals(t, &s->key, 32);
}

static void says_that_another_key_is_there(void **state)
{
	own_scene struct scene s = { .name = { 0 } };

	(void)state;
	scene_begin(&s, NULL);
	tool(&s, EVICT);
	swtpm_make_srk(&s.swtpm, WRONG);
	assert_asks_once(&s, BY_THIS_TPM REMOVE);
	assert_pinned(&s,
		      USE "boot.conf names another key of this TPM; " REMOVE);
	tool(&s, EVICT);
	assert_uses(&s);
}

/* What is missing would be made again as P-256. */
static void has_a_remedy_for_rsa(void **state)
{
	own_scene struct scene s = { .name = { 0 } };

	(void)state;
	scene_begin(&s, RSA);
	tool(&s, EVICT);
	assert_asks_once(&s, BY_THIS_TPM
			 "put the RSA key back there as init(8) says");
	assert_pinned(&s,
		      USE "boot.conf names another key of this TPM; put the "
			  "RSA key back there as init(8) says");
	tool(&s, EVICT);
	swtpm_make_srk(&s.swtpm, RSA);
	assert_uses(&s);
}

static void knows_when_the_tpm_was_cleared(void **state)
{
	own_scene struct scene s = { .name = { 0 } };

	(void)state;
	scene_begin(&s, NULL);
	tool(&s, "tpm2_clear");
	assert_asks_once(&s, UNSEAL
			 "it was sealed by another TPM, or before this "
			 "one was cleared; seal it again on this TPM with "
			 "cvmctl seal");
	assert_pinned(&s,
		      USE "boot.conf names that of another TPM, or of this one "
			  "before it was cleared; give the VM the TPM that has "
			  "the [tpm] srk of boot.conf");
}

/* An owner's password: no primary is made for us. */
static void does_not_guess(void **state)
{
	own_scene struct scene s = { .name = { 0 } };

	(void)state;
	scene_begin(&s, NULL);
	tool(&s, EVICT);
	swtpm_make_srk(&s.swtpm, WRONG);
	tool(&s, "tpm2_changeauth -c owner secret");
	assert_asks_once(&s,
			 UNSEAL "it was sealed by another TPM or SRK; seal it "
				"again on this TPM with cvmctl seal");
	assert_pinned(&s,
		      USE "its name is not the one in boot.conf; give the VM "
			  "the TPM that has the [tpm] srk of boot.conf");
}

int main(void)
{
	static const struct table tables[] = {
		CASE(says_that_another_key_is_there),
		CASE(has_a_remedy_for_rsa),
		CASE(knows_when_the_tpm_was_cleared),
		CASE(does_not_guess),
	};

	return table_run(tables, array_size(tables));
}
