// SPDX-License-Identifier: MIT
/*
 * See tsm.h. A directory is one request: its attributes are written, then the
 * report and what belongs to it are read. The generation counts the writes,
 * so it tells whether all that was read answers exactly these.
 */
#include "init/tsm.h"

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

enum { line_max = 64 }; /* of an attribute that is text */

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

enum { writes = array_size(wishes) + 1 }; /* and the nonce */

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

static int ask(int dir_fd, const uint8_t nonce[static attestation_nonce_size],
	       struct fail *f)
{
	for (size_t i = 0; i < array_size(wishes); i++) {
		int r = write_attribute(dir_fd, wishes[i].name, wishes[i].value,
					strlen(wishes[i].value), f);

		if (r < 0)
			return r;
	}
	return write_attribute(dir_fd, "inblob", nonce, attestation_nonce_size,
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

/* The kernel's driver for SEV-SNP, which decides the format of the report. */
static int check_provider(int dir_fd, struct fail *f)
{
	char provider[line_max];
	int r = read_text(dir_fd, "provider", provider, f);

	if (r < 0 || strcmp(provider, "sev_guest") == 0)
		return r;
	(void)fail_because(f, "", under_svsm, "use the attestation report");
	return fail_reason(f, "it comes from %s, not from sev_guest", provider);
}

static int collect(int dir_fd, struct attestation *a, struct fail *f)
{
	int r = read_blob(dir_fd, "outblob", attestation_report_size,
			  &a->report, f);

	if (r == 0)
		r = read_blob(dir_fd, "manifestblob", attestation_manifest_max,
			      &a->manifest, f);
	if (r == 0)
		r = read_blob(dir_fd, "auxblob", attestation_certificates_max,
			      &a->certificates, f);
	return r < 0 ? r : check_provider(dir_fd, f);
}

static int request(int dir_fd, struct attestation *a, struct fail *f)
{
	uint64_t before = 0;
	uint64_t after = 0;
	int r = read_generation(dir_fd, &before, f);

	if (r == 0)
		r = ask(dir_fd, a->nonce, f);
	if (r == 0)
		r = collect(dir_fd, a, f);
	if (r == 0)
		r = read_generation(dir_fd, &after, f);
	if (r < 0 || after - before == writes)
		return r;
	(void)fail_because(f, "",
			   "let nothing else ask for attestation reports",
			   "use the attestation report");
	return fail_reason(f,
			   "its generation went from %" PRIu64 " to %" PRIu64
			   ", not by %d",
			   before, after, writes);
}

static int fail_ask(int err, struct fail *f)
{
	return fail_errno(f, err, "load sev-guest in [modules] of boot.conf",
			  "ask for an attestation report");
}

int tsm_attest(const char *report_path, struct attestation *a, struct fail *f)
{
	char path[PATH_MAX];
	own_fd int dir_fd = -1;
	int r;

	if (snprintf(path, sizeof(path), "%s/cvm-init", report_path) >=
	    (int)sizeof(path))
		return fail_ask(ENAMETOOLONG, f);
	if (mkdir(path, 0700) < 0)
		return fail_ask(errno, f);
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir_fd < 0 ? fail_ask(errno, f) : request(dir_fd, a, f);
	(void)rmdir(path); /* all was read; one that stays does no harm */
	return r;
}
