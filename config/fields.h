/* SPDX-License-Identifier: MIT */
/*
 * Parsers of single values that boot.conf and apps.conf share, in the form
 * that lib/ini.h calls. Each refuses with -EINVAL or -ERANGE.
 */
#ifndef CONFIG_FIELDS_H
#define CONFIG_FIELDS_H

#include <stddef.h>

/* Into bool: yes or no. */
int field_bool(const char *value, void *field);

/* Into char[PATH_MAX]: an absolute path without "." and "..". */
int field_path(const char *value, void *field);

/* Into uint64_t: seconds, 1 to 3600. */
int field_seconds(const char *value, void *field);

/* Position of value in a NULL-terminated list of names, or -EINVAL. */
int field_choice(const char *value, const char *const *names);

#endif
