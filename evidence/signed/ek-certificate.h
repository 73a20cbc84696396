/* SPDX-License-Identifier: MIT */
/* The certificate that a TPM's maker has given its endorsement key. */
#ifndef EVIDENCE_SIGNED_EK_CERTIFICATE_H
#define EVIDENCE_SIGNED_EK_CERTIFICATE_H

#include "lib/bytes.h"
#include "lib/fail.h"
#include "seal/object/public.h"

enum { ek_ca_max = 1024 * 1024 };

/*
 * Whether certificate, X.509 in DER, is of this key, and leads to one of the
 * certificates in ca (PEM), all of which are believed. 0; -EINVAL with a
 * reason in *f; -ENOMEM.
 */
int ek_certificate_check(const struct bytes *certificate,
			 const struct bytes *ca, const struct tpm_public *ek,
			 struct fail *f);

#endif
