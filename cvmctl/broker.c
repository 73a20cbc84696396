// SPDX-License-Identifier: MIT
/*
 * cvmctl broker: who has the keys of volumes whose VM has a new TPM at every
 * boot. It verifies each VM and seals the key for the TPM of that boot. Each
 * connection has a process of its own, so that none can hold up another.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cvmctl/broker/audit.h"
#include "cvmctl/broker/delivery.h"
#include "cvmctl/broker/listen.h"
#include "cvmctl/broker/notify.h"
#include "cvmctl/broker/start-check.h"
#include "cvmctl/broker/verify-words.h"
#include "cvmctl/command.h"
#include "cvmctl/image/manifest.h"
#include "cvmctl/predict/prediction-read.h"
#include "cvmctl/seal/seal-policy.h"
#include "cvmctl/seal/sign-key.h"
#include "cvmctl/tool/interrupt.h"
#include "cvmctl/tool/key-file.h"
#include "cvmctl/tool/key-memory.h"
#include "cvmctl/tool/options.h"
#include "lib/own.h"
#include "lib/text.h"

enum { connections_max = 64, seconds_default = 60, seconds_max = 3600 };

struct broker_options {
	const char *image;
	const char *listen, *store, *key, *audit, *timeout;
	struct verify_words words;
	struct seal_policy_options policy;
	/* read from them */
	uint64_t timeout_s;
};

static const struct option_usage usage = {
	"broker --listen WHERE --store DIR --key FILE --audit FILE [OPTION]...\n"
	"       IMAGE_DIR",
	"Answers VMs of this image whose boot.conf says key = delivered: verifies\n"
	"what each has measured, as cvmctl verify does, and seals the key of its\n"
	"volume for its TPM under the predicted PCR values. Runs until it is ended.",
};

static int read_words(int argc, char **argv, struct broker_options *o,
		      struct fail *f)
{
	const struct option_spec specs[] = {
		{ NULL, OPTION_OPERAND, "IMAGE_DIR",
		  "with the manifest.json of the image", &o->image },
		{ "listen", OPTION_REQUIRED, "WHERE",
		  "unix:PATH for virtio-serial, or vsock:PORT", &o->listen },
		{ "store", OPTION_REQUIRED, "DIR",
		  "keys, as cvmctl seal --key-store writes them", &o->store },
		{ "key", OPTION_REQUIRED, "FILE",
		  "private key in PEM: signs the answers", &o->key },
		{ "audit", OPTION_REQUIRED, "FILE",
		  "one line is appended for each request", &o->audit },
		{ "timeout", OPTION_TEXT, "SECONDS", "for one request; else 60",
		  &o->timeout },
		VERIFY_WORDS_OPTIONS(&o->words),
		{ "prediction", OPTION_TEXT, "FILE",
		  "of cvmctl predict --json --boot: the boot chain",
		  &o->policy.prediction },
		SEAL_POLICY_OPTIONS(&o->policy),
		{ 0 },
	};

	return options_read(&usage, specs, argc, argv, f);
}

/* Who believes no TPM, or asks for what he cannot check, refuses every VM. */
static int check_trust(const struct broker_options *o, struct fail *f)
{
	const struct verify_words *w = &o->words;
	bool has_hardware = w->snp_certs && w->snp_measurement;
	int r = 0;

	if (!w->ek && !w->ek_ca && !has_hardware)
		r = fail_because(f, "no TPM is believed",
				 "give --ek, --ek-ca, or --snp-certs with "
				 "--snp-measurement",
				 "trust any VM");
	else if (!w->without_hardware && !has_hardware)
		r = fail_because(f, "the processor is believed nothing",
				 "give --snp-certs with --snp-measurement, or "
				 "--without-hardware",
				 "trust any VM");
	return r ? COMMAND_USAGE : 0;
}

static int read_options(int argc, char **argv, struct broker_options *o,
			struct fail *f)
{
	int r = read_words(argc, argv, o, f);

	if (r)
		return r;
	o->timeout_s = seconds_default;
	if (o->timeout &&
	    (text_parse_u64(o->timeout, seconds_max, &o->timeout_s) < 0 ||
	     o->timeout_s == 0))
		return options_refuse(f, argv[0],
				      "--timeout %s is not 1 to 3600 seconds",
				      o->timeout);
	return check_trust(o, f);
}

static void say(const struct fail *f)
{
	char line[fail_line_max];

	fail_format(f, "cvmctl", "broker", line, sizeof(line));
	(void)fprintf(stderr, "%s\n", line);
}

static void serve_connection(const struct broker *b, int fd, const char *peer)
{
	struct fail f = { 0 };

	if (delivery_serve(b, fd, peer, &f) < 0)
		say(&f);
}

/* Its VM asks again at its next boot; the others need not suffer. */
static void refuse_connection(int err, const char *peer)
{
	struct fail f = { 0 };

	(void)fail_errno(&f, err, "let the broker have more processes",
			 "answer a connection from %s", peer);
	say(&f);
}

/* A process for the connection; with too many of them, one has to end first. */
static void start_process(const struct broker *b, int listener, int fd,
			  const char *peer, size_t *processes)
{
	pid_t parent = getpid();
	pid_t pid;

	while (*processes > 0 &&
	       waitpid(-1, NULL, *processes < connections_max ? WNOHANG : 0) >
		       0)
		(*processes)--;
	pid = fork();
	if (pid < 0)
		refuse_connection(errno, peer);
	if (pid > 0)
		(*processes)++;
	if (pid != 0)
		return;
	(void)close(listener);		/* the other process listens */
	(void)signal(SIGTERM, SIG_DFL); /* cleaning up is that one's */
	(void)key_memory_lock_again();	/* if not, it is as it is */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent)
		serve_connection(b, fd, peer);
	_exit(0);
}

/* Of what others may give back. */
static bool is_shortage(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOBUFS ||
	       err == -ENOMEM;
}

/*
 * The end of the broker would end the processes of all connections. The kernel
 * tells nobody when there is room again, and the one that wants to connect
 * stays in the backlog.
 */
static void wait_for_room(int err, const char *where)
{
	struct fail f = { 0 };

	(void)fail_errno(&f, err, "free memory, or let there be more files",
			 "accept a connection at %s", where);
	say(&f);
	(void)sleep(1); /* a signal may cut it short */
}

static int serve(const struct broker *b, int listener, const char *where,
		 struct fail *f)
{
	size_t processes = 0;

	(void)printf("cvmctl: broker: listening at %s\n", where);
	(void)fflush(stdout); /* only for who waits for this line */
	notify_ready();
	for (;;) {
		char peer[listen_peer_max];
		own_fd int fd = listen_accept(listener, peer);

		if (fd >= 0)
			start_process(b, listener, fd, peer, &processes);
		else if (is_shortage(fd))
			wait_for_room(fd, where);
		else if (fd != -EINTR && fd != -ECONNABORTED)
			return fail_errno(f, fd, "start the broker again",
					  "accept a connection at %s", where);
	}
}

/* The socket's file goes when a signal ends the broker. */
static void register_socket(const char *where)
{
	static const char prefix[] = "unix:";
	sigset_t before;

	(void)signal(SIGPIPE, SIG_IGN); /* a VM that is gone is no reason */
	(void)signal(SIGXFSZ, SIG_IGN); /* nor a log that may not grow */
	if (strncmp(where, prefix, sizeof(prefix) - 1) != 0)
		return;
	interrupt_block(&before);
	interrupt_add_path(where + sizeof(prefix) - 1);
	interrupt_unblock(&before);
}

/* That which signs, if it is the one that VMs of this image believe. */
static int read_key(const struct broker_options *o, const struct broker *b,
		    struct sign_key **ret, struct fail *f)
{
	struct start_check check = { .image = o->image,
				     .key_path = o->key,
				     .store = o->store,
				     .manifest = b->wanted->manifest };
	own_sign_key struct sign_key *key = NULL;
	int r = key_file_check_rights(o->key, "check --key", f);

	if (r == 0)
		r = sign_key_read(o->key, &key, f);
	if (r < 0)
		return r;
	check.key = sign_key_private(key);
	r = start_check(&check, f);
	if (r == 0)
		*ret = take_ptr(key);
	return r;
}

static int listen_and_serve(const struct broker_options *o, struct broker *b,
			    struct fail *f)
{
	own_sign_key struct sign_key *key = NULL;
	own_fd int audit = -1;
	own_fd int listener = -1;
	own_fd int store = open(o->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = store < 0 || faccessat(store, ".", X_OK, 0) < 0 ? -errno : 0;

	if (r < 0)
		return fail_errno(f, r, "check --store", "open %s", o->store);
	/* no core, and no debugger of this user's: it fails for no process */
	(void)prctl(PR_SET_DUMPABLE, 0);
	r = read_key(o, b, &key, f);
	if (r < 0)
		return r;
	audit = audit_open(o->audit, f);
	if (audit < 0)
		return audit;
	listener = listen_open(o->listen, f);
	if (listener < 0)
		return listener;
	register_socket(o->listen);
	b->key = sign_key_private(key);
	b->audit_fd = audit;
	return serve(b, listener, o->listen, f);
}

/* What the manifest and a prediction say of VMs of this image. */
static int expect(const struct broker_options *o, struct json_object *manifest,
		  struct expectations *wanted, struct fail *f)
{
	own_json struct json_object *prediction = NULL;
	own_bytes struct bytes signer = { 0 };
	struct seal_policy policy = { 0 };
	struct broker broker = { .store = o->store,
				 .wanted = wanted,
				 .policy = &policy,
				 .timeout_s = o->timeout_s };
	int r = seal_policy_make(&o->policy, manifest, &signer, &policy, f);

	if (r == 0 && o->policy.prediction)
		r = prediction_open(o->policy.prediction, &prediction, f);
	if (r)
		return r;
	wanted->manifest = manifest;
	wanted->prediction = prediction;
	wanted->required_pcrs = policy.pcrs.mask;
	wanted->apps_only = o->policy.apps_only;
	wanted->before_cap = true;
	return listen_and_serve(o, &broker, f);
}

int command_broker(int argc, char **argv, struct fail *f)
{
	struct broker_options o = { .timeout_s = 0 };
	own_verify_files struct verify_files files = { .n = 0 };
	own_json struct json_object *manifest = NULL;
	struct expectations wanted = { .challenged = true };
	int r = read_options(argc, argv, &o, f);

	if (r == 0)
		r = verify_read_words(&o.words, argv[0], &files, &wanted, f);
	if (r == 0)
		r = manifest_read(o.image, &manifest, f);
	return r ? r : expect(&o, manifest, &wanted, f);
}
