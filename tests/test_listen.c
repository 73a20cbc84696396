// SPDX-License-Identifier: MIT
/* Where a broker waits: its socket, and what else is at that path. */
#include "cvmctl/broker/listen.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

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

/* Or the machine has no vsock, which is refused as well. */
static void refuses_a_bad_port(void **state)
{
	struct fail f = { 0 };

	(void)state;
	assert_true(listen_open("vsock:4294967295", &f) < 0);
	assert_true(listen_open("vsock:", &f) < 0);
	assert_true(listen_open("vsock:2:7000", &f) < 0);
	assert_string_equal(f.remedy, "check --listen");
}

int main(void)
{
	const struct table tables[] = {
		CASE(listens),
		CASE(keeps_a_file),
		TABLE(refuses, bad),
		CASE(refuses_a_bad_port),
	};

	return table_run(tables, array_size(tables));
}
