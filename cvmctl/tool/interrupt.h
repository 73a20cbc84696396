/* SPDX-License-Identifier: MIT */
/*
 * Being ended by a signal: the program under way is ended too, working
 * directories and files that are not whole are removed, and then cvmctl dies
 * by that signal, so that who waits for it sees why.
 */
#ifndef CVMCTL_TOOL_INTERRUPT_H
#define CVMCTL_TOOL_INTERRUPT_H

#include <signal.h>
#include <sys/types.h>

/* Does so for SIGHUP, SIGINT, SIGPIPE and SIGTERM, unless they are ignored. */
void interrupt_install(void);

/* Holds them back while what is known here changes; then lets them come. */
void interrupt_block(sigset_t *ret_before);
void interrupt_unblock(const sigset_t *before);

/*
 * A directory to remove with its content, or a file; or one that is gone or
 * wanted. While blocked.
 */
void interrupt_add_path(const char *path);
void interrupt_drop_path(const char *path);

/* The program under way, 0 for none. While blocked. */
void interrupt_set_child(pid_t pid);

/*
 * Removes a directory with its content, as far as that can be done, on its
 * own file system. Safe in a signal handler.
 */
void interrupt_remove_tree(const char *path);

#endif
