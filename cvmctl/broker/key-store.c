// SPDX-License-Identifier: MIT
/* See key-store.h. */
#include "cvmctl/broker/key-store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cvmctl/tool/key-file.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"

enum {
	keyslot_max = 31, /* LUKS2_KEYSLOTS_MAX of libcryptsetup, less 1 */
	uuid_len = 36,
};

static int make_path(const char *dir, const char *uuid, int keyslot,
		     char ret[static PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s/%s.%d.key", dir, uuid, keyslot);

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static const char elsewhere[] = "choose another key store, or move the old "
				"key away";

int key_store_check(const char *dir, const char *uuid, int keyslot,
		    struct fail *f)
{
	char path[PATH_MAX];
	int r;

	if (access(dir, W_OK | X_OK) < 0)
		return fail_errno(f, errno, elsewhere, "use the key store %s",
				  dir);
	if (!uuid)
		return 0;
	r = make_path(dir, uuid, keyslot, path);
	if (r == 0 && access(path, F_OK) == 0)
		r = -EEXIST;
	return r < 0 ? fail_errno(f, r, elsewhere,
				  "add a key of volume %s to %s", uuid, dir)
		     : 0;
}

int key_store_add(const char *dir, const char *uuid, int keyslot,
		  const struct secret *secret, struct fail *f)
{
	char path[PATH_MAX];
	own_fd int fd = -1;
	int r = make_path(dir, uuid, keyslot, path);

	if (r == 0) {
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		r = fd < 0 ? -errno : 0;
	}
	if (r < 0)
		return fail_errno(f, r, elsewhere,
				  "add a key of volume %s to %s", uuid, dir);
	r = io_write_all(fd, secret->data, secret->len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	(void)unlink(path); /* it is no key; r is told */
	return fail_errno(f, r, "free disk space", "write %s", path);
}

void key_store_remove(const char *dir, const char *uuid, int keyslot)
{
	char path[PATH_MAX];

	/* a key of nothing is left when it fails, which harms nobody */
	if (make_path(dir, uuid, keyslot, path) == 0)
		(void)unlink(path);
}

/* The keyslot in a name of that UUID; -EINVAL for any other name. */
static int keyslot_of(const char *name, const char *uuid)
{
	char number[4];
	uint64_t keyslot;
	size_t len = strlen(name);
	size_t digits;

	if (strncmp(name, uuid, uuid_len) != 0 || name[uuid_len] != '.' ||
	    len < uuid_len + sizeof(".0.key") - 1)
		return -EINVAL;
	digits = len - uuid_len - 1 - (sizeof(".key") - 1);
	if (digits >= sizeof(number) ||
	    strcmp(name + len - (sizeof(".key") - 1), ".key") != 0)
		return -EINVAL;
	memcpy(number, name + uuid_len + 1, digits);
	number[digits] = '\0';
	return text_parse_u64(number, keyslot_max, &keyslot) < 0 ? -EINVAL
								 : (int)keyslot;
}

/* 0 and *ret_keyslot, -1 for none. */
static int find_keyslot(const char *dir, const char *uuid, int *ret_keyslot,
			struct fail *f)
{
	own_dir DIR *d = opendir(dir);
	struct dirent *entry;

	*ret_keyslot = -1;
	if (!d)
		return fail_errno(f, errno, "check --store", "open %s", dir);
	while ((entry = readdir(d))) {
		int keyslot = keyslot_of(entry->d_name, uuid);

		if (keyslot < 0)
			continue;
		if (*ret_keyslot >= 0)
			return fail_because(f, "it has several",
					    "move the old one away",
					    "choose the key of volume %s in %s",
					    uuid, dir);
		*ret_keyslot = keyslot;
	}
	return 0;
}

bool key_store_has(const char *dir, const char *uuid)
{
	struct fail several = { 0 };
	int keyslot;

	return find_keyslot(dir, uuid, &keyslot, &several) < 0 || keyslot >= 0;
}

static int check_mode(const char *path, struct fail *f)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail_errno(f, errno, "check --store", "read %s", path);
	if (!S_ISREG(st.st_mode) || st.st_mode & 077)
		return fail_because(f, "others may read it",
				    "give it mode 0600, and think about who "
				    "has read it",
				    "use key %s", path);
	return 0;
}

int key_store_find(const char *dir, const char *uuid, struct secret *ret,
		   int *ret_keyslot, struct fail *f)
{
	char path[PATH_MAX];
	int keyslot;
	int r = find_keyslot(dir, uuid, &keyslot, f);

	if (r < 0)
		return r;
	if (keyslot < 0) {
		(void)fail_because(f, "there is none",
				   "make one with cvmctl seal --key-store",
				   "find the key of volume %s in %s", uuid,
				   dir);
		return -ENOENT;
	}
	r = make_path(dir, uuid, keyslot, path);
	if (r < 0)
		return fail_errno(f, r, "check --store", "open %s", dir);
	r = check_mode(path, f);
	if (r == 0)
		r = key_file_read(path, key_store_secret_max, "check --store",
				  ret, f);
	if (r == 0)
		*ret_keyslot = keyslot;
	return r;
}
