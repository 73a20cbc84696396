// SPDX-License-Identifier: MIT
/*
 * Reads boot.conf from the measured initramfs, whole and bounded. Everything
 * after this stage obeys it and nothing else.
 */
#include <errno.h>
#include <fcntl.h>

#include "init/boot.h"
#include "lib/bytes.h"
#include "lib/io.h"

int stage_config(struct boot *b, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	struct ini_error error;
	int r = io_read_file(AT_FDCWD, BOOT_CONF_PATH, boot_conf_max, &text);

	if (r == -EFBIG)
		return fail_because(f, "it is over 65536 bytes",
				    "shorten it, see boot.conf(5)", "read %s",
				    BOOT_CONF_PATH);
	if (r < 0)
		return fail_errno(f, r, "build the initramfs with cvmctl build",
				  "read %s", BOOT_CONF_PATH);
	r = boot_conf_read("boot.conf", (const char *)text.data, text.len,
			   false, &b->conf, &error);
	if (r == -ENOMEM)
		return fail_errno(f, r, "give the VM more memory", "read %s",
				  BOOT_CONF_PATH);
	if (r < 0)
		return fail_because(f, error.text, "see boot.conf(5)",
				    "accept %s", BOOT_CONF_PATH);
	return 0;
}
