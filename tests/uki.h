/* SPDX-License-Identifier: MIT */
/* Unified kernel images out of next to nothing. Include cmocka.h first. */
#ifndef TESTS_UKI_H
#define TESTS_UKI_H

#include "cvmctl/predict/uki.h"
#include "tests/efi.h"

#define UKI_MAGIC(version) "#### LoaderInfo: systemd-stub " version " ####"
#define UKI_CONSOLE	   "console=ttyS0 quiet"

#define UKI_TEXT(name, text)                  \
	{                                     \
		name, text, sizeof(text) - 1, \
	}

/* The least that there is, with the stub of a version: sections of a list. */
#define UKI_LEAST(version)                                                   \
	UKI_TEXT(".sdmagic", UKI_MAGIC(version)), UKI_TEXT(".linux", "LNX"), \
		UKI_TEXT(".initrd", "cpio"), UKI_TEXT(".cmdline", UKI_CONSOLE)

#endif
