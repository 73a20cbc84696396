// SPDX-License-Identifier: MIT
/*
 * The first stage: kernel file systems, a console, and the switches that
 * close what the host could steer before any configuration is read. Trusts
 * nothing but the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/boot.h"
#include "init/console.h"
#include "init/mounts.h"
#include "init/setting.h"
#include "lib/own.h"

enum need { NEEDED, OPTIONAL };

static const struct {
	const char *type;
	const char *target;
	unsigned long flags;
	const char *options;
	enum need need;
} mounts[] = {
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, NEEDED },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, NEEDED },
	{ "devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755", NEEDED },
	{ "tmpfs", "/run", MS_NOSUID | MS_NODEV | MS_STRICTATIME,
	  "mode=0755,size=20%", NEEDED },
	/* what programs expect below /dev */
	{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
	  "mode=0620,gid=5,ptmxmode=0666", OPTIONAL },
	{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	  "mode=1777,size=20%", NEEDED },
	/* IMA's policy and log */
	{ "securityfs", "/sys/kernel/security",
	  MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, OPTIONAL },
	/* reports of the confidential computing hardware */
	{ "configfs", "/sys/kernel/config", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	  NULL, OPTIONAL },
};

static const char *const directories[] = {
	LOWER_PATH,
	UPPER_PATH,
	NEW_ROOT_PATH,
};

static const struct {
	const char *path;
	const char *target;
} links[] = {
	{ "/dev/fd", "/proc/self/fd" },
	{ "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
};

/* After the mounts: reports that anyone may read. */
static const char *const run_directories[] = { RUN_PATH };

/* libcryptsetup's locks. */
static const char *const private_directories[] = { "/run/cryptsetup" };

static const struct {
	const char *path;
	const char *value;
} settings[] = {
	/* a BREAK on the serial line is the host's */
	{ "/proc/sys/kernel/sysrq", "0" },
	/* another kernel would not be the measured one */
	{ "/proc/sys/kernel/kexec_load_disabled", "1" },
	/* a panic, our answer to corruption, ends the VM in any case */
	{ "/proc/sys/kernel/panic_on_oops", "1" },
	{ "/proc/sys/kernel/panic", "-1" },
	/* no crash handler may be run with our memory on its stdin */
	{ "/proc/sys/kernel/core_pattern", "|/bin/false" },
};

static int make_directories(const char *const *paths, size_t n, mode_t mode,
			    struct fail *f)
{
	for (size_t i = 0; i < n; i++)
		if (mkdir(paths[i], mode) < 0 && errno != EEXIST)
			return fail_errno(f, errno,
					  "boot init from an initramfs",
					  "create %s", paths[i]);
	return 0;
}

static int mount_all(struct fail *f)
{
	for (size_t i = 0; i < array_size(mounts); i++) {
		/* there already, or below a kernel's own: mount will tell */
		(void)mkdir(mounts[i].target, 0755);
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type,
			  mounts[i].flags, mounts[i].options) == 0)
			continue;
		if (mounts[i].need == OPTIONAL &&
		    (errno == ENODEV || errno == ENOENT))
			continue; /* the kernel was built without it */
		return fail_errno(f, errno,
				  "use a kernel with this file system built in",
				  "mount %s on %s", mounts[i].type,
				  mounts[i].target);
	}
	return 0;
}

static int make_links(struct fail *f)
{
	for (size_t i = 0; i < array_size(links); i++)
		if (symlink(links[i].target, links[i].path) < 0 &&
		    errno != EEXIST)
			return fail_errno(f, errno,
					  "use a kernel with devtmpfs",
					  "create %s", links[i].path);
	return 0;
}

static int apply_settings(struct fail *f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < array_size(settings); i++)
		r = setting_write(settings[i].path, settings[i].value, f);
	return r;
}

/* Properties of this process that keep keys out of dumps and swap. */
static void protect_self(void)
{
	umask(022);
	(void)prctl(PR_SET_DUMPABLE, 0); /* cannot fail with 0 */
	(void)mlockall(MCL_CURRENT);	 /* no swap exists here anyway */
	(void)reboot(RB_DISABLE_CAD);	 /* PID 1 is allowed to */
}

void mounts_try_configfs(void)
{
	(void)mount("configfs", "/sys/kernel/config", "configfs",
		    MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

int stage_mounts(struct boot *b, struct fail *f)
{
	int r;

	(void)b;
	protect_self();
	r = make_directories(directories, array_size(directories), 0755, f);
	if (r == 0)
		r = mount_all(f);
	if (r == 0)
		r = make_links(f);
	if (r < 0)
		return r;
	r = console_attach();
	if (r < 0)
		return fail_errno(f, r, "use a kernel with devtmpfs",
				  "open a console");
	r = make_directories(run_directories, array_size(run_directories), 0755,
			     f);
	if (r == 0)
		r = make_directories(private_directories,
				     array_size(private_directories), 0700, f);
	if (r == 0)
		r = apply_settings(f);
	if (r == 0)
		console_say("cvm-init %s", CVM_VERSION);
	return r;
}
