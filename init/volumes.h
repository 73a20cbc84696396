/* SPDX-License-Identifier: MIT */
#ifndef INIT_VOLUMES_H
#define INIT_VOLUMES_H

#include "init/boot.h"

/*
 * Unmounts and unmaps the volumes that are open, last first, which makes the
 * kernel forget their keys. What fails is left to the power-off.
 */
void volumes_close(struct boot *b);

#endif
