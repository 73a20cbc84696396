/* SPDX-License-Identifier: MIT */
/*
 * What is measured before init runs: the events that firmware, systemd-stub
 * and the kernel's EFI stub log, and the PCRs that they lead to. Which events
 * these are was compared with the logs of VMs: qemu-test/test_chain.py.
 */
#ifndef CVMCTL_PREDICT_BOOT_CHAIN_H
#define CVMCTL_PREDICT_BOOT_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "cvmctl/predict/qemu-kernel.h"
#include "cvmctl/predict/uki.h"
#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/fail.h"
#include "lib/json.h"

enum { boot_events_max = 48, boot_what_max = 64 };

struct boot_event {
	unsigned pcr;
	const char *type; /* TCG's name, "EV_SEPARATOR"; static */
	char what[boot_what_max];
	struct digest_set digests;
};

struct boot_chain {
	digest_algs algs;
	char stub[uki_stub_name_max]; /* of a UKI; else "" */
	struct boot_event event[boot_events_max];
	size_t n;
};

/* QEMU's -kernel, and what it does with it. */
struct boot_qemu {
	bool patches_header;
	struct qemu_machine machine; /* if it does */
};

/* The files of an image, for QEMU's -kernel, -initrd and -append. */
struct boot_files {
	struct bytes kernel, initramfs, cmdline;
};

void boot_files_free(struct boot_files *files);

#define own_boot_files __attribute__((cleanup(boot_files_free)))

/*
 * The chain of files started by QEMU's -kernel under OVMF. word_before says
 * where OVMF puts the word initrd=initrd into the command line. files->kernel
 * is changed as QEMU changes it. 0, or -errno with *f.
 */
int boot_chain_direct(struct boot_chain *c, struct boot_files *files,
		      bool word_before, const struct boot_qemu *qemu,
		      struct fail *f);

/* A unified kernel image, and how it is started. */
struct boot_uki {
	const char *name;
	struct bytes file;
	struct bytes initramfs; /* what has to be in it; empty: anything */
	bool by_qemu;		/* given with -kernel; else the firmware's boot
				   manager finds it on a disk, as first entry */
	const char *append;	/* if by_qemu: -append, or NULL */
};

void boot_uki_free(struct boot_uki *u);

#define own_boot_uki __attribute__((cleanup(boot_uki_free)))

/*
 * The chain of a unified kernel image with systemd-stub, Secure Boot off. 0,
 * or -errno with *f.
 */
int boot_chain_uki(struct boot_chain *c, const struct boot_uki *u,
		   struct fail *f);

/* For the chains: appends an event over n pieces of data. 0 or -errno. */
int boot_chain_add(struct boot_chain *c, unsigned pcr, const char *type,
		   const char *what, const struct digest_span *spans, size_t n);

/* The same for a program that firmware loads, into PCR 4. */
int boot_chain_add_program(struct boot_chain *c, const char *what,
			   const void *data, size_t len);

/* What firmware adds when its boot manager begins with the first entry. */
int boot_chain_add_boot_option(struct boot_chain *c);

/* What the kernel's EFI stub measures into PCR 9. */
int boot_chain_add_linux(struct boot_chain *c, const char *cmdline,
			 const struct bytes *initrd);

/* A PCR after the events that are known of it; zeros without any. */
int boot_chain_value(const struct boot_chain *c, unsigned pcr,
		     struct digest_set *ret);

/* The PCRs that a prediction tells, lowest first; ends with 0. */
extern const unsigned boot_chain_pcrs[];

/*
 * Adds "pcrs" and "events" to the object o. 0 or -ENOMEM.
 */
int boot_chain_write(const struct boot_chain *c, struct json_object *o);

#endif
