/* SPDX-License-Identifier: MIT */
/* Reading what cvmctl predict --json wrote. */
#ifndef CVMCTL_PREDICT_PREDICTION_READ_H
#define CVMCTL_PREDICT_PREDICTION_READ_H

#include <stddef.h>

#include "lib/fail.h"
#include "lib/json.h"
#include "seal/object/pcr.h"

/* Listings of directories make it large. */
enum { prediction_json_max = 256 * 1024 * 1024 };

/*
 * The JSON of a prediction. path is a file, or "-" for standard input. The
 * caller releases *ret. 0 or -errno.
 */
int prediction_open(const char *path, struct json_object **ret, struct fail *f);

/*
 * The values that PCRs of one bank have when init opens the volumes: PCR 14
 * from "banks", the others, if any, from "boot". name is what messages call
 * the prediction. *ret is untouched on failure.
 */
int prediction_values(struct json_object *prediction, const char *name,
		      enum digest_alg bank, struct pcr_values *ret,
		      struct fail *f);

/* Both at once. */
int prediction_read(const char *path, enum digest_alg bank,
		    struct pcr_values *ret, struct fail *f);

/* What messages call it: path, or "the standard input". */
const char *prediction_name(const char *path);

/* As prediction_read, from len bytes of text, which a NUL follows, called name.
 */
int prediction_parse(const char *name, const char *text, size_t len,
		     enum digest_alg bank, struct pcr_values *ret,
		     struct fail *f);

#endif
