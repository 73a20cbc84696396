/* SPDX-License-Identifier: MIT */
/*
 * Parsers of boot.conf's single values, in the form that lib/ini.h calls.
 * Each returns 0 or a negative errno for a value that is not allowed.
 */
#ifndef CONFIG_BOOT_VALUES_H
#define CONFIG_BOOT_VALUES_H

/* Into enum boot_end. */
int boot_parse_end(const char *value, void *field);

/* Into enum boot_root_fs. */
int boot_parse_fs(const char *value, void *field);

/* Into enum boot_overlay_mode. */
int boot_parse_overlay(const char *value, void *field);

/* Into enum boot_workload_mode. */
int boot_parse_workload(const char *value, void *field);

/* Into unsigned: any, or a list of TPM classes. */
int boot_parse_require(const char *value, void *field);

/* Into enum boot_identity. */
int boot_parse_identity(const char *value, void *field);

/* Into struct boot_srk: a TPM name in hex, 000b... */
int boot_parse_srk(const char *value, void *field);

/* Into struct digest_set: one or more of BANK:HEX, each bank once. */
int boot_parse_pcr_start(const char *value, void *field);

/* Into digest_algs: a list of banks. */
int boot_parse_banks(const char *value, void *field);

/* Into unsigned, a set of enum boot_measure: none, or a list. */
int boot_parse_into(const char *value, void *field);

/* Appends one word to struct boot_words. */
int boot_parse_words(const char *value, void *field);

/* Appends one or more names to struct boot_modules. */
int boot_parse_modules(const char *value, void *field);

/* Appends one path, not /, to struct boot_dirs. */
int boot_parse_dirs(const char *value, void *field);

/* Into uint64_t bytes, at most 1 TiB. */
int boot_parse_overlay_size(const char *value, void *field);

/* Into uint64_t. */
int boot_parse_inodes(const char *value, void *field);

/* Into uint32_t: a list of PCRs, a bit each. */
int boot_parse_pcrs(const char *value, void *field);

/* Into uint64_t: from 1 to INT32_MAX. */
int boot_parse_release(const char *value, void *field);

/* Into char[PATH_MAX]: auto (empty) or a path below /dev. */
int boot_parse_device(const char *value, void *field);

/* Into struct boot_ima: none (empty) or an absolute path. */
int boot_parse_policy(const char *value, void *field);

/* Into char[boot_uuid_len + 1]. */
int boot_parse_uuid(const char *value, void *field);

/* Only verity so far; stores nothing. */
int boot_parse_root_type(const char *value, void *field);

/* Into the hash of struct verity_params. */
int boot_parse_verity_hash(const char *value, void *field);

/* Into the root hash of struct verity_params. */
int boot_parse_root_hash(const char *value, void *field);

/* Into the salt of struct verity_params; - is none. */
int boot_parse_salt(const char *value, void *field);

/* Into uint64_t: a power of two from 512 to 4096. */
int boot_parse_block_size(const char *value, void *field);

/* Into uint64_t: at most INT64_MAX. */
int boot_parse_u63(const char *value, void *field);

#endif
