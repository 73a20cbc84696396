// SPDX-License-Identifier: MIT
/* See boot-broker.h. */
#include "config/boot-broker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/fields.h"
#include "lib/hex.h"
#include "lib/text.h"

static const char *const kinds[] = {
	[BOOT_KEY_SEALED] = "sealed", [BOOT_KEY_DELIVERED] = "delivered", NULL
};

const char *boot_key_kind_name(enum boot_key_kind kind)
{
	return kinds[kind];
}

int boot_parse_key_kind(const char *value, void *field)
{
	int kind = field_choice(value, kinds);

	if (kind < 0)
		return kind;
	*(enum boot_key_kind *)field = (enum boot_key_kind)kind;
	return 0;
}

/* Names of ports are the VMM's; these characters are in all that are used. */
static int parse_port(const char *name, struct boot_broker *ret)
{
	size_t len = strlen(name);

	if (len == 0 || len > boot_port_name_max ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789.-_") != len)
		return -EINVAL;
	ret->at.kind = BOOT_CHANNEL_PORT;
	memcpy(ret->at.port, name, len + 1);
	return 0;
}

/* CID:PORT; the two highest are VMADDR_CID_ANY and VMADDR_PORT_ANY. */
static int parse_vsock(const char *value, struct boot_broker *ret)
{
	const char *colon = strchr(value, ':');
	char cid_text[16];
	uint64_t cid;
	uint64_t port;
	size_t len = colon ? (size_t)(colon - value) : 0;

	if (len == 0 || len >= sizeof(cid_text))
		return -EINVAL;
	memcpy(cid_text, value, len);
	cid_text[len] = '\0';
	if (text_parse_u64(cid_text, UINT32_MAX - 1, &cid) < 0 ||
	    text_parse_u64(colon + 1, UINT32_MAX - 1, &port) < 0)
		return -EINVAL;
	ret->at.kind = BOOT_CHANNEL_VSOCK;
	ret->at.vsock_cid = (uint32_t)cid;
	ret->at.vsock_port = (uint32_t)port;
	return 0;
}

int boot_parse_channel(const char *value, void *field)
{
	static const char serial[] = "virtio-serial:";
	static const char vsock[] = "vsock:";
	struct boot_broker found = { 0 };
	int r = -EINVAL;

	if (strncmp(value, serial, sizeof(serial) - 1) == 0)
		r = parse_port(value + sizeof(serial) - 1, &found);
	else if (strncmp(value, vsock, sizeof(vsock) - 1) == 0)
		r = parse_vsock(value + sizeof(vsock) - 1, &found);
	if (r == 0)
		memcpy(field, &found.at, sizeof(found.at));
	return r;
}

int boot_parse_broker_key(const char *value, void *field)
{
	struct boot_broker found = { .key = { .given = true } };
	size_t len = 0;
	int r = hex_decode(value, sizeof(found.key.hash), found.key.hash, &len);

	if (r < 0 || len != sizeof(found.key.hash))
		return -EINVAL;
	memcpy(field, &found.key, sizeof(found.key));
	return 0;
}

int boot_check_broker(const char *file, const struct boot_conf *c,
		      struct ini_error *error)
{
	size_t delivered = 0;

	for (size_t i = 0; i < c->volumes; i++) {
		const struct boot_volume *v = &c->volume[i];

		if (v->key != BOOT_KEY_DELIVERED)
			continue;
		delivered++;
		if (v->import)
			return ini_refuse(error, file,
					  "[volume %s] import is for key = "
					  "sealed",
					  v->name);
		if (c->broker.at.kind == BOOT_CHANNEL_NONE)
			return ini_refuse(error, file,
					  "[volume %s] key = delivered without "
					  "[broker]",
					  v->name);
	}
	if (!delivered && c->broker.at.kind != BOOT_CHANNEL_NONE)
		return ini_refuse(error, file,
				  "[broker] without a volume with key = "
				  "delivered");
	return 0;
}
