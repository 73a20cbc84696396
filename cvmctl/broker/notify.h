/* SPDX-License-Identifier: MIT */
/* To a service manager that has started the broker. */
#ifndef CVMCTL_BROKER_NOTIFY_H
#define CVMCTL_BROKER_NOTIFY_H

/*
 * Says that VMs can connect, at the socket in NOTIFY_SOCKET, if there is one:
 * sd_notify(3), which is a stable interface without its library, too. A
 * manager that hears nothing says so itself.
 */
void notify_ready(void);

#endif
