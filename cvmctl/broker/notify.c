// SPDX-License-Identifier: MIT
/* See notify.h. */
#include "cvmctl/broker/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/own.h"

void notify_ready(void)
{
	static const char ready[] = "READY=1";
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *where = getenv("NOTIFY_SOCKET");
	size_t len = where ? strlen(where) : 0;
	own_fd int fd = -1;

	if (len == 0 || len > sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, where, len);
	if (where[0] == '@')
		to.sun_path[0] = '\0'; /* not in the file system */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)sendto(fd, ready, sizeof(ready) - 1, MSG_NOSIGNAL,
			     (const struct sockaddr *)&to,
			     (socklen_t)(offsetof(struct sockaddr_un,
						  sun_path) +
					 len));
}
