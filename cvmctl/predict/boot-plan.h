/* SPDX-License-Identifier: MIT */
/* How a VM is started, as the options of cvmctl predict say it. */
#ifndef CVMCTL_PREDICT_BOOT_PLAN_H
#define CVMCTL_PREDICT_BOOT_PLAN_H

#include <stdbool.h>

#include "cvmctl/predict/boot-chain.h"
#include "lib/fail.h"
#include "lib/json.h"

/* As given; NULL where not. */
struct boot_options {
	const char *boot, *initrd_word, *kernel_header, *memory, *machine, *uki,
		*append;
	bool efi_only; /* the firmware starts nothing but EFI programs */
};

enum boot_mode { BOOT_NONE, BOOT_OVMF, BOOT_UKI, BOOT_UKI_DIRECT };

struct boot_plan {
	enum boot_mode mode;
	bool word_before; /* BOOT_OVMF: initrd=initrd is the first word */
	struct boot_qemu qemu;
	const char *uki, *append; /* borrowed from the options */
	bool efi_only;
};

/*
 * 0, or COMMAND_USAGE with *f for options that do not go together. -EPERM for
 * BOOT_UKI without efi_only: other firmware starts a kernel that it does not
 * measure, and that can extend the same values (docs/threat-model.md, 10).
 * image is the image directory, or NULL.
 */
int boot_plan_read(const struct boot_options *o, const char *image,
		   const char *command, struct boot_plan *ret, struct fail *f);

/* The events of a plan that is not BOOT_NONE. c->algs are given. */
int boot_plan_predict(const struct boot_plan *p, const char *image,
		      struct boot_chain *c, struct fail *f);

/* "boot" of a prediction, docs/formats.md. NULL: out of memory. */
struct json_object *boot_plan_to_json(const struct boot_plan *p,
				      const struct boot_chain *c);

#endif
