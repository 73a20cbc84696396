// SPDX-License-Identifier: MIT
/*
 * A manifest that is none, or of a later schema, and one that two readers would
 * understand differently: refused by whatever reads it, in the same words;
 * cvmctl verify: test_verify.c, explain: test_explain.c.
 */
#include <stdio.h>
#include <string.h>

#include "tests/table.h"

#include "cvmctl/command.h"
#include "lib/own.h"
#include "tests/cvmctl.h"
#include "tests/line.h"
#include "tests/place.h"

#define TYPE "\"type\":\"cvm-init image\""
#define EK \
	"000b0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct reader {
	const char *words;
	cvmctl_command *command;
	const char *where;
	const char *remedy;
} readers[] = {
	{ "inspect image", command_inspect, "image/manifest.json",
	  "build the image again" },
	{ "inspect image/manifest.json", command_inspect, "image/manifest.json",
	  "give the manifest.json of an image" },
	{ "predict --image image", command_predict, "image/manifest.json",
	  "build the image again" },
	{ "seal --format --image image --apps-only disk", command_seal,
	  "image/manifest.json", "build the image again" },
	{ "sign --key none --image image", command_sign, "image/manifest.json",
	  "build the image again" },
	{ "broker --listen unix:s --store d --key k --audit a --ek " EK
	  " --without-hardware --apps-only image",
	  command_broker, "image/manifest.json", "build the image again" },
};

static const struct {
	const char *text;
	bool has_no_kind; /* for cvmctl inspect of the file */
} texts[] = {
	{ "", true },
	{ "[]", true },
	{ "{\"type\":null,\"schema\":1}", true },
	{ "{\"type\":7,\"schema\":1}", true },
	{ "{" TYPE "}", false },
	{ "{" TYPE ",\"schema\":2}", false },
	{ "{" TYPE ",\"schema\":\"1\"}", false },
	{ "{" TYPE ",\"schema\":4294967297}", false },
	{ "{" TYPE ",\"schema\":2,\"schema\":1}", false },
	{ "{" TYPE ",\"schema\":1,\"apps\":{\"a\":1,\"a\":2}}", false },
	{ "{" TYPE ",\"schema\":1} {}", false },
	{ "{" TYPE ",\"schema\":1,}", false },
};

static void refuse(const struct reader *c, const char *text, bool no_kind)
{
	own_place struct tree t = { .fd = -1 };
	struct fail f = { 0 };
	char line[256];
	int r;

	tree_make(&t);
	place_enter(&t);
	tree_dir(&t, "image");
	tree_file(&t, "image/manifest.json", 0644, text);
	(void)snprintf(line, sizeof(line),
		       "cannot read %s: it is no manifest of schema 1; %s",
		       c->where, c->remedy);
	r = cvmctl_run(c->command, &f, "%s", c->words);
	if (no_kind && strcmp(c->words, "inspect image/manifest.json") == 0)
		assert_non_null(strstr(f.reason, "no kind"));
	else
		assert_refusal(r, &f, line);
}

static void refuses(void **state)
{
	const struct reader *c = *state;

	for (size_t i = 0; i < array_size(texts); i++)
		refuse(c, texts[i].text, texts[i].has_no_kind);
}

int main(void)
{
	static const struct table tables[] = { TABLE(refuses, readers) };

	return table_run(tables, array_size(tables));
}
