// SPDX-License-Identifier: MIT
/* See delivery.h. */
#include "cvmctl/broker/delivery.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "cvmctl/broker/audit.h"
#include "cvmctl/broker/key-store.h"
#include "cvmctl/broker/listen.h"
#include "cvmctl/image/manifest.h"
#include "evidence/exchange/answer.h"
#include "evidence/exchange/exchange.h"
#include "evidence/exchange/request.h"
#include "evidence/file/read.h"
#include "evidence/signed/challenge.h"
#include "lib/frame.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/luks/token.h"
#include "seal/object/offline.h"

enum {
	reason_max = 2 * fail_text_max + 16,
	audit_seconds = 5, /* other processes have the log for less */
};

/* One request on its way to an answer. */
struct delivery {
	const struct broker *broker;
	int fd;
	frame_deadline until;
	struct request request;
	uint8_t random[challenge_size]; /* which only the broker knows */
	struct bytes nonce; /* made of it, which the evidence is under */
	struct evidence evidence;
};

static void delivery_free(struct delivery *d)
{
	request_free(&d->request);
	bytes_free(&d->nonce);
	evidence_free(&d->evidence);
}

#define own_delivery __attribute__((cleanup(delivery_free)))

static int fail_memory(struct fail *f)
{
	return fail_errno(f, ENOMEM, "free memory", "answer the VM");
}

/* What came is no message of the protocol, or did not come. */
static int fail_receive(int r, const char *what, struct fail *f)
{
	static const char remedy[] = "boot the VM with this version of init";

	if (r == -ENOMEM)
		return fail_memory(f);
	if (r == -EINVAL)
		return fail_because(f, "it is not one", remedy, "read the %s",
				    what);
	return fail_errno(f, r, remedy, "receive the %s", what);
}

static int receive_request(struct delivery *d, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	int r = frame_receive(d->fd, request_json_max, d->until, &text);

	if (r == -EPIPE)
		return r; /* the VM has all that it wanted */
	if (r == 0)
		r = request_read(&text, &d->request);
	return r < 0 ? fail_receive(r, "request", f) : 0;
}

static int send_message(struct delivery *d, const struct bytes *text,
			struct fail *f)
{
	int r = frame_send(d->fd, text->data, text->len, d->until);

	return r < 0 ? fail_errno(f, r, "let the VM listen", "answer the VM")
		     : 0;
}

/* Fresh for each request, so that no evidence can be shown twice. */
static int make_nonce(struct delivery *d, struct fail *f)
{
	const struct evidence_tpm *tpm = &d->request.tpm;
	uint8_t nonce[challenge_size];
	int r = getrandom(d->random, challenge_size, 0) == challenge_size
			? 0
			: -errno;

	if (r == 0)
		r = challenge_nonce(d->random, &tpm->ek, &tpm->ak, nonce);
	if (r == 0)
		r = bytes_copy(nonce, sizeof(nonce), &d->nonce);
	return r < 0 ? fail_errno(f, r, "free memory", "make a nonce") : 0;
}

static int challenge(struct delivery *d, struct fail *f)
{
	own_challenge struct challenge c = { 0 };
	own_bytes struct bytes text = { 0 };
	int r = make_nonce(d, f);

	if (r == 0)
		r = challenge_make(&d->request.tpm, d->random, &c, f);
	if (r < 0)
		return r;
	r = challenge_write_json(&c, "cvmctl " CVM_VERSION, &text);
	return r < 0 ? fail_memory(f) : send_message(d, &text, f);
}

static bool same(const struct bytes *a, const struct bytes *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static int receive_evidence(struct delivery *d, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	const struct evidence_tpm *tpm = &d->evidence.tpm;
	int r = frame_receive(d->fd, evidence_json_max, d->until, &text);

	if (r < 0)
		return fail_receive(r, "evidence", f);
	r = evidence_read_json((const char *)text.data, text.len, &d->evidence,
			       f);
	if (r < 0)
		return r;
	if (!d->evidence.has_tpm || !same(&tpm->ek, &d->request.tpm.ek) ||
	    !same(&tpm->ak, &d->request.tpm.ak) ||
	    !same(&tpm->srk, &d->request.tpm.srk))
		return fail_because(f, "it is of other keys than the request",
				    "ask again with the keys of one TPM",
				    "believe the evidence");
	return 0;
}

static int judge_evidence(struct delivery *d, struct fail *f)
{
	const struct bytes random = { d->random, sizeof(d->random) };
	struct expectations wanted = *d->broker->wanted;
	own_verdict struct verdict v = { .n = 0 };
	const struct check *obstacle;
	int r;

	wanted.nonce = &random;
	wanted.challenged = true;
	r = judge(&d->evidence, &wanted, &v);
	if (r < 0)
		return fail_memory(f);
	obstacle = verdict_obstacle(&v);
	if (verdict_trusted(&v))
		return 0;
	(void)fail_because(f, "", "compare what runs with cvmctl verify",
			   "believe the evidence");
	return obstacle ? fail_reason(f, "%s: %s", obstacle->name,
				      obstacle->text)
			: fail_reason(f, "nothing of it could be checked");
}

/* As cvmctl seal --srk does it, with the secret of the key store. */
static int seal(const struct delivery *d, struct bytes *ret, struct fail *f)
{
	own_sealed_key struct sealed_key sealed = { 0 };
	own_secret struct secret secret = { 0 };
	own_free char *token = NULL;
	struct srk_public srk;
	int keyslot;
	int r;

	/* a store may have keys for other images, whose VMs are others */
	if (!manifest_delivers(d->broker->wanted->manifest, d->request.uuid))
		return fail_because(f,
				    "the image has no such volume with key "
				    "= delivered",
				    "check uuid in [volume NAME] of boot.conf",
				    "give out the key of volume %s",
				    d->request.uuid);
	r = key_store_find(d->broker->store, d->request.uuid, &secret, &keyslot,
			   f);
	if (r == 0)
		r = srk_public_parse(&d->request.tpm.srk, &srk, f);
	if (r < 0)
		return r;
	r = sealed_key_begin(d->broker->policy, &sealed);
	if (r < 0)
		return fail_memory(f);
	r = offline_seal(&srk, &secret, &sealed, f);
	if (r == 0)
		r = token_format(&sealed, keyslot, &token, f);
	if (r == 0 && bytes_copy(token, strlen(token), ret) < 0)
		r = fail_memory(f);
	return r;
}

static int make_answer(struct delivery *d, struct bytes *ret, struct fail *f)
{
	struct answer_context context = { &d->nonce, d->request.uuid,
					  d->request.fresh };
	own_bytes struct bytes token = { 0 };
	int r = receive_request(d, f);

	if (r == 0)
		r = challenge(d, f);
	if (r == 0)
		r = receive_evidence(d, f);
	if (r == 0)
		r = judge_evidence(d, f);
	if (r == 0)
		r = seal(d, &token, f);
	if (r < 0)
		return r;
	r = answer_write_key(&token, &context, d->broker->key, ret);
	return r < 0 ? fail_errno(f, r, "check --key", "sign the answer") : 0;
}

/* A request that ran out of its time is noted as well. */
static int write_audit(const struct delivery *d, const char *peer,
		       const char *reason, struct fail *f)
{
	struct audit_entry entry = { .peer = peer,
				     .volume = d->request.volume,
				     .uuid = d->request.uuid,
				     .ek = d->request.tpm.ek,
				     .ak = d->request.tpm.ak,
				     .srk = d->request.tpm.srk,
				     .delivered = !*reason,
				     .reason = reason };
	frame_deadline soon = frame_deadline_in(audit_seconds);

	return audit_write(d->broker->audit_fd, &entry,
			   d->until > soon ? d->until : soon, f);
}

/* Why, without a remedy: that is for who sees the VM's console. */
static void format_reason(const struct fail *why, char ret[static reason_max])
{
	(void)snprintf(ret, reason_max, "cannot %s: %s", why->what,
		       why->reason); /* cut where it is too long */
}

/* The VM may be gone; that it is refused is told anyway. */
static void send_refusal(struct delivery *d, const struct fail *why)
{
	own_bytes struct bytes text = { 0 };
	struct fail ignored = { 0 };
	char reason[reason_max];

	format_reason(why, reason);
	if (answer_write_refusal(reason, &text) == 0)
		(void)send_message(d, &text, &ignored);
}

static int refuse(struct delivery *d, const char *peer, const struct fail *why,
		  struct fail *f)
{
	char reason[reason_max];
	char words[answer_reason_max]; /* as the VM gets them */
	int r;

	format_reason(why, reason);
	text_escape(reason, strlen(reason), words, sizeof(words));
	r = write_audit(d, peer, words, f);
	send_refusal(d, why);
	if (r == 0)
		*f = *why;
	return r < 0 ? r : -EPERM;
}

/* 0 for an answer, -EPIPE at the end, else why it is over. */
static int serve_one(const struct broker *b, int fd, const char *peer,
		     struct fail *f)
{
	own_delivery struct delivery d = {
		.broker = b,
		.fd = fd,
		.until = frame_deadline_in(b->timeout_s),
	};
	own_bytes struct bytes text = { 0 };
	struct fail why = { 0 };
	int r = make_answer(&d, &text, &why);

	if (r == -EPIPE && !why.what[0])
		return r;
	if (r < 0)
		return refuse(&d, peer, &why, f);
	r = write_audit(&d, peer, "", f);
	if (r == 0)
		return send_message(&d, &text, f);
	send_refusal(&d, f); /* what is not on the disk is not given out */
	return r;
}

/*
 * QEMU's connection for a port of virtio-serial is there before the VM asks,
 * and stays when it boots again: no limit. Any other ends with a boot, and who
 * says nothing on it only takes the place of others: -EPIPE, as at its end.
 */
static int wait_for_request(const struct broker *b, int fd, const char *peer)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int limit_ms = strcmp(peer, LISTEN_PEER_UNIX) == 0
			       ? -1
			       : (int)b->timeout_s * 1000;
	int n;

	do
		n = poll(&p, 1, limit_ms);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return -EPIPE;
	return n < 0 ? -errno : 0;
}

int delivery_serve(const struct broker *b, int fd, const char *peer,
		   struct fail *f)
{
	int r;

	do {
		r = wait_for_request(b, fd, peer);
		if (r == 0)
			r = serve_one(b, fd, peer, f);
	} while (r == 0);
	return r == -EPIPE ? 0 : r;
}
