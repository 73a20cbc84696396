/* SPDX-License-Identifier: MIT */
/* What a broker would find out only when the first VM asks, and refuses it. */
#ifndef CVMCTL_BROKER_START_CHECK_H
#define CVMCTL_BROKER_START_CHECK_H

#include <openssl/types.h>

#include "lib/fail.h"
#include "lib/json.h"

/* What the broker was given, for messages; all is borrowed. */
struct start_check {
	const char *image;
	const char *key_path;
	const char *store;
	struct json_object *manifest;
	EVP_PKEY *key;
};

/*
 * Refuses an image none of whose volumes has its key delivered, and a key that
 * its VMs will not believe. Keys may be added to the store at any time: for
 * volumes that have none there is a line on stderr. 0 or -errno.
 */
int start_check(const struct start_check *c, struct fail *f);

#endif
