// SPDX-License-Identifier: MIT
/*
 * A TCTI on swtpm's data socket, on which commands and answers pass as they
 * are (swtpm(8), --server), for cvmctl and tests. tpm2-tss has one too, which
 * neither tells its descriptor nor has a limit of time. swtpm serves one
 * connection at a time, so each command has its own, and others get their turn.
 */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/own.h"
#include "seal/tpm/internal.h"

struct simulator {
	TSS2_TCTI_CONTEXT_COMMON_V2 tcti; /* first: what the link sees */
	char *conf;
	int fd; /* -1 between two commands */
	unsigned timeout_ms;
	int64_t deadline_ms; /* of the command under way */
};

static struct simulator *simulator_of(TSS2_TCTI_CONTEXT *tcti)
{
	return (struct simulator *)(void *)tcti;
}

static int connect_to(int family, const struct sockaddr *at, socklen_t len,
		      unsigned timeout_ms)
{
	own_fd int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval limit = { timeout_ms / 1000,
				 (suseconds_t)(timeout_ms % 1000) * 1000 };

	/* for connect too: socket(7) */
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	if (connect(fd, at, len) < 0)
		return errno == EINPROGRESS || errno == EAGAIN ? -ETIMEDOUT
							       : -errno;
	return take_fd(&fd);
}

static int connect_path(const char *path, unsigned timeout_ms)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	memcpy(at.sun_path, path, strlen(path));
	return connect_to(AF_UNIX, (struct sockaddr *)&at, sizeof(at),
			  timeout_ms);
}

static int connect_host(const char *host, const char *port, unsigned timeout_ms)
{
	const struct addrinfo tcp = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int r = -EHOSTUNREACH;

	if (getaddrinfo(host, port, &tcp, &found))
		return r;
	for (const struct addrinfo *a = found; a && r < 0; a = a->ai_next)
		r = connect_to(a->ai_family, a->ai_addr, a->ai_addrlen,
			       timeout_ms);
	freeaddrinfo(found);
	return r;
}

/* "path=SOCKET" or "host=HOST,port=PORT". A descriptor, or -errno. */
static int connect_conf(const char *conf, unsigned timeout_ms)
{
	own_free char *host = NULL;
	const char *port;

	if (strncmp(conf, "path=", 5) == 0)
		return connect_path(conf + 5, timeout_ms);
	port = strstr(conf, ",port=");
	if (strncmp(conf, "host=", 5) != 0 || !port)
		return -EINVAL;
	host = strndup(conf + 5, (size_t)(port - conf) - 5);
	return host ? connect_host(host, port + 6, timeout_ms) : -ENOMEM;
}

static TSS2_RC simulator_transmit(TSS2_TCTI_CONTEXT *tcti, size_t len,
				  const uint8_t *data)
{
	struct simulator *s = simulator_of(tcti);

	s->deadline_ms = tpm_now_ms() + s->timeout_ms;
	if (s->fd < 0)
		s->fd = connect_conf(s->conf, s->timeout_ms);
	/* one command at a time, for which there always is room */
	return send(s->fd, data, len, MSG_NOSIGNAL) == (ssize_t)len
		       ? TSS2_RC_SUCCESS
		       : TSS2_TCTI_RC_IO_ERROR;
}

/* len bytes in time, or false. */
static bool receive_all(const struct simulator *s, uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = tpm_poll(s->fd, s->deadline_ms) == 1
				    ? recv(s->fd, data, len, 0)
				    : -1;

		if (n <= 0) /* 0: swtpm has ended */
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* A header, which says how much follows: TCG Part 1, 18.1. */
static TSS2_RC simulator_receive(TSS2_TCTI_CONTEXT *tcti, size_t *len,
				 uint8_t *data, int32_t timeout)
{
	struct simulator *s = simulator_of(tcti);
	struct unmarshal header = { data, tpm_header_size };
	uint32_t tag;
	uint32_t size;

	(void)timeout;
	if (*len < tpm_header_size || !receive_all(s, data, tpm_header_size) ||
	    unmarshal_number(&header, 2, &tag) < 0 ||
	    unmarshal_number(&header, 4, &size) < 0)
		return TSS2_TCTI_RC_IO_ERROR;
	if (size < tpm_header_size || size > *len)
		return TSS2_TCTI_RC_MALFORMED_RESPONSE;
	if (!receive_all(s, data + tpm_header_size, size - tpm_header_size))
		return TSS2_TCTI_RC_IO_ERROR;
	*len = size;
	own_close_fd(&s->fd);
	s->fd = -1;
	return TSS2_RC_SUCCESS;
}

static TSS2_RC simulator_handles(TSS2_TCTI_CONTEXT *tcti,
				 TSS2_TCTI_POLL_HANDLE *handles, size_t *n)
{
	handles->fd = simulator_of(tcti)->fd;
	*n = 1;
	return TSS2_RC_SUCCESS;
}

static void simulator_finalize(TSS2_TCTI_CONTEXT *tcti)
{
	struct simulator *s = simulator_of(tcti);

	own_close_fd(&s->fd);
	free(s->conf);
}

int tcti_open_swtpm(const char *conf, unsigned timeout_ms,
		    TSS2_TCTI_CONTEXT **ret)
{
	struct simulator *s = calloc(1, sizeof(*s));
	own_tcti TSS2_TCTI_CONTEXT *tcti = (TSS2_TCTI_CONTEXT *)(void *)s;

	if (!s)
		return -ENOMEM;
	s->tcti.v1.version = 2;
	s->tcti.v1.transmit = simulator_transmit;
	s->tcti.v1.receive = simulator_receive;
	s->tcti.v1.finalize = simulator_finalize;
	s->tcti.v1.getPollHandles = simulator_handles;
	s->timeout_ms = timeout_ms;
	s->fd = connect_conf(conf, timeout_ms);
	s->conf = strdup(conf);
	if (s->fd < 0 || !s->conf)
		return s->fd < 0 ? s->fd : -ENOMEM;
	*ret = take_ptr(tcti);
	return 0;
}
