/* SPDX-License-Identifier: MIT */
/*
 * Under what cvmctl seal seals: from its options to a policy, and whether
 * that policy protects anything.
 */
#ifndef CVMCTL_SEAL_SEAL_POLICY_H
#define CVMCTL_SEAL_SEAL_POLICY_H

#include "cvmctl/tool/options.h"
#include "lib/bytes.h"
#include "lib/json.h"
#include "seal/object/sealed-key.h"

struct seal_policy_options {
	const char *bank;	 /* NULL: sha256 */
	const char *prediction;	 /* file of cvmctl predict --json, or NULL */
	const char *signed_by;	 /* public release key in PEM, or NULL */
	const char *signed_pcrs; /* "2,4,9,14" */
	struct option_list pcr;	 /* "N=HEX" each */
	bool apps_only;		 /* PCR 14 without the boot chain */
	bool any_pcr;		 /* PCRs whose values do not last, too */
};

/* Rows of a table of options: those of cvmctl seal that a broker has, too. */
#define SEAL_POLICY_OPTIONS(policy)                                  \
	{ "pcr", OPTION_LIST, "N=HEX", "seal to this value too",     \
	  &(policy)->pcr },                                          \
		{ "bank", OPTION_TEXT, "BANK",                       \
		  "sha1, sha256, sha384 or sha512; else sha256",     \
		  &(policy)->bank },                                 \
		{ "apps-only", OPTION_FLAG, NULL,                    \
		  "do not insist on the boot chain: see the manual", \
		  &(policy)->apps_only },                            \
	{                                                            \
		"any-pcr", OPTION_FLAG, NULL,                        \
			"also PCRs whose values do not last",        \
			&(policy)->any_pcr                           \
	}

/*
 * The policy that the options and, if it is not NULL, the manifest of an image
 * ask for. *ret_signer holds the release key, borrowed by *ret; the caller
 * frees it. 0, COMMAND_USAGE or -errno.
 */
int seal_policy_make(const struct seal_policy_options *o,
		     struct json_object *manifest, struct bytes *ret_signer,
		     struct seal_policy *ret, struct fail *f);

#endif
