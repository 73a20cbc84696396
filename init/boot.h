/* SPDX-License-Identifier: MIT */
/*
 * What the stages of one boot share, and the stages themselves, in the order
 * of the table in main.c. A stage either completes and returns 0, or fills
 * *f and returns a negative errno, and the boot ends in halt.
 */
#ifndef INIT_BOOT_H
#define INIT_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/apps.h"
#include "config/boot.h"
#include "init/tpm-find.h"
#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/fail.h"
#include "seal/measure/events.h"
#include "seal/measure/journal.h"
#include "seal/tpm/tpm.h"

#define BOOT_CONF_PATH	 "/etc/cvm-init/boot.conf"
#define LOWER_PATH	 "/lower"   /* the verified root, read-only */
#define UPPER_PATH	 "/upper"   /* the overlay's tmpfs */
#define NEW_ROOT_PATH	 "/sysroot" /* what becomes / */
#define RUN_PATH	 "/run/cvm-init"
#define ATTESTATION_PATH RUN_PATH "/attestation" /* evidence about the TPM */
#define ROOT_MAPPER_NAME "root"

enum { boot_stages_max = 16 };

struct stage_time {
	const char *name;
	uint64_t start_us; /* CLOCK_BOOTTIME */
	uint64_t end_us;
};

struct boot {
	struct boot_conf conf;	      /* config */
	struct tpm *tpm;	      /* tpm, if at all; closed by switch */
	struct tpm_found chip;	      /* tpm */
	digest_algs banks;	      /* active PCR banks; 0: no TPM */
	const char *rtmr;	      /* tpm: path of RTMR 3; NULL: not used */
	struct journal *journal;      /* tpm; closed by switch */
	struct digest_set pcr_before; /* PCR 14 as found */
	struct tpm_traffic traffic;   /* switch: all of it */
	char root_device[PATH_MAX];   /* root: "/dev/vda" */
	int lower_fd;		      /* root; closed by switch, else -1 */
	struct apps_conf apps;	      /* measure */
	struct events events;	      /* measure, cap: what was measured */
	size_t volumes_open;	      /* volumes: conf.volume[0..n-1] */
	char volume_path[boot_volumes_max][PATH_MAX]; /* mounted in root */
	bool switched; /* switch: / is the new root */
	struct stage_time times[boot_stages_max];
	size_t stages_run;
};

int stage_mounts(struct boot *b, struct fail *f);
int stage_config(struct boot *b, struct fail *f);
int stage_cmdline(struct boot *b, struct fail *f);
int stage_modules(struct boot *b, struct fail *f);
int stage_tpm(struct boot *b, struct fail *f);
int stage_ima(struct boot *b, struct fail *f);
int stage_root(struct boot *b, struct fail *f);
int stage_overlay(struct boot *b, struct fail *f);
int stage_measure(struct boot *b, struct fail *f);
int stage_volumes(struct boot *b, struct fail *f);
int stage_cap(struct boot *b, struct fail *f);
int stage_evidence(struct boot *b, struct fail *f);
int stage_switch(struct boot *b, struct fail *f);

/*
 * The last stage. exec mode does not come back; supervise mode comes back
 * when the last app has ended, with 0.
 */
int stage_workload(struct boot *b, struct fail *f);

#endif
