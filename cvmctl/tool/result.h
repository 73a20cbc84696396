/* SPDX-License-Identifier: MIT */
/* What a subcommand returns, and what reads its arguments. */
#ifndef CVMCTL_TOOL_RESULT_H
#define CVMCTL_TOOL_RESULT_H

/* These, or -errno with a struct fail filled in. */
enum {
	COMMAND_OK = 0,
	COMMAND_HELP = 1,  /* --help was asked for and printed */
	COMMAND_USAGE = 2, /* the arguments are wrong; the fail says how */
	COMMAND_REFUSED =
		3, /* judged, and refused, or different; the answer says how */
};

#endif
