/* SPDX-License-Identifier: MIT */
/* The logs of a running VM, and the registers of TDX that they explain. */
#ifndef EVIDENCE_COLLECT_LOGS_H
#define EVIDENCE_COLLECT_LOGS_H

#include "evidence/collect/collect.h"

/* Fills in the logs of *e and its RTMRs; what is not there is left out. */
int collect_logs(const struct evidence_sources *s, struct evidence *e,
		 struct fail *f);

#endif
