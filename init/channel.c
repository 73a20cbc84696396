// SPDX-License-Identifier: MIT
/* See channel.h. */
#include "init/channel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <linux/vm_sockets.h> /* wants sys/socket.h before it */

#include "init/devices.h"
#include "lib/io.h"
#include "lib/own.h"

enum { port_device_max = 32 }; /* "vport4294967295p4294967295" */

struct port_search {
	const char *ports_path;
	const char *name;
	char device[port_device_max]; /* "vport0p1" */
	size_t matches;
};

/* One that is being made has no name yet, and a uevent when it has. */
static void look_at_port(struct port_search *s, int dir_fd, const char *device)
{
	char path[NAME_MAX + sizeof("/name")];
	char name[boot_port_name_max + 2];

	if (strncmp(device, "vport", 5) != 0 ||
	    strlen(device) >= sizeof(s->device))
		return;
	(void)snprintf(path, sizeof(path), "%s/name", device); /* fits */
	if (io_read_line(dir_fd, path, name, sizeof(name)) < 0 ||
	    strcmp(name, s->name) != 0)
		return;
	s->matches++;
	memcpy(s->device, device, strlen(device) + 1);
}

static int look_for_port(void *context)
{
	struct port_search *s = context;
	own_dir DIR *dir = opendir(s->ports_path);
	struct dirent *entry;

	s->matches = 0;
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)))
		look_at_port(s, dirfd(dir), entry->d_name);
	return s->matches > 0;
}

static int open_port(const struct boot_broker *at, const char *ports_path,
		     const char *dev_path, struct fail *f)
{
	struct port_search s = { .ports_path = ports_path,
				 .name = at->at.port };
	char path[PATH_MAX];
	int r = devices_wait_until(look_for_port, &s, at->timeout_s);
	int fd;

	if (r < 0)
		return fail_errno(f, r,
				  "give the VM such a virtio-serial port, and "
				  "load virtio_console",
				  "find the broker's port %s", at->at.port);
	if (s.matches > 1)
		return fail_because(f, "several ports have this name",
				    "give the VM one of them",
				    "choose the broker's port %s", at->at.port);
	(void)snprintf(path, sizeof(path), "%s/%s", dev_path,
		       s.device); /* fits: /dev, or a test's */
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? fail_errno(f, errno, "let the host connect its end",
				   "open the broker's port %s", at->at.port)
		      : fd;
}

/* 0 when the connection stands. Left alone, the kernel gives up after 2 s. */
static int connect_within(int fd, const struct sockaddr_vm *to,
			  uint64_t timeout_s)
{
	const struct timeval limit = { .tv_sec = (time_t)timeout_s };
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int err = 0;
	int ready;

	if (setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &limit,
		       sizeof(limit)) < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	ready = poll(&p, 1, (int)timeout_s * 1000); /* at most 3600 s */
	if (ready <= 0)
		return ready < 0 ? -errno : -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) < 0)
		return -errno;
	return -err;
}

static int open_vsock(const struct boot_broker *at, struct fail *f)
{
	struct sockaddr_vm to = { .svm_family = AF_VSOCK,
				  .svm_cid = at->at.vsock_cid,
				  .svm_port = at->at.vsock_port };
	own_fd int fd =
		socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = fd < 0 ? -errno : connect_within(fd, &to, at->timeout_s);

	if (r < 0)
		return fail_errno(f, r,
				  "start the broker, give the VM a vsock, and "
				  "load vmw_vsock_virtio_transport",
				  "reach the broker at vsock:%u:%u",
				  at->at.vsock_cid, at->at.vsock_port);
	return take_fd(&fd);
}

int channel_open(const struct boot_broker *at, const char *ports_path,
		 const char *dev_path, struct fail *f)
{
	return at->at.kind == BOOT_CHANNEL_VSOCK
		       ? open_vsock(at, f)
		       : open_port(at, ports_path, dev_path, f);
}
