/* SPDX-License-Identifier: MIT */
/* Reading the evidence file of docs/evidence.md, which a host may have made. */
#ifndef EVIDENCE_FILE_READ_H
#define EVIDENCE_FILE_READ_H

#include "evidence/file/evidence.h"

/*
 * Takes apart what evidence_write_json writes: len bytes of text, which a NUL
 * follows. Keys that are not known are passed over, as long as no key comes
 * twice; what is inside the blobs is not looked at. The caller frees *ret. 0,
 * or -errno with *f.
 */
int evidence_read_json(const char *text, size_t len, struct evidence *ret,
		       struct fail *f);

#endif
