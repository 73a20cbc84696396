// SPDX-License-Identifier: MIT
/* boot.conf: which volumes need a key that names them. */
#include "config/boot.h"

#include <stdio.h>
#include <string.h>

#include "lib/own.h"
#include "tests/table.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define REST                                                       \
	"[tpm]\nrequire = any\n[ima]\npolicy = none\n[workload]\n" \
	"mode = supervise\n[root]\nroot-hash = " HASH "\n"         \
	"data-block-size = 4096\nhash-block-size = 4096\n"         \
	"data-blocks = 7\nhash-offset = 28672\n"
#define BROKER "[broker]\nat = vsock:2:7000\nkey = " HASH "\n"

#define A	  "[volume a]\nmount = /a\n"
#define B	  "[volume b]\nmount = /b\n"
#define UUID_A	  "uuid = 01234567-89ab-cdef-0123-456789abcdef\n"
#define UUID_B	  "uuid = 11234567-89ab-cdef-0123-456789abcdef\n"
#define DEVICE_B  "device = /dev/vdb\n"
#define DELIVERED "key = delivered\n"
#define YES	  "bound = yes\n"
#define NO	  "bound = no\n"

static const struct bound_case {
	const char *name;
	const char *text;
	bool a;
	bool b;
	const char *refusal;
} cases[] = {
	{ "one", A UUID_A, false, false, NULL },
	{ "one that says so", A UUID_A YES, true, false, NULL },
	{ "two", A UUID_A B UUID_B, true, true, NULL },
	{ "two, one of which need not", A UUID_A B UUID_B NO, true, false,
	  NULL },
	{ "one and one by device", A UUID_A B DEVICE_B, true, false, NULL },
	{ "one and one from a broker", A UUID_A B UUID_B DELIVERED BROKER,
	  false, false, NULL },
	{ "by device, and bound", A UUID_A B DEVICE_B YES, false, false,
	  "boot.conf: [volume b] bound = yes without uuid" },
	{ "from a broker, and bound", A UUID_A DELIVERED YES BROKER, false,
	  false, "boot.conf: [volume a] bound is for key = sealed" },
	{ "from a broker, and not bound", A UUID_A DELIVERED NO BROKER, false,
	  false, "boot.conf: [volume a] bound is for key = sealed" },
	{ "maybe", A UUID_A "bound = maybe\n", false, false,
	  "boot.conf:16: bound = maybe refused; allowed is yes or no" },
};

static void decides_which_are_bound(void **state)
{
	static struct boot_conf conf; /* large */
	const struct bound_case *c = *state;
	struct ini_error e = { 0 };
	char text[2048];
	int r;

	(void)snprintf(text, sizeof(text), REST "%s", c->text);
	r = boot_conf_read("boot.conf", text, strlen(text), false, &conf, &e);
	if (c->refusal) {
		assert_int_not_equal(r, 0);
		assert_string_equal(e.text, c->refusal);
		return;
	}
	if (r)
		fail_msg("refused: %s", e.text);
	assert_int_equal(conf.volume[0].bound,
			 c->a ? BOOT_BOUND_YES : BOOT_BOUND_NO);
	if (conf.volumes > 1)
		assert_int_equal(conf.volume[1].bound,
				 c->b ? BOOT_BOUND_YES : BOOT_BOUND_NO);
}

int main(void)
{
	const struct table tables[] = { TABLE(decides_which_are_bound, cases) };

	return table_run(tables, array_size(tables));
}
