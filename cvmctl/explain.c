// SPDX-License-Identifier: MIT
/*
 * cvmctl explain: the chain from launch measurement to workload of one image
 * or of one piece of evidence, as text or as SVG.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cvmctl/command.h"
#include "cvmctl/image/image.h"
#include "cvmctl/image/manifest.h"
#include "cvmctl/predict/prediction-read.h"
#include "cvmctl/show/chain-draw.h"
#include "cvmctl/show/chain-source.h"
#include "cvmctl/show/picture.h"
#include "cvmctl/tool/options.h"
#include "evidence/file/evidence.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/strict-json.h"

enum { depth_max = 16 };

static const char remedy[] =
	"give an image of cvmctl build, or evidence of cvmctl evidence";

struct explain_options {
	const char *path, *svg, *prediction;
	struct option_list disks;
};

static const struct option_usage usage = {
	"explain [--svg FILE|-] [--prediction FILE|-] [--disk FILE]... PATH",
	"Draws what is measured into what, by whom, and what releases which key.\n"
	"PATH is an image directory, its manifest.json, or a file of evidence.",
};

static int read_options(int argc, char **argv, struct explain_options *o,
			struct fail *f)
{
	const struct option_spec specs[] = {
		{ NULL, OPTION_OPERAND, "PATH", "what to draw", &o->path },
		{ "svg", OPTION_TEXT, "FILE|-", "draw an SVG, no text",
		  &o->svg },
		{ "prediction", OPTION_TEXT, "FILE|-",
		  "with PCRs of cvmctl predict --boot --json", &o->prediction },
		{ "disk", OPTION_LIST, "FILE",
		  "a sealed disk of the image; may repeat", &o->disks },
		{ 0 },
	};

	return options_read(&usage, specs, argc, argv, f);
}

/* A directory stands for the manifest in it. */
static int read_json(const char *path, struct json_object **ret, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	char manifest[PATH_MAX];
	struct stat st;
	int r;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		if ((size_t)snprintf(manifest, sizeof(manifest),
				     "%s/" IMAGE_MANIFEST,
				     path) >= sizeof(manifest))
			return fail_errno(f, ENAMETOOLONG,
					  "choose a shorter path", "read %s",
					  path);
		path = manifest;
	}
	r = io_read_file(AT_FDCWD, path, manifest_max, &text);
	if (r < 0)
		return fail_errno(f, r, remedy, "read %s", path);
	r = strlen((const char *)text.data) == text.len
		    ? strict_json_parse((const char *)text.data, manifest_max,
					depth_max, ret)
		    : -EINVAL;
	if (r == -ENOMEM)
		return fail_errno(f, r, "free memory", "read %s", path);
	if (r < 0)
		return fail_because(f, "it is not a JSON object", remedy,
				    "read %s", path);
	return 0;
}

/* The PCRs before init as predicted, which has to be for this image. */
static int read_prediction(const char *path, struct json_object *manifest,
			   struct chain_boot *ret, struct fail *f)
{
	own_json struct json_object *o = NULL;
	const char *name = prediction_name(path);
	int r = prediction_open(path, &o, f);

	if (r == 0)
		r = prediction_values(o, name, DIGEST_SHA256, &ret->values, f);
	if (r == 0)
		r = manifest_check_prediction(manifest, name, &ret->values, f);
	if (r < 0)
		return r;
	ret->is_known = json_get(o, "boot") != NULL;
	ret->is_uki = strncmp(json_get_string(json_get(o, "boot"), "mode"),
			      "uki", 3) == 0;
	return 0;
}

/* The keys of a disk, which has to be a volume of this image. */
static int read_disk(const char *path, struct json_object *manifest,
		     struct chain_keys *keys, struct fail *f)
{
	struct json_object *volumes = json_get(manifest, "volumes");
	const char *uuid;
	int r = chain_keys_read(path, keys, f);

	if (r < 0)
		return r;
	uuid = keys->key[keys->n - 1].uuid;
	for (size_t i = 0; i < chain_count(volumes); i++)
		if (strcmp(json_get_string(json_object_array_get_idx(volumes,
								     i),
					   "uuid"),
			   uuid) == 0)
			return 0;
	return fail_because(f, "no volume of the image has its UUID",
			    "check uuid in [volume NAME] of boot.conf",
			    "explain %s", path);
}

/* The last part of a path: a picture may be published. */
static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static int explain_manifest(struct json_object *o,
			    const struct explain_options *options,
			    struct chain *c, struct fail *f)
{
	struct chain_boot boot = { .is_known = false };
	struct chain_keys keys = { .n = 0 };
	int r = manifest_read_into(o, &boot.into, f);

	if (r == 0 && options->prediction)
		r = read_prediction(options->prediction, o, &boot, f);
	for (size_t i = 0; r == 0 && i < options->disks.n; i++)
		r = read_disk(options->disks.value[i], o, &keys, f);
	if (r < 0)
		return r;
	chain_set_title(c,
			boot.into & BOOT_MEASURE_RTMR
				? "from the manifest; digests are SHA-256, of "
				  "RTMRs SHA-384, shortened"
				: "from the manifest; digests are SHA-256, "
				  "shortened",
			"From launch to workload: image %s",
			name_of(options->path));
	chain_from_manifest(o, &boot, &keys, c);
	return 0;
}

static bool is_schema(struct json_object *o, int64_t number)
{
	struct json_object *schema = json_get(o, "schema");

	return json_object_is_type(schema, json_type_int) &&
	       json_object_get_int64(schema) == number;
}

static int explain(struct json_object *o, const struct explain_options *options,
		   struct chain *c, struct fail *f)
{
	const char *type = json_get_string(o, "type");
	bool is_image = strcmp(type, IMAGE_TYPE) == 0;

	if (is_image ? !manifest_is_known(o) : !is_schema(o, evidence_schema))
		return fail_because(f, "it is of no schema that cvmctl knows",
				    remedy, "explain %s", options->path);
	if (is_image)
		return explain_manifest(o, options, c, f);
	if (strcmp(type, EVIDENCE_TYPE) != 0)
		return fail_because(f, "it is neither a manifest nor evidence",
				    remedy, "explain %s", options->path);
	if (options->prediction || options->disks.n)
		return options_refuse(
			f, "explain",
			"--prediction and --disk are for an image");
	chain_set_title(c,
			"as the evidence claims, not verified: "
			"see cvmctl verify",
			"From launch to workload: evidence %s",
			name_of(options->path));
	chain_from_evidence(o, c);
	return 0;
}

int command_explain(int argc, char **argv, struct fail *f)
{
	own_json struct json_object *o = NULL;
	own_chain struct chain c = { .title = "" };
	own_text struct text text = { 0 };
	struct explain_options options = { 0 };
	int r = read_options(argc, argv, &options, f);

	if (r == 0)
		r = read_json(options.path, &o, f);
	if (r == 0)
		r = explain(o, &options, &c, f);
	if (r)
		return r;
	r = chain_layout(&c);
	if (r == 0)
		r = options.svg
			    ? chain_draw_svg(&c, &text)
			    : chain_draw_text(&c,
					      picture_columns(chain_width_min,
							      chain_width_max),
					      picture_is_utf8(), &text);
	if (r < 0)
		return fail_errno(f, r, "free memory", "draw the chain");
	return picture_write(options.svg, &text, f);
}
