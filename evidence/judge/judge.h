/* SPDX-License-Identifier: MIT */
/*
 * The judge: evidence and what is expected of it in, a verdict out. It reads
 * no files and asks nobody. What it could not check it says, and then the VM
 * is not trusted.
 */
#ifndef EVIDENCE_JUDGE_JUDGE_H
#define EVIDENCE_JUDGE_JUDGE_H

#include "evidence/file/evidence.h"
#include "evidence/judge/verdict.h"
#include "evidence/signed/snp.h"
#include "lib/json.h"
#include "seal/object/marshal.h"

/* A register of Intel TDX: MRTD or an RTMR. */
struct expected_register {
	bool given;
	uint8_t value[launch_measurement_size];
};

enum { expected_rtmrs = 3 }; /* RTMR 3 is explained by the manifest */

/* Without root nothing of Intel TDX is believed. */
struct tdx_expectations {
	const struct bytes *root; /* Intel's, in PEM, borrowed; or NULL */
	struct expected_register mrtd;
	struct expected_register rtmr[expected_rtmrs];
};

/* The name of a key that is believed. */
struct believed_key {
	bool given;
	uint8_t name[tpm_name_size];
};

/* All that is pointed to is borrowed. */
struct expectations {
	/* what the quote has to hold; of a challenge: see challenge.h */
	const struct bytes *nonce;
	bool challenged;
	struct believed_key ak;
	struct believed_key ek;
	const struct bytes *ek_ca; /* PEM of certificates, or NULL */
	struct snp_certificates snp;
	bool has_measurement;
	uint8_t measurement[launch_measurement_size]; /* of the launch */
	bool has_tcb;
	uint8_t tcb[snp_tcb_size]; /* of AMD: the least versions */
	struct tdx_expectations tdx;
	bool without_hardware; /* nothing of the processor is asked for */
	struct json_object *manifest;
	struct json_object *prediction; /* or NULL */
	bool apps_only;			/* PCR 14 alone, whatever was booted */
	bool before_cap;	/* PCR 14 is open yet: init asks for a key */
	uint32_t required_pcrs; /* in the quote, and explained by logs */
};

/*
 * Judges. *ret is freed by the caller. 0, whatever the verdict is; -ENOMEM or
 * -EIO, and nothing was judged.
 */
int judge(const struct evidence *e, const struct expectations *x,
	  struct verdict *ret);

#endif
