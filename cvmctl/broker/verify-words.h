/* SPDX-License-Identifier: MIT */
/* What the options of cvmctl verify name, read for the judge. */
#ifndef CVMCTL_BROKER_VERIFY_WORDS_H
#define CVMCTL_BROKER_VERIFY_WORDS_H

#include "cvmctl/tool/options.h"
#include "evidence/judge/judge.h"
#include "lib/bytes.h"
#include "lib/fail.h"

/* The values of options; NULL for those that were not given. */
struct verify_words {
	const char *nonce, *challenged, *ak, *ek, *ek_ca;
	const char *snp_certs, *snp_measurement, *snp_tcb;
	const char *tdx_root, *tdx_mrtd, *tdx_rtmr[expected_rtmrs];
	bool without_hardware;
};

/* Rows of a table of options: what cvmctl verify and cvmctl broker trust. */
#define VERIFY_WORDS_OPTIONS(words)                                            \
	{ "ek", OPTION_TEXT, "FILE",                                           \
	  "the endorsement key, or its name in hex", &(words)->ek },           \
		{ "ek-ca", OPTION_TEXT, "FILE",                                \
		  "certificates of TPM makers, PEM", &(words)->ek_ca },        \
		{ "snp-certs", OPTION_TEXT, "DIR",                             \
		  "ark.pem, and ask.pem and vcek.pem", &(words)->snp_certs },  \
		{ "snp-measurement", OPTION_TEXT, "HEX",                       \
		  "the launch measurement to expect",                          \
		  &(words)->snp_measurement },                                 \
		{ "snp-tcb", OPTION_TEXT, "HEX",                               \
		  "the least versions of AMD's firmware", &(words)->snp_tcb }, \
	{                                                                      \
		"without-hardware", OPTION_FLAG, NULL,                         \
			"ask for no signature of the processor",               \
			&(words)->without_hardware                             \
	}

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
