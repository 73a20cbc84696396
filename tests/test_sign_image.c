// SPDX-License-Identifier: MIT
/* cvmctl sign --image: the end of a root disk, and what is in front of it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "lib/own.h"
#include "seal/object/signatures.h"
#include "tests/cvmctl.h"
#include "tests/line.h"
#include "tests/sign-place.h"

/* Behind the verified data, which stay; what says the same is there once. */
static void puts_them_on_the_disk(void **state)
{
	own_place struct tree t = { 0 };
	own_signatures struct signatures s = { 0 };
	struct stat st;

	(void)state;
	enter(&t);
	for (int i = 0; i < 2; i++) {
		run_well(SIGN_IMAGE);
		assert_int_equal(stat("image/root.img", &st), 0);
		assert_int_equal(st.st_size, 8192 + 4096);
		signatures_free(&s);
		read_signatures("image/root.img", 8192, &s);
		assert_int_equal(s.n, 1);
	}
	verify(&s.entry[0], "rsa.pub");
}

static size_t count_on_disk(void)
{
	own_signatures struct signatures s = { 0 };

	read_signatures("image/root.img", 8192, &s);
	return s.n;
}

/* By several keys, of several sets of PCRs; one signed again is there once. */
static void keeps_those_on_the_disk(void **state)
{
	static const struct {
		const char *options;
		size_t count;
	} steps[] = {
		{ "--key rsa", 1 },
		{ "--key ec", 2 },
		{ "--key rsa --pcrs 14", 3 },
		{ "--key rsa --release 2", 4 },
		{ "--key ec", 4 },
		{ "--key rsa --release 2", 4 },
		{ "--key rsa --release 3", 5 },
		{ "--key rsa --replace", 1 },
		{ "--key rsa --banks sha256", 1 },
	};
	own_place struct tree t = { 0 };
	own_signatures struct signatures s = { 0 };
	struct fail f = { 0 };

	(void)state;
	enter(&t);
	for (size_t i = 0; i < array_size(steps); i++) {
		assert_ok(cvmctl_run(command_sign, &f,
				     "sign --prediction prediction --image "
				     "image %s",
				     steps[i].options),
			  &f);
		assert_int_equal(count_on_disk(), steps[i].count);
	}
	read_signatures("image/root.img", 8192, &s);
	verify(&s.entry[0], "rsa.pub");
}

/* The VM that has it open reads on from a disk that does not change. */
static void leaves_a_disk_in_use(void **state)
{
	struct flock reads = { .l_type = F_RDLCK, .l_start = 100, .l_len = 1 };
	own_place struct tree t = { 0 };
	own_fd int fd = -1;
	struct fail f = { 0 };
	struct stat st;

	(void)state;
	enter(&t);
	fd = open("image/root.img", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &reads), 0);
	assert_refusal(
		cvmctl_run(command_sign, &f, SIGN_IMAGE), &f,
		"cannot write to image/root.img: it is in use by another "
		"program; end the VM or the cvmctl that has it open");
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 8192);
}

#define NO_FORM "they have not the form of tpm2-pcr-signature.json"
#define NO_JSON "what follows the verified data is none"

static const struct trailer {
	const char *name;
	const char *start;
	off_t len; /* of all that follows */
	off_t x;   /* where an x is, 0: nowhere */
	const char *reason;
} trailers[] = {
	{ "zeros", "", 4096, 0, NULL },
	{ "an empty object", "{}", 4096, 0, NULL },
	{ "an empty object that ends the file", "{}", 2, 0, NULL },
	{ "damaged", "{!", 4096, 0, NO_FORM },
	{ "another object", "{\"sha256\":1}", 4096, 0, NO_FORM },
	{ "text", "hello", 4096, 0, NO_FORM },
	{ "more after the zeros", "{}", 4096, 4095, NO_JSON },
	{ "more than there can be", "{}", 256 * 1024 + 1, 0, NO_JSON },
};

static void judges_what_is_there(void **state)
{
	const struct trailer *c = *state;
	own_place struct tree t = { 0 };
	own_fd int fd = -1;
	char line[fail_line_max];
	struct fail f = { 0 };
	struct stat st;
	int r;

	enter(&t);
	fd = open("image/root.img", O_RDWR | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, 8192 + c->len), 0);
	assert_int_equal(pwrite(fd, c->start, strlen(c->start), 8192),
			 strlen(c->start));
	if (c->x)
		assert_int_equal(pwrite(fd, "x", 1, 8192 + c->x), 1);
	r = run(SIGN_IMAGE, &f);
	if (!c->reason) {
		assert_ok(r, &f);
		assert_int_equal(count_on_disk(), 1);
		return;
	}
	(void)snprintf(line, sizeof(line),
		       "cannot read the signatures in image/root.img: %s; give "
		       "--replace to drop what is there",
		       c->reason);
	assert_refusal(r, &f, line);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 8192 + c->len);
	run_well(SIGN_IMAGE " --replace");
	assert_int_equal(count_on_disk(), 1);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 8192 + 4096);
}

/* What is behind the signatures a file may lose, what is in front never. */
static const struct damage {
	const char *name;
	const char *manifest;
	off_t size;
	const char *line;
} damages[] = {
	{ "short file", manifest, 4096,
	  "cannot accept image/root.img: it is not what the manifest "
	  "describes; build the image again" },
	{ "short size", MANIFEST("4096", ZEROS_8192, A64), 8192,
	  "cannot accept image/root.img: it is not what the manifest "
	  "describes; build the image again" },
	{ "short size that is true", MANIFEST("5000", ZEROS_5000, A64), 8192,
	  "cannot sign image/root.img: its size is no multiple of 4096; "
	  "build the image again" },
	{ "large size", MANIFEST("12288", ZEROS_8192, A64), 8192,
	  "cannot accept image/root.img: it is not what the manifest "
	  "describes; build the image again" },
	{ "negative size", MANIFEST("-1", ZEROS_8192, A64), 8192,
	  "cannot accept image/root.img: it is not what the manifest "
	  "describes; build the image again" },
	{ "another image", MANIFEST("8192", ZEROS_8192, B64), 8192,
	  "cannot use prediction: it is a prediction for another image; "
	  "predict again with cvmctl predict" },
};

static void leaves_what_it_refuses(void **state)
{
	const struct damage *d = *state;
	own_place struct tree t = { 0 };
	struct fail f = { 0 };
	struct stat st;

	enter(&t);
	assert_int_equal(unlink("image/manifest.json"), 0);
	tree_file(&t, "image/manifest.json", 0644, d->manifest);
	assert_int_equal(truncate("image/root.img", d->size), 0);
	assert_refusal(run(SIGN_IMAGE, &f), &f, d->line);
	assert_int_equal(stat("image/root.img", &st), 0);
	assert_int_equal(st.st_size, d->size);
}

/* No room for the new ones: those that are there stay. */
static void keeps_them_without_space(void **state)
{
	const struct rlimit small = { 8192 + 2048, RLIM_INFINITY };
	const struct rlimit large = { RLIM_INFINITY, RLIM_INFINITY };
	own_place struct tree t = { 0 };
	struct fail f = { 0 };
	struct stat st;
	int r;

	(void)state;
	enter(&t);
	assert_int_equal(truncate("image/root.img", 8192 + 1024), 0);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	r = run(SIGN_IMAGE, &f);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &large), 0);
	assert_refusal(r, &f,
		       "cannot sign image/root.img: File too large; free disk "
		       "space");
	assert_int_equal(stat("image/root.img", &st), 0);
	assert_int_equal(st.st_size, 8192 + 1024);
}

int main(void)
{
	const struct table tables[] = {
		CASE(puts_them_on_the_disk),
		CASE(keeps_those_on_the_disk),
		TABLE(judges_what_is_there, trailers),
		TABLE(leaves_what_it_refuses, damages),
		CASE(keeps_them_without_space),
		CASE(leaves_a_disk_in_use),
	};

	return table_run(tables, array_size(tables));
}
