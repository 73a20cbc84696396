// SPDX-License-Identifier: MIT
/* Messages: whole, in pieces, cut, stalled, too long, and to nobody. */
#include "lib/frame.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "lib/own.h"
#include "tests/table.h"

enum { max = 300 * 1024 };

struct ends {
	int ours;
	int theirs;
};

static struct ends make_ends(void)
{
	int fd[2];

	assert_return_code(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	return (struct ends){ fd[0], fd[1] };
}

static void put(int fd, const void *data, size_t len)
{
	assert_int_equal(write(fd, data, len), (ssize_t)len);
}

/* One second: the tests that wait for its end are two. */
static int receive(int fd, struct bytes *ret)
{
	return frame_receive(fd, max, frame_deadline_in(1), ret);
}

struct sending {
	int fd;
	const uint8_t *data;
	size_t len;
	int result;
};

static void *send_in_thread(void *arg)
{
	struct sending *s = arg;

	s->result = frame_send(s->fd, s->data, s->len, frame_deadline_in(20));
	return NULL;
}

/* Larger than a socket's buffer, so both sides have to wait. */
static void carries_a_long_message(void **state)
{
	own_free uint8_t *data = malloc(max);
	own_bytes struct bytes got = { 0 };
	struct ends e = make_ends();
	struct sending s = { e.theirs, data, max, -1 };
	pthread_t thread;

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < max; i++)
		data[i] = (uint8_t)(i * 7);
	assert_int_equal(pthread_create(&thread, NULL, send_in_thread, &s), 0);
	assert_int_equal(
		frame_receive(e.ours, max, frame_deadline_in(20), &got), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(s.result, 0);
	assert_int_equal(got.len, max);
	assert_memory_equal(got.data, data, max);
	assert_int_equal(got.data[max], 0);
	close(e.ours);
	close(e.theirs);
}

static void carries_two(void **state)
{
	own_bytes struct bytes first = { 0 };
	own_bytes struct bytes second = { 0 };
	struct ends e = make_ends();

	(void)state;
	put(e.theirs, "\0\0\0\1a\0\0\0\2bc", 11);
	assert_int_equal(receive(e.ours, &first), 0);
	assert_int_equal(receive(e.ours, &second), 0);
	assert_string_equal((char *)first.data, "a");
	assert_string_equal((char *)second.data, "bc");
	close(e.ours);
	close(e.theirs);
}

/* What is refused, by what came and whether the channel ends after it. */
static const struct bad_case {
	const char *name;
	const char *sent;
	size_t len;
	bool ends;
	int want;
} bad[] = {
	{ "nothing, and the end", "", 0, true, -EPIPE },
	{ "half a length, and the end", "\0\0", 2, true, -ENODATA },
	{ "a length alone, and the end", "\0\0\0\5", 4, true, -ENODATA },
	{ "less than it says", "\0\0\0\5abcd", 8, true, -ENODATA },
	{ "an empty message", "\0\0\0\0", 4, false, -EMSGSIZE },
	{ "one byte over the limit", "\0\4\260\1", 4, false, -EMSGSIZE },
	{ "the longest there is", "\377\377\377\377", 4, false, -EMSGSIZE },
	{ "nothing at all", "", 0, false, -ETIMEDOUT },
	{ "half a message", "\0\0\0\5ab", 6, false, -ETIMEDOUT },
};

static void refuses(void **state)
{
	const struct bad_case *c = *state;
	own_bytes struct bytes got = { 0 };
	struct ends e = make_ends();

	put(e.theirs, c->sent, c->len);
	if (c->ends)
		close(e.theirs);
	assert_int_equal(receive(e.ours, &got), c->want);
	assert_null(got.data);
	close(e.ours);
	if (!c->ends)
		close(e.theirs);
}

static void sends_to_nobody(void **state)
{
	struct ends e = make_ends();

	(void)state;
	close(e.theirs);
	assert_int_equal(frame_send(e.ours, "x", 1, frame_deadline_in(1)),
			 -EPIPE);
	close(e.ours);
}

static void sends_to_one_who_does_not_read(void **state)
{
	own_free uint8_t *data = calloc(1, 16 * max);
	struct ends e = make_ends();

	(void)state;
	assert_non_null(data);
	assert_int_equal(frame_send(e.ours, data, (size_t)16 * max,
				    frame_deadline_in(1)),
			 -ETIMEDOUT);
	close(e.ours);
	close(e.theirs);
}

int main(void)
{
	const struct table tables[] = {
		CASE(carries_a_long_message),
		CASE(carries_two),
		TABLE(refuses, bad),
		CASE(sends_to_nobody),
		CASE(sends_to_one_who_does_not_read),
	};

	/* as in init and in the broker */
	(void)signal(SIGPIPE, SIG_IGN);
	return table_run(tables, array_size(tables));
}
