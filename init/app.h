/* SPDX-License-Identifier: MIT */
/* One app as a process: who it runs as, and how it is started. */
#ifndef INIT_APP_H
#define INIT_APP_H

#include <sys/types.h>

#include "config/apps.h"
#include "lib/fail.h"

/*
 * Starts an app in a session of its own, stdin from /dev/null, output to the
 * console, with its user, groups and environment and no signal blocked.
 * Returns once the program runs: a failure to run it is reported here, not
 * as an exit status.
 */
int app_start(const struct app *app, pid_t *ret_pid, struct fail *f);

#endif
