/* SPDX-License-Identifier: MIT */
/*
 * Where a broker waits for VMs: a UNIX socket, to which QEMU connects a port of
 * virtio-serial, or a vsock.
 */
#ifndef CVMCTL_BROKER_LISTEN_H
#define CVMCTL_BROKER_LISTEN_H

#include "lib/fail.h"

#define LISTEN_PEER_UNIX "unix"

enum { listen_peer_max = 32 }; /* "vsock:4294967295", with its NUL */

/*
 * Listens at unix:PATH or vsock:PORT. A socket that nobody listens at any more
 * is replaced; any other file is not. A descriptor or -errno.
 */
int listen_open(const char *where, struct fail *f);

/*
 * The next connection, O_NONBLOCK, and who it is in words. A descriptor, or
 * -errno: -EINTR when a signal came.
 */
int listen_accept(int fd, char ret_peer[static listen_peer_max]);

#endif
