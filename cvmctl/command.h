/* SPDX-License-Identifier: MIT */
/*
 * The subcommands of cvmctl, one file each. Each reads its own arguments,
 * argv[0] being its name, does its work and returns one of tool/result.h, or
 * -errno with *f filled in.
 */
#ifndef CVMCTL_COMMAND_H
#define CVMCTL_COMMAND_H

#include "cvmctl/tool/result.h"
#include "lib/fail.h"

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
int command_diff(int argc, char **argv, struct fail *f);
int command_explain(int argc, char **argv, struct fail *f);
int command_timeline(int argc, char **argv, struct fail *f);
int command_check(int argc, char **argv, struct fail *f);

#endif
