/* SPDX-License-Identifier: MIT */
/*
 * Block devices by what is on them. Names, numbers, labels and serials are
 * the host's to choose; a match function looks at the content.
 */
#ifndef INIT_DEVICES_H
#define INIT_DEVICES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device_query {
	/* 1, 0, or -errno when the device cannot be read */
	int (*matches)(int fd, const void *wanted);
	const void *wanted;
	uint64_t timeout_s;
};

struct device_found {
	char path[PATH_MAX]; /* the first match */
	size_t matches;	     /* 0: none within the timeout */
	size_t looked_at;    /* devices that could be opened */
	size_t unreadable;   /* among them */
};

/*
 * Looks at all disks and partitions, waiting for new ones until one matches
 * or the timeout ends. 0 or -errno when looking itself failed.
 */
int devices_find(const struct device_query *query, struct device_found *ret);

/*
 * Calls look until it finds what is waited for: at once, and again whenever
 * the kernel reports a change of some device. look returns 1 for found, 0 for
 * not yet, or -errno, which ends it. 0, -ETIMEDOUT or -errno.
 */
int devices_wait_until(int (*look)(void *context), void *context,
		       uint64_t timeout_s);

/* Waits for one path to appear. 0, -ETIMEDOUT or -errno. */
int devices_wait(const char *path, uint64_t timeout_s);

#endif
