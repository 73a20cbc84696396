// SPDX-License-Identifier: MIT
/*
 * See tsm.h. A directory is one request: its attributes are written, then the
 * report and what belongs to it are read. The generation counts the writes,
 * so it tells whether all that was read answers exactly these.
 */
#include "evidence/collect/tsm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"

enum {
	line_max = evidence_provider_max, /* of an attribute that is text */
	privlevel_max = 3, /* TSM_REPORT_PRIVLEVEL_MAX of Linux */
};

static const char under_svsm[] = "boot under an SVSM, with Linux 6.16 or later";

static const struct {
	const char *name;
	const char *value;
} wishes[] = {
	{ "service_provider", "svsm" },
	/* the vTPM: AMD 58019, 8.3.1 */
	{ "service_guid", "c476f1eb-0123-45a5-9641-b4e7dde5bfe3" },
	/* its manifest is the EK as TPMT_PUBLIC */
	{ "service_manifest_version", "0" },
};

static int fail_write(const char *name, int err, struct fail *f)
{
	return fail_errno(f, err, under_svsm,
			  "write %s of the attestation report", name);
}

static int fail_read(const char *name, int err, struct fail *f)
{
	if (err == -ENOMEM)
		return fail_errno(f, err, "give the VM more memory",
				  "read %s of the attestation report", name);
	return fail_errno(f, err, under_svsm,
			  "read %s of the attestation report", name);
}

/* configfs takes a binary attribute when it is closed, and all in one write. */
static int write_attribute(int dir_fd, const char *name, const void *data,
			   size_t len, struct fail *f)
{
	own_fd int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : io_write_all(fd, data, len);

	if (r == 0 && close(take_fd(&fd)) < 0)
		r = -errno;
	return r < 0 ? fail_write(name, r, f) : 0;
}

static int ask(int dir_fd, const uint8_t inblob[static evidence_inblob_size],
	       size_t wanted, struct fail *f)
{
	for (size_t i = 0; i < wanted; i++) {
		int r = write_attribute(dir_fd, wishes[i].name, wishes[i].value,
					strlen(wishes[i].value), f);

		if (r < 0)
			return r;
	}
	return write_attribute(dir_fd, "inblob", inblob, evidence_inblob_size,
			       f);
}

static int read_blob(int dir_fd, const char *name, size_t max,
		     struct bytes *ret, struct fail *f)
{
	int r = io_read_file(dir_fd, name, max, ret);

	return r < 0 ? fail_read(name, r, f) : 0;
}

static int read_text(int dir_fd, const char *name, char ret[static line_max],
		     struct fail *f)
{
	int r = io_read_line(dir_fd, name, ret, line_max);

	return r < 0 ? fail_read(name, r, f) : 0;
}

static int read_generation(int dir_fd, uint64_t *ret, struct fail *f)
{
	char text[line_max];
	int r = read_text(dir_fd, "generation", text, f);

	if (r < 0)
		return r;
	r = text_parse_u64(text, UINT64_MAX, ret);
	return r < 0 ? fail_read("generation", r, f) : 0;
}

/* VMPL that a report is made for, unless somebody asks for another. */
static int read_privlevel(int dir_fd, unsigned *ret, struct fail *f)
{
	char text[line_max];
	uint64_t level;
	int r;

	if (faccessat(dir_fd, "privlevel_floor", F_OK, 0) < 0)
		return 0; /* there is no such thing */
	r = read_text(dir_fd, "privlevel_floor", text, f);
	if (r < 0)
		return r;
	r = text_parse_u64(text, privlevel_max, &level);
	if (r < 0)
		return fail_read("privlevel_floor", r, f);
	*ret = (unsigned)level;
	return 0;
}

static int collect(int dir_fd, bool svsm, const struct tsm_limits *limits,
		   struct evidence_report *ret, struct fail *f)
{
	int r = read_blob(dir_fd, "outblob", limits->outblob, &ret->outblob, f);

	if (r == 0 && svsm) /* only an SVSM has one */
		r = read_blob(dir_fd, "manifestblob", limits->manifestblob,
			      &ret->manifestblob, f);
	if (r == 0 && faccessat(dir_fd, "auxblob", F_OK, 0) == 0)
		r = read_blob(dir_fd, "auxblob", limits->auxblob, &ret->auxblob,
			      f);
	if (r == 0)
		r = read_text(dir_fd, "provider", ret->provider, f);
	if (r == 0 && !svsm) /* an SVSM reports for itself, at VMPL 0 */
		r = read_privlevel(dir_fd, &ret->privlevel, f);
	return r;
}

static int check_generation(uint64_t before, uint64_t after, size_t writes,
			    struct fail *f)
{
	if (after - before == writes)
		return 0;
	(void)fail_because(f, "",
			   "let nothing else ask for attestation reports",
			   "use the attestation report");
	(void)fail_reason(f,
			  "its generation went from %" PRIu64 " to %" PRIu64
			  ", not by %zu",
			  before, after, writes);
	return -ESTALE;
}

int tsm_report(struct tsm *t, const uint8_t inblob[static evidence_inblob_size],
	       bool svsm, const struct tsm_limits *limits,
	       struct evidence_report *ret, struct fail *f)
{
	own_evidence_report struct evidence_report report = { 0 };
	size_t wanted = svsm ? array_size(wishes) : 0;
	uint64_t before = 0;
	uint64_t after = 0;
	int r = bytes_copy(inblob, evidence_inblob_size, &report.inblob);

	if (r < 0)
		return fail_read("inblob", r, f);
	r = read_generation(t->fd, &before, f);
	if (r == 0)
		r = ask(t->fd, inblob, wanted, f);
	if (r == 0)
		r = collect(t->fd, svsm, limits, &report, f);
	if (r == 0)
		r = read_generation(t->fd, &after, f);
	if (r == 0)
		r = check_generation(before, after, wanted + 1, f);
	if (r < 0)
		return r;
	*ret = report;
	report = (struct evidence_report){ 0 };
	return 0;
}

static int fail_ask(int err, struct fail *f)
{
	return fail_errno(f, err, "load sev-guest in [modules] of boot.conf",
			  "ask for an attestation report");
}

int tsm_open(const char *report_path, struct tsm *ret, struct fail *f)
{
	own_tsm struct tsm t = { .fd = -1 };

	if (snprintf(t.path, sizeof(t.path), "%s/cvm-init", report_path) >=
	    (int)sizeof(t.path))
		return fail_ask(ENAMETOOLONG, f);
	if (mkdir(t.path, 0700) < 0)
		return fail_ask(errno, f);
	t.fd = open(t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t.fd < 0) {
		int err = errno;

		(void)rmdir(t.path); /* the failure to report is err */
		return fail_ask(err, f);
	}
	t.is_svsm = faccessat(t.fd, "service_provider", F_OK, 0) == 0;
	*ret = t;
	t.fd = -1;
	return 0;
}

void tsm_close(struct tsm *t)
{
	if (t->fd < 0)
		return;
	(void)close(take_fd(&t->fd)); /* a directory */
	(void)rmdir(t->path); /* all was read; one that stays does no harm */
}
