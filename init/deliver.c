// SPDX-License-Identifier: MIT
/* See deliver.h. */
#include "init/deliver.h"

#include <errno.h>
#include <stdio.h>

#include "evidence/collect/collect.h"
#include "evidence/exchange/answer.h"
#include "evidence/exchange/exchange.h"
#include "evidence/exchange/request.h"
#include "init/channel.h"
#include "init/mounts.h"
#include "lib/frame.h"
#include "lib/own.h"
#include "seal/tpm/quote.h"

enum { what_max = 128 };

_Static_assert((int)evidence_own_nonce_size == (int)request_fresh_size,
	       "a nonce of our own is what a request takes");

/* The talk about one volume. */
struct talk {
	const struct boot *boot;
	const char *volume;
	const char *uuid;
	const struct bytes *fresh; /* random, for this talk alone */
	int fd;
	frame_deadline until;
	char what[what_max]; /* for failures */
};

static const char ask_broker[] = "look at the broker's audit log";

static int fail_talk(const struct talk *t, int r, struct fail *f)
{
	if (r == -ENOMEM)
		return fail_errno(f, r, "give the VM more memory", "%s",
				  t->what);
	if (r == -ETIMEDOUT)
		return fail_because(f, "the broker does not answer",
				    "start it, or raise [broker] timeout in "
				    "boot.conf",
				    "%s", t->what);
	if (r == -EPIPE || r == -ENODATA)
		return fail_because(f, "the broker hung up", ask_broker, "%s",
				    t->what);
	if (r == -EMSGSIZE)
		return fail_because(f,
				    "the broker's answer has a length that "
				    "no answer has",
				    ask_broker, "%s", t->what);
	return fail_errno(f, r, ask_broker, "%s", t->what);
}

static int send(const struct talk *t, const struct bytes *text, struct fail *f)
{
	int r = frame_send(t->fd, text->data, text->len, t->until);

	return r < 0 ? fail_talk(t, r, f) : 0;
}

static int receive(const struct talk *t, size_t max, struct bytes *ret,
		   struct fail *f)
{
	int r = frame_receive(t->fd, max, t->until, ret);

	return r < 0 ? fail_talk(t, r, f) : 0;
}

static int send_request(const struct talk *t, struct fail *f)
{
	own_evidence_tpm struct evidence_tpm tpm = { 0 };
	own_bytes struct bytes text = { 0 };
	int r = evidence_identity(t->boot->tpm, &tpm, f);

	if (r < 0)
		return r;
	r = request_write(t->volume, t->uuid, t->fresh->data, &tpm, &text);
	return r < 0 ? fail_talk(t, r, f) : send(t, &text, f);
}

/* The TPM releases the nonce only to the AK, and only with that EK. */
static int receive_challenge(const struct talk *t, struct bytes *ret_nonce,
			     struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	own_challenge struct challenge c = { 0 };
	int r = receive(t, challenge_json_max, &text, f);

	if (r == 0)
		r = answer_check_refusal(&text, t->what, f);
	if (r == 0)
		r = challenge_read_json(&text, &c, f);
	return r < 0 ? r
		     : tpm_activate(t->boot->tpm, &c.id_object, &c.secret,
				    ret_nonce, f);
}

static int send_evidence(const struct talk *t, const struct bytes *nonce,
			 struct fail *f)
{
	const struct evidence_sources sources = {
		.root = "",
		.tpm = t->boot->tpm,
		.chip = t->boot->chip.name,
		.pcrs = evidence_pcrs,
	};
	own_evidence struct evidence evidence = { 0 };
	own_bytes struct bytes text = { 0 };
	int r;

	mounts_try_configfs();
	r = evidence_collect(&sources, nonce, &evidence, f);
	if (r < 0)
		return r;
	r = evidence_write(&evidence, "init " CVM_VERSION, &text, f);
	return r < 0 ? r : send(t, &text, f);
}

static int receive_key(const struct talk *t, const struct bytes *nonce,
		       struct bytes *ret, struct fail *f)
{
	const struct answer_context context = { nonce, t->uuid,
						t->fresh->data };
	own_bytes struct bytes text = { 0 };
	int r = receive(t, answer_json_max, &text, f);

	return r < 0 ? r
		     : answer_read(&text, &context,
				   t->boot->conf.broker.key.hash, t->what, ret,
				   f);
}

static int talk(const struct talk *t, struct bytes *ret, struct fail *f)
{
	own_bytes struct bytes nonce = { 0 };
	int r = send_request(t, f);

	if (r == 0)
		r = receive_challenge(t, &nonce, f);
	if (r == 0)
		r = send_evidence(t, &nonce, f);
	return r < 0 ? r : receive_key(t, &nonce, ret, f);
}

int deliver_key(const struct boot *b, const struct boot_volume *v,
		const char *uuid, struct bytes *ret, struct fail *f)
{
	const struct boot_broker *broker = &b->conf.broker;
	struct talk t = {
		.boot = b,
		.volume = v->name,
		.uuid = uuid,
		.until = frame_deadline_in(broker->timeout_s),
	};
	own_bytes struct bytes fresh = { 0 };
	own_fd int fd = channel_open(broker, CHANNEL_PORTS_PATH, "/dev", f);
	int r = fd < 0 ? fd : evidence_make_nonce(&fresh, f);

	if (r < 0)
		return r;
	t.fd = fd;
	t.fresh = &fresh;
	(void)snprintf(t.what, sizeof(t.what), "get the key of volume %s",
		       v->name); /* fits: names are short */
	return talk(&t, ret, f);
}
