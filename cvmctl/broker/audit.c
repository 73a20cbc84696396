// SPDX-License-Identifier: MIT
/* See audit.h. */
#include "cvmctl/broker/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/json.h"
#include "lib/lock.h"
#include "lib/own.h"
#include "lib/text.h"
#include "seal/object/marshal.h"

static const char what_write[] = "write the audit log";
static const char remedy[] = "check --audit";

/* A file can be read, for what a line may follow; a pipe or a device need not.
 */
int audit_open(const char *path, struct fail *f)
{
	struct stat st;
	bool other = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
	int fd = open(path,
		      (other ? O_WRONLY : O_RDWR) | O_APPEND | O_CREAT |
			      O_CLOEXEC,
		      0600);

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

/* Half a line of a broker that was killed, or could not cut it off. */
static bool is_cut(int fd, off_t size)
{
	char last;

	return size > 0 && (pread(fd, &last, 1, size - 1) != 1 || last != '\n');
}

/* In one write, so that lines of two writers do not mix. */
static int append(int fd, const void *data, size_t len)
{
	ssize_t n = write(fd, data, len);

	if (n >= 0 && (size_t)n < len)
		return -ENOSPC;
	if (n < 0)
		return -errno;
	/* a pipe has no disk */
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

/* All of it on the disk, or nothing in the file. */
static int append_to_file(int fd, off_t size, const struct bytes *line)
{
	own_text struct text t = { 0 };
	int r;

	if (is_cut(fd, size))
		text_add(&t, "\n");
	text_add_bytes(&t, line->data, line->len);
	if (text_failed(&t))
		return -ENOMEM;
	r = append(fd, t.s, t.len);
	if (r < 0 && ftruncate(fd, size) < 0)
		return -EIO; /* what stays of it the next line ends */
	return r;
}

/* Each process of a broker has its own, as a lock by flock() would not be. */
static int write_locked(int fd, const struct bytes *line, frame_deadline until)
{
	struct stat st;
	int r = lock_file(fd, until);

	if (r < 0)
		return r;
	r = fstat(fd, &st) < 0 ? -errno : append_to_file(fd, st.st_size, line);
	unlock_file(fd);
	return r;
}

int audit_write(int fd, const struct audit_entry *entry, frame_deadline until,
		struct fail *f)
{
	own_bytes struct bytes line = { 0 };
	struct stat st;
	int r = write_line(entry, &line);

	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r == 0)
		r = S_ISREG(st.st_mode) ? write_locked(fd, &line, until)
					: append(fd, line.data, line.len);
	if (r == -ETIMEDOUT)
		return fail_because(f, "somebody else keeps its lock",
				    "look for who has it open", what_write);
	return r < 0 ? fail_errno(f, r, remedy, what_write) : 0;
}
