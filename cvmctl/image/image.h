/* SPDX-License-Identifier: MIT */
/*
 * An image directory: the names of its files, what is known about them while
 * it is built, and how it comes to its place.
 */
#ifndef CVMCTL_IMAGE_IMAGE_H
#define CVMCTL_IMAGE_IMAGE_H

#include "config/boot.h"
#include "cvmctl/image/cpio.h"
#include "cvmctl/image/kernel.h"
#include "cvmctl/image/modules.h"
#include "cvmctl/image/prediction.h"
#include "lib/digest.h"
#include "lib/fail.h"

#define IMAGE_KERNEL	"vmlinuz"
#define IMAGE_INITRAMFS "initramfs.img"
#define IMAGE_CMDLINE	"cmdline"
#define IMAGE_ROOT	"root.img"
#define IMAGE_MANIFEST	"manifest.json"

/* The manifest's "type", by which an image is known as ours. */
#define IMAGE_TYPE "cvm-init image"

/* Where things are in the initramfs; init looks for them there. */
#define IMAGE_BOOT_CONF "etc/cvm-init/boot.conf"

enum {
	image_version_max = 64,
	image_algs = 1U << DIGEST_SHA256 | 1U << DIGEST_SHA384,
	initramfs_max = 512 * 1024 * 1024, /* unpacked */
};

struct image_file {
	uint64_t size;
	struct digest_set digests;
};

struct image {
	struct image_file kernel, initramfs, cmdline, root;
	struct digest_set kernel_authenticode; /* no algs: no EFI program */
	char kernel_version[kernel_version_max];
	const char *cmdline_text; /* borrowed */
	struct boot_conf *conf;	  /* as init will read it */
	struct cpio files;	  /* of the initramfs */
	size_t unpacked_bytes;	  /* the initramfs before compression */
	struct modules *modules;
	struct prediction prediction;
	struct bytes boot_conf;
	struct bytes ima_policy; /* empty: none */
	char mkfs_version[image_version_max];
	uint32_t epoch; /* every time in the image */
};

void image_free(struct image *i);

#define own_image __attribute__((cleanup(image_free)))

/*
 * SOURCE_DATE_EPOCH from the environment, 0 without one: no build says when
 * it was made unless it is told to.
 */
int image_read_epoch(uint32_t *ret, struct fail *f);

/* Size and digests of a file. 0 or -errno. */
int image_digest_file(const char *path, struct image_file *ret);
int image_digest_bytes(const struct bytes *b, struct image_file *ret);

/* Refuses a path that holds something else than an image of ours. */
int image_check_place(const char *path, struct fail *f);

/* Puts the finished directory at path; an image that was there is removed. */
int image_put_in_place(struct workdir *finished, const char *path,
		       struct fail *f);

/* Writes erofs of tree and the hash tree to path; fills conf->root.verity. */
int image_write_root(struct image *i, const char *tree, const char *path,
		     struct fail *f);

/* Collects the files and writes the compressed archive to path. */
int image_write_initramfs(struct image *i, const char *init, const char *path,
			  struct fail *f);

/* Each entry with its path, mode, size and SHA-256. NULL: out of memory. */
struct json_object *image_files_to_json(const struct cpio *c);

/* The manifest's text. The caller frees *ret. 0 or -ENOMEM. */
int image_write_manifest(const struct image *i, struct bytes *ret);

#endif
