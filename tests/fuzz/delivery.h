/* SPDX-License-Identifier: MIT */
/* Targets for what a VM and a broker send each other: see targets.h. */
#ifndef TESTS_FUZZ_DELIVERY_H
#define TESTS_FUZZ_DELIVERY_H

#include "evidence/exchange/answer.h"
#include "evidence/exchange/request.h"

void fuzz_request(const uint8_t *data, size_t len);
void fuzz_answer(const uint8_t *data, size_t len);

#endif
