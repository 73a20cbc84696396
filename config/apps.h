/* SPDX-License-Identifier: MIT */
/*
 * apps.conf: the workload author's file on the root. Its raw bytes are the
 * first PCR 14 event; what it declares is measured, and run when boot.conf
 * says supervise. The manual is apps.conf(5).
 */
#ifndef CONFIG_APPS_H
#define CONFIG_APPS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/boot.h"
#include "lib/digest.h"
#include "lib/fail.h"
#include "lib/ini.h"

#define APPS_CONF_PATH "/etc/cvm-init/apps.conf"

enum {
	apps_conf_max = 64 * 1024, /* bytes of the file */
	apps_max = 32,
	app_list_max = 32, /* lines of measure, and of env */
	app_args_max = 64,
	app_name_max = 32,
	app_line_max = 2048,
};

enum app_restart {
	APP_RESTART_NEVER,
	APP_RESTART_ON_FAILURE,
	APP_RESTART_ALWAYS
};

/* What stands for a file or directory in PCR 14. */
enum app_measure_by {
	APP_MEASURE_BY_CONTENT,
	APP_MEASURE_BY_VERITY /* the root hash and its place, not its bytes */
};

/* What the author says that the digest of a file or listing is. */
struct expected_digest {
	bool given;
	enum digest_alg alg;
	uint8_t value[digest_size_max];
};

struct app_file {
	char *path; /* absolute */
	struct expected_digest expect;
};

struct app {
	char name[app_name_max + 1];
	char args[app_line_max];       /* storage that argv points into */
	char *argv[app_args_max + 1];  /* argv[0] is an absolute path */
	struct expected_digest expect; /* of argv[0] */
	struct app_file measure[app_list_max]; /* in file order */
	size_t measure_n;
	struct expected_digest *last; /* of the line that expect is about */
	enum app_measure_by measure_by;
	bool expects;		 /* there is an expect line */
	char *env[app_list_max]; /* NAME=value */
	size_t env_n;
	char user[app_name_max + 1]; /* empty: root */
	enum app_restart restart;
	uint64_t stop_timeout_s; /* from TERM to KILL */
};

struct apps_conf {
	struct app app[apps_max];
	size_t n;
};

/*
 * Reads len bytes of apps.conf (a NUL follows) into *ret, which the caller
 * allocates (it is large) and frees with apps_conf_free, also after a
 * failure. 0 or -errno with *error.
 */
int apps_conf_read(const char *file, const char *text, size_t len,
		   struct apps_conf *ret, struct ini_error *error);

/*
 * Refuses one that boot.conf cannot use: no app where apps are to be run. file
 * is its name in the message.
 */
int apps_conf_check(const struct apps_conf *c, const struct boot_conf *boot,
		    const char *file, struct fail *f);

/* Frees what *c holds, not c itself. */
void apps_conf_free(struct apps_conf *c);

#endif
