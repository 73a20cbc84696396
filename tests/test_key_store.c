// SPDX-License-Identifier: MIT
/* The broker's folder of keys: what is found in it, and what is not. */
#include "cvmctl/broker/key-store.h"

#include <errno.h>
#include <string.h>

#include "lib/own.h"
#include "tests/line.h"
#include "tests/table.h"
#include "tests/tmptree.h"

#define UUID  "01234567-89ab-cdef-0123-456789abcdef"
#define OTHER "01234567-89ab-cdef-0123-456789abcdee"

static const struct find_case {
	const char *name;
	const char *file[2];
	mode_t mode;
	const char *content;
	int keyslot;	  /* that is found */
	const char *line; /* or the end of the refusal */
} cases[] = {
	{ "one", { UUID ".0.key" }, 0600, "secret", 0, NULL },
	{ "of the last keyslot", { UUID ".31.key" }, 0400, "s", 31, NULL },
	{ "beside another's",
	  { UUID ".1.key", OTHER ".0.key" },
	  0600,
	  "s",
	  1,
	  NULL },
	{ "none",
	  { OTHER ".0.key" },
	  0600,
	  "s",
	  0,
	  ": there is none; make one with cvmctl seal --key-store" },
	{ "no such keyslot",
	  { UUID ".32.key" },
	  0600,
	  "s",
	  0,
	  ": there is none; make one with cvmctl seal --key-store" },
	{ "no number",
	  { UUID "..key" },
	  0600,
	  "s",
	  0,
	  ": there is none; make one with cvmctl seal --key-store" },
	{ "a signed number",
	  { UUID ".-1.key" },
	  0600,
	  "s",
	  0,
	  ": there is none; make one with cvmctl seal --key-store" },
	{ "a backup",
	  { UUID ".0.key~" },
	  0600,
	  "s",
	  0,
	  ": there is none; make one with cvmctl seal --key-store" },
	{ "the UUID alone",
	  { UUID },
	  0600,
	  "s",
	  0,
	  ": there is none; make one with cvmctl seal --key-store" },
	{ "two",
	  { UUID ".0.key", UUID ".1.key" },
	  0600,
	  "s",
	  0,
	  ": it has several; move the old one away" },
	{ "others may read it",
	  { UUID ".0.key" },
	  0644,
	  "s",
	  0,
	  ": others may read it; give it mode 0600, and think about who has "
	  "read it" },
	{ "the group may",
	  { UUID ".0.key" },
	  0640,
	  "s",
	  0,
	  ": others may read it; give it mode 0600, and think about who has "
	  "read it" },
	{ "empty",
	  { UUID ".0.key" },
	  0600,
	  "",
	  0,
	  ": a key has 1 to 128 bytes; check --store" },
};

static void ends_with(const struct fail *f, const char *end)
{
	char line[fail_line_max];

	fail_format(f, "cvmctl", "broker", line, sizeof(line));
	assert_true(strlen(line) > strlen(end));
	assert_string_equal(line + strlen(line) - strlen(end), end);
}

static void finds(void **state)
{
	const struct find_case *c = *state;
	own_secret struct secret key = { 0 };
	struct fail f = { 0 };
	struct tree t;
	int keyslot = -1;
	int r;

	tree_make(&t);
	for (size_t i = 0; i < array_size(c->file) && c->file[i]; i++)
		tree_file(&t, c->file[i], c->mode, c->content);
	r = key_store_find(t.path, UUID, &key, &keyslot, &f);
	tree_remove(&t);
	if (c->line) {
		assert_true(r < 0);
		ends_with(&f, c->line);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(keyslot, c->keyslot);
	assert_int_equal(key.len, strlen(c->content));
	assert_memory_equal(key.data, c->content, key.len);
}

static void bounds_a_key(void **state)
{
	char content[key_store_secret_max + 2] = "";
	own_secret struct secret key = { 0 };
	struct fail f = { 0 };
	struct tree t;
	int keyslot = -1;

	(void)state;
	tree_make(&t);
	memset(content, 'x', key_store_secret_max);
	tree_file(&t, UUID ".0.key", 0600, content);
	content[key_store_secret_max] = 'x';
	tree_file(&t, OTHER ".0.key", 0600, content);
	assert_int_equal(key_store_find(t.path, UUID, &key, &keyslot, &f), 0);
	secret_free(&key);
	assert_true(key_store_find(t.path, OTHER, &key, &keyslot, &f) < 0);
	tree_remove(&t);
	ends_with(&f, ": a key has 1 to 128 bytes; check --store");
}

static void keeps_what_is_there(void **state)
{
	static uint8_t data[] = "secret";
	struct secret secret = { data, sizeof(data), 0 };
	own_secret struct secret found = { 0 };
	struct fail f = { 0 };
	struct tree t;
	int keyslot = -1;

	(void)state;
	tree_make(&t);
	assert_int_equal(key_store_check(t.path, UUID, 2, &f), 0);
	assert_int_equal(key_store_add(t.path, UUID, 2, &secret, &f), 0);
	data[0] = 'S';
	assert_true(key_store_check(t.path, UUID, 2, &f) < 0);
	assert_true(key_store_add(t.path, UUID, 2, &secret, &f) < 0);
	ends_with(&f, ": File exists; choose another key store, or move the "
		      "old key away");
	assert_int_equal(key_store_find(t.path, UUID, &found, &keyslot, &f), 0);
	assert_int_equal(keyslot, 2);
	assert_memory_equal(found.data, "secret", sizeof("secret"));
	key_store_remove(t.path, UUID, 2);
	assert_int_equal(key_store_find(t.path, UUID, &found, &keyslot, &f),
			 -ENOENT);
	tree_remove(&t);
}

static void refuses_no_folder(void **state)
{
	own_secret struct secret found = { 0 };
	struct fail f = { 0 };
	int keyslot = -1;

	(void)state;
	assert_true(key_store_check("/nowhere", NULL, 0, &f) < 0);
	ends_with(&f, ": No such file or directory; choose another key store, "
		      "or move the old key away");
	assert_true(key_store_find("/nowhere", UUID, &found, &keyslot, &f) < 0);
	ends_with(&f, ": No such file or directory; check --store");
}

int main(void)
{
	const struct table tables[] = {
		TABLE(finds, cases),
		CASE(bounds_a_key),
		CASE(keeps_what_is_there),
		CASE(refuses_no_folder),
	};

	return table_run(tables, array_size(tables));
}
