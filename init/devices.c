// SPDX-License-Identifier: MIT
/*
 * See devices.h. Waiting is on the kernel's uevents: the socket is open
 * before the first look, so no device can appear unseen in between.
 */
#include "init/devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "init/clock.h"
#include "lib/own.h"

enum { uevent_max = 8192 };

/* Built from others, never a disk of the host's. */
static const char *const virtual_disks[] = { "dm-", "loop", "ram", "zram",
					     "md",  "nbd",  NULL };

static int uevents_open(void)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	own_fd int fd =
		socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	return take_fd(&fd);
}

/* Waits for any uevent. 1 for one, 0 at the deadline, -errno. */
static int uevents_wait(int fd, uint64_t deadline_us)
{
	char event[uevent_max];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t now = clock_boot_us();
	int n;

	if (now >= deadline_us)
		return 0;
	n = poll(&p, 1, (int)((deadline_us - now) / 1000) + 1);
	if (n < 0 && errno != EINTR)
		return -errno;
	/* all that wait are one reason to look again; content does not matter
	 */
	while (n > 0 && recv(fd, event, sizeof(event), 0) >= 0)
		;
	return n != 0;
}

static bool is_virtual(const char *name)
{
	for (const char *const *v = virtual_disks; *v; v++)
		if (strncmp(name, *v, strlen(*v)) == 0)
			return true;
	return false;
}

static void look_at(const struct device_query *query, const char *name,
		    struct device_found *found)
{
	char path[PATH_MAX];
	own_fd int fd = -1;
	int r;

	if (snprintf(path, sizeof(path), "/dev/%s", name) >= (int)sizeof(path))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return; /* an empty drive, or gone again */
	found->looked_at++;
	r = query->matches(fd, query->wanted);
	if (r < 0)
		found->unreadable++;
	if (r > 0 && found->matches++ == 0)
		memcpy(found->path, path, strlen(path) + 1);
}

static int look_at_all(const struct device_query *query,
		       struct device_found *found)
{
	own_dir DIR *dir = opendir("/sys/class/block");
	struct dirent *entry;

	*found = (struct device_found){ 0 };
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !is_virtual(entry->d_name))
			look_at(query, entry->d_name, found);
	return 0;
}

int devices_wait_until(int (*look)(void *context), void *context,
		       uint64_t timeout_s)
{
	uint64_t deadline = clock_boot_us() + timeout_s * 1000000;
	own_fd int events = uevents_open();
	int r = events < 0 ? events : 1;

	while (r > 0) {
		r = look(context);
		if (r)
			return r < 0 ? r : 0;
		r = uevents_wait(events, deadline);
	}
	return r < 0 ? r : -ETIMEDOUT;
}

struct search {
	const struct device_query *query;
	struct device_found *found;
};

static int search(void *context)
{
	struct search *s = context;
	int r = look_at_all(s->query, s->found);

	return r < 0 ? r : s->found->matches > 0;
}

int devices_find(const struct device_query *query, struct device_found *ret)
{
	struct search s = { query, ret };
	int r = devices_wait_until(search, &s, query->timeout_s);

	return r == -ETIMEDOUT ? 0 : r;
}

static int is_there(void *path)
{
	return access(path, F_OK) == 0;
}

int devices_wait(const char *path, uint64_t timeout_s)
{
	char wanted[PATH_MAX];

	if (snprintf(wanted, sizeof(wanted), "%s", path) >= (int)sizeof(wanted))
		return -ENAMETOOLONG;
	return devices_wait_until(is_there, wanted, timeout_s);
}
