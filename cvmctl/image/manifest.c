// SPDX-License-Identifier: MIT
/* See manifest.h. A manifest is a file like any other: nothing is assumed. */
#include "cvmctl/image/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/boot.h"
#include "cvmctl/image/image.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/strict-json.h"

#define REBUILD "build the image again"

enum { depth_max = 12, schema_known = 1 };

bool manifest_is_known(struct json_object *o)
{
	struct json_object *schema = json_get(o, "schema");

	return strcmp(json_get_string(o, "type"), IMAGE_TYPE) == 0 &&
	       json_object_is_type(schema, json_type_int) &&
	       json_object_get_int64(schema) == schema_known;
}

int manifest_parse(const char *name, const struct bytes *text,
		   const char *remedy, struct json_object **ret, struct fail *f)
{
	own_json struct json_object *o = NULL;
	int r = strlen((const char *)text->data) == text->len
			? strict_json_parse((const char *)text->data,
					    manifest_max, depth_max, &o)
			: -EINVAL;

	if (r == -ENOMEM)
		return fail_errno(f, r, "free memory", "read %s", name);
	if (r < 0 || !manifest_is_known(o))
		return fail_because(f, "it is no manifest of schema 1", remedy,
				    "read %s", name);
	*ret = take_ptr(o);
	return 0;
}

int manifest_read_file(const char *path, const char *remedy,
		       struct json_object **ret, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	int r = io_read_file(AT_FDCWD, path, manifest_max, &text);

	return r < 0 ? fail_errno(f, r, remedy, "read %s", path)
		     : manifest_parse(path, &text, remedy, ret, f);
}

int manifest_read(const char *image, struct json_object **ret, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	char path[PATH_MAX];
	int r;

	if ((size_t)snprintf(path, sizeof(path), "%s/" IMAGE_MANIFEST, image) >=
	    sizeof(path))
		return fail_errno(f, ENAMETOOLONG, "choose a shorter path",
				  "read the manifest of %s", image);
	r = io_read_file(AT_FDCWD, path, manifest_max, &text);
	return r < 0 ? fail_errno(f, r,
				  "give the directory that cvmctl build wrote",
				  "read %s", path)
		     : manifest_parse(path, &text, REBUILD, ret, f);
}

int manifest_read_pcr(struct json_object *manifest, enum digest_alg bank,
		      uint8_t ret[static digest_size_max], struct fail *f)
{
	struct json_object *banks =
		json_get(json_get(manifest, "apps"), "banks");
	const char *hex =
		json_get_string(json_get(banks, digest_name(bank)), "measured");
	uint8_t value[digest_size_max];
	size_t len = 0;

	if (hex_decode(hex, sizeof(value), value, &len) < 0 ||
	    len != digest_size(bank))
		return fail_because(f, "the manifest does not hold it", REBUILD,
				    "read PCR 14 in bank %s",
				    digest_name(bank));
	memcpy(ret, value, len);
	return 0;
}

int manifest_read_into(struct json_object *manifest, unsigned *ret,
		       struct fail *f)
{
	struct json_object *into = NULL;

	*ret = BOOT_MEASURE_TPM;
	if (!json_object_object_get_ex(manifest, "into", &into))
		return 0;
	if (boot_into_from_name(json_get_string(manifest, "into"), ret) < 0)
		return fail_because(f, "it is none that cvmctl knows", REBUILD,
				    "read into of the manifest");
	return 0;
}

int manifest_check_prediction(struct json_object *manifest, const char *name,
			      const struct pcr_values *values, struct fail *f)
{
	uint8_t value[digest_size_max];
	int r = manifest_read_pcr(manifest, values->bank, value, f);

	if (r < 0)
		return r;
	if (memcmp(value, values->value[pcr_apps], digest_size(values->bank)) !=
	    0)
		return fail_because(f, "it is a prediction for another image",
				    "predict again with cvmctl predict",
				    "use %s", name);
	return 0;
}

/* Number i of all; false behind the last. */
static bool take_volume(struct json_object *manifest, size_t i,
			struct manifest_volume *ret)
{
	struct json_object *volumes = json_get(manifest, "volumes");
	struct json_object *v;

	if (!json_object_is_type(volumes, json_type_array) ||
	    i >= json_object_array_length(volumes))
		return false;
	v = json_object_array_get_idx(volumes, i);
	ret->name = json_get_string(v, "name");
	ret->uuid = json_get_string(v, "uuid");
	ret->import = json_object_get_boolean(json_get(v, "import"));
	ret->delivered = strcmp(json_get_string(v, "key"),
				boot_key_kind_name(BOOT_KEY_DELIVERED)) == 0;
	return true;
}

bool manifest_delivered_volume(struct json_object *manifest, size_t n,
			       struct manifest_volume *ret)
{
	struct manifest_volume v;

	for (size_t i = 0; take_volume(manifest, i, &v); i++) {
		if (!v.delivered || n-- > 0)
			continue;
		*ret = v;
		return true;
	}
	return false;
}

bool manifest_delivers(struct json_object *manifest, const char *uuid)
{
	struct manifest_volume v;

	for (size_t i = 0; manifest_delivered_volume(manifest, i, &v); i++)
		if (!*v.uuid || strcasecmp(v.uuid, uuid) == 0)
			return true;
	return false;
}

int manifest_find_volume(struct json_object *manifest, const char *name,
			 struct manifest_volume *ret, struct fail *f)
{
	struct manifest_volume v;
	bool is_only =
		take_volume(manifest, 0, &v) && !take_volume(manifest, 1, &v);

	for (size_t i = 0; (name || is_only) && take_volume(manifest, i, &v);
	     i++) {
		if (name && strcmp(name, v.name) != 0)
			continue;
		*ret = v;
		return 0;
	}
	if (name)
		return fail_because(f, "boot.conf has no such volume",
				    "check [volume NAME] in boot.conf",
				    "seal volume %s", name);
	return fail_because(f, "boot.conf has none, or several",
			    "give --volume NAME", "choose the volume");
}
