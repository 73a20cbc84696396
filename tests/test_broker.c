// SPDX-License-Identifier: MIT
/* cvmctl broker: how it starts. What it does for a VM: test_delivery.c. */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "cvmctl/tool/key-memory.h"
#include "evidence/exchange/answer.h"
#include "evidence/exchange/exchange.h"
#include "evidence/exchange/request.h"
#include "lib/frame.h"
#include "tests/certificates.h"
#include "tests/cvmctl.h"
#include "tests/locked.h"
#include "tests/place.h"

enum { seconds = 20 };

#define EK \
	"000b0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LAUNCH                                                               \
	"--snp-measurement 0123456789abcdef0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef0123456789abcdef"

#define ARGUMENTS(what) \
	"cannot read the arguments: " what "; see cvmctl broker --help"
#define P4 "--pcr 4=0 --pcr 4=0 --pcr 4=0 --pcr 4=0 "
#define P8 P4 P4
#define NO_TPM                                                             \
	"cannot trust any VM: no TPM is believed; give --ek, --ek-ca, or " \
	"--snp-certs with --snp-measurement"
#define NO_PROCESSOR                                                    \
	"cannot trust any VM: the processor is believed nothing; give " \
	"--snp-certs with --snp-measurement, or --without-hardware"

#define NO_PROCESS                                                        \
	"cvmctl: broker: cannot answer a connection from unix: Resource " \
	"temporarily unavailable; let the broker have more processes\n"

#define VOLUME "6f0a8d1e-3b6c-4c0e-9d58-1f2b3c4d5e6f"
#define ZEROS  "00000000000000000000000000000000"

static const char manifest[] =
	"{\"type\":\"cvm-init image\",\"schema\":1,\"apps\":{\"banks\":{\"sha256\":{"
	"\"measured\":\"" ZEROS ZEROS "\"}}},\"volumes\":[{\"name\":\"v\","
	"\"uuid\":\"" VOLUME "\",\"key\":\"delivered\"}]}";

static const struct refusal {
	const char *words; /* behind what every broker needs */
	int result;	   /* COMMAND_USAGE, or -1 for any failure */
	const char *line;
} refusals[] = {
#define NO_TIME(seconds) \
	ARGUMENTS("--timeout " seconds " is not 1 to 3600 seconds")
	{ "--timeout 0", COMMAND_USAGE, NO_TIME("0") },
	{ "--timeout 3601", COMMAND_USAGE, NO_TIME("3601") },
	{ "--timeout -1", COMMAND_USAGE, NO_TIME("-1") },
	{ "--timeout 1m", COMMAND_USAGE, NO_TIME("1m") },
	{ "--timeout 18446744073709551617", COMMAND_USAGE,
	  NO_TIME("18446744073709551617") },
	{ "--timeout \"\"", COMMAND_USAGE, ARGUMENTS("--timeout is empty") },
	{ "--timeout 1 --timeout 2", COMMAND_USAGE,
	  ARGUMENTS("--timeout is repeated") },
	{ "--listen unix:t", COMMAND_USAGE, ARGUMENTS("--listen is repeated") },
	{ "--apps-only --apps-only", COMMAND_USAGE,
	  ARGUMENTS("--apps-only is repeated") },
	{ P8 P8 P8 P8 "--pcr 4=0", COMMAND_USAGE,
	  ARGUMENTS("--pcr is given more than 32 times") },
	{ "more", COMMAND_USAGE, ARGUMENTS("image is too much") },
	{ "--without-hardware", COMMAND_USAGE, NO_TPM },
	{ "--snp-certs d", COMMAND_USAGE, NO_TPM },
	{ LAUNCH, COMMAND_USAGE, NO_TPM },
	{ "--ek " EK, COMMAND_USAGE, NO_PROCESSOR },
	{ "--ek-ca ca --snp-certs d", COMMAND_USAGE, NO_PROCESSOR },
	{ "--ek-ca ca " LAUNCH, COMMAND_USAGE, NO_PROCESSOR },
	{ "--ek-ca /dev/null --without-hardware", -1,
	  "cannot use /dev/null: it is not 1 to 64 certificates in PEM; check "
	  "--ek-ca" },
	{ "--snp-certs /dev " LAUNCH, -1,
	  "cannot read /dev/ark.pem: No such file or directory; check "
	  "--snp-certs" },
};

static void refuses(void **state)
{
	const struct refusal *c = *state;
	char line[fail_line_max];
	struct fail f = { 0 };
	int r = cvmctl_run(command_broker, &f,
			   "broker --listen unix:s --store d --key k "
			   "--audit a %s image",
			   c->words);

	(void)snprintf(line, sizeof(line), "cannot %s: %s; %s", f.what,
		       f.reason, f.remedy);
	assert_int_equal(r < 0 ? -1 : r, c->result);
	assert_string_equal(line, c->line);
}

/* -- one that runs ----------------------------------------------------------
 */

static unsigned failing_forks;

/* Stands before libc's: the kernel has no process for us. */
pid_t fork(void)
{
	pid_t (*real)(void) = (pid_t(*)(void))dlsym(RTLD_NEXT, "fork");

	if (!failing_forks)
		return real();
	failing_forks--;
	errno = EAGAIN;
	return -1;
}

static const int *failing_accepts; /* errno of each, until 0 */

/* Stands before libc's: the kernel has no descriptor for us, or worse. */
int accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
	int (*real)(int, struct sockaddr *, socklen_t *, int) =
		(int (*)(int, struct sockaddr *, socklen_t *,
			 int))dlsym(RTLD_NEXT, "accept4");

	if (!failing_accepts || !*failing_accepts)
		return real(fd, from, size, flags);
	errno = *failing_accepts++;
	return -1;
}

/* Stands before libc's: says that it would have waited. */
unsigned sleep(unsigned for_seconds)
{
	(void)fprintf(stderr, "sleep %u\n", for_seconds);
	return 0;
}

static void make_files(struct tree *t)
{
	tree_make(t);
	place_enter(t);
	tree_dir(t, "store");
	tree_dir(t, "image");
	tree_file(t, "image/manifest.json", 0644, manifest);
	tree_file(t, "store/" VOLUME ".0.key", 0600, "key");
	test_write_key("key");
}

/* In a process of its own, whose first words say that it listens. */
static pid_t start_broker(unsigned forks, const int *accepts)
{
	struct fail f = { 0 };
	char line[64] = { 0 };
	int said[2];
	pid_t pid;

	assert_return_code(pipe2(said, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		failing_forks = forks;
		failing_accepts = accepts;
		(void)dup2(said[1], STDOUT_FILENO);
		(void)dup2(creat("stderr", 0600), STDERR_FILENO);
		(void)cvmctl_run(command_broker, &f,
				 "broker --listen unix:s --store store --key "
				 "key --audit audit --ek " EK
				 " --without-hardware --apps-only image");
		(void)fprintf(stderr, "cannot %s: %s; %s\n", f.what, f.reason,
			      f.remedy);
		_exit(1);
	}
	(void)close(said[1]);
	assert_true(read(said[0], line, sizeof(line) - 1) > 0);
	assert_string_equal(line, "cvmctl: broker: listening at unix:s\n");
	(void)close(said[0]);
	return pid;
}

static int connect_to_broker(void)
{
	const struct sockaddr_un at = { AF_UNIX, "s" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_return_code(
		connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* What a VM gets that says "{}": nothing, or a refusal. */
static void assert_answer(const char *want)
{
	own_fd int fd = connect_to_broker();
	own_bytes struct bytes answer = { 0 };
	int r;

	(void)frame_send(fd, "{}", 2, frame_deadline_in(seconds));
	r = frame_receive(fd, answer_json_max, frame_deadline_in(seconds),
			  &answer);
	if (!want)
		assert_true(r < 0);
	else
		assert_int_equal(r, 0);
	if (want)
		assert_non_null(strstr((const char *)answer.data, want));
}

/* The VM for which there is no process is refused, and no other. */
static void outlives_a_failed_fork(void **state)
{
	own_place struct tree t = { .fd = -1 };
	own_bytes struct bytes said = { 0 };
	pid_t pid;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN); /* it may hang up before we speak */
	make_files(&t);
	pid = start_broker(2, NULL);
	assert_answer(NULL);
	assert_answer(NULL);
	assert_answer("cannot read the request: it is not one");
	assert_return_code(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(io_read_file(t.fd, "stderr", 4096, &said), 0);
	if (strncmp((const char *)said.data, NO_PROCESS NO_PROCESS,
		    sizeof(NO_PROCESS NO_PROCESS) - 1) != 0)
		fail_msg("it says: %s", (const char *)said.data);
}

#define NO_ROOM(why)                                                           \
	"cvmctl: broker: cannot accept a connection at unix:s: " why "; free " \
	"memory, or let there be more files\nsleep 1\n"

/* What passes: it says so, waits, and serves again. */
static void outlives_a_failed_accept(void **state)
{
	static const int errors[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM, 0 };
	static const char lines[] = NO_ROOM("Too many open files")
		NO_ROOM("Too many open files in system")
			NO_ROOM("No buffer space available")
				NO_ROOM("Cannot allocate memory");
	own_place struct tree t = { .fd = -1 };
	own_bytes struct bytes said = { 0 };
	pid_t pid;

	(void)state;
	make_files(&t);
	pid = start_broker(0, errors);
	assert_answer("cannot read the request: it is not one");
	assert_return_code(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(io_read_file(t.fd, "stderr", 4096, &said), 0);
	if (strncmp((const char *)said.data, lines, sizeof(lines) - 1) != 0)
		fail_msg("it says: %s", (const char *)said.data);
}

/* What does not pass ends it, and its service starts it anew. */
static void ends_when_it_can_listen_no_more(void **state)
{
	static const int errors[] = { ECONNABORTED, EINTR, EINVAL, 0 };
	own_place struct tree t = { .fd = -1 };
	own_bytes struct bytes said = { 0 };
	int status;
	pid_t pid;

	(void)state;
	make_files(&t);
	pid = start_broker(0, errors);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_int_equal(io_read_file(t.fd, "stderr", 4096, &said), 0);
	assert_string_equal((const char *)said.data,
			    "cannot accept a connection at unix:s: Invalid "
			    "argument; start the broker again\n");
}

/* A request with keys that a TPM once had. */
static void read_request(struct bytes *ret)
{
	static const uint8_t fresh[request_fresh_size];
	own_bytes struct bytes text = { 0 };
	own_evidence struct evidence e = { .has_tpm = true };
	struct fail f = { 0 };

	assert_int_equal(io_read_file(AT_FDCWD, "tests/corpus/identity/good",
				      identity_json_max, &text),
			 0);
	assert_ok(identity_read_json(&text, &e.tpm, &f), &f);
	assert_int_equal(request_write("state",
				       "01234567-89ab-cdef-0123-456789abcdef",
				       fresh, &e.tpm, ret),
			 0);
}

/* Of the only process that another has made. */
static unsigned locked_kib_of_child(pid_t parent)
{
	own_file FILE *file = NULL;
	char path[64];
	int pid = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent,
		       parent);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return locked_kib(path);
}

/* The process of a connection has the key that signs, too. */
static void locks_the_key_of_a_connection(void **state)
{
	own_place struct tree t = { .fd = -1 };
	own_bytes struct bytes request = { 0 };
	own_bytes struct bytes challenge = { 0 };
	own_fd int fd = -1;
	pid_t pid;

	(void)state;
	read_request(&request);
	make_files(&t);
	pid = start_broker(0, NULL);
	fd = connect_to_broker();
	assert_int_equal(frame_send(fd, request.data, request.len,
				    frame_deadline_in(seconds)),
			 0);
	assert_int_equal(frame_receive(fd, answer_json_max,
				       frame_deadline_in(seconds), &challenge),
			 0);
	assert_non_null(
		strstr((const char *)challenge.data, EVIDENCE_TYPE_CHALLENGE));
	assert_int_equal(locked_kib_of_child(pid), key_heap_kib);
	assert_return_code(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* The key that signs is in no core of the process that has read it. */
static void leaves_no_core(void **state)
{
	own_place struct tree t = { .fd = -1 };
	struct fail f = { 0 };
	int status;
	pid_t pid;

	(void)state;
	make_files(&t);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)cvmctl_run(command_broker, &f,
				 "broker --listen unix:/nowhere/s --store "
				 "store --key key --audit audit --ek " EK
				 " --without-hardware --apps-only image");
		_exit(prctl(PR_GET_DUMPABLE) == 0 &&
				      strcmp(f.remedy, "check --listen") == 0
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	static const struct table tables[] = {
		CASE(locks_the_key_of_a_connection), /* where files are */
		TABLE(refuses, refusals),
		CASE(outlives_a_failed_fork),
		CASE(outlives_a_failed_accept),
		CASE(ends_when_it_can_listen_no_more),
		CASE(leaves_no_core),
	};

	if (!key_memory_protect())
		return 1;
	return table_run(tables, array_size(tables));
}
