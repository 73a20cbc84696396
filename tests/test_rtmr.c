// SPDX-License-Identifier: MIT
/*
 * RTMR 3 against a kernel of our own: a plain file that stands for sysfs's
 * attribute (drivers/virt/coco/guest/tsm-mr.c of Linux), to which one write
 * of 48 bytes at the beginning is an extend, and any other an error. Then the
 * stages that use it.
 */
#include "seal/measure/rtmr.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "init/cap.h"
#include "init/record.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/json.h"
#include "lib/own.h"
#include "tests/line.h"
#include "tests/table.h"
#include "tests/tmptree.h"

#define REMEDY                                                      \
	"load tdx_guest of Linux 6.16 or later in a TD, or change " \
	"[measure] into in boot.conf"

/* What the fake kernel does; zero: all is well. */
static struct {
	struct tree tree;
	char path[PATH_MAX];
	bool loses;	/* a write changes nothing */
	bool meddles;	/* somebody extends it before every write */
	int err;	/* a write gives this errno */
	size_t accepts; /* a write takes so many bytes, if not 0 */
	unsigned writes;
} tdx;

static const uint8_t zero[rtmr_size];

static void set_register(const uint8_t *value, size_t len)
{
	long fd =
		syscall(SYS_open, tdx.path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	tree_check(fd >= 0 && syscall(SYS_write, fd, value, len) == (long)len &&
			   close((int)fd) == 0,
		   tdx.path);
}

static void extend_register(const uint8_t digest[rtmr_size])
{
	own_bytes struct bytes old = { 0 };
	uint8_t next[rtmr_size];

	assert_int_equal(io_read_file(AT_FDCWD, tdx.path, rtmr_size, &old), 0);
	assert_int_equal(digest_pair(DIGEST_SHA384, old.data, old.len, digest,
				     rtmr_size, next),
			 0);
	set_register(next, rtmr_size);
}

static bool is_register(int fd)
{
	char link[64];
	char path[PATH_MAX];
	ssize_t len;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = '\0';
	return strcmp(path, tdx.path) == 0;
}

ssize_t write(int fd, const void *data, size_t len)
{
	if (!tdx.path[0] || !is_register(fd))
		return syscall(SYS_write, fd, data, len);
	tdx.writes++;
	if (tdx.err || len != rtmr_size || lseek(fd, 0, SEEK_CUR) != 0) {
		errno = tdx.err ? tdx.err : EINVAL;
		return -1;
	}
	if (tdx.meddles)
		extend_register(zero);
	if (!tdx.loses)
		extend_register(data);
	return (ssize_t)(tdx.accepts ? tdx.accepts : len);
}

static void tdx_start(void)
{
	char path[sizeof(tdx.tree.path)];

	memset(&tdx, 0, sizeof(tdx));
	tree_make(&tdx.tree);
	memcpy(path, tdx.tree.path, sizeof(path));
	(void)snprintf(tdx.path, sizeof(tdx.path), "%s/rtmr3:sha384", path);
	set_register(zero, rtmr_size);
}

static void tdx_stop(void)
{
	tree_remove(&tdx.tree);
	tdx.path[0] = '\0';
}

/* As stage_tpm leaves it with into = rtmr, and apps.conf measured. */
static void begin(struct boot *b)
{
	own_event struct event e = { .pcr = pcr_apps,
				     .kind = EVENT_APPS_CONF,
				     .path = strdup("/etc/apps.conf") };
	struct fail f;

	tdx_start();
	*b = (struct boot){ .conf.measure.into = BOOT_MEASURE_RTMR };
	assert_ok(rtmr_begin(tdx.path, &f), &f);
	b->rtmr = tdx.path;
	assert_ok(record_begin(b, tdx.tree.path, &f), &f);
	assert_int_equal(digest_data(record_algs(b), "x", 1, &e.digests), 0);
	assert_int_equal(events_add(&b->events, &e), 0);
	assert_ok(record_event(b, &b->events.event[0], &f), &f);
}

static void end(struct boot *b)
{
	journal_close(&b->journal);
	events_free(&b->events);
	tdx_stop();
}

/* measurements.json; the caller frees. */
static struct json_object *read_log(void)
{
	own_bytes struct bytes text = { 0 };

	assert_int_equal(io_read_file(tdx.tree.fd, "measurements.json",
				      64 * 1024, &text),
			 0);
	return json_tokener_parse((char *)text.data);
}

/*
 * Against a number made with sha384sum: the register begins with zeros, and
 * each event is H(register || H(content)).
 */
static void measures_and_closes(void **state)
{
	static const char want[] =
		"8bc0b7eb9f5a56b7026ce8650a90bcf0eb4e18a1de765dc5"
		"8c2be939304e89d563234da50f5fa46f5ff0cacf3119f7b2";
	static struct boot b;
	own_json struct json_object *o = NULL;
	char hex[2 * rtmr_size + 1];
	enum journal_state log;
	uint8_t value[rtmr_size];
	struct fail f;

	(void)state;
	begin(&b);
	assert_ok(stage_cap(&b, &f), &f);
	assert_int_equal(tdx.writes, 2);
	assert_ok(rtmr_read(tdx.path, value, &f), &f);
	hex_encode(value, sizeof(value), hex);
	assert_string_equal(hex, want);
	o = read_log();
	assert_int_equal(journal_cel_state(o, &log), 0);
	assert_int_equal(log, JOURNAL_COMPLETE);
	assert_int_equal(json_object_array_length(o), 2);
	assert_int_equal(json_object_get_int(json_get(
				 json_object_array_get_idx(o, 1), "rtmr")),
			 3);
	end(&b);
}

/* The register is closed on the way down too, and the log says so. */
static void closes_after_a_failure(void **state)
{
	static struct boot b;
	own_json struct json_object *o = NULL;
	struct json_object *content;

	(void)state;
	begin(&b);
	cap_failed(&b);
	assert_int_equal(tdx.writes, 2);
	o = read_log();
	assert_int_equal(json_object_array_length(o), 2);
	content = json_get(json_object_array_get_idx(o, 1), "content");
	assert_string_equal(json_get_string(content, "path"),
			    "cvm-init: failed");
	assert_null(json_get(content, "state"));
	end(&b);
}

/* An extend of which nobody knows whether it was done stays an intent. */
static void leaves_an_intent(void **state)
{
	static struct boot b;
	own_json struct json_object *o = NULL;
	enum journal_state log;
	struct fail f;

	(void)state;
	begin(&b);
	tdx.err = EIO;
	assert_refusal(stage_cap(&b, &f), &f,
		       "cannot extend RTMR 3: Input/output error; " REMEDY);
	o = read_log();
	assert_int_equal(journal_cel_state(o, &log), 0);
	assert_int_equal(log, JOURNAL_OPEN);
	cap_failed(&b);
	json_release(&o);
	o = read_log();
	assert_int_equal(json_object_array_length(o), 3);
	end(&b);
}

static void extends_nothing_without_a_log(void **state)
{
	static struct boot b;
	struct fail f;

	(void)state;
	begin(&b);
	b.events.event[0].digests.algs = 0;
	assert_true(record_event(&b, &b.events.event[0], &f) < 0);
	assert_int_equal(rtmr_extend(tdx.path, &b.events.event[0].digests, &f),
			 -EINVAL);
	assert_int_equal(tdx.writes, 1);
	end(&b);
}

static void notices_another_extend(void **state)
{
	static struct boot b;
	struct fail f;

	(void)state;
	begin(&b);
	extend_register(zero);
	assert_refusal(stage_cap(&b, &f), &f,
		       "cannot close RTMR 3: something else has extended it; "
		       "let nothing but init extend RTMR 3");
	end(&b);
}

static const struct refusal {
	const char *name;
	const char *want;
	bool loses;
	bool meddles;
	int err;
	size_t accepts;
} refusals[] = {
	{ "lost",
	  "cannot extend RTMR 3: it does not hold what that gives; let "
	  "nothing but init extend RTMR 3",
	  .loses = true },
	{ "meddled",
	  "cannot extend RTMR 3: it does not hold what that gives; "
	  "let nothing but init extend RTMR 3",
	  .meddles = true },
	{ "error", "cannot extend RTMR 3: Invalid argument; " REMEDY,
	  .err = EINVAL },
	{ "short", "cannot extend RTMR 3: Input/output error; " REMEDY,
	  .accepts = 32 },
};

static void refuses(void **state)
{
	const struct refusal *want = *state;
	struct digest_set digests;
	struct fail f;

	tdx_start();
	tdx.loses = want->loses;
	tdx.meddles = want->meddles;
	tdx.err = want->err;
	tdx.accepts = want->accepts;
	assert_int_equal(digest_data(1U << DIGEST_SHA384, "x", 1, &digests), 0);
	assert_refusal(rtmr_extend(tdx.path, &digests, &f), &f, want->want);
	assert_int_equal(tdx.writes, 1);
	tdx_stop();
}

static void refuses_a_register_that_is_none(void **state)
{
	static const uint8_t bytes[rtmr_size + 1] = { 1 };
	struct fail f;

	(void)state;
	tdx_start();
	set_register(bytes, rtmr_size);
	assert_refusal(rtmr_begin(tdx.path, &f), &f,
		       "cannot measure into RTMR 3: it was extended before "
		       "init started; boot without another program that uses "
		       "RTMR 3");
	set_register(bytes, rtmr_size - 1);
	assert_refusal(rtmr_begin(tdx.path, &f), &f,
		       "cannot read RTMR 3: it has not 48 bytes; " REMEDY);
	set_register(bytes, rtmr_size + 1);
	assert_refusal(rtmr_begin(tdx.path, &f), &f,
		       "cannot read RTMR 3: it has not 48 bytes; " REMEDY);
	assert_refusal(
		rtmr_begin("/nowhere", &f), &f,
		"cannot read RTMR 3: No such file or directory; " REMEDY);
	tdx_stop();
}

int main(void)
{
	const struct table tables[] = {
		CASE(measures_and_closes),
		CASE(closes_after_a_failure),
		CASE(leaves_an_intent),
		CASE(extends_nothing_without_a_log),
		CASE(notices_another_extend),
		TABLE(refuses, refusals),
		CASE(refuses_a_register_that_is_none),
	};

	return table_run(tables, array_size(tables));
}
