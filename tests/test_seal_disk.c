// SPDX-License-Identifier: MIT
/* What cvmctl seal leaves of a disk that it cannot use, or cannot finish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cvmctl/tool/interrupt.h"
#include "lib/own.h"
#include "seal/luks/make.h"
#include "tests/line.h"
#include "tests/sealing.h"

/* Its key is gone, and it would take room for ever. */
static void leaves_no_keyslot_without_token(void **state)
{
	static const char other[] = "{\"type\":\"other\",\"keyslots\":[]}";
	own_sealing struct swtpm s = { 0 };
	own_luks struct luks *l = NULL;
	own_secret struct secret rescue = { 0 };
	struct fail f = { 0 };
	int keyslot = -1;

	(void)state;
	sealing_start(&s);
	sealing_rescue(&rescue);
	assert_ok(sealing_format(&s, &f), &f);
	assert_ok(luks_open("disk", &l, &f), &f);
	for (int i = 1; i < 32; i++)
		assert_ok(luks_write_token(l, luks_new_token, other, &f), &f);
	luks_close(&l);
	assert_refusal(sealing_run(&s, "--add", &f), &f,
		       "cannot write a token to volume disk: its header has no "
		       "room for one more; free a token with cryptsetup token "
		       "remove");
	assert_ok(luks_open("disk", &l, &f), &f);
	assert_ok(luks_add_key(l, &rescue, &rescue, &keyslot, &f), &f);
	assert_int_equal(keyslot, 2); /* behind the sealed key and the rescue */
}

/* At its beginning, at its end, and not between. */
static void formats_only_what_is_empty(void **state)
{
	static const struct {
		off_t at;
		bool used;
	} places[] = { { 0, true },
		       { 1024 * 1024 - 1, true },
		       { sealing_bytes - 1024 * 1024, true },
		       { sealing_bytes - 1, true },
		       { sealing_bytes / 2, false } };
	own_sealing struct swtpm s = { 0 };
	struct fail f = { 0 };

	(void)state;
	sealing_start(&s);
	for (size_t i = 0; i < array_size(places); i++) {
		own_fd int fd =
			open("disk", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		int r;

		assert_int_equal(ftruncate(fd, sealing_bytes), 0);
		assert_int_equal(pwrite(fd, "x", 1, places[i].at), 1);
		r = sealing_run(&s, "--format --mkfs none", &f);
		if (places[i].used)
			assert_refusal(
				r, &f,
				"cannot format disk: it is not empty; give --force to "
				"lose what it holds");
		else
			assert_ok(r, &f);
		assert_int_equal(luks_has_uuid(fd, NULL), !places[i].used);
		assert_int_equal(unlink("disk"), 0);
	}
}

static void keeps_a_file_that_exists(void **state)
{
	own_sealing struct swtpm s = { 0 };
	struct fail f = { 0 };

	(void)state;
	sealing_start(&s);
	tree_file(&s.tree, "disk", 0600, "mine");
	assert_refusal(
		sealing_format(&s, &f), &f,
		"cannot create disk: File exists; leave out --size for a "
		"disk that exists");
}

/* What the path names is told before a key is made. */
static void writes_to_disks_alone(void **state)
{
	own_sealing struct swtpm s = { 0 };
	struct fail f = { 0 };

	(void)state;
	sealing_start(&s);
	assert_refusal(sealing_run(&s, "--add", &f), &f,
		       "cannot open disk: No such file or directory; check the "
		       "path");
	tree_dir(&s.tree, "disk");
	assert_refusal(sealing_run(&s, "--format", &f), &f,
		       "cannot open disk: it is neither a disk nor a file; "
		       "give a disk or an image file");
	assert_int_equal(rmdir("disk"), 0);
	assert_int_equal(symlink("nowhere/disk", "disk"), 0);
	assert_refusal(sealing_format(&s, &f), &f,
		       "cannot create disk: File exists; leave out --size for "
		       "a disk that exists");
	assert_refusal(
		cvmctl_run(command_seal, &f,
			   "seal --format --size 24M --apps-only --pcr " PCR_14
			   " --tpm %s nowhere/disk",
			   s.tcti),
		&f,
		"cannot create nowhere/disk: No such file or directory; "
		"check the path");
}

/* The last step fails. */
static void leaves_no_file_that_is_not_whole(void **state)
{
	own_sealing struct swtpm s = { 0 };
	struct fail f = { 0 };

	(void)state;
	sealing_start(&s);
	assert_refusal(
		sealing_run(&s, "--format --size 17M", &f), &f,
		"cannot fill volume disk: it is too small for ext4; make "
		"it larger with --size");
	assert_int_equal(faccessat(s.tree.fd, "disk", F_OK, 0), -1);
}

/* mkfs.ext4 says that it is there, and never ends. */
static void leaves_no_file_when_a_signal_ends_it(void **state)
{
	own_sealing struct swtpm s = { 0 };
	own_fd int ready = -1;
	char byte;
	int status = 0;
	pid_t pid;

	(void)state;
	sealing_start(&s);
	assert_int_equal(mkfifo("ready", 0600), 0);
	tree_file(&s.tree, "mkfs.ext4", 0700,
		  "#!/bin/sh\necho >ready\nexec sleep 60\n");
	pid = fork();
	if (pid == 0) {
		struct fail f = { 0 };
		char path[PATH_MAX + 64];

		(void)snprintf(path, sizeof(path), "%s:/usr/bin:/bin",
			       s.tree.path);
		(void)setenv("PATH", path, 1);
		interrupt_install();
		(void)sealing_run(&s, "--format --size 24M", &f);
		_exit(1);
	}
	ready = open("ready", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(ready, &byte, 1), 1);
	assert_int_equal(faccessat(s.tree.fd, "disk", F_OK, 0), 0);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(faccessat(s.tree.fd, "disk", F_OK, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_no_keyslot_without_token),
		cmocka_unit_test(formats_only_what_is_empty),
		cmocka_unit_test(keeps_a_file_that_exists),
		cmocka_unit_test(writes_to_disks_alone),
		cmocka_unit_test(leaves_no_file_that_is_not_whole),
		cmocka_unit_test(leaves_no_file_when_a_signal_ends_it),
	};

	/* progress is not what is tested */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
