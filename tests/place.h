/* SPDX-License-Identifier: MIT */
/*
 * A directory of a test's own that the process works in, so that the lines
 * which it expects name files as they stand there. Include cmocka.h first.
 */
#ifndef TESTS_PLACE_H
#define TESTS_PLACE_H

#include <unistd.h>

#include "tests/tmptree.h"

static inline void place_enter(const struct tree *t)
{
	assert_int_equal(fchdir(t->fd), 0);
}

static inline void place_leave(struct tree *t)
{
	assert_int_equal(chdir("/"), 0);
	if (t->path[0])
		tree_remove(t);
}

#define own_place __attribute__((cleanup(place_leave)))

#endif
