/* SPDX-License-Identifier: MIT */
/*
 * The way to the broker: a port of virtio-serial, by the name that the VMM
 * gave it, or a vsock. The host carries it, so nothing on it is trusted or
 * secret.
 */
#ifndef INIT_CHANNEL_H
#define INIT_CHANNEL_H

#include "config/boot.h"
#include "lib/fail.h"

#define CHANNEL_PORTS_PATH "/sys/class/virtio-ports"

/*
 * Opens it, waiting at most at->timeout_s for the port to appear or for the
 * connection. ports_path is CHANNEL_PORTS_PATH, and dev_path /dev, outside
 * tests. An O_NONBLOCK descriptor, which the caller closes, or -errno.
 */
int channel_open(const struct boot_broker *at, const char *ports_path,
		 const char *dev_path, struct fail *f);

#endif
