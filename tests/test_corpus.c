// SPDX-License-Identifier: MIT
/*
 * Replays what fuzzing and thought have found, one case for each file of
 * tests/corpus, and the lengths around each parser's maximum.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/io.h"
#include "lib/own.h"
#include "tests/fuzz/targets.h"
#include "tests/table.h"

enum { files_max = 512, path_max = 128 };

struct seed {
	const char *path; /* first: the name of the case */
	const struct fuzz_target *target;
};

struct corpus {
	struct seed seed[files_max];
	char path[files_max][path_max];
	size_t n;
};

static void replays(void **state)
{
	const struct seed *s = *state;
	own_bytes struct bytes b = { 0 };

	assert_int_equal(io_read_file(AT_FDCWD, s->path, 1 << 20, &b), 0);
	s->target->run(b.data, b.len);
}

/* Every length that a parser must tell apart, of a byte that is nothing. */
static void survives_lengths(void **state)
{
	const struct fuzz_target *t = *state;
	own_free uint8_t *data = malloc(t->len_max);
	const size_t lengths[] = { 0, 1, 2, t->len_max - 1, t->len_max };

	for (int byte = 0; byte < 256; byte += 51) {
		memset(data, byte, t->len_max);
		for (size_t i = 0; i < array_size(lengths); i++)
			t->run(data, lengths[i]);
	}
}

static size_t count_targets(void)
{
	size_t n = 0;

	while (fuzz_targets[n].name)
		n++;
	return n;
}

static void add_seeds(struct corpus *c, const struct fuzz_target *t)
{
	char folder[path_max];
	own_dir DIR *dir = NULL;
	const struct dirent *e;

	(void)snprintf(folder, sizeof(folder), "tests/corpus/%s", t->name);
	dir = opendir(folder);
	while (dir && (e = readdir(dir)) && c->n < files_max) {
		char *path = c->path[c->n];

		if (e->d_name[0] == '.')
			continue;
		if ((size_t)snprintf(path, path_max, "%s/%.80s", folder,
				     e->d_name) >= path_max)
			continue;
		c->seed[c->n++] = (struct seed){ path, t };
	}
}

int main(void)
{
	own_free struct corpus *c = calloc(1, sizeof(*c));
	size_t n = count_targets();

	if (!c)
		return 1;
	for (size_t i = 0; i < n; i++)
		add_seeds(c, &fuzz_targets[i]);

	const struct table tables[] = {
		{ "replays", replays, c->seed, sizeof(c->seed[0]), c->n },
		{ "survives_lengths", survives_lengths, fuzz_targets,
		  sizeof(fuzz_targets[0]), n },
	};

	return table_run(tables, array_size(tables));
}
