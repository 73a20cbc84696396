/* SPDX-License-Identifier: MIT */
/*
 * The subcommands of cvmctl, one file each. Each reads its own arguments,
 * argv[0] being its name, and does its work.
 */
#ifndef CVMCTL_COMMAND_H
#define CVMCTL_COMMAND_H

#include "lib/fail.h"

/* What a subcommand returns: these, or -errno with *f filled in. */
enum {
	COMMAND_OK = 0,
	COMMAND_HELP = 1,    /* --help was asked for and printed */
	COMMAND_USAGE = 2,   /* the arguments are wrong; *f says how */
	COMMAND_REFUSED = 3, /* judged, and refused; the answer says why */
};

int command_build(int argc, char **argv, struct fail *f);
int command_predict(int argc, char **argv, struct fail *f);
int command_seal(int argc, char **argv, struct fail *f);
int command_sign(int argc, char **argv, struct fail *f);
int command_srk(int argc, char **argv, struct fail *f);
int command_unseal(int argc, char **argv, struct fail *f);
int command_evidence(int argc, char **argv, struct fail *f);
int command_challenge(int argc, char **argv, struct fail *f);
int command_verify(int argc, char **argv, struct fail *f);
int command_broker(int argc, char **argv, struct fail *f);
int command_inspect(int argc, char **argv, struct fail *f);
int command_explain(int argc, char **argv, struct fail *f);
int command_timeline(int argc, char **argv, struct fail *f);
int command_check(int argc, char **argv, struct fail *f);

/* "cvmctl: what ..." on stderr: for work that takes over a second. */
__attribute__((format(printf, 1, 2))) void command_progress(const char *what,
							    ...);

#endif
