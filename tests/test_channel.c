// SPDX-License-Identifier: MIT
/* The way to the broker: ports by name, against a tree like the kernel's. */
#include "init/channel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/own.h"
#include "tests/line.h"
#include "tests/table.h"
#include "tests/tmptree.h"

#define WANTED "org.example.keys"

enum { ports_max = 3 };

static const struct port_case {
	const char *name;
	struct {
		const char *device;
		const char *name; /* NULL: it has none yet */
	} port[ports_max];
	const char *found; /* its device */
	const char *line;  /* or the refusal */
} cases[] = {
	{ "the only one", { { "vport0p1", WANTED "\n" } }, "vport0p1", NULL },
	{ "the second",
	  { { "vport0p1", "org.qemu.guest_agent.0\n" },
	    { "vport1p30", WANTED "\n" } },
	  "vport1p30",
	  NULL },
	{ "beside one without a name",
	  { { "vport0p1", NULL }, { "vport0p2", WANTED "\n" } },
	  "vport0p2",
	  NULL },
	{ "two",
	  { { "vport0p1", WANTED "\n" }, { "vport0p2", WANTED "\n" } },
	  NULL,
	  "cannot choose the broker's port " WANTED ": several ports have this "
	  "name; give the VM one of them" },
	{ "a longer name",
	  { { "vport0p1", WANTED "x\n" } },
	  NULL,
	  "cannot find the broker's port " WANTED
	  ": Connection timed out; give "
	  "the VM such a virtio-serial port, and load virtio_console" },
	{ "an endless name",
	  { { "vport0p1", WANTED WANTED WANTED WANTED WANTED WANTED WANTED } },
	  NULL,
	  "cannot find the broker's port " WANTED
	  ": Connection timed out; give "
	  "the VM such a virtio-serial port, and load virtio_console" },
	{ "not a port",
	  { { "hvc0", WANTED "\n" } },
	  NULL,
	  "cannot find the broker's port " WANTED
	  ": Connection timed out; give "
	  "the VM such a virtio-serial port, and load virtio_console" },
	{ "a device of a long name",
	  { { "vport0p1xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", WANTED "\n" } },
	  NULL,
	  "cannot find the broker's port " WANTED
	  ": Connection timed out; give "
	  "the VM such a virtio-serial port, and load virtio_console" },
	{ "none",
	  { { 0 } },
	  NULL,
	  "cannot find the broker's port " WANTED
	  ": Connection timed out; give "
	  "the VM such a virtio-serial port, and load virtio_console" },
};

static const struct boot_broker at = {
	.at = { .kind = BOOT_CHANNEL_PORT, .port = WANTED },
	.timeout_s = 1,
};

static void make_port(struct tree *t, const char *device, const char *name)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "ports/%s", device);
	tree_dir(t, path);
	(void)snprintf(path, sizeof(path), "ports/%s/name", device);
	if (name)
		tree_file(t, path, 0444, name);
	(void)snprintf(path, sizeof(path), "dev/%s", device);
	tree_file(t, path, 0600, device);
}

static void finds(void **state)
{
	const struct port_case *c = *state;
	char ports[PATH_MAX];
	char dev[PATH_MAX];
	char content[64] = "";
	struct fail f = { 0 };
	struct tree t;
	int fd;

	tree_make(&t);
	tree_dir(&t, "ports");
	tree_dir(&t, "dev");
	for (size_t i = 0; i < ports_max && c->port[i].device; i++)
		make_port(&t, c->port[i].device, c->port[i].name);
	(void)snprintf(ports, sizeof(ports), "%s/ports", t.path);
	(void)snprintf(dev, sizeof(dev), "%s/dev", t.path);
	fd = channel_open(&at, ports, dev, &f);
	tree_remove(&t);
	if (c->line) {
		assert_refusal(fd, &f, c->line);
		return;
	}
	assert_true(fd >= 0);
	assert_true(read(fd, content, sizeof(content) - 1) > 0);
	assert_string_equal(content, c->found);
	close(fd);
}

static void says_that_the_host_is_not_there(void **state)
{
	char ports[PATH_MAX];
	struct fail f = { 0 };
	struct tree t;
	int fd;

	(void)state;
	tree_make(&t);
	tree_dir(&t, "ports");
	tree_dir(&t, "dev");
	make_port(&t, "vport0p1", WANTED "\n");
	(void)snprintf(ports, sizeof(ports), "%s/ports", t.path);
	fd = channel_open(&at, ports, "/nowhere", &f);
	tree_remove(&t);
	assert_refusal(fd, &f,
		       "cannot open the broker's port " WANTED
		       ": No such file or directory; let the host connect its "
		       "end");
}

/* Nobody listens at this host's own port; where there is no vsock, likewise. */
static void says_that_no_vsock_answers(void **state)
{
	const struct boot_broker vsock = {
		.at = { .kind = BOOT_CHANNEL_VSOCK,
			.vsock_cid = 1,
			.vsock_port = 7998 },
		.timeout_s = 1,
	};
	struct fail f = { 0 };

	(void)state;
	assert_true(channel_open(&vsock, "", "", &f) < 0);
	assert_string_equal(f.what, "reach the broker at vsock:1:7998");
	assert_string_equal(f.remedy,
			    "start the broker, give the VM a vsock, and load "
			    "vmw_vsock_virtio_transport");
}

int main(void)
{
	const struct table tables[] = {
		TABLE(finds, cases),
		CASE(says_that_the_host_is_not_there),
		CASE(says_that_no_vsock_answers),
	};

	return table_run(tables, array_size(tables));
}
