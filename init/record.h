/* SPDX-License-Identifier: MIT */
/*
 * One event of the boot: announced in the logs, extended into the registers
 * of [measure] in boot.conf, recorded in the logs.
 */
#ifndef INIT_RECORD_H
#define INIT_RECORD_H

#include "init/boot.h"

/* Under which algorithms this boot's events need a digest. */
digest_algs record_algs(const struct boot *b);

/*
 * Begins the logs in the directory path: the registers are known, and nothing
 * is extended yet.
 */
int record_begin(struct boot *b, const char *path, struct fail *f);

/* Of b->events, or like one of them. Nothing is extended without its intent. */
int record_event(struct boot *b, const struct event *e, struct fail *f);

#endif
