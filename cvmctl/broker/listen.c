// SPDX-License-Identifier: MIT
/* See listen.h. */
#include "cvmctl/broker/listen.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vm_sockets.h> /* wants sys/socket.h before it */

#include "lib/own.h"
#include "lib/text.h"

enum { backlog = 16 };

static const char unix_prefix[] = "unix:";
static const char vsock_prefix[] = "vsock:";

static int fail_listen(const char *where, int err, struct fail *f)
{
	return fail_errno(f, err, "check --listen", "listen at %s", where);
}

/* What is left of a broker that ended without removing its socket. */
static bool is_dead(const struct sockaddr_un *at)
{
	own_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	return fd >= 0 && lstat(at->sun_path, &st) == 0 &&
	       S_ISSOCK(st.st_mode) &&
	       connect(fd, (const struct sockaddr *)at, sizeof(*at)) < 0 &&
	       errno == ECONNREFUSED;
}

/* Only this user, who is to be QEMU's too, may connect. */
static int bind_unix(int fd, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	mode_t before;
	int r;

	if (strlen(path) >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	memcpy(at.sun_path, path, strlen(path) + 1);
	if (is_dead(&at))
		(void)unlink(path); /* if not, bind says so */
	before = umask(0177);
	r = bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
	(void)umask(before);
	return r;
}

static int bind_vsock(int fd, const char *port_text)
{
	struct sockaddr_vm at = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_ANY };
	uint64_t port;

	if (text_parse_u64(port_text, UINT32_MAX - 1, &port) < 0)
		return -EINVAL;
	at.svm_port = (uint32_t)port;
	return bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
}

int listen_open(const char *where, struct fail *f)
{
	/* an empty path is a socket without a file, open to everybody */
	bool is_unix =
		strncmp(where, unix_prefix, sizeof(unix_prefix) - 1) == 0 &&
		where[sizeof(unix_prefix) - 1];
	bool is_vsock =
		strncmp(where, vsock_prefix, sizeof(vsock_prefix) - 1) == 0;
	own_fd int fd = -1;
	int r;

	if (!is_unix && !is_vsock)
		return fail_because(f, "it is neither unix:PATH nor vsock:PORT",
				    "check --listen", "listen at %s", where);
	fd = socket(is_unix ? AF_UNIX : AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC,
		    0);
	if (fd < 0)
		return fail_listen(where, -errno, f);
	r = is_unix ? bind_unix(fd, where + sizeof(unix_prefix) - 1)
		    : bind_vsock(fd, where + sizeof(vsock_prefix) - 1);
	if (r == 0 && listen(fd, backlog) < 0)
		r = -errno;
	return r < 0 ? fail_listen(where, r, f) : take_fd(&fd);
}

int listen_accept(int fd, char ret_peer[static listen_peer_max])
{
	struct sockaddr_storage from = { 0 };
	socklen_t size = sizeof(from);
	struct sockaddr_vm vsock;
	int accepted = accept4(fd, (struct sockaddr *)&from, &size,
			       SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (accepted < 0)
		return -errno;
	if (from.ss_family == AF_VSOCK) {
		memcpy(&vsock, &from, sizeof(vsock));
		(void)snprintf(ret_peer, listen_peer_max, "vsock:%u",
			       vsock.svm_cid); /* fits */
	} else {
		memcpy(ret_peer, LISTEN_PEER_UNIX, sizeof(LISTEN_PEER_UNIX));
	}
	return accepted;
}
