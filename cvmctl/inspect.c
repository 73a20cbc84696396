// SPDX-License-Identifier: MIT
/* cvmctl inspect: says what a path is, and what it holds. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cvmctl/command.h"
#include "cvmctl/image/compress.h"
#include "cvmctl/image/image.h"
#include "cvmctl/image/manifest.h"
#include "cvmctl/show/describe.h"
#include "cvmctl/tool/options.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/luks/luks.h"
#include "seal/luks/token.h"

enum { magic_size = 6, content_max = 256 * 1024 * 1024 };

struct inspect_options {
	const char *path;
	bool json;
};

static const struct option_usage usage = {
	"inspect [--json] PATH",
	"PATH is a LUKS2 disk or image file, the JSON of a systemd-tpm2 token or\n"
	"of signatures of PCR values, a manifest.json, an initramfs, evidence,\n"
	"an identity, a challenge, a prediction, a verdict, the public part of a\n"
	"storage root key, or an image directory, whose files are compared with\n"
	"its manifest.",
};

static int read_options(int argc, char **argv, struct inspect_options *o,
			struct fail *f)
{
	const struct option_spec specs[] = {
		{ NULL, OPTION_OPERAND, "PATH", "what to look at", &o->path },
		{ "json", OPTION_FLAG, NULL, "answer in JSON", &o->json },
		{ 0 },
	};

	return options_read(&usage, specs, argc, argv, f);
}

static int fail_unknown(const char *path, struct fail *f)
{
	return fail_because(f, "it is of no kind that cvmctl knows",
			    "see cvmctl inspect --help", "inspect %s", path);
}

/* Signatures have no type, but members that are called as the banks are. */
static bool has_bank(struct json_object *o)
{
	for (int alg = 0; alg < DIGEST_ALG_COUNT; alg++)
		if (json_object_object_get_ex(
			    o, digest_name((enum digest_alg)alg), NULL))
			return true;
	return false;
}

/*
 * A manifest is shown as it is, the others decoded. What is no JSON may be a
 * key of a TPM. Who reads one of them parses it again, strictly.
 */
static int inspect_json(const char *path, const struct bytes *text,
			struct json_object **ret, struct fail *f)
{
	own_json struct json_object *o =
		json_tokener_parse((const char *)text->data);
	const char *type = json_get_string(o, "type");
	int r;

	if (strcmp(type, TOKEN_TYPE) == 0)
		return inspect_token((const char *)text->data, ret, f);
	if (has_bank(o))
		return inspect_signatures((const char *)text->data, ret, f);
	if (strcmp(type, IMAGE_TYPE) == 0)
		return manifest_parse(path, text,
				      "give the manifest.json of an image", ret,
				      f);
	r = o ? inspect_exchanged(text, o, ret, f) : inspect_srk(text, ret, f);
	return r == -ENOENT ? fail_unknown(path, f) : r;
}

static int inspect_file(const char *path, struct json_object **ret,
			struct fail *f)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	own_bytes struct bytes content = { 0 };
	int r;

	if (fd < 0)
		return fail_errno(f, errno, "check the path", "open %s", path);
	if (luks_has_uuid(fd, NULL) > 0)
		return inspect_disk(path, ret, f);
	r = io_read_fd(fd, content_max, &content);
	if (r < 0)
		return fail_errno(f, r, "see cvmctl inspect --help", "read %s",
				  path);
	if (compress_is_zstd(content.data, content.len) ||
	    (content.len > magic_size &&
	     memcmp(content.data, "070701", magic_size) == 0))
		return inspect_initramfs(path, &content, ret, f);
	return inspect_json(path, &content, ret, f);
}

/* Escaped: it may come from a file that others wrote. */
static void print_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] >= ' ' && s[i] < 127)
			(void)putchar(s[i]);
		else
			(void)printf("\\x%02x", (unsigned char)s[i]);
}

/* One value; a listing keeps its lines. */
static void print_value(struct json_object *v, int depth)
{
	const char *s = json_object_get_string(v);

	if (!s)
		s = ""; /* a null */
	while (*s) {
		size_t len = strcspn(s, "\n");

		print_text(s, len);
		s += len;
		if (*s == '\n' && *++s)
			(void)printf("\n%*s", depth, "");
	}
	(void)putchar('\n');
}

static void print_tree(struct json_object *o, int depth);

static bool is_numbers(struct json_object *v)
{
	bool all = json_object_is_type(v, json_type_array) &&
		   json_object_array_length(v);

	for (size_t i = 0; all && i < json_object_array_length(v); i++)
		all = json_object_is_type(json_object_array_get_idx(v, i),
					  json_type_int);
	return all;
}

/* "2,4,9,14" */
static void print_numbers(struct json_object *array)
{
	for (size_t i = 0; i < json_object_array_length(array); i++)
		(void)printf("%s%s", i ? "," : "",
			     json_object_get_string(
				     json_object_array_get_idx(array, i)));
	(void)putchar('\n');
}

static void print_member(const char *label, const char *colon,
			 struct json_object *v, int depth)
{
	bool is_empty = json_object_is_type(v, json_type_array) &&
			!json_object_array_length(v);
	bool is_tree =
		json_object_is_type(v, json_type_object) ||
		(json_object_is_type(v, json_type_array) && !is_numbers(v));

	(void)printf("%*s", depth, "");
	print_text(label, strlen(label));
	(void)printf("%s%s", colon,
		     is_empty  ? " none\n"
		     : is_tree ? "\n"
			       : " ");
	if (is_tree)
		print_tree(v, depth + 2);
	else if (is_numbers(v))
		print_numbers(v);
	else
		print_value(v, depth + 2);
}

/* The members of an object or array, one line each, deeper ones indented. */
static void print_tree(struct json_object *o, int depth)
{
	struct json_object_iterator at;
	struct json_object_iterator end;

	if (json_object_is_type(o, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(o); i++)
			print_member("-", "", json_object_array_get_idx(o, i),
				     depth);
		return;
	}
	at = json_object_iter_begin(o);
	end = json_object_iter_end(o);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		print_member(json_object_iter_peek_name(&at), ":",
			     json_object_iter_peek_value(&at), depth);
}

int command_inspect(int argc, char **argv, struct fail *f)
{
	own_json struct json_object *o = NULL;
	own_bytes struct bytes text = { 0 };
	struct inspect_options options = { 0 };
	struct stat st;
	int r = read_options(argc, argv, &options, f);

	if (r)
		return r;
	if (stat(options.path, &st) < 0)
		return fail_errno(f, errno, "check the path", "open %s",
				  options.path);
	r = S_ISDIR(st.st_mode) ? inspect_image(options.path, &o, f)
				: inspect_file(options.path, &o, f);
	if (r < 0)
		return r;
	if (json_write(o, &text) < 0)
		return fail_errno(f, ENOMEM, "free memory", "write the answer");
	if (options.json)
		(void)fputs((const char *)text.data,
			    stdout); /* main() checks */
	else
		print_tree(o, 0);
	return 0;
}
