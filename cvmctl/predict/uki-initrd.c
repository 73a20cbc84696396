// SPDX-License-Identifier: MIT
/*
 * The initrd of uki.h. Some sections become files of a cpio archive that the
 * stub appends, byte for byte as pack_cpio_literal() of systemd-stub does it:
 * /.extra and one file in it, owned by root, without times.
 */
#include <errno.h>
#include <string.h>

#include "cvmctl/predict/uki.h"
#include "lib/own.h"
#include "lib/text.h"

/* newc: the magic, then inode, mode, owner, group, links, time, size, ... */
#define HEADER                                                        \
	"070701%08x%08x00000000000000000000000100000000%08zx00000000" \
	"000000000000000000000000%08zx00000000%s"
#define DIRECTORY ".extra"

enum { directory_mode = 0040555, file_mode = 0100444 };

static const char zeros[4];

/* The archive's trailer, with the capital B that the stub has. */
static const char trailer[] =
	"07070100000000000000000000000000000000000000010000000000000000"
	"000000000000000000000000000000000000000B00000000TRAILER!!!\0\0\0";

static void pad(struct text *t)
{
	text_add_bytes(t, zeros, -t->len % 4);
}

static void add_file(struct text *t, const char *path,
		     const struct digest_span *content)
{
	text_add(t, HEADER, 1, directory_mode, (size_t)0, sizeof(DIRECTORY),
		 DIRECTORY);
	text_add_bytes(t, zeros, 1);
	pad(t);
	text_add(t, HEADER, 2, file_mode, content->len, strlen(path) + 1, path);
	text_add_bytes(t, zeros, 1);
	pad(t);
	text_add_bytes(t, content->data, content->len);
	pad(t);
	text_add_bytes(t, trailer, sizeof(trailer));
}

static const struct {
	enum uki_part part;
	const char *path;
} files[] = {
	{ UKI_PCRSIG, DIRECTORY "/tpm2-pcr-signature.json" },
	{ UKI_PCRPKEY, DIRECTORY "/tpm2-pcr-public-key.pem" },
	{ UKI_OSREL, DIRECTORY "/os-release" },
};

static bool passes(const struct uki *uki, enum uki_part part)
{
	return uki->part[part].data &&
	       (part != UKI_OSREL || uki->stub->passes_osrel);
}

/* Microcode comes first; systemd-stub 252 does not know of it. */
static bool has_microcode(const struct uki *uki)
{
	return uki->part[UKI_UCODE].data && uki->stub->measures_all;
}

int uki_make_initrd(const struct uki *uki, struct bytes *ret)
{
	const struct digest_span *base = &uki->part[UKI_INITRD];
	const struct digest_span *microcode = &uki->part[UKI_UCODE];
	own_text struct text t = { 0 };
	bool alone = !has_microcode(uki);

	if (has_microcode(uki)) {
		text_add_bytes(&t, microcode->data, microcode->len);
		pad(&t);
	}
	text_add_bytes(&t, base->data, base->len);
	for (size_t i = 0; i < array_size(files); i++) {
		if (!passes(uki, files[i].part))
			continue;
		pad(&t);
		add_file(&t, files[i].path, &uki->part[files[i].part]);
		alone = false;
	}
	/* only parts that are put together are filled up */
	if (!alone)
		pad(&t);
	return text_failed(&t) ? -ENOMEM : bytes_copy(t.s, t.len, ret);
}
