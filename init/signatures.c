// SPDX-License-Identifier: MIT
/*
 * See signatures.h. They stand outside of all that is measured, since they
 * are about the values that it is measured to; only the TPM can tell whether
 * they are good.
 */
#include "init/signatures.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/own.h"
#include "verity/device.h"

/* systemd-stub puts the section .pcrsig there: systemd-stub(7) */
#define UKI_PATH "/.extra/tpm2-pcr-signature.json"

static const char sign_again[] = "sign the PCR values again with cvmctl sign";

static int read_uki(struct bytes *ret, struct fail *f)
{
	int r = io_read_file(AT_FDCWD, UKI_PATH, signatures_json_max, ret);

	if (r == 0 || r == -ENOENT)
		return 0;
	return fail_errno(f, r, sign_again, "read %s", UKI_PATH);
}

/* What follows the verified data, at most as much as we would parse. */
static int read_end(int fd, off_t at, struct bytes *ret)
{
	own_bytes struct bytes end = { 0 };
	off_t size = lseek(fd, 0, SEEK_END);
	int r;

	if (size < 0)
		return -errno;
	if (size <= at)
		return 0;
	end.len = size - at > signatures_json_max ? signatures_json_max
						  : (size_t)(size - at);
	end.data = calloc(1, end.len + 1);
	if (!end.data)
		return -ENOMEM;
	r = io_pread_all(fd, end.data, end.len, at);
	if (r == 0 && end.data[0] == '{')
		*ret = take_bytes(&end);
	return r;
}

static int read_disk(const struct boot *b, struct bytes *ret, struct fail *f)
{
	own_fd int fd = open(b->root_device, O_RDONLY | O_CLOEXEC);
	uint64_t at = 0;
	int r = fd < 0 ? -errno : verity_size(&b->conf.root.verity, &at);

	if (r == 0)
		r = read_end(fd, (off_t)at, ret);
	return r < 0 ? fail_errno(f, r, sign_again, "read the signatures on %s",
				  b->root_device)
		     : 0;
}

/* Adds those of a text, which zeros may follow; an empty one has none. */
static int add_all(const struct bytes *text, struct signatures *ret,
		   struct fail *f)
{
	own_signatures struct signatures s = { 0 };
	int r = text->len ? signatures_parse((const char *)text->data, &s, f)
			  : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < s.n; i++)
		r = signatures_add(ret, &s.entry[i]);
	return r < 0 ? fail_errno(f, r, sign_again, "keep all signatures") : 0;
}

int signatures_load(const struct boot *b, struct signatures *ret,
		    struct fail *f)
{
	own_signatures struct signatures s = { 0 };
	own_bytes struct bytes uki = { 0 };
	own_bytes struct bytes disk = { 0 };
	int r = read_uki(&uki, f);

	if (r == 0)
		r = add_all(&uki, &s, f);
	if (r == 0)
		r = read_disk(b, &disk, f);
	if (r == 0)
		r = add_all(&disk, &s, f);
	if (r < 0)
		return r;
	*ret = s;
	s = (struct signatures){ 0 };
	return 0;
}
