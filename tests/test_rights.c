// SPDX-License-Identifier: MIT
/*
 * What an event of a file stands for besides its content: rights, attributes,
 * and with measure-by = verity the root hash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/text.h"
#include "tests/measuring.h"

/* One that stands for this text, which has the test's own ids as @. */
static void expect_text(const struct event *e, const char *kind,
			const char *path, const char *want)
{
	own_text struct text text = { 0 };
	struct digest_set digests;

	for (const char *at = want; *at; at++) {
		if (*at == '@')
			text_add(&text, "%u\t%u", getuid(), getgid());
		else
			text_add_bytes(&text, at, 1);
	}
	assert_string_equal((const char *)e->detail.data, text.s);
	assert_int_equal(digest_data(sha256_only, text.s, text.len, &digests),
			 0);
	assert_int_equal(e->digests.algs, sha256_only);
	expect_event(e, kind, path, NULL);
	assert_memory_equal(e->digests.value[DIGEST_SHA256],
			    digests.value[DIGEST_SHA256], 32);
}

/* What the content does not tell about a file follows in another event. */
static void rights_of_files(void **state)
{
	own_events struct events events = { 0 };
	struct tree *t = *state;
	struct fail f = { 0 };

	tree_file(t, "setuid", 04755, "abc");
	tree_file(t, "setgid", 02644, "abc");
	assert_int_equal(measure(t,
				 "[app a]\nexec = /setuid\nmeasure = /setgid\n"
				 "[app b]\nexec = /bin/run\n",
				 &events, &f),
			 0);
	assert_int_equal(events.n, 6);
	expect_event(&events.event[1], "exec", "/setuid", ABC_SHA256);
	expect_text(&events.event[2], "attributes", "/setuid",
		    "cvm-init attributes 1\nf\t4755\t@\t-\t.\n");
	assert_string_equal(events.event[2].app, "a");
	expect_event(&events.event[3], "file", "/setgid", ABC_SHA256);
	expect_text(&events.event[4], "attributes", "/setgid",
		    "cvm-init attributes 1\nf\t2644\t@\t-\t.\n");
	expect_event(&events.event[5], "exec", "/bin/run", ABC_SHA256);
}

/* A capability is one of a user's attributes, and needs more rights to set. */
static void attributes_of_a_file(void **state)
{
	own_events struct events events = { 0 };
	struct tree *t = *state;
	struct fail f = { 0 };
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/bin/run", t->path);
	if (setxattr(path, "user.a", "b", 1, 0) < 0)
		skip();
	assert_int_equal(measure(t, "[app a]\nexec = /bin/run\n", &events, &f),
			 0);
	assert_int_equal(events.n, 3);
	expect_event(&events.event[1], "exec", "/bin/run", ABC_SHA256);
	expect_text(&events.event[2], "attributes", "/bin/run",
		    "cvm-init attributes 1\nf\t0755\t@\t-\t.\n"
		    "x\tuser.a\t62\t.\n");
}

#define VERITY_ROOT                                                 \
	"cvm-init verity 1\nroot\tsha256\tabcd00000000000000000000" \
	"0000000000000000000000000000000000000000\n"

/* No file is read: one that cannot be is as good as any. */
static void by_verity(void **state)
{
	own_events struct events events = { 0 };
	struct tree *t = *state;
	struct fail f = { 0 };

	tree_file(t, "app/secret", 0, "x");
	tree_link(t, "link\377", "/app");
	assert_int_equal(measure(t,
				 "[app a]\nexec = /bin/run\n"
				 "measure = /link\377\nmeasure = /app/secret\n"
				 "measure-by = verity\n"
				 "[app b]\nexec = /bin/run\n",
				 &events, &f),
			 0);
	assert_int_equal(events.n, 5);
	expect_text(&events.event[1], "verity", "/bin/run",
		    VERITY_ROOT "exec\t/bin/run\nf\t0755\t@\t-\t.\n");
	expect_text(&events.event[2], "verity", "/link\377",
		    VERITY_ROOT "measure\t/link\\xff\nd\t0755\t@\t-\t.\n"
				"f\t0000\t@\t-\tsecret\n");
	expect_text(&events.event[3], "verity", "/app/secret",
		    VERITY_ROOT "measure\t/app/secret\nf\t0000\t@\t-\t.\n");
	expect_event(&events.event[4], "exec", "/bin/run", ABC_SHA256);
}

/* Also of a file that is named itself. */
static void layer_is_refused(void **state)
{
	static const char what[] =
		"it has attributes of a layer of overlayfs; build the root of "
		"merged directories, not of a layer";
	struct tree *t = *state;
	char path[PATH_MAX];
	char want[512];

	(void)snprintf(path, sizeof(path), "%s/app", t->path);
	if (setxattr(path, "trusted.overlay.opaque", "y", 1, 0) < 0)
		skip();
	(void)snprintf(want, sizeof(want),
		       "init: measure: cannot measure /app: %s", what);
	expect_refusal(t, "[app a]\nexec = /bin/run\nmeasure = /app\n", want);
	(void)snprintf(path, sizeof(path), "%s/bin/run", t->path);
	tree_check(setxattr(path, "trusted.overlay.metacopy", "", 0, 0) == 0,
		   path);
	(void)snprintf(want, sizeof(want),
		       "init: measure: cannot measure /bin/run: %s", what);
	expect_refusal(t, "[app a]\nexec = /bin/run\n", want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		tree_test(rights_of_files),
		tree_test(attributes_of_a_file),
		tree_test(by_verity),
		tree_test(layer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
