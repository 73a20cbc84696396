// SPDX-License-Identifier: MIT
/* What is measured for an apps.conf: order, digests, links, refusals. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/hex.h"
#include "lib/own.h"
#include "seal/measure/content.h"
#include "seal/measure/measure.h"
#include "tests/measuring.h"

static void events_in_declared_order(void **state)
{
	static const char conf[] = "[app web]\n"
				   "exec = /bin/run --port 1\n"
				   "measure = /z\n"
				   "measure = /app\n"
				   "[app a]\n"
				   "exec = /bin/run\n";
	own_events struct events events = { 0 };
	struct digest_set raw;
	struct digest_set listing;
	struct tree *t = *state;
	struct fail f = { 0 };

	tree_file(t, "z", 0644, "abc");
	assert_int_equal(measure(t, conf, &events, &f), 0);
	assert_int_equal(events.n, 5);
	expect_event(&events.event[0], "apps.conf", APPS_CONF_PATH, NULL);
	expect_event(&events.event[1], "exec", "/bin/run", ABC_SHA256);
	expect_event(&events.event[2], "file", "/z", ABC_SHA256);
	expect_event(&events.event[3], "directory", "/app", NULL);
	expect_event(&events.event[4], "exec", "/bin/run", ABC_SHA256);
	assert_null(events.event[0].app);
	assert_string_equal(events.event[2].app, "web");
	assert_string_equal(events.event[4].app, "a");
	assert_int_equal(digest_data(sha256_only, conf, strlen(conf), &raw), 0);
	assert_memory_equal(events.event[0].digests.value[DIGEST_SHA256],
			    raw.value[DIGEST_SHA256], 32);
	assert_int_equal(digest_data(sha256_only, events.event[3].detail.data,
				     events.event[3].detail.len, &listing),
			 0);
	assert_memory_equal(events.event[3].digests.value[DIGEST_SHA256],
			    listing.value[DIGEST_SHA256], 32);
}

/* Absolute links and ".." stay inside the root, as they will in the VM. */
static void links_stay_inside_the_root(void **state)
{
	own_events struct events events = { 0 };
	struct tree *t = *state;
	struct fail f = { 0 };

	tree_link(t, "absolute", "/bin/run");
	tree_link(t, "up", "../../../../bin/run");
	assert_int_equal(measure(t,
				 "[app a]\nexec = /absolute\nmeasure = /up\n",
				 &events, &f),
			 0);
	expect_event(&events.event[1], "exec", "/absolute", ABC_SHA256);
	expect_event(&events.event[2], "file", "/up", ABC_SHA256);
}

static const struct {
	const char *conf;
	const char *want;
} refusals[] = {
	{ "[app web]\nexec = /none\n",
	  "init: measure: cannot measure /none: No such file or directory; "
	  "check [app web] in apps.conf" },
	{ "[app web]\nexec = /bin/run\nmeasure = /none\n",
	  "init: measure: cannot measure /none: No such file or directory; "
	  "check [app web] in apps.conf" },
	{ "[app web]\nexec = /loop\n",
	  "init: measure: cannot measure /loop: Too many levels of symbolic "
	  "links; check [app web] in apps.conf" },
	{ "[app web]\nexec = /app\n",
	  "init: measure: cannot measure /app: it is a directory; "
	  "check [app web] in apps.conf" },
	{ "[app web]\nexec = /plain\n",
	  "init: measure: cannot measure /plain: it is not executable; "
	  "check [app web] in apps.conf" },
	{ "[app web]\nexec = /bin/run\nmeasure = /fifo\n",
	  "init: measure: cannot measure /fifo: it is a fifo; "
	  "check [app web] in apps.conf" },
	{ "[app web]\nexec = /bin/run\nmeasure = /outside\n",
	  "init: measure: cannot measure /outside: No such file or "
	  "directory; check [app web] in apps.conf" },
	{ "[app web]\nexec = /app\nmeasure-by = verity\n",
	  "init: measure: cannot measure /app: it is a directory; "
	  "check [app web] in apps.conf" },
	{ "[app web]\nexec = /bin/run\nmeasure = /fifo\n"
	  "measure-by = verity\n",
	  "init: measure: cannot measure /fifo: it is a fifo; "
	  "check [app web] in apps.conf" },
	{ "[app web]\nexec = /bin/run\nmeasure = /box\n",
	  "init: measure: cannot measure /box/fifo: it is a fifo; "
	  "check [app web] in apps.conf" },
};

static void refuses(void **state)
{
	struct tree *t = *state;

	tree_link(t, "loop", "loop");
	tree_link(t, "outside", t->path);
	tree_file(t, "plain", 0644, "");
	tree_dir(t, "box");
	assert_int_equal(mkfifoat(t->fd, "fifo", 0600), 0);
	assert_int_equal(mkfifoat(t->fd, "box/fifo", 0600), 0);
	for (size_t i = 0; i < array_size(refusals); i++)
		expect_refusal(t, refusals[i].conf, refusals[i].want);
}

struct writer {
	int fd;
	atomic_bool stop;
};

/* What "expect" says of the line above it is compared with what is there. */
static const struct {
	const char *name;
	const char *conf;
	const char *want; /* NULL: it is as expected */
} expectations[] = {
	{ "program",
	  "[app web]\nexec = /bin/run\nexpect = sha256:" ABC_SHA256 "\n",
	  NULL },
	{ "other program",
	  "[app web]\nexec = /app/code\nexpect = sha256:" ABC_SHA256 "\n",
	  "init: measure: cannot measure /app/code: its sha256 is not the "
	  "expected one but " ABD_SHA256 "; check [app web] in apps.conf" },
	{ "file, in a bank that is not active",
	  "[app web]\nexec = /app/code\nmeasure = /bin/run\n"
	  "expect = sha384:" ABC_SHA384 "\n",
	  NULL },
	{ "other file, in a bank that is not active",
	  "[app web]\nexec = /bin/run\nmeasure = /app/code\n"
	  "expect = sha384:" ABC_SHA384 "\n",
	  "init: measure: cannot measure /app/code: its sha384 is not the "
	  "expected one but " ABD_SHA384 "; check [app web] in apps.conf" },
	{ "directory",
	  "[app web]\nexec = /bin/run\nmeasure = /box\n"
	  "expect = sha256:" ABC_SHA256 "\n",
	  "init: measure: cannot measure /box: its sha256 is not the "
	  "expected one but " },
};

static void expects(void **state)
{
	struct tree *t = *state;

	tree_file(t, "app/code", 0755, "abd");
	tree_dir(t, "box");
	for (size_t i = 0; i < array_size(expectations); i++) {
		own_events struct events events = { 0 };
		const char *want = expectations[i].want;
		char line[fail_line_max];
		struct fail f = { 0 };
		int r = measure(t, expectations[i].conf, &events, &f);

		fail_format(&f, "init", "measure", line, sizeof(line));
		if (!want && r < 0)
			fail_msg("%s: %s", expectations[i].name, line);
		if (want && (r == 0 || strncmp(line, want, strlen(want)) != 0))
			fail_msg("%s: %d %s", expectations[i].name, r, line);
		for (size_t j = 0; r == 0 && j < events.n; j++)
			assert_int_equal(events.event[j].digests.algs,
					 sha256_only);
	}
}

/* Lets a file grow and shrink all the time. */
static void *keep_changing(void *arg)
{
	struct writer *w = arg;

	for (off_t size = 1; !atomic_load(&w->stop); size++)
		(void)!ftruncate(w->fd, (8 << 20) - size % 4096);
	return NULL;
}

/* A busy machine may not run the writer just while the file is read. */
static void changing_file_is_refused(void **state)
{
	static const char conf[] = "[app a]\nexec = /bin/run\n"
				   "measure = /busy\n";
	struct tree *t = *state;
	static struct writer w;
	char line[fail_line_max];
	struct fail f = { 0 };
	pthread_t thread;
	int r = 0;

	tree_file(t, "busy", 0644, "");
	w.fd = openat(t->fd, "busy", O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(w.fd, 8 << 20), 0);
	assert_int_equal(pthread_create(&thread, NULL, keep_changing, &w), 0);
	for (int i = 0; i < 1000 && r == 0; i++) {
		own_events struct events events = { 0 };

		r = measure(t, conf, &events, &f);
	}
	atomic_store(&w.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)close(w.fd);
	assert_true(r < 0);
	fail_format(&f, "init", "measure", line, sizeof(line));
	assert_string_equal(line,
			    "init: measure: cannot measure /busy: it changed "
			    "while it was read; let nothing write to the files "
			    "that are measured");
}

/* What is read must be the file that was found. */
static void exchanged_file_is_noticed(void **state)
{
	struct tree *t = *state;
	struct content c;

	tree_file(t, "new", 0755, "abd");
	assert_int_equal(content_find(t->fd, "/bin/run", &c), 0);
	c.algs = sha256_only;
	assert_int_equal(renameat(t->fd, "new", t->fd, "bin/run"), 0);
	content_digest(&c, 1);
	assert_int_equal(c.error, -ESTALE);
}

static void many_files_keep_their_order(void **state)
{
	enum { files = 200 };
	struct tree *t = *state;
	own_free struct content *list = calloc(files, sizeof(*list));
	char names[files][16];

	for (int i = 0; i < files; i++) {
		struct digest_set want;

		(void)snprintf(names[i], sizeof(names[i]), "f%d", i);
		tree_file(t, names[i], 0644, names[i]);
		assert_int_equal(content_find(t->fd, names[i], &list[i]), 0);
		list[i].algs = sha256_only;
		assert_int_equal(digest_data(sha256_only, names[i],
					     strlen(names[i]), &want),
				 0);
	}
	content_digest(list, files);
	for (int i = 0; i < files; i++) {
		struct digest_set want;

		assert_int_equal(list[i].error, 0);
		assert_int_equal(digest_data(sha256_only, names[i],
					     strlen(names[i]), &want),
				 0);
		assert_memory_equal(list[i].digests.value[DIGEST_SHA256],
				    want.value[DIGEST_SHA256], 32);
	}
}

/* Links with lines of 16 KiB. */
static void make_long_lines(struct tree *t, unsigned n)
{
	char target[PATH_MAX] = "";
	char name[32];

	memset(target, 1, sizeof(target) - 1);
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "app/%u", i);
		tree_link(t, name, target);
	}
}

static void too_long_listing_is_refused(void **state)
{
	make_long_lines(*state, 2048);
	expect_refusal(*state, "[app a]\nexec = /bin/run\nmeasure = /app\n",
		       "init: measure: cannot measure /app: its listing is too "
		       "long; measure smaller directories");
}

static void too_long_listings_are_refused(void **state)
{
	own_events struct events events = { 0 };
	struct fail f = { 0 };

	make_long_lines(*state, 1100);
	assert_int_equal(measure(*state,
				 "[app a]\nexec = /bin/run\nmeasure = /app\n",
				 &events, &f),
			 0);
	expect_refusal(*state,
		       "[app a]\nexec = /bin/run\nmeasure = /app\n"
		       "[app b]\nexec = /bin/run\nmeasure = /app\n",
		       "init: measure: cannot measure /app: its listing is too "
		       "long, with those before it; measure smaller "
		       "directories");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		tree_test(events_in_declared_order),
		tree_test(links_stay_inside_the_root),
		tree_test(refuses),
		tree_test(expects),
		tree_test(changing_file_is_refused),
		tree_test(exchanged_file_is_noticed),
		tree_test(many_files_keep_their_order),
		tree_test(too_long_listing_is_refused),
		tree_test(too_long_listings_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
