/* SPDX-License-Identifier: MIT */
/* The targets of what cvmctl draws, or says of manifests; see targets.h. */
#ifndef TESTS_FUZZ_PICTURES_H
#define TESTS_FUZZ_PICTURES_H

#include <stddef.h>
#include <stdint.h>

/* A manifest, and evidence, for cvmctl explain. */
void fuzz_chain(const uint8_t *data, size_t len);

/* Two manifests, with an empty line between them, for cvmctl diff. */
void fuzz_diff(const uint8_t *data, size_t len);

/* report.json for cvmctl timeline. */
void fuzz_report(const uint8_t *data, size_t len);

#endif
