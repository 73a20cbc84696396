/* SPDX-License-Identifier: MIT */
/* Where OpenSSL keeps private keys, and what it leaves behind of them. */
#ifndef CVMCTL_TOOL_KEY_MEMORY_H
#define CVMCTL_TOOL_KEY_MEMORY_H

#include <stdbool.h>

/*
 * From here on private keys are in memory that is locked, if the user may lock
 * so much, and in no dump; and what OpenSSL frees is wiped. To be called once,
 * before OpenSSL allocates anything: false when it was too late.
 */
bool key_memory_protect(void);

/*
 * In a process that fork made, which inherits the memory and no lock: locks
 * the keys again, and what it will put beside them. False when there are none,
 * or the user may not lock so much; keys work as they are.
 */
bool key_memory_lock_again(void);

/* Wipes what functions that have returned left on the stack: 32 KiB of it. */
void key_memory_wipe_stack(void);

#endif
