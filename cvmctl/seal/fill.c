// SPDX-License-Identifier: MIT
/* See fill.h. Every sector is written: mkfs.ext4 counts on its zeros. */
#include "cvmctl/seal/fill.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "cvmctl/tool/child.h"
#include "cvmctl/tool/progress.h"
#include "cvmctl/tool/workdir.h"
#include "lib/io.h"
#include "lib/own.h"

enum {
	block_size = 1024 * 1024, /* read and written at once */
	volume_min = 4 * 1024 * 1024,
	ext4_label_max = 16,
	iv_size = 16,
	iv_unit = 512, /* dm-crypt counts these unless iv_large_sectors */
};

struct fill_cipher {
	EVP_CIPHER_CTX *ctx;
};

void fill_cipher_free(struct fill_cipher **c)
{
	if (!*c)
		return;
	EVP_CIPHER_CTX_free((*c)->ctx);
	free(*c);
	*c = NULL;
}

int fill_cipher_new(const struct secret *key, struct fill_cipher **ret)
{
	own_fill_cipher struct fill_cipher *c = calloc(1, sizeof(*c));

	if (!c || key->len != fill_key_size)
		return c ? -EINVAL : -ENOMEM;
	c->ctx = EVP_CIPHER_CTX_new();
	if (!c->ctx)
		return -ENOMEM;
	if (EVP_EncryptInit_ex(c->ctx, EVP_aes_256_xts(), NULL, key->data,
			       NULL) != 1)
		return -EIO;
	*ret = take_ptr(c);
	return 0;
}

int fill_encrypt_sector(struct fill_cipher *c, uint64_t n,
			uint8_t sector[static fill_sector_size])
{
	uint64_t units = n * (fill_sector_size / iv_unit);
	uint8_t iv[iv_size] = { 0 };
	int len = 0;

	/* plain64: the number in little-endian (dm-crypt.c) */
	for (int i = 0; i < 8; i++)
		iv[i] = (uint8_t)(units >> (8 * i));
	if (EVP_EncryptInit_ex(c->ctx, NULL, NULL, NULL, iv) != 1 ||
	    EVP_EncryptUpdate(c->ctx, sector, &len, sector, fill_sector_size) !=
		    1 ||
	    len != fill_sector_size)
		return -EIO;
	return 0;
}

/* Bytes of a disk or of an image file. */
static int read_size(int fd, uint64_t *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISBLK(st.st_mode))
		return ioctl(fd, BLKGETSIZE64, ret) < 0 ? -errno : 0;
	*ret = (uint64_t)st.st_size;
	return 0;
}

static int make_ext4(const char *path, uint64_t size, const char *label,
		     struct fail *f)
{
	char short_label[ext4_label_max + 1];
	const char *const argv[] = { "mkfs.ext4", "-q",	  "-F",
				     "-b",	  "4096", "-L",
				     short_label, path,	  NULL };
	own_fd int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return fail_errno(f, errno, "free disk space", "make %s", path);
	(void)snprintf(short_label, sizeof(short_label), "%s",
		       label); /* cut short: for people only */
	return child_run(argv, "free disk space", 0, NULL, f);
}

static int copy_block(struct fill_cipher *c, int from, int to, off_t at,
		      uint64_t data_bytes, uint8_t *block, size_t len)
{
	int r = io_pread_all(from, block, len, at);

	for (size_t i = 0; r == 0 && i < len; i += fill_sector_size)
		r = fill_encrypt_sector(c,
					((uint64_t)at + i) / fill_sector_size,
					block + i);
	if (r == 0 && lseek(to, (off_t)data_bytes + at, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : io_write_all(to, block, len);
}

static int copy_encrypted(struct fill_cipher *c, int from, int to,
			  uint64_t data_bytes, uint64_t size)
{
	own_free uint8_t *block = malloc(block_size);
	int r = block ? 0 : -ENOMEM;

	for (uint64_t at = 0; r == 0 && at < size; at += block_size) {
		size_t len = size - at < block_size ? size - at : block_size;

		r = copy_block(c, from, to, (off_t)at, data_bytes, block, len);
	}
	return r == 0 && fsync(to) < 0 ? -errno : r;
}

static int fill(const char *device, int to, uint64_t data_bytes, uint64_t size,
		const char *label, const struct secret *key, struct fail *f)
{
	own_workdir struct workdir dir = { .path = "" };
	own_fill_cipher struct fill_cipher *c = NULL;
	own_fd int from = -1;
	char path[PATH_MAX];
	int r = workdir_make("/var/tmp/cvmctl-ext4", &dir, f);

	if (r < 0)
		return r;
	workdir_join(&dir, "ext4", path);
	command_progress("making ext4 in %s, %llu MiB", device,
			 (unsigned long long)size / (1024 * 1024));
	r = make_ext4(path, size, label, f);
	if (r < 0)
		return r;
	from = open(path, O_RDONLY | O_CLOEXEC);
	r = from < 0 ? -errno : fill_cipher_new(key, &c);
	if (r == 0)
		r = copy_encrypted(c, from, to, data_bytes, size);
	return r < 0 ? fail_errno(f, r, "check the disk", "fill volume %s",
				  device)
		     : 0;
}

int fill_ext4(const char *device, uint64_t data_bytes, const char *label,
	      const struct secret *key, struct fail *f)
{
	own_fd int to = open(device, O_WRONLY | O_CLOEXEC);
	uint64_t size = 0;
	int r = to < 0 ? -errno : read_size(to, &size);

	if (r < 0)
		return fail_errno(f, r, "check the disk", "fill volume %s",
				  device);
	if (size < data_bytes + volume_min)
		return fail_because(f, "it is too small for ext4",
				    "make it larger with --size",
				    "fill volume %s", device);
	size = (size - data_bytes) / fill_sector_size * fill_sector_size;
	return fill(device, to, data_bytes, size, label, key, f);
}
