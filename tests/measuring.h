/* SPDX-License-Identifier: MIT */
/*
 * A tree to measure, with the program bin/run and the directory app, and what
 * is expected of its events. Include cmocka.h first.
 */
#ifndef TESTS_MEASURING_H
#define TESTS_MEASURING_H

#include "lib/hex.h"
#include "lib/own.h"
#include "seal/measure/measure.h"
#include "tests/tmptree.h"

enum { sha256_only = 1U << DIGEST_SHA256 };

#define ABC_SHA256 \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_SHA384                                                         \
	"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed" \
	"8086072ba1e7cc2358baeca134c825a7"
#define ABD_SHA256 \
	"a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9"
#define ABD_SHA384 \
	"5d15bcebb965fa77926c23471c96e3a326b363f5f105c3ef17cfd033b9734fa46556f81a26bb3044d2dda50481325ef7"

static inline int make_tree(void **state)
{
	static struct tree t;

	tree_make(&t);
	tree_dir(&t, "bin");
	tree_dir(&t, "app");
	tree_file(&t, "bin/run", 0755, "abc");
	*state = &t;
	return 0;
}

static inline int remove_tree(void **state)
{
	tree_remove(*state);
	return 0;
}

static inline int measure(struct tree *t, const char *conf, struct events *ret,
			  struct fail *f)
{
	own_free struct apps_conf *apps = calloc(1, sizeof(*apps));
	own_bytes struct bytes raw = { 0 };
	struct ini_error error = { 0 };
	static const struct verity_params verity = {
		.hash = DIGEST_SHA256,
		.root_hash = { 0xab, 0xcd },
		.root_hash_len = 32,
	};
	struct measured m = { .root_fd = t->fd,
			      .algs = sha256_only,
			      .verity = &verity };
	int r;

	assert_int_equal(bytes_copy(conf, strlen(conf), &raw), 0);
	if (apps_conf_read("apps.conf", (char *)raw.data, raw.len, apps,
			   &error) < 0)
		fail_msg("%s", error.text);
	m.apps_raw = &raw;
	m.apps = apps;
	r = measure_apps(&m, ret, f);
	apps_conf_free(apps);
	return r;
}

static inline void expect_event(const struct event *e, const char *kind,
				const char *path, const char *sha256)
{
	char hex[2 * digest_size_max + 1];

	assert_int_equal(e->pcr, 14);
	assert_string_equal(event_kind_name(e->kind), kind);
	assert_string_equal(e->path, path);
	hex_encode(e->digests.value[DIGEST_SHA256], 32, hex);
	if (sha256)
		assert_string_equal(hex, sha256);
}

static inline void expect_refusal(struct tree *t, const char *conf,
				  const char *want)
{
	own_events struct events events = { 0 };
	char line[fail_line_max];
	struct fail f = { 0 };

	assert_true(measure(t, conf, &events, &f) < 0);
	fail_format(&f, "init", "measure", line, sizeof(line));
	assert_string_equal(line, want);
}

#define tree_test(name) \
	cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

#endif
