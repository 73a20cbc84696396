// SPDX-License-Identifier: MIT
/* What a service manager hears of the broker, as sd_notify(3) has it. */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/table.h"

#include "cvmctl/broker/notify.h"
#include "lib/own.h"
#include "tests/place.h"

/* As many bytes as an address has for a path. */
#define TEN	"0123456789"
#define FIFTY	TEN TEN TEN TEN TEN
#define HUNDRED FIFTY FIFTY
#define LONGEST HUNDRED "01234567"

static const struct where_case {
	const char *where; /* NOTIFY_SOCKET, or "none" */
	bool listens;	   /* and there hears it */
} cases[] = {
	{ "none", false },	    { "", false },
	{ "socket", true },	    { "nobody", false },
	{ "@cvm-init test", true }, { "@" HUNDRED "0123456", true },
	{ "@" LONGEST, false },	    { LONGEST, true },
	{ LONGEST "8", false },	    { "vsock:2:1", false },
};

static int listen_at(const char *where)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t len = strlen(where);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(len <= sizeof(at.sun_path));
	memcpy(at.sun_path, where, len);
	if (where[0] == '@')
		at.sun_path[0] = '\0';
	assert_return_code(
		bind(fd, (const struct sockaddr *)&at,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
		0);
	return fd;
}

static void tells(void **state)
{
	const struct where_case *c = *state;
	own_place struct tree t = { .fd = -1 };
	own_fd int fd = -1;
	char said[32] = { 0 };

	tree_make(&t);
	place_enter(&t);
	if (c->listens)
		fd = listen_at(c->where);
	assert_return_code(setenv("NOTIFY_SOCKET", c->where, 1), 0);
	if (strcmp(c->where, "none") == 0)
		assert_return_code(unsetenv("NOTIFY_SOCKET"), 0);
	notify_ready();
	if (!c->listens)
		return; /* nothing to hear, and it returns */
	assert_int_equal(recv(fd, said, sizeof(said) - 1, 0), 7);
	assert_string_equal(said, "READY=1");
}

int main(void)
{
	static const struct table tables[] = { TABLE(tells, cases) };

	return table_run(tables, array_size(tables));
}
