/* SPDX-License-Identifier: MIT */
/* What concerns several keys of boot.conf's [volume NAME], or several volumes.
 */
#ifndef CONFIG_BOOT_VOLUMES_H
#define CONFIG_BOOT_VOLUMES_H

#include "config/boot.h"
#include "lib/ini.h"

/* Into enum boot_bound: yes or no. */
int boot_parse_bound(const char *value, void *field);

/*
 * Refuses volumes that cannot be found, or that would hide something; and
 * decides which have to be bound, where boot.conf does not say.
 */
int boot_check_volumes(const char *file, struct boot_conf *c,
		       struct ini_error *error);

#endif
