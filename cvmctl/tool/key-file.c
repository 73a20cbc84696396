// SPDX-License-Identifier: MIT
/* See key-file.h. */
#include "cvmctl/tool/key-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/own.h"

/* As many bytes as fit into *key; its length becomes what was read. */
static int read_all(int fd, struct secret *key)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n && len < key->len) {
		n = read(fd, key->data + len, key->len - len);
		if (n < 0)
			return -errno;
		len += (size_t)n;
	}
	key->len = len;
	return 0;
}

int key_file_read(const char *path, size_t max, const char *remedy,
		  struct secret *ret, struct fail *f)
{
	own_secret struct secret key = { 0 };
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : secret_alloc(max + 1, &key);

	if (r == 0)
		r = read_all(fd, &key);
	if (r < 0)
		return fail_errno(f, r, remedy, "read %s", path);
	if (key.len == 0 || key.len > max) {
		fail_because(f, "", remedy, "use key %s", path);
		return fail_reason(f, "a key has 1 to %zu bytes", max);
	}
	*ret = key;
	key = (struct secret){ 0 };
	return 0;
}

int key_file_check_rights(const char *path, const char *remedy, struct fail *f)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail_errno(f, errno, remedy, "read %s", path);
	if (S_ISREG(st.st_mode) && st.st_mode & 077)
		return fail_because(f, "others may read it",
				    "give it mode 0600, and think about who "
				    "has read it",
				    "use key %s", path);
	return 0;
}
