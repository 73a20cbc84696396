// SPDX-License-Identifier: MIT
/*
 * A TCTI on the kernel's device. While the kernel waits for the TPM's answer,
 * up to five minutes, every call on the device waits with it: read(2), close(2)
 * and poll(2) too (drivers/char/tpm/tpm-dev-common.c, buffer_mutex). What does
 * not wait is an epoll that the device was put into before the command, since
 * it asks the device nothing before the device calls. So that is what is
 * polled; and the device of a TPM that never answered is left to a process of
 * its own to close.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"

struct device {
	TSS2_TCTI_CONTEXT_COMMON_V2 tcti; /* first: what the link sees */
	int fd;
	int epoll;
	bool busy; /* with a command */
};

static struct device *device_of(TSS2_TCTI_CONTEXT *tcti)
{
	return (struct device *)(void *)tcti;
}

static TSS2_RC device_transmit(TSS2_TCTI_CONTEXT *tcti, size_t len,
			       const uint8_t *data)
{
	struct device *d = device_of(tcti);
	struct epoll_event once = { .events = EPOLLIN | EPOLLONESHOT };

	if (epoll_ctl(d->epoll, EPOLL_CTL_MOD, d->fd, &once) < 0 ||
	    write(d->fd, data, len) != (ssize_t)len)
		return TSS2_TCTI_RC_IO_ERROR;
	d->busy = true;
	return TSS2_RC_SUCCESS;
}

/* Waits for ever: who does not want that polls first. */
static TSS2_RC device_receive(TSS2_TCTI_CONTEXT *tcti, size_t *len,
			      uint8_t *data, int32_t timeout)
{
	struct device *d = device_of(tcti);
	struct epoll_event event;
	ssize_t n;

	(void)timeout;
	do /* takes the event back, so that none is there at the next command */
		n = epoll_wait(d->epoll, &event, 1, -1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		n = read(d->fd, data, *len);
	if (n <= 0)
		return TSS2_TCTI_RC_IO_ERROR;
	d->busy = false;
	*len = (size_t)n;
	return TSS2_RC_SUCCESS;
}

static TSS2_RC device_handles(TSS2_TCTI_CONTEXT *tcti,
			      TSS2_TCTI_POLL_HANDLE *handles, size_t *n)
{
	handles->fd = device_of(tcti)->epoll;
	*n = 1;
	return TSS2_RC_SUCCESS;
}

/*
 * A process that has nothing but the device, and ends when the kernel lets it
 * go. True when there is one: then our close is not the last, which waits.
 */
static bool leave_to_child(int fd)
{
	pid_t pid = fork();

	if (pid)
		return pid > 0;
	(void)setsid(); /* a child leads no group */
	if (fd > 0)
		(void)syscall(SYS_close_range, 0, fd - 1, 0);
	(void)syscall(SYS_close_range, fd + 1, ~0U, 0);
	_exit(0);
}

static void device_finalize(TSS2_TCTI_CONTEXT *tcti)
{
	struct device *d = device_of(tcti);

	own_close_fd(&d->epoll);
	if (!d->busy || leave_to_child(d->fd))
		own_close_fd(&d->fd);
}

static struct device *device_new(void)
{
	struct device *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->tcti.v1.version = 2;
	d->tcti.v1.transmit = device_transmit;
	d->tcti.v1.receive = device_receive;
	d->tcti.v1.finalize = device_finalize;
	d->tcti.v1.getPollHandles = device_handles;
	d->fd = -1;
	d->epoll = -1;
	return d;
}

int tcti_open_device(const char *path, unsigned timeout_ms,
		     TSS2_TCTI_CONTEXT **ret)
{
	struct device *d = device_new();
	own_tcti TSS2_TCTI_CONTEXT *tcti = (TSS2_TCTI_CONTEXT *)(void *)d;
	struct epoll_event none = { 0 };

	(void)timeout_ms; /* opening waits for nothing */
	if (!d)
		return -ENOMEM;
	/* nonblocking: a write does not wait for the answer */
	d->fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (d->fd < 0)
		return -errno;
	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (d->epoll < 0 ||
	    epoll_ctl(d->epoll, EPOLL_CTL_ADD, d->fd, &none) < 0)
		return -errno;
	*ret = take_ptr(tcti);
	return 0;
}
