/* SPDX-License-Identifier: MIT */
/* What boot.conf says of the broker that delivers keys: [broker], and key. */
#ifndef CONFIG_BOOT_BROKER_H
#define CONFIG_BOOT_BROKER_H

#include "config/boot.h"
#include "lib/ini.h"

/* Into enum boot_key_kind. */
int boot_parse_key_kind(const char *value, void *field);

/* Into the at of struct boot_broker. */
int boot_parse_channel(const char *value, void *field);

/* Into the key of struct boot_broker. */
int boot_parse_broker_key(const char *value, void *field);

/* Refuses [broker] without a volume that needs it, and the reverse. */
int boot_check_broker(const char *file, const struct boot_conf *c,
		      struct ini_error *error);

#endif
