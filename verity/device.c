// SPDX-License-Identifier: MIT
/*
 * See device.h. The library is given every parameter and told that there is
 * no header, so nothing on the disk decides how the disk is read. For that
 * it wants crypt_format, which then writes nothing: crypt_load refuses
 * CRYPT_VERITY_NO_HEADER (cryptsetup 2.7.5, lib/setup.c:1023).
 */
#include "verity/device.h"

#include <errno.h>
#include <fcntl.h>
#include <libcryptsetup.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"

static const char working_disk[] = "attach a disk that works";

static void context_free(struct crypt_device **cd)
{
	crypt_free(*cd);
}

#define own_context __attribute__((cleanup(context_free)))

/* The library's own words: one failure is one line, and that line is ours. */
static void discard_log(int level, const char *msg, void *user)
{
	(void)level;
	(void)msg;
	(void)user;
}

static struct crypt_params_verity library_params(const struct verity_params *p)
{
	return (struct crypt_params_verity){
		.hash_name = digest_name(p->hash),
		.salt = p->salt_len ? (const char *)p->salt : NULL,
		.salt_size = (uint32_t)p->salt_len,
		.hash_type = 1, /* salt before the block; 0 is ChromeOS's */
		.data_block_size = (uint32_t)p->data_block_size,
		.hash_block_size = (uint32_t)p->hash_block_size,
		.data_size = p->data_blocks,
		.hash_area_offset = p->hash_offset,
		.flags = CRYPT_VERITY_NO_HEADER,
	};
}

static int context_open(const char *device, struct crypt_params_verity *params,
			struct crypt_device **ret)
{
	int r;

	crypt_set_log_callback(NULL, discard_log, NULL);
	r = crypt_init(ret, device);
	if (r < 0)
		return r;
	params->data_device = device;
	return crypt_format(*ret, CRYPT_VERITY, NULL, NULL, NULL, NULL, 0,
			    params);
}

/* Digests per hash block, rounded down to a power of two. */
static uint64_t tree_fanout(const struct verity_params *p)
{
	uint64_t fanout = 1;

	while (fanout * 2 * digest_size(p->hash) <= p->hash_block_size)
		fanout *= 2;
	return fanout;
}

static int tree_blocks(const struct verity_params *p, uint64_t *ret)
{
	uint64_t fanout = tree_fanout(p);
	uint64_t blocks = 0;
	uint64_t level = p->data_blocks;

	if (fanout < 2)
		return -EINVAL;
	while (level > 1) {
		level = level / fanout + (level % fanout != 0);
		blocks += level;
	}
	*ret = blocks;
	return 0;
}

int verity_size(const struct verity_params *p, uint64_t *ret_bytes)
{
	uint64_t data;
	uint64_t tree;
	uint64_t end;

	if (!p->data_blocks || !p->data_block_size || !p->hash_block_size ||
	    p->hash_offset % p->hash_block_size ||
	    p->root_hash_len != digest_size(p->hash))
		return -EINVAL;
	if (tree_blocks(p, &tree) < 0 ||
	    __builtin_mul_overflow(p->data_blocks, p->data_block_size, &data) ||
	    data > p->hash_offset ||
	    __builtin_mul_overflow(tree, p->hash_block_size, &tree) ||
	    __builtin_add_overflow(p->hash_offset, tree, &end) ||
	    end > INT64_MAX)
		return -EINVAL;
	*ret_bytes = end;
	return 0;
}

int verity_is_device(int fd, const struct verity_params *p)
{
	/* a tree over one block has no hash blocks: the root is that block's */
	bool flat = p->data_blocks == 1;
	size_t size = flat ? p->data_block_size : p->hash_block_size;
	off_t at = flat ? 0 : (off_t)p->hash_offset;
	own_free uint8_t *block = malloc(size);
	uint8_t digest[digest_size_max];
	ssize_t n;
	int r;

	if (!block)
		return -ENOMEM;
	if (p->root_hash_len != digest_size(p->hash))
		return 0;
	n = io_pread_some(fd, block, size, at);
	if (n < 0 || (size_t)n < size)
		return n < 0 ? (int)n : 0;
	r = digest_pair(p->hash, p->salt, p->salt_len, block, size, digest);
	if (r < 0)
		return r;
	return memcmp(digest, p->root_hash, p->root_hash_len) == 0;
}

/*
 * Reads the first and the last block, so that a wrong disk ends the boot here
 * and not at some later access. A block that does not verify panics, one that
 * cannot be read is an error.
 */
static int read_ends(const char *name, const struct verity_params *p,
		     struct fail *f)
{
	own_text struct text path = { 0 };
	own_free uint8_t *block = malloc(p->data_block_size);
	off_t last = (off_t)((p->data_blocks - 1) * p->data_block_size);
	own_fd int fd = -1;
	int r;

	text_add(&path, "%s/%s", crypt_get_dir(), name);
	if (!block || text_failed(&path))
		return fail_errno(f, ENOMEM, "give the VM more memory",
				  "read the verified root");
	fd = open(path.s, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : io_pread_all(fd, block, p->data_block_size, 0);
	if (r == 0)
		r = io_pread_all(fd, block, p->data_block_size, last);
	if (r < 0)
		return fail_errno(f, r, working_disk, "read the verified root");
	return 0;
}

int verity_activate(const char *device, const char *name,
		    const struct verity_params *p, struct fail *f)
{
	struct crypt_params_verity params = library_params(p);
	own_context struct crypt_device *cd = NULL;
	int r = context_open(device, &params, &cd);

	if (r < 0)
		return fail_errno(f, r, working_disk, "set up verity on %s",
				  device);
	r = crypt_activate_by_volume_key(
		cd, name, (const char *)p->root_hash, p->root_hash_len,
		CRYPT_ACTIVATE_READONLY | CRYPT_ACTIVATE_PANIC_ON_CORRUPTION);
	if (r < 0)
		return fail_errno(f, r,
				  "load dm-verity and its hash in [modules] of "
				  "boot.conf",
				  "map verity device %s", device);
	return read_ends(name, p, f);
}

int verity_deactivate(const char *name)
{
	return crypt_deactivate(NULL, name);
}

/* Fills in what the size of the image decides: where the tree begins. */
static int lay_out(const char *path, struct verity_params *p, struct fail *f)
{
	uint64_t bytes;
	uint64_t end;
	struct stat st;

	if (stat(path, &st) < 0)
		return fail_errno(f, errno, "check the path", "read %s", path);
	bytes = (uint64_t)st.st_size;
	p->data_blocks = bytes / p->data_block_size;
	p->hash_offset = bytes;
	p->root_hash_len = digest_size(p->hash);
	if (bytes % p->data_block_size || verity_size(p, &end) < 0)
		return fail_because(f,
				    "its size is not a multiple of the "
				    "block size",
				    "pad it with zeros",
				    "build the hash tree of %s", path);
	return 0;
}

int verity_append_tree(const char *path, struct verity_params *p,
		       struct fail *f)
{
	struct verity_params done = *p;
	struct crypt_params_verity params;
	own_context struct crypt_device *cd = NULL;
	size_t hash_len = sizeof(done.root_hash);
	int r = lay_out(path, &done, f);

	if (r < 0)
		return r;
	params = library_params(&done);
	params.flags |= CRYPT_VERITY_CREATE_HASH;
	r = context_open(path, &params, &cd);
	if (r == 0)
		r = crypt_volume_key_get(cd, CRYPT_ANY_SLOT,
					 (char *)done.root_hash, &hash_len,
					 NULL, 0);
	if (r < 0)
		return fail_errno(f, r, "free disk space",
				  "build the hash tree of %s", path);
	done.root_hash_len = hash_len;
	*p = done;
	return 0;
}
