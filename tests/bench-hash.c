// SPDX-License-Identifier: MIT
/*
 * usage: bench-hash ROUNDS none|DIGEST[,DIGEST...] DIRECTORY
 *
 * Digests every file in DIRECTORY, not those below it, as init and cvmctl do
 * when they measure, and says for each round in a line: seconds, seconds
 * of CPU time, bytes, and the KiB that the process grew by at most. With none,
 * small files are opened, read, checked and closed only.
 * `make bench` compares with `openssl speed`.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/own.h"
#include "seal/measure/content.h"

enum { files_max = 100000, rounds_max = 1000 };

/*
 * At most so far: of anonymous memory and of what is mapped. Not ru_maxrss,
 * which is at least that of the process before exec.
 */
static long resident_kib(void)
{
	own_file FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kib = -1;

	while (f && kib < 0 && fgets(line, sizeof(line), f))
		(void)sscanf(line, "VmHWM: %ld kB", &kib);
	if (kib < 0)
		errx(1, "no VmHWM in /proc/self/status");
	return kib;
}

static digest_algs read_algs(char *names)
{
	digest_algs algs = 0;

	if (strcmp(names, "none") == 0)
		return 0;
	for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
		int alg = digest_from_name(name);

		if (alg < 0)
			errx(2, "%s is no digest", name);
		algs |= 1U << alg;
	}
	return algs;
}

/* The files of dir, found as those of a directory that is measured. */
static struct content *find_files(const char *path, digest_algs algs,
				  size_t *ret_n)
{
	struct content *list = calloc(files_max, sizeof(*list));
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	own_dir DIR *dir = fd < 0 ? NULL : fdopendir(dup(fd));
	const struct dirent *e;

	if (!list || !dir)
		err(1, "%s", path);
	while ((e = readdir(dir)) && *ret_n < files_max) {
		char *name = strdup(e->d_name);

		if (!name || content_find(fd, name, &list[*ret_n]) < 0)
			err(1, "%s", e->d_name);
		list[*ret_n].algs = algs;
		*ret_n += S_ISREG(list[*ret_n].st.st_mode);
	}
	return list;
}

static double now(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t); /* both are there */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void one_round(struct content *list, size_t n)
{
	long resident = resident_kib();
	double began = now(CLOCK_MONOTONIC);
	double cpu_began = now(CLOCK_PROCESS_CPUTIME_ID);
	double seconds;
	double cpu_seconds;
	long long bytes = 0;

	content_digest(list, n);
	seconds = now(CLOCK_MONOTONIC) - began;
	cpu_seconds = now(CLOCK_PROCESS_CPUTIME_ID) - cpu_began;
	for (size_t i = 0; i < n; i++) {
		if (list[i].error)
			errx(1, "%s: %s", list[i].path,
			     strerror(-list[i].error));
		bytes += list[i].st.st_size;
	}
	(void)printf("%f %f %lld %ld\n", seconds, cpu_seconds, bytes,
		     resident_kib() - resident);
}

int main(int argc, char **argv)
{
	size_t n = 0;
	struct content *list;
	int rounds;

	if (argc != 4)
		errx(2, "usage: bench-hash ROUNDS none|DIGEST[,DIGEST...] DIR");
	rounds = atoi(argv[1]);
	list = find_files(argv[3], read_algs(argv[2]), &n);
	for (int i = 0; i < rounds && i < rounds_max; i++)
		one_round(list, n);
	return 0;
}
