/* SPDX-License-Identifier: MIT */
/*
 * Plays the kernel in a plain directory that stands for configfs's tsm/report
 * (drivers/virt/coco/guest/report.c of Linux): what the program makes there
 * gets attributes, each write counts, and the nonce makes a report. For one
 * file of a program under ASan: the functions below stand before libc's and
 * ASan's. Include cmocka.h first.
 */
#ifndef TESTS_CONFIGFS_H
#define TESTS_CONFIGFS_H

#include <errno.h>
#include <stdbool.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include "lib/io.h"
#include "lib/own.h"
#include "tests/report.h"
#include "tests/tmptree.h"

/* configfs.item: the directory of a request; its path ends the tree's. */
#define CONFIGFS_ITEM "cvm-init"

static const char *const configfs_attributes[] = {
	"inblob",	    "outblob",	    "auxblob",
	"manifestblob",	    "provider",	    "generation",
	"service_provider", "service_guid", "service_manifest_version",
	"privlevel_floor",
};

/* What the fake kernel does; zero: all is well and *manifest is attested. */
static struct configfs {
	struct tree tree;
	struct bytes manifest;	/* the SVSM's; borrowed */
	struct bytes aux;	/* certificates; borrowed */
	const char *provider;	/* if not sev_guest */
	const char *generation; /* if not the number of writes */
	const char *refused;	/* opening this attribute gives */
	int err;		/* this errno */
	const char *raced;	/* opening this one, somebody writes to one */
	size_t report_grows;	/* bytes after the report */
	uint32_t vmpl;		/* that the report is for */
	bool no_item;		/* mkdir gives this errno */
	bool no_svsm;		/* no services, and no manifest */
	const char *floor;	/* privlevel_floor, where there is one */
	bool keeps;		/* rmdir removes nothing */
	bool no_entropy;	/* getrandom fails */
	unsigned writes;
} configfs;

static inline void configfs_path(char path[static PATH_MAX], const char *name)
{
	(void)snprintf(path, PATH_MAX, "%s/" CONFIGFS_ITEM "/%s",
		       configfs.tree.path, name);
}

/* An attribute's new value, without the functions below. */
static inline void configfs_set(const char *name, const void *data, size_t len)
{
	char path[PATH_MAX];
	long fd;

	configfs_path(path, name);
	fd = syscall(SYS_open, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	tree_check(fd >= 0 &&
			   (len == 0 ||
			    syscall(SYS_write, fd, data, len) == (long)len) &&
			   close((int)fd) == 0,
		   name);
}

static inline void configfs_count(void)
{
	char number[128];

	(void)snprintf(number, sizeof(number), "%u\n", configfs.writes);
	if (configfs.generation)
		(void)snprintf(number, sizeof(number), "%s\n",
			       configfs.generation);
	configfs_set("generation", number, strlen(number));
}

/* What the SVSM answers to a nonce. */
static inline void configfs_answer(const uint8_t *nonce)
{
	own_bytes struct bytes report = { 0 };
	own_bytes struct bytes grown = { 0 };

	report_make(nonce, &configfs.manifest, &report);
	report_put(&report, 0x30, configfs.vmpl);
	grown.data = calloc(1, report.len + configfs.report_grows);
	tree_check(grown.data != NULL, "report");
	memcpy(grown.data, report.data, report.len);
	configfs_set("outblob", grown.data, report.len + configfs.report_grows);
	if (!configfs.no_svsm)
		configfs_set("manifestblob", configfs.manifest.data,
			     configfs.manifest.len);
	configfs_set("auxblob", configfs.aux.data, configfs.aux.len);
}

/* Which attributes a provider has is its own affair. */
static inline bool configfs_has(const char *name)
{
	if (strcmp(name, "privlevel_floor") == 0)
		return configfs.floor;
	return !configfs.no_svsm || (strncmp(name, "service_", 8) != 0 &&
				     strcmp(name, "manifestblob") != 0);
}

int mkdir(const char *path, mode_t mode)
{
	const char *provider =
		configfs.provider ? configfs.provider : "sev_guest";
	char item[PATH_MAX];
	char line[128];

	configfs_path(item, "");
	item[strlen(item) - 1] = '\0'; /* the slash */
	if (strcmp(path, item) != 0)
		return (int)syscall(SYS_mkdir, path, mode);
	if (configfs.no_item) {
		errno = configfs.err;
		return -1;
	}
	if (syscall(SYS_mkdir, path, mode) < 0)
		return -1;
	for (size_t i = 0; i < array_size(configfs_attributes); i++)
		if (configfs_has(configfs_attributes[i]))
			configfs_set(configfs_attributes[i], "", 0);
	if (configfs.floor)
		configfs_set("privlevel_floor", configfs.floor,
			     strlen(configfs.floor));
	(void)snprintf(line, sizeof(line), "%s\n", provider);
	configfs_set("provider", line, strlen(line));
	configfs.writes = 0;
	configfs_count();
	return 0;
}

int rmdir(const char *path)
{
	char attribute[PATH_MAX];

	if (configfs.keeps) {
		errno = EBUSY;
		return -1;
	}
	for (size_t i = 0; i < array_size(configfs_attributes); i++) {
		configfs_path(attribute, configfs_attributes[i]);
		(void)unlink(attribute);
	}
	return (int)syscall(SYS_rmdir, path);
}

/* A file below the item, by a descriptor; NULL for any other. */
static inline const char *configfs_name(int fd, char path[static PATH_MAX])
{
	char link[64];
	char item[PATH_MAX];
	ssize_t len;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, PATH_MAX - 1);
	path[len < 0 ? 0 : len] = '\0';
	configfs_path(item, "");
	return configfs.tree.path[0] && strncmp(path, item, strlen(item)) == 0
		       ? path + strlen(item)
		       : NULL;
}

ssize_t write(int fd, const void *data, size_t len)
{
	char path[PATH_MAX];
	const char *name = configfs_name(fd, path);
	ssize_t n = syscall(SYS_write, fd, data, len);

	if (!name || n < 0)
		return n;
	configfs.writes++;
	configfs_count();
	/* Linux does this when the file is closed, and looks at its length */
	if (strcmp(name, "inblob") == 0 && len == 64)
		configfs_answer(data);
	return n;
}

int openat(int dir_fd, const char *name, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (configfs.refused && strcmp(name, configfs.refused) == 0) {
		errno = configfs.err;
		return -1;
	}
	if (configfs.raced && strcmp(name, configfs.raced) == 0) {
		configfs.writes++;
		configfs_count();
	}
	return (int)syscall(SYS_openat, dir_fd, name, flags, mode);
}

ssize_t getrandom(void *data, size_t len, unsigned flags)
{
	if (!configfs.no_entropy)
		return syscall(SYS_getrandom, data, len, flags);
	errno = ENOSYS;
	return -1;
}

/* An empty tsm/report; the manifest and the certificates stay the caller's. */
static inline void configfs_mount(const struct bytes *manifest)
{
	configfs = (struct configfs){ .manifest = *manifest };
	tree_make(&configfs.tree);
}

static inline void configfs_umount(void)
{
	tree_remove(&configfs.tree);
	configfs = (struct configfs){ 0 };
}

#endif
