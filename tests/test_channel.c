// SPDX-License-Identifier: MIT
/*
 * The way to the broker: ports by name, against a tree like the kernel's, and a
 * vsock that the functions here play. qemu-test/test_vsock.py has the kernel's.
 */
#include "init/channel.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <linux/vm_sockets.h> /* wants sys/socket.h before it */

#include "lib/own.h"
#include "tests/line.h"
#include "tests/table.h"
#include "tests/tmptree.h"

#define WANTED "org.example.keys"

enum { ports_max = 3 };

static const struct port_case {
	const char *name;
	struct {
		const char *device;
		const char *name; /* NULL: it has none yet */
	} port[ports_max];
	const char *found; /* its device */
	const char *line;  /* or the refusal */
} cases[] = {
	{ "the only one", { { "vport0p1", WANTED "\n" } }, "vport0p1", NULL },
	{ "the second",
	  { { "vport0p1", "org.qemu.guest_agent.0\n" },
	    { "vport1p30", WANTED "\n" } },
	  "vport1p30",
	  NULL },
	{ "beside one without a name",
	  { { "vport0p1", NULL }, { "vport0p2", WANTED "\n" } },
	  "vport0p2",
	  NULL },
	{ "two",
	  { { "vport0p1", WANTED "\n" }, { "vport0p2", WANTED "\n" } },
	  NULL,
	  "cannot choose the broker's port " WANTED ": several ports have this "
	  "name; give the VM one of them" },
	{ "a longer name",
	  { { "vport0p1", WANTED "x\n" } },
	  NULL,
	  "cannot find the broker's port " WANTED
	  ": Connection timed out; give "
	  "the VM such a virtio-serial port, and load virtio_console" },
	{ "an endless name",
	  { { "vport0p1", WANTED WANTED WANTED WANTED WANTED WANTED WANTED } },
	  NULL,
	  "cannot find the broker's port " WANTED
	  ": Connection timed out; give "
	  "the VM such a virtio-serial port, and load virtio_console" },
	{ "not a port",
	  { { "hvc0", WANTED "\n" } },
	  NULL,
	  "cannot find the broker's port " WANTED
	  ": Connection timed out; give "
	  "the VM such a virtio-serial port, and load virtio_console" },
	{ "a device of a long name",
	  { { "vport0p1xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", WANTED "\n" } },
	  NULL,
	  "cannot find the broker's port " WANTED
	  ": Connection timed out; give "
	  "the VM such a virtio-serial port, and load virtio_console" },
	{ "none",
	  { { 0 } },
	  NULL,
	  "cannot find the broker's port " WANTED
	  ": Connection timed out; give "
	  "the VM such a virtio-serial port, and load virtio_console" },
};

static const struct boot_broker at = {
	.at = { .kind = BOOT_CHANNEL_PORT, .port = WANTED },
	.timeout_s = 1,
};

static void make_port(struct tree *t, const char *device, const char *name)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "ports/%s", device);
	tree_dir(t, path);
	(void)snprintf(path, sizeof(path), "ports/%s/name", device);
	if (name)
		tree_file(t, path, 0444, name);
	(void)snprintf(path, sizeof(path), "dev/%s", device);
	tree_file(t, path, 0600, device);
}

static void finds(void **state)
{
	const struct port_case *c = *state;
	char ports[PATH_MAX];
	char dev[PATH_MAX];
	char content[64] = "";
	struct fail f = { 0 };
	struct tree t;
	int fd;

	tree_make(&t);
	tree_dir(&t, "ports");
	tree_dir(&t, "dev");
	for (size_t i = 0; i < ports_max && c->port[i].device; i++)
		make_port(&t, c->port[i].device, c->port[i].name);
	(void)snprintf(ports, sizeof(ports), "%s/ports", t.path);
	(void)snprintf(dev, sizeof(dev), "%s/dev", t.path);
	fd = channel_open(&at, ports, dev, &f);
	tree_remove(&t);
	if (c->line) {
		assert_refusal(fd, &f, c->line);
		return;
	}
	assert_true(fd >= 0);
	assert_true(read(fd, content, sizeof(content) - 1) > 0);
	assert_string_equal(content, c->found);
	close(fd);
}

static void says_that_the_host_is_not_there(void **state)
{
	char ports[PATH_MAX];
	struct fail f = { 0 };
	struct tree t;
	int fd;

	(void)state;
	tree_make(&t);
	tree_dir(&t, "ports");
	tree_dir(&t, "dev");
	make_port(&t, "vport0p1", WANTED "\n");
	(void)snprintf(ports, sizeof(ports), "%s/ports", t.path);
	fd = channel_open(&at, ports, "/nowhere", &f);
	tree_remove(&t);
	assert_refusal(fd, &f,
		       "cannot open the broker's port " WANTED
		       ": No such file or directory; let the host connect its "
		       "end");
}

/* -- vsock ------------------------------------------------------------------
 */

static const struct vsock_case {
	const char *name;
	int socket_errno;
	int connect_errno; /* 0: it stands at once */
	int later_errno;   /* of a connection that took its time */
	bool never_answers;
	const char *reason; /* NULL: it is open */
} vsock_cases[] = {
	{ "at once", 0, 0, 0, false, NULL },
	{ "after a while", 0, EINPROGRESS, 0, false, NULL },
	{ "never", 0, EINPROGRESS, 0, true, "Connection timed out" },
	{ "nobody listens", 0, EINPROGRESS, ECONNRESET, false,
	  "Connection reset by peer" },
	{ "the kernel gave up first", 0, EINPROGRESS, ETIMEDOUT, false,
	  "Connection timed out" },
	{ "no device", 0, ENODEV, 0, false, "No such device" },
	{ "no driver", EAFNOSUPPORT, 0, 0, false,
	  "Address family not supported by protocol" },
};

static const struct vsock_case *vsock; /* the row that is played */
static struct sockaddr_vm asked_for;
static struct timeval kernel_limit;
static int broker_end = -1;

/* Then it is not writable, like a connection that does not come to stand. */
static void fill_up(int fd)
{
	static const char block[4096];

	while (send(fd, block, sizeof(block), MSG_DONTWAIT) > 0)
		continue;
}

/* Stands before libc's: a pair, of which the test keeps one end. */
int socket(int domain, int type, int protocol)
{
	int (*real)(int, int, int) =
		(int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");
	int fd[2];

	if (domain != AF_VSOCK || !vsock)
		return real(domain, type, protocol);
	if (vsock->socket_errno) {
		errno = vsock->socket_errno;
		return -1;
	}
	assert_return_code(socketpair(AF_UNIX, type, 0, fd), errno);
	broker_end = fd[1];
	if (vsock->never_answers)
		fill_up(fd[0]);
	return fd[0];
}

/* Stands before libc's: the kernel's own limit for a connection. */
int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	(void)fd;
	assert_int_equal(level, AF_VSOCK);
	assert_int_equal(name, SO_VM_SOCKETS_CONNECT_TIMEOUT);
	assert_int_equal(size, sizeof(kernel_limit));
	memcpy(&kernel_limit, value, sizeof(kernel_limit));
	return 0;
}

/* Stands before libc's. */
int connect(int fd, const struct sockaddr *to, socklen_t size)
{
	(void)fd;
	assert_int_equal(size, sizeof(asked_for));
	memcpy(&asked_for, to, sizeof(asked_for));
	assert_int_equal(kernel_limit.tv_sec, 1);
	assert_int_equal(kernel_limit.tv_usec, 0);
	errno = vsock->connect_errno;
	return errno ? -1 : 0;
}

/* Stands before libc's. */
int getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
	(void)fd;
	assert_int_equal(level, SOL_SOCKET);
	assert_int_equal(name, SO_ERROR);
	assert_int_equal(*size, sizeof(int));
	memcpy(value, &vsock->later_errno, sizeof(int));
	return 0;
}

static void assert_is_open(int fd)
{
	char word[4] = "";

	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(asked_for.svm_family, AF_VSOCK);
	assert_int_equal(asked_for.svm_cid, 2);
	assert_int_equal(asked_for.svm_port, 7998);
	assert_int_equal(write(fd, "ask", 3), 3);
	assert_int_equal(read(broker_end, word, 3), 3);
	assert_string_equal(word, "ask");
	close(fd);
}

/* Whether nobody has the other end any more. */
static bool hung_up(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1 && p.revents & POLLHUP;
}

static void opens_a_vsock(void **state)
{
	const struct boot_broker broker = {
		.at = { .kind = BOOT_CHANNEL_VSOCK,
			.vsock_cid = 2,
			.vsock_port = 7998 },
		.timeout_s = 1,
	};
	const struct vsock_case *c = *state;
	struct fail f = { 0 };
	int fd;

	vsock = c;
	kernel_limit = (struct timeval){ 0 };
	fd = channel_open(&broker, "", "", &f);
	vsock = NULL;
	if (c->reason) {
		assert_true(fd < 0);
		assert_string_equal(f.what, "reach the broker at vsock:2:7998");
		assert_string_equal(f.reason, c->reason);
		assert_string_equal(f.remedy,
				    "start the broker, give the VM a vsock, "
				    "and load vmw_vsock_virtio_transport");
		assert_true(broker_end < 0 || hung_up(broker_end));
	} else {
		assert_is_open(fd);
	}
	if (broker_end >= 0)
		close(broker_end);
	broker_end = -1;
}

int main(void)
{
	const struct table tables[] = {
		TABLE(finds, cases),
		CASE(says_that_the_host_is_not_there),
		TABLE(opens_a_vsock, vsock_cases),
	};

	return table_run(tables, array_size(tables));
}
