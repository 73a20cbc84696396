// SPDX-License-Identifier: MIT
/* The describers of describe.h for an image, and for signatures in it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cvmctl/image/image-part.h"
#include "cvmctl/image/image.h"
#include "cvmctl/image/manifest.h"
#include "cvmctl/show/describe.h"
#include "lib/own.h"
#include "seal/object/signatures.h"

static const char rebuild[] = "build the image again";

static struct json_object *describe_signature(const struct signature *s)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "bank", digest_name(s->bank)) < 0 ||
	    json_set(o, "pcrs", inspect_pcrs(s->mask)) < 0 ||
	    json_set_hex(o, "release-key", s->fingerprint,
			 sizeof(s->fingerprint)) < 0 ||
	    json_set_hex(o, "policy", s->policy.digest,
			 sizeof(s->policy.digest)) < 0 ||
	    (s->release && json_set_u64(o, "release", s->release) < 0))
		return NULL;
	return json_object_get(o);
}

/* The JSON of signatures as an array; NULL and *f. */
static struct json_object *describe_signatures(const char *json, struct fail *f)
{
	own_json struct json_object *array = json_object_new_array();
	own_signatures struct signatures s = { 0 };

	if (signatures_parse(json, &s, f) < 0)
		return NULL;
	for (size_t i = 0; i < s.n; i++)
		if (json_append(array, describe_signature(&s.entry[i])) < 0) {
			fail_errno(f, ENOMEM, "free memory",
				   "write the answer");
			return NULL;
		}
	return json_object_get(array);
}

int inspect_signatures(const char *json, struct json_object **ret,
		       struct fail *f)
{
	own_json struct json_object *o = json_object_new_object();
	struct json_object *array = describe_signatures(json, f);

	if (!array)
		return -EINVAL;
	if (json_set_string(o, "kind", "signatures of PCR values") < 0 ||
	    json_set(o, "signatures", array) < 0)
		return fail_errno(f, ENOMEM, "free memory", "write the answer");
	*ret = take_ptr(o);
	return 0;
}

/* Adds what cvmctl sign wrote behind the first size bytes of fd, if it did. */
static int add_signatures(int fd, uint64_t size, struct json_object *manifest,
			  struct fail *f)
{
	char json[signatures_json_max + 1] = "";
	ssize_t n = pread(fd, json, signatures_json_max, (off_t)size);
	struct json_object *array;

	if (n < 0)
		return fail_errno(f, errno, rebuild, "read " IMAGE_ROOT);
	if (json[0] != '{')
		return 0;
	array = describe_signatures(json, f);
	if (!array)
		return -EINVAL;
	return json_set(manifest, "signatures", array);
}

/* Behind the root there may be signatures, behind the others nothing. */
static int check_end(int fd, const char *image, const char *name, uint64_t size,
		     struct json_object *manifest, struct fail *f)
{
	struct stat st;

	if (strcmp(name, IMAGE_ROOT) == 0)
		return add_signatures(fd, size, manifest, f);
	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size != size)
		return fail_because(f, "its size is not what the manifest says",
				    rebuild, "accept %s/%s", image, name);
	return 0;
}

int inspect_image(const char *path, struct json_object **ret, struct fail *f)
{
	static const struct image_part files[] = {
		{ IMAGE_KERNEL, "kernel" },
		{ IMAGE_CMDLINE, "cmdline" },
		{ IMAGE_INITRAMFS, "initramfs" },
		{ IMAGE_ROOT, "root" },
	};
	own_json struct json_object *manifest = NULL;
	int r = manifest_read(path, &manifest, f);

	for (size_t i = 0; r == 0 && i < array_size(files); i++) {
		own_fd int fd = -1;
		uint64_t size = 0;

		fd = image_part_open(path, manifest, &files[i], O_RDONLY, &size,
				     f);
		r = fd < 0 ? fd
			   : check_end(fd, path, files[i].name, size, manifest,
				       f);
	}
	if (r == 0)
		*ret = take_ptr(manifest);
	return r;
}
