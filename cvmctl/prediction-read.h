/* SPDX-License-Identifier: MIT */
/* Reading what cvmctl predict --json wrote. */
#ifndef CVMCTL_PREDICTION_READ_H
#define CVMCTL_PREDICTION_READ_H

#include <stddef.h>

#include "lib/fail.h"
#include "seal/pcr.h"

/* Listings of directories make it large. */
enum { prediction_json_max = 256 * 1024 * 1024 };

/*
 * The values that PCRs of one bank have when init opens the volumes: PCR 14
 * from "banks", the others, if any, from "boot". path is a file, or "-" for
 * standard input. *ret is untouched on failure.
 */
int prediction_read(const char *path, enum digest_alg bank,
		    struct pcr_values *ret, struct fail *f);

/* What messages call it: path, or "the standard input". */
const char *prediction_name(const char *path);

/* The same from len bytes of text, which a NUL follows, called name. */
int prediction_parse(const char *name, const char *text, size_t len,
		     enum digest_alg bank, struct pcr_values *ret,
		     struct fail *f);

#endif
