// SPDX-License-Identifier: MIT
/* See rtmr.h. The kernel asks the TDX module at every access. */
#include "seal/measure/rtmr.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "lib/io.h"
#include "lib/own.h"

static const char remedy[] = "load tdx_guest of Linux 6.16 or later in a TD, "
			     "or change [measure] into in boot.conf";

int rtmr_read(const char *path, uint8_t ret[static rtmr_size], struct fail *f)
{
	own_bytes struct bytes value = { 0 };
	int r = io_read_file(AT_FDCWD, path, rtmr_size, &value);

	if (r < 0 && r != -EFBIG)
		return fail_errno(f, r, remedy, "read RTMR 3");
	if (r < 0 || value.len != rtmr_size)
		return fail_because(f, "it has not 48 bytes", remedy,
				    "read RTMR 3");
	memcpy(ret, value.data, rtmr_size);
	return 0;
}

int rtmr_begin(const char *path, struct fail *f)
{
	static const uint8_t zero[rtmr_size];
	uint8_t present[rtmr_size];
	int r = rtmr_read(path, present, f);

	if (r < 0)
		return r;
	if (CRYPTO_memcmp(present, zero, rtmr_size) != 0)
		return fail_because(f, "it was extended before init started",
				    "boot without another program that uses "
				    "RTMR 3",
				    "measure into RTMR 3");
	return 0;
}

/* One write or none: the kernel takes a part of a digest for an error. */
static int write_digest(const char *path, const uint8_t digest[rtmr_size])
{
	own_fd int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : write(fd, digest, rtmr_size);

	if (n < 0)
		return -errno;
	return n == rtmr_size ? 0 : -EIO;
}

static int extend_value(uint8_t value[static rtmr_size],
			const uint8_t digest[static rtmr_size])
{
	uint8_t next[rtmr_size];
	int r = digest_pair(DIGEST_SHA384, value, rtmr_size, digest, rtmr_size,
			    next);

	if (r == 0)
		memcpy(value, next, rtmr_size);
	return r;
}

int rtmr_extend(const char *path, const struct digest_set *digests,
		struct fail *f)
{
	const uint8_t *digest = digests->value[DIGEST_SHA384];
	uint8_t expected[rtmr_size];
	uint8_t present[rtmr_size];
	int r = rtmr_read(path, expected, f);

	if (r < 0)
		return r;
	r = digests->algs & 1U << DIGEST_SHA384 ? write_digest(path, digest)
						: -EINVAL;
	if (r == 0)
		r = extend_value(expected, digest);
	if (r < 0)
		return fail_errno(f, r, remedy, "extend RTMR 3");
	r = rtmr_read(path, present, f);
	if (r < 0)
		return r;
	if (CRYPTO_memcmp(present, expected, rtmr_size) != 0)
		return fail_because(f, "it does not hold what that gives",
				    "let nothing but init extend RTMR 3",
				    "extend RTMR 3");
	return 0;
}

int rtmr_replay(const struct events *list, uint8_t ret[static rtmr_size])
{
	uint8_t value[rtmr_size] = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++)
		r = extend_value(value,
				 list->event[i].digests.value[DIGEST_SHA384]);
	if (r == 0)
		memcpy(ret, value, rtmr_size);
	return r;
}

int rtmr_check(const char *path, const struct events *list, struct fail *f)
{
	uint8_t logged[rtmr_size];
	uint8_t present[rtmr_size];
	int r = rtmr_read(path, present, f);

	if (r < 0)
		return r;
	r = rtmr_replay(list, logged);
	if (r < 0)
		return fail_errno(f, r, "give the VM more memory",
				  "close RTMR 3");
	if (CRYPTO_memcmp(present, logged, rtmr_size) != 0)
		return fail_because(f, "something else has extended it",
				    "let nothing but init extend RTMR 3",
				    "close RTMR 3");
	return 0;
}
