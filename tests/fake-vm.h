/* SPDX-License-Identifier: MIT */
/*
 * A tree that stands for a VM's /sys and /run, in which tests/configfs.h plays
 * the kernel's reports. Include cmocka.h first.
 */
#ifndef TESTS_FAKE_VM_H
#define TESTS_FAKE_VM_H

#include <errno.h>
#include <string.h>

#include "evidence/file/evidence.h"
#include "lib/own.h"
#include "tests/configfs.h"

#define VM_RTMR	    "sys/devices/virtual/misc/tdx_guest/measurements/"
#define VM_FIRMWARE "sys/kernel/security/tpm3/binary_bios_measurements"
#define VM_CCEL	    "sys/firmware/acpi/tables/data/CCEL"
#define VM_IMA	    "sys/kernel/security/ima/binary_runtime_measurements"
#define VM_INIT	    "run/cvm-init/measurements.json"
#define VM_SYSTEMD  "run/log/systemd/tpm2-measure.log"
#define VM_DRIVER   "sys/class/tpm/tpm3/device/driver"
#define VM_REPORT   "sys/kernel/config/tsm/report"

enum { vm_manifest_size = 314 };

static uint8_t vm_manifest_bytes[vm_manifest_size];
static const struct bytes vm_manifest = { vm_manifest_bytes, vm_manifest_size };

static inline void vm_dirs(const struct tree *t, const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path),
			       path);
		tree_check(syscall(SYS_mkdirat, t->fd, part, 0755) == 0 ||
				   errno == EEXIST,
			   part);
	}
}

static inline void vm_file(struct tree *t, const char *path, const char *text)
{
	vm_dirs(t, path);
	tree_file(t, path, 0600, text);
}

/* Holes: read as zeros, and take no room. */
static inline void vm_size(struct tree *t, const char *path, size_t size)
{
	own_fd int fd = -1;

	vm_file(t, path, "");
	fd = (int)syscall(SYS_openat, t->fd, path, O_WRONLY);
	tree_check(fd >= 0 && ftruncate(fd, (off_t)size) == 0, path);
}

/* A VM whose kernel can report; what else there is the test makes. */
static inline void vm_boot(struct tree *vm)
{
	tree_make(vm);
	vm_dirs(vm, VM_REPORT "/");
	configfs = (struct configfs){ .manifest = vm_manifest };
	assert_true(snprintf(configfs.tree.path, sizeof(configfs.tree.path),
			     "%s/" VM_REPORT,
			     vm->path) < (int)sizeof(configfs.tree.path));
}

static inline void vm_power_off(struct tree *vm)
{
	tree_remove(vm);
	configfs = (struct configfs){ 0 };
}

static inline void vm_registers(struct tree *vm, unsigned rtmrs)
{
	static const char *const names[] = { VM_RTMR "mrtd:sha384",
					     VM_RTMR "rtmr0:sha384",
					     VM_RTMR "rtmr1:sha384",
					     VM_RTMR "rtmr2:sha384",
					     VM_RTMR "rtmr3:sha384" };

	for (unsigned i = 0; i <= rtmrs; i++) {
		char value[evidence_rtmr_size + 1];

		memset(value, (int)(0x10 + i), evidence_rtmr_size);
		value[evidence_rtmr_size] = '\0';
		vm_file(vm, names[i], value);
	}
}

#endif
