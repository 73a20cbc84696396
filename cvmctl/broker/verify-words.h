/* SPDX-License-Identifier: MIT */
/* What the options of cvmctl verify name, read for the judge. */
#ifndef CVMCTL_BROKER_VERIFY_WORDS_H
#define CVMCTL_BROKER_VERIFY_WORDS_H

#include "evidence/judge.h"
#include "lib/bytes.h"
#include "lib/fail.h"

/* The values of options; NULL for those that were not given. */
struct verify_words {
	const char *nonce, *challenged, *ak, *ek, *ek_ca;
	const char *snp_certs, *snp_measurement;
};

enum { verify_files_max = 8 };

/* The content that the expectations borrow. */
struct verify_files {
	struct bytes file[verify_files_max];
	size_t n;
};

void verify_files_free(struct verify_files *files);

#define own_verify_files __attribute__((cleanup(verify_files_free)))

/*
 * Reads them into *ret, which borrows from *files; the caller frees that. 0;
 * COMMAND_USAGE with *f for a value that is none; or -errno.
 */
int verify_read_words(const struct verify_words *words, const char *command,
		      struct verify_files *files, struct expectations *ret,
		      struct fail *f);

#endif
