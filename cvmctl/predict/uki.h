/* SPDX-License-Identifier: MIT */
/*
 * Unified kernel images: an EFI program that is systemd-stub with a kernel,
 * an initramfs and a command line as sections (UAPI Group, "Unified Kernel
 * Image"). What is read here decides what is predicted, so anything that two
 * readers could understand differently is refused.
 */
#ifndef CVMCTL_PREDICT_UKI_H
#define CVMCTL_PREDICT_UKI_H

#include <stdbool.h>

#include "cvmctl/predict/pe.h"
#include "lib/bytes.h"
#include "lib/fail.h"

enum {
	uki_size_max = 512 * 1024 * 1024,
	uki_stub_name_max = 64,
	uki_cmdline_max = 4000,
};

/* In the order in which they are measured, whatever their order in the file. */
enum uki_part {
	UKI_LINUX,
	UKI_OSREL,
	UKI_CMDLINE,
	UKI_INITRD,
	UKI_UCODE,
	UKI_SPLASH,
	UKI_DTB,
	UKI_UNAME,
	UKI_SBAT,
	UKI_PCRSIG,
	UKI_PCRPKEY,
	UKI_PART_COUNT
};

/* What differs between the versions of systemd-stub. */
struct uki_stub {
	unsigned version;
	bool measures_kernel; /* firmware loads the kernel, and measures it */
	bool measures_all;    /* .ucode, .uname and .sbat too */
	bool passes_osrel;    /* as a file of the initrd */
	bool adds_console;    /* to a command line without one */
};

struct uki {
	char stub_name[uki_stub_name_max]; /* "systemd-stub 257.13" */
	const struct uki_stub *stub;
	struct digest_span part[UKI_PART_COUNT]; /* no data: not there */
	char cmdline[uki_cmdline_max + 1];	 /* as the kernel gets it */
};

/* Name of a part's section: ".linux". */
const char *uki_part_name(enum uki_part part);

/* Does the stub of this image measure the part into PCR 11? */
bool uki_measures(const struct uki *uki, enum uki_part part);

/*
 * Reads the image called name; *ret borrows the file. 0, or -EINVAL with *f.
 */
int uki_read(const char *name, const struct bytes *file, struct uki *ret,
	     struct fail *f);

/*
 * The initrd as the stub hands it to the kernel: the section alone, or put
 * together with what other sections become. The caller frees *ret. 0 or
 * -ENOMEM.
 */
int uki_make_initrd(const struct uki *uki, struct bytes *ret);

#endif
