/* SPDX-License-Identifier: MIT */
/*
 * What a VM can show of itself to somebody far away, under one nonce: what its
 * TPM and its processor sign, and the logs that say what was measured. The
 * file that carries it is described in docs/evidence.md.
 */
#ifndef EVIDENCE_FILE_EVIDENCE_H
#define EVIDENCE_FILE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/fail.h"
#include "lib/json.h"
#include "seal/object/pcr.h"

#define EVIDENCE_TYPE	       "cvm-init evidence"
#define EVIDENCE_TYPE_IDENTITY "cvm-init identity"

enum { evidence_schema = 1 };

/* In bytes; what is longer is refused, by who writes and by who reads. */
enum {
	evidence_json_max = 64 * 1024 * 1024, /* the whole file */
	evidence_nonce_max = 64,
	evidence_pcrs = 0xffff,	    /* 0 to 15, unless somebody says others */
	evidence_public_max = 1024, /* a TPM2B_PUBLIC */
	evidence_certificate_max = 8192, /* of the EK */
	evidence_attest_max = 2048,	 /* a TPMS_ATTEST */
	evidence_signature_max = 1024,	 /* a TPMT_SIGNATURE */
	evidence_firmware_max = 4 * 1024 * 1024,
	/* the array as text: listings up to event_detail_max, escaped */
	evidence_init_max = 48 * 1024 * 1024,
	evidence_ima_max = 32 * 1024 * 1024,
	evidence_systemd_max = 1024 * 1024,
	evidence_blob_max = 256 * 1024, /* each blob of a report */
	evidence_inblob_size = 64,	/* TSM_REPORT_INBLOB_MAX of Linux */
	evidence_class_max = 32,	/* with its NUL */
	evidence_provider_max = 64,	/* the same */
	evidence_reports_max = 4,
	evidence_rtmrs = 4,
	evidence_rtmr_size = 48, /* SHA-384 */
};

/* What a key has signed. */
struct evidence_signed {
	struct bytes attest;	/* TPMS_ATTEST */
	struct bytes signature; /* TPMT_SIGNATURE */
};

/*
 * The keys of a TPM, and what its attestation key has signed. An identity has
 * the keys alone.
 */
struct evidence_tpm {
	char class[evidence_class_max]; /* "crb"; "" when it is not known */
	struct bytes ek;		/* TPM2B_PUBLIC */
	struct bytes ek_certificate;	/* X.509 in DER; empty: it has none */
	struct bytes ak;		/* TPM2B_PUBLIC */
	struct bytes srk;		/* TPM2B_PUBLIC */
	struct evidence_signed srk_certification;
	struct evidence_signed quote;
	/* by enum digest_alg; a mask of 0: the bank is not in the quote */
	struct pcr_values pcrs[DIGEST_ALG_COUNT];
};

/* One report of the kernel's configfs-tsm. */
struct evidence_report {
	char provider[evidence_provider_max]; /* "svsm", "sev_guest", ... */
	unsigned privlevel;		      /* VMPL; 0 where there is none */
	struct bytes inblob;
	struct bytes outblob;
	struct bytes auxblob;	   /* may be empty */
	struct bytes manifestblob; /* may be empty */
};

/* The registers of Intel TDX. */
struct evidence_rtmr {
	uint8_t mrtd[evidence_rtmr_size];
	uint8_t rtmr[evidence_rtmrs][evidence_rtmr_size];
};

struct evidence {
	struct bytes nonce; /* 1 to evidence_nonce_max bytes */
	bool has_tpm;
	struct evidence_tpm tpm; /* if has_tpm */
	struct bytes firmware; /* TCG crypto-agile log; empty: there is none */
	struct bytes ccel;     /* the same of Intel TDX's RTMRs */
	struct json_object *init; /* array of measurements.json, or NULL */
	struct bytes ima;	  /* binary list; empty: there is none */
	struct bytes systemd;	  /* JSON-SEQ; empty: there is none */
	struct evidence_report report[evidence_reports_max];
	size_t reports;
	bool has_rtmr;
	struct evidence_rtmr rtmr; /* if has_rtmr */
};

/* Frees what *e holds and empties it. */
void evidence_free(struct evidence *e);

#define own_evidence __attribute__((cleanup(evidence_free)))

void evidence_tpm_free(struct evidence_tpm *t);
void evidence_report_free(struct evidence_report *r);

#define own_evidence_tpm    __attribute__((cleanup(evidence_tpm_free)))
#define own_evidence_report __attribute__((cleanup(evidence_report_free)))

/*
 * What a processor is asked about, other than an SVSM: SHA-512 over a text of
 * ours, the nonce, and the name of the attestation key, of tpm_name_size
 * bytes; NULL: there is no TPM. 0, -ENOMEM or -EIO.
 */
int evidence_inblob(const struct bytes *nonce, const uint8_t *ak_name,
		    uint8_t ret[static evidence_inblob_size]);

/*
 * The files as text, which the caller frees; by is the program that writes
 * it: "cvmctl 0.1.0". 0; -EFBIG; -ENOMEM.
 */
int evidence_write_json(const struct evidence *e, const char *by,
			struct bytes *ret);
int evidence_write_identity(const struct evidence_tpm *t, const char *by,
			    struct bytes *ret);

/*
 * The keys alone, as members of *o: "ek", "ek-certificate", "ak", "srk". What
 * is empty is left out. 0 or -ENOMEM.
 */
int evidence_set_keys(struct json_object *o, const struct evidence_tpm *t);

#endif
