// SPDX-License-Identifier: MIT
/*
 * See logs.h. The files are the kernel's, which claims no size for
 * them, and some grow while they are read: everything is read to its end, and
 * up to a maximum.
 */
#include "evidence/collect/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/io.h"
#include "lib/lock.h"
#include "lib/own.h"
#include "lib/strict-json.h"

#define RTMR_DIR    "/sys/devices/virtual/misc/tdx_guest/measurements"
#define SYSTEMD_LOG "/run/log/systemd/tpm2-measure.log"

enum { init_depth_max = 16 };

static int fail_read(const char *path, size_t max, int err, struct fail *f)
{
	if (err != -EFBIG)
		return fail_errno(f, err, "collect evidence as root in the VM",
				  "read %s", path);
	(void)fail_because(f, "", "let the VM measure less, or boot it anew",
			   "read %s", path);
	(void)fail_reason(f, "it has more than %zu bytes", max);
	return err;
}

/* 0 and an empty *ret when there is no such file, or nothing in it. */
static int finish_read(const char *path, size_t max, int r, struct bytes *ret,
		       struct fail *f)
{
	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return fail_read(path, max, r, f);
	if (!ret->len)
		bytes_free(ret);
	return 0;
}

/* As finish_read. */
static int read_file(const struct evidence_sources *s, const char *name,
		     size_t max, struct bytes *ret, struct fail *f)
{
	char path[PATH_MAX];
	int r = -ENOENT;

	if (snprintf(path, sizeof(path), "%s%s", s->root, name) <
	    (int)sizeof(path))
		r = io_read_file(AT_FDCWD, path, max, ret);
	return finish_read(path, max, r, ret, f);
}

static int read_firmware(const struct evidence_sources *s, struct evidence *e,
			 struct fail *f)
{
	char name[128];

	if (!s->chip)
		return 0;
	(void)snprintf(name, sizeof(name),
		       "/sys/kernel/security/%s/binary_bios_measurements",
		       s->chip); /* chips have short names */
	return read_file(s, name, evidence_firmware_max, &e->firmware, f);
}

static int read_init(const struct evidence_sources *s, struct evidence *e,
		     struct fail *f)
{
	static const char name[] = "/run/cvm-init/measurements.json";
	own_bytes struct bytes text = { 0 };
	int r;

	r = read_file(s, name, evidence_init_max, &text, f);
	if (r < 0 || !text.len)
		return r;
	r = strlen((const char *)text.data) != text.len
		    ? -EINVAL
		    : strict_json_parse_list((const char *)text.data, text.len,
					     init_depth_max, &e->init);
	if (r == -EINVAL)
		return fail_because(f, "it is not the log of init",
				    "let nothing but init write it",
				    "read %s%s", s->root, name);
	return r < 0 ? fail_errno(f, r, "give the VM more memory", "read %s%s",
				  s->root, name)
		     : 0;
}

/* One register: 48 bytes, no more. -ENOENT without *f when there is none. */
static int read_register(const struct evidence_sources *s, const char *name,
			 uint8_t ret[static evidence_rtmr_size], struct fail *f)
{
	own_bytes struct bytes value = { 0 };
	char path[128];
	int r;

	(void)snprintf(path, sizeof(path), RTMR_DIR "/%s:sha384",
		       name); /* fits */
	r = read_file(s, path, evidence_rtmr_size, &value, f);
	if (r < 0)
		return r;
	if (!value.len)
		return -ENOENT;
	if (value.len != evidence_rtmr_size)
		return fail_because(f, "it is not a SHA-384",
				    "use a kernel with the register in sysfs",
				    "read %s%s", s->root, path);
	memcpy(ret, value.data, value.len);
	return 0;
}

/* All or none: MRTD says whether this is a TDX guest. */
static int read_rtmrs(const struct evidence_sources *s, struct evidence *e,
		      struct fail *f)
{
	int r = read_register(s, "mrtd", e->rtmr.mrtd, f);

	if (r == -ENOENT)
		return 0;
	for (unsigned i = 0; r == 0 && i < evidence_rtmrs; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "rtmr%u", i); /* fits */
		r = read_register(s, name, e->rtmr.rtmr[i], f);
		if (r == -ENOENT)
			r = fail_because(
				f, "there is none beside MRTD",
				"use a kernel with the register in sysfs",
				"read RTMR %u", i);
	}
	e->has_rtmr = r == 0;
	return r;
}

/*
 * systemd.git, src/shared/tpm2-util.c: who measures holds the lock from before
 * the PCR is extended until the record is written. So whoever reads under it,
 * after a quote, has a record of all that was quoted, and no half of one.
 */
static int read_locked(const char *path, size_t max, unsigned wait_s,
		       struct bytes *ret)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r = fd < 0 ? -errno : lock_shared(fd, frame_deadline_in(wait_s));

	return r < 0 ? r : io_read_fd(fd, max, ret);
}

static int read_systemd(const struct evidence_sources *s, struct evidence *e,
			struct fail *f)
{
	char path[PATH_MAX];
	int r = -ENOENT;

	if (snprintf(path, sizeof(path), "%s" SYSTEMD_LOG, s->root) <
	    (int)sizeof(path))
		r = read_locked(path, evidence_systemd_max, s->lock_wait_s,
				&e->systemd);
	if (r == -ETIMEDOUT)
		return fail_because(f, "somebody else keeps its lock",
				    "look for who has it open", "read %s",
				    path);
	return finish_read(path, evidence_systemd_max, r, &e->systemd, f);
}

int collect_logs(const struct evidence_sources *s, struct evidence *e,
		 struct fail *f)
{
	int r = read_rtmrs(s, e, f);

	if (r == 0)
		r = read_firmware(s, e, f);
	if (r == 0) /* ACPI 6.5, 5.2.34; Linux 6.3 and later */
		r = read_file(s, "/sys/firmware/acpi/tables/data/CCEL",
			      evidence_firmware_max, &e->ccel, f);
	if (r == 0)
		r = read_init(s, e, f);
	if (r == 0)
		r = read_file(
			s,
			"/sys/kernel/security/ima/binary_runtime_measurements",
			evidence_ima_max, &e->ima, f);
	if (r == 0)
		r = read_systemd(s, e, f);
	return r;
}
