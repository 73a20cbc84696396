// SPDX-License-Identifier: MIT
/* See audit.h. */
#include "cvmctl/broker/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/json.h"
#include "lib/own.h"
#include "seal/marshal.h"

static const char what_write[] = "write the audit log";
static const char remedy[] = "check --audit";

int audit_open(const char *path, struct fail *f)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? fail_errno(f, errno, remedy, "open %s", path) : fd;
}

/* The name of a TPM2B_PUBLIC, whose first two bytes are its size. */
static int set_name(struct json_object *o, const char *key,
		    const struct bytes *public)
{
	uint8_t name[tpm_name_size];
	int r;

	if (public->len <= 2)
		return 0;
	r = tpm_name(public->data + 2, public->len - 2, name);
	return r < 0 ? r : json_set_hex(o, key, name, sizeof(name));
}

static int set_time(struct json_object *o)
{
	char text[sizeof("2026-11-21T19:37:13Z")];
	time_t now = time(NULL);
	struct tm utc;

	if (!gmtime_r(&now, &utc) ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		return -EOVERFLOW;
	return json_set_string(o, "time", text);
}

static int write_line(const struct audit_entry *e, struct bytes *ret)
{
	own_json struct json_object *o = json_object_new_object();

	if (set_time(o) < 0 || json_set_string(o, "peer", e->peer) < 0 ||
	    json_set_string(o, "volume", e->volume) < 0 ||
	    json_set_string(o, "uuid", e->uuid) < 0 ||
	    set_name(o, "ek", &e->ek) < 0 || set_name(o, "ak", &e->ak) < 0 ||
	    set_name(o, "srk", &e->srk) < 0 ||
	    json_set_string(o, "decision",
			    e->delivered ? "delivered" : "refused") < 0 ||
	    json_set_string(o, "reason", e->reason) < 0)
		return -ENOMEM;
	return json_write_line(o, ret);
}

int audit_write(int fd, const struct audit_entry *entry, struct fail *f)
{
	own_bytes struct bytes line = { 0 };
	int r = write_line(entry, &line);

	/* one write, so that lines of two requests do not mix */
	if (r == 0 && write(fd, line.data, line.len) != (ssize_t)line.len)
		r = errno ? -errno : -ENOSPC;
	if (r == 0 && fsync(fd) < 0 && errno != EINVAL) /* a pipe has none */
		r = -errno;
	return r < 0 ? fail_errno(f, r, remedy, what_write) : 0;
}
