/* SPDX-License-Identifier: MIT */
/*
 * PID 1's work while the declared apps run: starting them in order, reaping
 * every process, stopping them on SIGTERM, ending when the last has ended.
 */
#ifndef INIT_SUPERVISE_H
#define INIT_SUPERVISE_H

#include "config/apps.h"
#include "lib/fail.h"

/*
 * Starts all apps and comes back when none is left: 0. A negative errno and
 * *f only while starting: an executable that cannot be run or a user that
 * does not exist. SIGCHLD, SIGTERM, SIGINT and SIGPWR are blocked on return.
 */
int supervise_apps(const struct apps_conf *apps, struct fail *f);

#endif
