/* SPDX-License-Identifier: MIT */
/* What a broker decided, and why: a line of JSON for each request. */
#ifndef CVMCTL_BROKER_AUDIT_H
#define CVMCTL_BROKER_AUDIT_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/fail.h"
#include "lib/frame.h"

/* Texts may be "" and names empty, for what a request did not come to. */
struct audit_entry {
	const char *peer; /* "unix", or "vsock:CID" */
	const char *volume;
	const char *uuid;
	struct bytes ek, ak, srk; /* TPM2B_PUBLIC; their names are logged */
	bool delivered;
	const char *reason; /* of a refusal */
};

/* The file to append to, made with mode 0600 when it is not there, or -errno.
 */
int audit_open(const char *path, struct fail *f);

/*
 * Appends one line, and waits until the disk has it: a key is given out only
 * after that. 0; or -errno, and of the line nothing is left. Half a line of
 * somebody else is ended first. Several processes may write to one file: who
 * keeps the lock of the file is waited for until then.
 */
int audit_write(int fd, const struct audit_entry *entry, frame_deadline until,
		struct fail *f);

#endif
