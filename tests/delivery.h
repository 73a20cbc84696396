/* SPDX-License-Identifier: MIT */
/*
 * A delivery with a TPM of its own: one thread is the broker's side, and the
 * test plays the VM. Include cmocka.h first.
 */
#ifndef TESTS_DELIVERY_H
#define TESTS_DELIVERY_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "cvmctl/broker/audit.h"
#include "cvmctl/broker/delivery.h"
#include "cvmctl/broker/key-store.h"
#include "evidence/collect/collect.h"
#include "evidence/exchange/answer.h"
#include "evidence/exchange/exchange.h"
#include "evidence/exchange/request.h"
#include "lib/frame.h"
#include "lib/io.h"
#include "tests/evidence.h"

#define UUID "01234567-89ab-cdef-0123-456789abcdef"
/* a volume of another image, whose key is in the same store */
#define FOREIGN "89abcdef-0123-4567-89ab-cdef01234567"
#define OTHER	"01234567-89ab-cdef-0123-456789abcdee"

enum { keyslot = 3, seconds = 20 };

/* What all cases share: one TPM, whose VM has measured its apps. */
static struct {
	struct swtpm swtpm;
	struct tpm *tpm;
	struct tree tree; /* without the files of a kernel */
	struct json_object *manifest;
	struct evidence_tpm identity;
	struct tpm_public ek;
	EVP_PKEY *key;
	uint8_t key_hash[answer_key_hash_size];
	struct bytes old_evidence; /* good, under the nonce of another talk */
} place;

/* The VM: what it does in the place of a message. */
struct vm {
	const char *uuid;
	void (*change_request)(struct evidence_tpm *tpm);
	void (*change_evidence)(struct evidence *e);
	const char *request;  /* this text instead */
	const char *evidence; /* the same */
	bool replay;	      /* the evidence of another talk */
	bool leaves;	      /* after the request */
	int fd;
	uint8_t fresh[request_fresh_size];
	struct bytes nonce;
	struct bytes answer; /* what the broker said last */
};

static inline void vm_send(const struct vm *vm, const struct bytes *text)
{
	assert_int_equal(frame_send(vm->fd, text->data, text->len,
				    frame_deadline_in(seconds)),
			 0);
}

static inline void vm_send_text(const struct vm *vm, const char *text)
{
	own_bytes struct bytes bytes = { 0 };

	assert_int_equal(bytes_copy(text, strlen(text), &bytes), 0);
	vm_send(vm, &bytes);
}

static inline void vm_receive(struct vm *vm)
{
	bytes_free(&vm->answer);
	assert_int_equal(frame_receive(vm->fd, answer_json_max,
				       frame_deadline_in(seconds), &vm->answer),
			 0);
}

static inline void vm_send_request(const struct vm *vm)
{
	struct evidence_tpm tpm = place.identity; /* borrowed */
	own_bytes struct bytes text = { 0 };

	if (vm->request) {
		vm_send_text(vm, vm->request);
		return;
	}
	if (vm->change_request)
		vm->change_request(&tpm);
	assert_int_equal(
		request_write("state", vm->uuid, vm->fresh, &tpm, &text), 0);
	vm_send(vm, &text);
}

static inline void vm_send_evidence(const struct vm *vm)
{
	const struct evidence_sources sources = { .root = place.tree.path,
						  .tpm = place.tpm,
						  .chip = "tpm0",
						  .pcrs = 0xffff };
	own_evidence struct evidence e = { .has_tpm = false };
	own_bytes struct bytes text = { 0 };
	struct fail f = { 0 };

	if (vm->evidence) {
		vm_send_text(vm, vm->evidence);
		return;
	}
	if (vm->replay) {
		vm_send(vm, &place.old_evidence);
		return;
	}
	assert_ok(evidence_collect(&sources, &vm->nonce, &e, &f), &f);
	if (vm->change_evidence)
		vm->change_evidence(&e);
	assert_int_equal(evidence_write_json(&e, "a test", &text), 0);
	vm_send(vm, &text);
	if (!place.old_evidence.data)
		place.old_evidence = take_bytes(&text);
}

/* True when there is a challenge to go on with. */
static inline bool vm_take_challenge(struct vm *vm)
{
	own_challenge struct challenge c = { .id_object = { 0 } };
	struct fail f = { 0 };

	vm_receive(vm);
	if (!strstr((const char *)vm->answer.data, EVIDENCE_TYPE_CHALLENGE))
		return false;
	assert_ok(challenge_read_json(&vm->answer, &c, &f), &f);
	assert_ok(tpm_activate(place.tpm, &c.id_object, &c.secret, &vm->nonce,
			       &f),
		  &f);
	return true;
}

/* In a thread of its own: cmocka's asserts end only the main one. */
struct serving {
	struct broker broker;
	int fd;
	int result;
	struct fail f;
};

static inline void *serve(void *arg)
{
	struct serving *s = arg;

	s->result = delivery_serve(&s->broker, s->fd, "unix", &s->f);
	(void)close(s->fd);
	return NULL;
}

/* One talk. *ret_audit: the line that the broker has written. */
static inline void talk(struct vm *vm, struct serving *s,
			struct json_object **ret)
{
	own_bytes struct bytes line = { 0 };
	pthread_t thread;
	int fd[2];

	assert_return_code(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	s->fd = fd[0];
	vm->fd = fd[1];
	assert_int_equal(pthread_create(&thread, NULL, serve, s), 0);
	vm_send_request(vm);
	if (!vm->leaves && vm_take_challenge(vm)) {
		vm_send_evidence(vm);
		vm_receive(vm);
	}
	(void)close(vm->fd);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(io_read_file(place.tree.fd, "audit", 4096, &line), 0);
	*ret = json_tokener_parse((const char *)line.data);
	assert_non_null(*ret);
}

static inline struct seal_policy make_policy(void)
{
	struct seal_policy p = { .pcrs = { .mask = 1U << pcr_apps,
					   .bank = DIGEST_SHA256 } };
	struct digest_set value;
	struct fail f = { 0 };

	assert_ok(tpm_pcr_read(place.tpm, pcr_apps, 1U << DIGEST_SHA256, &value,
			       &f),
		  &f);
	memcpy(p.pcrs.value[pcr_apps], value.value[DIGEST_SHA256], 32);
	return p;
}

static inline struct expectations make_expectations(void)
{
	struct expectations x = { .challenged = true,
				  .ek = { .given = true },
				  .without_hardware = true,
				  .apps_only = true,
				  .before_cap = true,
				  .required_pcrs = 1U << pcr_apps,
				  .manifest = place.manifest };

	memcpy(x.ek.name, place.ek.name, sizeof(x.ek.name));
	return x;
}

/* As init has it while it asks for a key. */
static inline void write_log(const struct events *apps)
{
	own_json struct json_object *list = events_to_json(apps);

	tree_dir(&place.tree, "run");
	tree_dir(&place.tree, "run/cvm-init");
	tree_file(&place.tree, "run/cvm-init/measurements.json", 0644,
		  json_object_to_json_string(list));
}

static inline void make_place(void)
{
	static uint8_t data[] = "secret";
	const struct secret secret = { data, 6, 0 };
	own_events struct events apps = { 0 };
	digest_algs banks = 0;
	struct fail f = { 0 };
	struct boot_story story = { .ima = { 0 } };

	swtpm_start(&place.swtpm);
	place.tpm = swtpm_open(&place.swtpm);
	assert_ok(tpm_banks(place.tpm, &banks, &f), &f);
	story_manifest(&story);
	place.manifest = story.manifest;
	json_set(place.manifest, "volumes",
		 json_tokener_parse("[{\"name\":\"state\",\"key\":"
				    "\"delivered\",\"uuid\":\"" UUID "\"},"
				    "{\"name\":\"other\",\"key\":"
				    "\"delivered\",\"uuid\":\"" OTHER "\"},"
				    "{\"name\":\"sealed\",\"key\":\"sealed\","
				    "\"uuid\":\"" FOREIGN "\"}]"));
	json_release(&story.prediction);
	story_apps(&apps);
	story_extend_all(place.tpm, &apps, banks);
	assert_ok(evidence_identity(place.tpm, &place.identity, &f), &f);
	assert_int_equal(tpm_public_read(&place.identity.ek, &place.ek, &f), 0);
	tree_make(&place.tree);
	write_log(&apps);
	assert_ok(key_store_add(place.tree.path, UUID, keyslot, &secret, &f),
		  &f);
	assert_ok(key_store_add(place.tree.path, FOREIGN, keyslot, &secret, &f),
		  &f);
	place.key = EVP_EC_gen("P-256");
	assert_int_equal(answer_key_hash(place.key, place.key_hash), 0);
}

static inline void free_place(void)
{
	EVP_PKEY_free(place.key);
	tree_remove(&place.tree);
	evidence_tpm_free(&place.identity);
	bytes_free(&place.old_evidence);
	json_release(&place.manifest);
	tpm_close(&place.tpm);
	swtpm_stop(&place.swtpm);
}

#endif
