/* SPDX-License-Identifier: MIT */
#ifndef INIT_LOOPBACK_H
#define INIT_LOOPBACK_H

/*
 * Brings the loopback interface up, which every service expects and no host
 * can reach. All other networking is the workload's. 0 or -errno.
 */
int loopback_up(void);

#endif
