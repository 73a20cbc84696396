/* SPDX-License-Identifier: MIT */
/*
 * A directory to run cvmctl sign in: keys, predictions and an image. Include
 * cmocka.h first.
 */
#ifndef TESTS_SIGN_PLACE_H
#define TESTS_SIGN_PLACE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cvmctl/command.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/object/signatures.h"
#include "tests/cvmctl.h"
#include "tests/line.h"
#include "tests/place.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define Z64 "0000000000000000000000000000000000000000000000000000000000000000"
#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char prediction[] =
	"{\"pcr\":14,\"banks\":{\"sha256\":{\"measured\":\"" A64
	"\"},\"sha1\":{\"measured\":\"" A40 "\"}},\"events\":[],"
	"\"boot\":{\"pcrs\":{\"4\":{\"sha256\":\"" B64 "\",\"sha1\":\"" A40
	"\"}}}}";
static const char direct[] =
	"{\"pcr\":14,\"banks\":{\"sha256\":{\"measured\":\"" A64
	"\"}},\"boot\":{\"pcrs\":{\"2\":{\"sha256\":\"" B64
	"\"},\"4\":{\"sha256\":\"" B64 "\"},\"9\":{\"sha256\":\"" B64
	"\"},\"11\":{\"sha256\":\"" Z64 "\"}}}}";
/* SHA-256 of the first bytes of a file of zeros */
#define ZEROS_8192 \
	"9f1dcbc35c350d6027f98be0f5c8b43b42ca52b7604459c0c42be3aa88913d47"
#define ZEROS_5000 \
	"7ca5bd879f393d9dd05b14f38add9c0fc6b67928f7f2d261b2e47a32ee8219e3"
#define MANIFEST(size, sha256, pcr_14)                                       \
	"{\"type\":\"cvm-init image\",\"schema\":1,\"root\":{\"size\":" size \
	",\"sha256\":\"" sha256 "\"},\"apps\":{\"banks\":{\"sha256\":{"      \
	"\"measured\":\"" pcr_14 "\"}}}}"

static const char manifest[] = MANIFEST("8192", ZEROS_8192, A64);

static struct tree sign_keys;

static inline void remove_keys(void)
{
	tree_remove(&sign_keys);
}

/* Once for all cases: RSA keys take long. Leaves the process among them. */
static inline void make_keys(void)
{
	if (sign_keys.path[0])
		return;
	tree_make(&sign_keys);
	assert_int_equal(atexit(remove_keys), 0);
	assert_int_equal(fchdir(sign_keys.fd), 0);
	assert_int_equal(
		system("openssl genpkey -quiet -algorithm rsa -out rsa && "
		       "openssl genpkey -quiet -algorithm ec -pkeyopt "
		       "ec_paramgen_curve:P-256 -out ec && "
		       "openssl genpkey -quiet -algorithm ed25519 -out ed && "
		       "openssl genpkey -quiet -algorithm rsa -pkeyopt "
		       "rsa_keygen_pubexp:3 -out three && "
		       "{ cat rsa; head -c 16384 /dev/zero; } > long && "
		       "openssl pkey -in rsa -aes128 -passout pass:x -out "
		       "locked && "
		       "for k in rsa ec; do openssl pkey -in $k -pubout -out "
		       "$k.pub; done"),
		0);
}

/* Works in a directory with keys, a prediction and an image. */
static inline void enter(struct tree *t)
{
	char copy[sizeof(t->path) + 16];

	make_keys();
	tree_make(t);
	tree_file(t, "prediction", 0644, prediction);
	tree_file(t, "direct", 0644, direct);
	tree_file(t, "text", 0644, "no key");
	tree_link(t, "link", "nothing");
	tree_dir(t, "image");
	tree_file(t, "image/manifest.json", 0644, manifest);
	tree_file(t, "image/root.img", 0644, "");
	place_enter(t);
	assert_int_equal(truncate("image/root.img", 8192), 0);
	(void)snprintf(copy, sizeof(copy), "cp %s/* .", sign_keys.path);
	assert_int_equal(system(copy), 0);
}

#define SIGN_IMAGE "sign --key rsa --prediction prediction --image image"

static inline int run(const char *line, struct fail *f)
{
	return cvmctl_run(command_sign, f, "%s", line);
}

static inline void run_well(const char *line)
{
	struct fail f = { 0 };

	assert_ok(run(line, &f), &f);
}

static inline void read_signatures(const char *path, size_t at,
				   struct signatures *ret)
{
	own_bytes struct bytes text = { 0 };
	struct fail f = { 0 };

	assert_int_equal(io_read_file(AT_FDCWD, path, 1 << 20, &text), 0);
	assert_true(text.len > at);
	assert_ok(signatures_parse((const char *)text.data + at, ret, &f), &f);
}

/* As openssl sees it: the policy digest, signed with SHA-256. */
static inline void verify(const struct signature *e, const char *public)
{
	char command[256];

	assert_int_equal(io_replace_file("pol", e->policy.digest, 32, 0644), 0);
	assert_int_equal(io_replace_file("sig", e->sig.data, e->sig.len, 0644),
			 0);
	(void)snprintf(command, sizeof(command),
		       "openssl dgst -sha256 -verify %s -signature sig pol "
		       ">/dev/null",
		       public);
	assert_int_equal(system(command), 0);
}

#endif
