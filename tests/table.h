/* SPDX-License-Identifier: MIT */
/*
 * Tests by table: one test case, with its name, for each row.
 *
 *	static const struct bool_case {
 *		const char *name;
 *		...
 *	} bools[] = { { "yes", ... }, ... };
 *
 *	static void parses_bool(void **state)
 *	{
 *		const struct bool_case *c = *state;
 *		...
 *	}
 *
 *	const struct table tables[] = { TABLE(parses_bool, bools),
 *					CASE(something_else) };
 *	return table_run(tables, array_size(tables));
 */
#ifndef TESTS_TABLE_H
#define TESTS_TABLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct table {
	const char *name;
	CMUnitTestFunction test;
	const void *rows; /* the first member of a row is its name */
	size_t row_size;
	size_t n;
};

#define TABLE(test, rows)                                \
	{                                                \
#test, test, rows, sizeof((rows)[0]),    \
			sizeof(rows) / sizeof((rows)[0]) \
	}

/* A single test, without rows. */
#define CASE(test)                       \
	{                                \
#test, test, NULL, 0, 1, \
	}

/* Runs all rows of all tables; the exit status of main. */
int table_run(const struct table *tables, size_t n);

#endif
