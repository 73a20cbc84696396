/* SPDX-License-Identifier: MIT */
/* Where a command writes its one result. */
#ifndef CVMCTL_TOOL_OUTPUT_H
#define CVMCTL_TOOL_OUTPUT_H

#include "lib/bytes.h"
#include "lib/fail.h"

/*
 * To the file of --output, which is complete or stays as it was; to standard
 * output for NULL, whose failure main reports.
 */
int output_write(const char *path, const struct bytes *data, struct fail *f);

#endif
