// SPDX-License-Identifier: MIT
/* See table.h. */
#include "tests/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/own.h"
#include "lib/text.h"

/* The name of a row's case: "parses_bool: yes", without "#", TAP's own. */
static char *case_name(const struct table *t, const void *row)
{
	own_text struct text name = { 0 };
	char label[80];

	text_add(&name, "%s", t->name);
	if (row) {
		const char *of_row = *(const char *const *)row;

		text_escape(of_row, strlen(of_row), label, sizeof(label));
		text_add(&name, ": %s", label);
	}
	for (char *c = name.s; c && *c; c++)
		if (*c == '#')
			*c = '.';
	return take_ptr(name.s);
}

static void add_rows(const struct table *t, struct CMUnitTest *ret)
{
	for (size_t i = 0; i < t->n; i++) {
		const char *row = t->rows;

		if (row)
			row += i * t->row_size;
		ret[i] = (struct CMUnitTest){
			.name = case_name(t, row),
			.test_func = t->test,
			/* cmocka's type; tests read it as const */
			.initial_state = (void *)(uintptr_t)row,
		};
	}
}

int table_run(const struct table *tables, size_t n)
{
	own_free struct CMUnitTest *tests = NULL;
	size_t total = 0;
	int failed;

	for (size_t i = 0; i < n; i++)
		total += tables[i].n;
	tests = calloc(total, sizeof(*tests));
	if (!tests)
		return 1;
	total = 0;
	for (size_t i = 0; i < n; i++) {
		add_rows(&tables[i], tests + total);
		total += tables[i].n;
	}
	failed = _cmocka_run_group_tests("tests", tests, total, NULL, NULL);
	for (size_t i = 0; i < total; i++)
		free((void *)(uintptr_t)tests[i].name);
	return failed != 0;
}
