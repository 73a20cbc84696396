// SPDX-License-Identifier: MIT
/*
 * The broker's side of a delivery, with a TPM and a VM played by the test: one
 * that keeps to the protocol gets its key, and each deviation its refusal.
 */
#include "cvmctl/broker/delivery.h"

#include <errno.h>
#include <signal.h>

#include "tests/table.h"

#include "seal/luks/token.h"
#include "tests/delivery.h"

/* The answer of the broker opens with this TPM, and gives the secret. */
static void check_key(const struct vm *vm)
{
	const struct answer_context context = { &vm->nonce, UUID, vm->fresh };
	own_bytes struct bytes token = { 0 };
	own_sealed_key struct sealed_key key = { 0 };
	own_secret struct secret secret = { 0 };
	struct fail f = { 0 };
	int slot = -1;

	assert_ok(answer_read(&vm->answer, &context, place.key_hash, "read it",
			      &token, &f),
		  &f);
	assert_ok(token_parse((const char *)token.data, &key, &slot, &f), &f);
	assert_int_equal(slot, keyslot);
	assert_ok(tpm_unseal(place.tpm, &key, NULL, &secret, &f), &f);
	assert_int_equal(secret.len, 6);
	assert_memory_equal(secret.data, "secret", 6);
}

static void take_foreign_srk(struct evidence_tpm *tpm)
{
	tpm->srk = tpm->ak; /* a key of the same TPM, and not the SRK */
}

static void change_srk(struct evidence *e)
{
	e->tpm.srk.data[e->tpm.srk.len - 1] ^= 1;
}

static void swap_both(struct evidence *e)
{
	bytes_free(&e->tpm.srk);
	assert_int_equal(bytes_copy(place.identity.ak.data,
				    place.identity.ak.len, &e->tpm.srk),
			 0);
}

static void change_pcr(struct evidence *e)
{
	e->tpm.pcrs[DIGEST_SHA256].value[pcr_apps][0] ^= 1;
}

static void forget_tpm(struct evidence *e)
{
	e->has_tpm = false;
	assert_int_equal(e->reports, 0);
	e->has_rtmr = true;
}

static const struct refusal {
	const char *name;
	struct vm vm;
	const char *reason; /* its beginning */
	const char *remedy;
} refusals[] = {
	{ "no request",
	  { .request = "{}" },
	  "cannot read the request: it is not one",
	  "boot the VM with this version of init" },
	{ "a request that is no JSON",
	  { .request = "\1\2\3" },
	  "cannot read the request: it is not one",
	  "boot the VM with this version of init" },
	{ "no evidence",
	  { .uuid = UUID, .evidence = "{}" },
	  "cannot read the evidence: ",
	  NULL },
	{ "an unknown volume",
	  { .uuid = FOREIGN },
	  "cannot give out the key of volume " FOREIGN
	  ": the image has no such volume with key = delivered",
	  "check uuid in [volume NAME] of boot.conf" },
	{ "a volume without a key",
	  { .uuid = OTHER },
	  "cannot find the key of volume " OTHER " in ",
	  "make one with cvmctl seal --key-store" },
	{ "replayed evidence",
	  { .uuid = UUID, .replay = true },
	  "cannot believe the evidence: ",
	  "compare what runs with cvmctl verify" },
	{ "another SRK in the request",
	  { .uuid = UUID, .change_request = take_foreign_srk },
	  "cannot believe the evidence: it is of other keys than the request",
	  "ask again with the keys of one TPM" },
	{ "another SRK in the evidence",
	  { .uuid = UUID, .change_evidence = change_srk },
	  "cannot believe the evidence: it is of other keys than the request",
	  "ask again with the keys of one TPM" },
	{ "another SRK in both",
	  { .uuid = UUID,
	    .change_request = take_foreign_srk,
	    .change_evidence = swap_both },
	  "cannot believe the evidence: ",
	  "compare what runs with cvmctl verify" },
	{ "another PCR 14",
	  { .uuid = UUID, .change_evidence = change_pcr },
	  "cannot believe the evidence: ",
	  "compare what runs with cvmctl verify" },
	{ "no TPM",
	  { .uuid = UUID, .change_evidence = forget_tpm },
	  "cannot believe the evidence: it is of other keys than the request",
	  "ask again with the keys of one TPM" },
};

static struct serving make_serving(const struct expectations *x,
				   const struct seal_policy *p)
{
	struct fail f = { 0 };
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/audit", place.tree.path);
	(void)unlink(path);
	fd = audit_open(path, &f);
	assert_true(fd >= 0);
	return (struct serving){ .broker = { .store = place.tree.path,
					     .key = place.key,
					     .audit_fd = fd,
					     .wanted = x,
					     .policy = p,
					     .timeout_s = seconds } };
}

static void delivers(void **state)
{
	const struct expectations x = make_expectations();
	const struct seal_policy p = make_policy();
	struct serving s = make_serving(&x, &p);
	own_json struct json_object *audit = NULL;
	struct vm vm = { .uuid = UUID, .fresh = "of this boot" };

	(void)state;
	talk(&vm, &s, &audit);
	assert_ok(s.result, &s.f);
	check_key(&vm);
	assert_string_equal(json_get_string(audit, "decision"), "delivered");
	assert_string_equal(json_get_string(audit, "reason"), "");
	assert_string_equal(json_get_string(audit, "peer"), "unix");
	assert_string_equal(json_get_string(audit, "uuid"), UUID);
	assert_int_equal(strlen(json_get_string(audit, "srk")), 68);
	bytes_free(&vm.nonce);
	bytes_free(&vm.answer);
	(void)close(s.broker.audit_fd);
}

static void refuses(void **state)
{
	const struct refusal *c = *state;
	const struct expectations x = make_expectations();
	const struct seal_policy p = make_policy();
	struct serving s = make_serving(&x, &p);
	own_json struct json_object *audit = NULL;
	own_json struct json_object *answer = NULL;
	struct vm vm = c->vm;
	const char *reason;

	talk(&vm, &s, &audit);
	assert_int_equal(s.result, -EPERM);
	if (c->remedy)
		assert_string_equal(s.f.remedy, c->remedy);
	assert_string_equal(json_get_string(audit, "decision"), "refused");
	reason = json_get_string(audit, "reason");
	if (strncmp(reason, c->reason, strlen(c->reason)) != 0)
		fail_msg("another reason: %s", reason);
	answer = json_tokener_parse((const char *)vm.answer.data);
	assert_string_equal(json_get_string(answer, "type"),
			    ANSWER_TYPE_REFUSAL);
	assert_string_equal(json_get_string(answer, "reason"), reason);
	bytes_free(&vm.nonce);
	bytes_free(&vm.answer);
	(void)close(s.broker.audit_fd);
}

/* An image whose applications are others: what was measured is named. */
static struct json_object *other_manifest(void)
{
	struct json_object *o = NULL;
	struct json_object *banks;

	assert_int_equal(json_object_deep_copy(place.manifest, &o, NULL), 0);
	json_object_object_del(json_get(o, "apps"), "events");
	banks = json_get(json_get(o, "apps"), "banks");
	for (enum digest_alg a = 0; a < DIGEST_ALG_COUNT; a++)
		if (json_get(banks, digest_name(a)))
			json_set_hex(json_get(banks, digest_name(a)),
				     "measured",
				     (uint8_t[digest_size_max]){ 1 },
				     digest_size(a));
	return o;
}

/* Names are the VM's: bytes that are no UTF-8, and what moves a cursor. */
static void name_oddly(struct evidence *e)
{
	struct json_object *first = json_object_array_get_idx(e->init, 0);

	assert_int_equal(json_set_string(json_get(first, "content"), "path",
					 "/\xff\n\x9b\x1b[2J"),
			 0);
}

static void notes_odd_names(void **state)
{
	own_json struct json_object *manifest = other_manifest();
	struct expectations x = make_expectations();
	const struct seal_policy p = make_policy();
	struct serving s = make_serving(&x, &p);
	own_json struct json_object *audit = NULL;
	own_json struct json_object *answer = NULL;
	struct vm vm = { .uuid = UUID, .change_evidence = name_oddly };

	(void)state;
	x.manifest = manifest;
	talk(&vm, &s, &audit);
	assert_int_equal(s.result, -EPERM);
	/* json-c 0.18 takes no text that is not UTF-8 */
	assert_non_null(strstr(json_get_string(audit, "reason"),
			       json_c_version_num() < 18 << 8
				       ? " /\\xff\\x0a\\x9b\\x1b[2J"
				       : "cannot read the evidence: "));
	answer = json_tokener_parse((const char *)vm.answer.data);
	assert_string_equal(json_get_string(answer, "reason"),
			    json_get_string(audit, "reason"));
	bytes_free(&vm.nonce);
	bytes_free(&vm.answer);
	(void)close(s.broker.audit_fd);
}

static void notes_who_leaves(void **state)
{
	const struct expectations x = make_expectations();
	const struct seal_policy p = make_policy();
	struct serving s = make_serving(&x, &p);
	own_json struct json_object *audit = NULL;
	struct vm vm = { .uuid = UUID, .leaves = true };

	(void)state;
	talk(&vm, &s, &audit);
	assert_int_equal(s.result, -EPERM);
	assert_string_equal(json_get_string(audit, "decision"), "refused");
	/* it left before it had the challenge, or after */
	if (strcmp(s.f.what, "receive the evidence") == 0)
		assert_string_equal(s.f.remedy,
				    "boot the VM with this version of init");
	else
		assert_string_equal(s.f.remedy, "let the VM listen");
	(void)close(s.broker.audit_fd);
}

/* A connection over vsock is of one boot: one that says nothing is closed. */
static void does_not_wait_for_ever(void **state)
{
	const struct expectations x = make_expectations();
	const struct seal_policy p = make_policy();
	struct serving s = make_serving(&x, &p);
	struct fail f = { 0 };
	int fd[2];

	(void)state;
	s.broker.timeout_s = 1;
	assert_return_code(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	(void)alarm(seconds); /* ends the test if it does */
	assert_int_equal(delivery_serve(&s.broker, fd[0], "vsock:3", &f), 0);
	(void)alarm(0);
	(void)close(fd[0]);
	(void)close(fd[1]);
	(void)close(s.broker.audit_fd);
}

/* What cannot be noted is not given out. */
static void keeps_its_key_without_an_audit_log(void **state)
{
	const struct expectations x = make_expectations();
	const struct seal_policy p = make_policy();
	struct serving s = make_serving(&x, &p);
	struct vm vm = { .uuid = UUID };
	pthread_t thread;
	int fd[2];

	(void)state;
	(void)close(s.broker.audit_fd);
	s.broker.audit_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(s.broker.audit_fd >= 0);
	assert_return_code(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	s.fd = fd[0];
	vm.fd = fd[1];
	assert_int_equal(pthread_create(&thread, NULL, serve, &s), 0);
	vm_send_request(&vm);
	assert_true(vm_take_challenge(&vm));
	vm_send_evidence(&vm);
	vm_receive(&vm);
	assert_non_null(
		strstr((const char *)vm.answer.data, ANSWER_TYPE_REFUSAL));
	assert_non_null(strstr((const char *)vm.answer.data,
			       "cannot write the audit log: No space left on "
			       "device"));
	bytes_free(&vm.answer);
	assert_int_equal(frame_receive(vm.fd, answer_json_max,
				       frame_deadline_in(seconds), &vm.answer),
			 -EPIPE);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_refusal(s.result, &s.f,
		       "cannot write the audit log: No space left on device; "
		       "check --audit");
	(void)close(vm.fd);
	(void)close(s.broker.audit_fd);
	bytes_free(&vm.nonce);
}

int main(void)
{
	const struct table tables[] = {
		CASE(delivers), /* first: makes the evidence to replay */
		TABLE(refuses, refusals),
		CASE(notes_odd_names),
		CASE(notes_who_leaves),
		CASE(does_not_wait_for_ever),
		CASE(keeps_its_key_without_an_audit_log),
	};
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	make_place();
	r = table_run(tables, array_size(tables));
	free_place();
	return r;
}
