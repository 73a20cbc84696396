/* SPDX-License-Identifier: MIT */
/* What cvmctl says while it works. */
#ifndef CVMCTL_TOOL_PROGRESS_H
#define CVMCTL_TOOL_PROGRESS_H

/* "cvmctl: what ..." on stderr: for work that takes over a second. */
__attribute__((format(printf, 1, 2))) void command_progress(const char *what,
							    ...);

/* "cvmctl: notice: what" on stderr: what may be meant, but seldom is. */
__attribute__((format(printf, 1, 2))) void command_notice(const char *what,
							  ...);

#endif
