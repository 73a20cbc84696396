/* SPDX-License-Identifier: MIT */
/* Targets for what a VM and its verifier send each other: see targets.h. */
#ifndef TESTS_FUZZ_EXCHANGE_H
#define TESTS_FUZZ_EXCHANGE_H

#include "evidence/exchange/exchange.h"

void fuzz_identity(const uint8_t *data, size_t len);
void fuzz_challenge(const uint8_t *data, size_t len);

#endif
