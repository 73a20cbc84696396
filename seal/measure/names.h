/* SPDX-License-Identifier: MIT */
/*
 * The names in a directory, in the order that sorts the paths below it by
 * their bytes. What is in a directory does not follow that directory at once,
 * since '-' and '.' sort before '/', so it has a name of its own:
 *
 *	lib	lib-old	lib/	main.py
 */
#ifndef SEAL_MEASURE_NAMES_H
#define SEAL_MEASURE_NAMES_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/text.h"

struct name {
	const char *s; /* in names.text, without a slash */
	bool is_directory;
	bool is_inside; /* stands for what is in the directory */
};

struct names {
	struct name *name;
	size_t n;
	size_t entries; /* names that do not stand for an inside */
	struct text text;
};

/*
 * Reads at most max entries, without "." and "..". 0, -E2BIG if there are
 * more, or another -errno. The caller frees with names_free.
 */
int names_read(DIR *dir, size_t max, struct names *ret);
void names_free(struct names *n);

#define own_names __attribute__((cleanup(names_free)))

#endif
