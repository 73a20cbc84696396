// SPDX-License-Identifier: MIT
/* Where a broker waits: its socket, and what else is at that path. */
#include "cvmctl/broker/listen.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/vm_sockets.h> /* wants sys/socket.h before it */

#include "lib/own.h"
#include "tests/line.h"
#include "tests/table.h"
#include "tests/tmptree.h"

static struct tree tree;
static char where[PATH_MAX + 8];

static int set_up(void **state)
{
	(void)state;
	tree_make(&tree);
	(void)snprintf(where, sizeof(where), "unix:%s/s", tree.path);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

static int connect_there(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(snprintf(at.sun_path, sizeof(at.sun_path), "%s/s",
			     tree.path) < (int)sizeof(at.sun_path));
	assert_return_code(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void listens(void **state)
{
	char peer[listen_peer_max];
	struct fail f = { 0 };
	struct stat st;
	int listener;
	int client;
	int fd;

	(void)set_up(state);
	listener = listen_open(where, &f);
	assert_true(listener >= 0);
	assert_return_code(fstatat(tree.fd, "s", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	client = connect_there();
	fd = listen_accept(listener, peer);
	assert_true(fd >= 0);
	assert_string_equal(peer, "unix");
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
	close(client);
	/* somebody listens: not taken away */
	fd = listen_open(where, &f);
	assert_true(fd < 0);
	assert_string_equal(f.reason, "Address already in use");
	assert_string_equal(f.remedy, "check --listen");
	close(listener);
	/* nobody does any more */
	listener = listen_open(where, &f);
	assert_true(listener >= 0);
	close(listener);
	(void)tear_down(state);
}

static void keeps_a_file(void **state)
{
	struct fail f = { 0 };
	struct stat st;

	(void)set_up(state);
	tree_file(&tree, "s", 0644, "mine");
	assert_true(listen_open(where, &f) < 0);
	assert_string_equal(f.reason, "Address already in use");
	assert_return_code(fstatat(tree.fd, "s", &st, 0), 0);
	assert_int_equal(st.st_size, 4);
	(void)tear_down(state);
}

static const struct bad_case {
	const char *where;
	const char *reason;
} bad[] = {
	{ "", "it is neither unix:PATH nor vsock:PORT" },
	{ "/tmp/s", "it is neither unix:PATH nor vsock:PORT" },
	{ "unix:", "it is neither unix:PATH nor vsock:PORT" },
	{ "tcp:7000", "it is neither unix:PATH nor vsock:PORT" },
	{ "unix:/nowhere/s", "No such file or directory" },
	{ "unix:/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  "File name too long" },
};

static void refuses(void **state)
{
	const struct bad_case *c = *state;
	struct fail f = { 0 };

	assert_true(listen_open(c->where, &f) < 0);
	assert_string_equal(f.reason, c->reason);
	assert_string_equal(f.remedy, "check --listen");
}

/* -- vsock: qemu-test/test_vsock.py has the kernel's ------------------------
 */

static const unsigned peer_cid = 4294967293;

static bool has_vsock;
static struct sockaddr_vm bound_to;

/* Stands before libc's: one of UNIX in its place. */
int socket(int domain, int type, int protocol)
{
	int (*real)(int, int, int) =
		(int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");

	if (domain == AF_VSOCK && !has_vsock) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return real(domain == AF_VSOCK ? AF_UNIX : domain, type, protocol);
}

/* Stands before libc's: the kernel chooses a name for that of UNIX. */
int bind(int fd, const struct sockaddr *at, socklen_t size)
{
	int (*real)(int, const struct sockaddr *, socklen_t) =
		(int (*)(int, const struct sockaddr *,
			 socklen_t))dlsym(RTLD_NEXT, "bind");
	const struct sockaddr unnamed = { .sa_family = AF_UNIX };

	if (at->sa_family != AF_VSOCK)
		return real(fd, at, size);
	assert_int_equal(size, sizeof(bound_to));
	memcpy(&bound_to, at, sizeof(bound_to));
	return real(fd, &unnamed, sizeof(unnamed.sa_family));
}

/* Stands before libc's: who connects has a CID. */
int accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
	int (*real)(int, struct sockaddr *, socklen_t *, int) =
		(int (*)(int, struct sockaddr *, socklen_t *,
			 int))dlsym(RTLD_NEXT, "accept4");
	const struct sockaddr_vm peer = { .svm_family = AF_VSOCK,
					  .svm_cid = peer_cid,
					  .svm_port = 1023 };
	int accepted = real(fd, from, size, flags);

	if (has_vsock)
		memcpy(from, &peer, sizeof(peer));
	return accepted;
}

static void listens_at_a_vsock(void **state)
{
	char peer[listen_peer_max];
	struct sockaddr_un at;
	socklen_t size = sizeof(at);
	struct fail f = { 0 };
	int listener;
	int client = socket(AF_UNIX, SOCK_STREAM, 0);
	int fd;

	(void)state;
	has_vsock = true;
	listener = listen_open("vsock:7000", &f);
	assert_true(listener >= 0);
	assert_int_equal(bound_to.svm_cid, VMADDR_CID_ANY);
	assert_int_equal(bound_to.svm_port, 7000);
	assert_return_code(getsockname(listener, (struct sockaddr *)&at, &size),
			   errno);
	assert_return_code(connect(client, (struct sockaddr *)&at, size),
			   errno);
	fd = listen_accept(listener, peer);
	has_vsock = false;
	assert_true(fd >= 0);
	assert_string_equal(peer, "vsock:4294967293");
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
	close(client);
	close(listener);
}

static const struct bad_vsock {
	const char *where;
	bool has_vsock;
	const char *reason;
} bad_vsocks[] = {
	{ "vsock:4294967295", true, "Invalid argument" },
	{ "vsock:", true, "Invalid argument" },
	{ "vsock:2:7000", true, "Invalid argument" },
	{ "vsock:7000", false, "Address family not supported by protocol" },
};

static void refuses_a_vsock(void **state)
{
	const struct bad_vsock *c = *state;
	struct fail f = { 0 };

	has_vsock = c->has_vsock;
	assert_true(listen_open(c->where, &f) < 0);
	has_vsock = false;
	assert_string_equal(f.reason, c->reason);
	assert_string_equal(f.remedy, "check --listen");
}

int main(void)
{
	const struct table tables[] = {
		CASE(listens),
		CASE(keeps_a_file),
		TABLE(refuses, bad),
		CASE(listens_at_a_vsock),
		TABLE(refuses_a_vsock, bad_vsocks),
	};

	return table_run(tables, array_size(tables));
}
