/* SPDX-License-Identifier: MIT */
/* The arguments of cvmctl seal. */
#ifndef CVMCTL_SEAL_SEAL_OPTIONS_H
#define CVMCTL_SEAL_SEAL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cvmctl/seal/seal-policy.h"
#include "cvmctl/tool/options.h"
#include "lib/fail.h"

/* As given: NULL, 0 or false where it is not. */
struct seal_options {
	const char *device;
	bool format, add, replace; /* one of them */
	const char *image, *volume;
	struct seal_policy_options policy; /* what to seal to */
	const char *tpm, *srk;		   /* what for */
	bool legacy;
	const char *key_store;	      /* a broker's, instead of a TPM */
	const char *key_file, *token; /* the disk */
	const char *size, *uuid, *mkfs;
	bool force;
	bool json;
	/* read from them */
	uint64_t size_bytes;
	int token_number; /* -1 without --token */
};

/* 0, COMMAND_HELP, or COMMAND_USAGE with *f. Values are borrowed from argv. */
int seal_options_read(int argc, char **argv, struct seal_options *ret,
		      struct fail *f);

#endif
