// SPDX-License-Identifier: MIT
/*
 * cvmctl diff: in what an image differs from another, and what follows for
 * keys, signatures and verifiers.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cvmctl/command.h"
#include "cvmctl/image/manifest.h"
#include "cvmctl/show/compare.h"
#include "cvmctl/tool/options.h"
#include "lib/own.h"

struct diff_options {
	const char *before, *after;
	bool json;
};

static const struct option_usage usage = {
	"diff [--json] OLD NEW",
	"Says what changed from one image to another, and what that means for\n"
	"keys, signatures and verifiers. OLD and NEW are image directories or\n"
	"manifest.json files. Exit status: 0 equal, 3 different.",
};

static int read_options(int argc, char **argv, struct diff_options *o,
			struct fail *f)
{
	const struct option_spec specs[] = {
		{ NULL, OPTION_OPERAND, "OLD", "what there was", &o->before },
		{ NULL, OPTION_OPERAND, "NEW", "what there is", &o->after },
		{ "json", OPTION_FLAG, NULL, "answer in JSON", &o->json },
		{ 0 },
	};

	return options_read(&usage, specs, argc, argv, f);
}

/* A directory stands for the manifest in it. */
static int read_manifest(const char *path, struct json_object **ret,
			 struct fail *f)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return manifest_read(path, ret, f);
	return manifest_read_file(path,
				  "give an image directory or its "
				  "manifest.json",
				  ret, f);
}

static int diff(const struct diff_options *o, struct changes *ret,
		struct fail *f)
{
	own_json struct json_object *before = NULL;
	own_json struct json_object *after = NULL;
	int r = read_manifest(o->before, &before, f);

	if (r == 0)
		r = read_manifest(o->after, &after, f);
	if (r < 0)
		return r;
	r = compare_manifests(before, after, ret);
	return r < 0 ? fail_errno(f, r, "free memory", "compare the manifests")
		     : 0;
}

int command_diff(int argc, char **argv, struct fail *f)
{
	own_changes struct changes changes = { .failed = false };
	own_bytes struct bytes text = { 0 };
	struct diff_options o = { .json = false };
	int r = read_options(argc, argv, &o, f);

	if (r == 0)
		r = diff(&o, &changes, f);
	if (r)
		return r;
	if ((o.json ? changes_write_json(&changes, &text)
		    : changes_write_text(&changes, &text)) < 0)
		return fail_errno(f, ENOMEM, "free memory", "write the answer");
	(void)fputs((const char *)text.data, stdout); /* main() checks */
	return changes_none(&changes) ? COMMAND_OK : COMMAND_REFUSED;
}
