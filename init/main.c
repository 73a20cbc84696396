// SPDX-License-Identifier: MIT
/*
 * PID 1 of a confidential VM. The hardware measured the initramfs this
 * program came in, and boot.conf beside it; from there every stage extends
 * the trust by one step, or ends the boot. There is no other way down than
 * halt: no shell, no retry, no fallback.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "init/boot.h"
#include "init/clock.h"
#include "init/console.h"
#include "init/halt.h"
#include "init/version.h"
#include "lib/own.h"

struct stage {
	const char *name;
	int (*run)(struct boot *b, struct fail *f);
};

static const struct stage stages[] = {
	{ "mounts", stage_mounts },   /* /proc /sys /dev /run, a console */
	{ "config", stage_config },   /* boot.conf: all below obeys it */
	{ "cmdline", stage_cmdline }, /* the host said nothing unknown */
	{ "modules", stage_modules }, /* drivers are in, autoloading is off */
	{ "tpm", stage_tpm },	      /* a TPM of the right class, PCR 14 new */
	{ "ima", stage_ima },	      /* the IMA policy is in force */
	{ "root", stage_root }, /* the disk is the one with our root hash */
	{ "overlay", stage_overlay }, /* writes go to bounded RAM */
	{ "measure", stage_measure }, /* PCR 14 says which apps will run */
	{ "volumes", stage_volumes }, /* those apps' disks are open */
	{ "cap", stage_cap },	      /* nothing can unseal these keys again */
	{ "evidence", stage_evidence }, /* for who is far away, in a file */
	{ "switch", stage_switch },	/* the new root is /, initramfs freed */
	{ "workload", stage_workload }, /* the apps run, or have run */
};

_Static_assert(array_size(stages) <= boot_stages_max, "times of all stages");

int main(void)
{
	own_free struct boot *b = NULL;
	struct fail f = { 0 };

	if (getpid() != 1)
		return version_print();
	b = calloc(1, sizeof(*b));
	if (!b) {
		(void)fail_errno(&f, ENOMEM, "give the VM more memory",
				 "start");
		halt_failed(NULL, "main", &f);
	}
	b->lower_fd = -1;
	for (size_t i = 0; i < array_size(stages); i++) {
		struct stage_time *t = &b->times[b->stages_run];

		t->name = stages[i].name;
		t->start_us = clock_boot_us();
		if (stages[i].run(b, &f) < 0)
			halt_failed(b, stages[i].name, &f);
		t->end_us = clock_boot_us();
		b->stages_run++;
	}
	halt_done(b);
}
