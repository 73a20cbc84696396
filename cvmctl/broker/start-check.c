// SPDX-License-Identifier: MIT
/* See start-check.h. */
#include "cvmctl/broker/start-check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/broker/key-store.h"
#include "cvmctl/image/manifest.h"
#include "evidence/exchange/answer.h"
#include "lib/hex.h"

static int check_key(const struct start_check *c, struct fail *f)
{
	const char *wanted =
		json_get_string(json_get(c->manifest, "broker"), "key");
	uint8_t hash[answer_key_hash_size];
	char hex[2 * sizeof(hash) + 1];
	int r = answer_key_hash(c->key, hash);

	if (r < 0)
		return fail_errno(f, r, "free memory", "use key %s",
				  c->key_path);
	hex_encode(hash, sizeof(hash), hex);
	/* an image of before has none in its manifest */
	if (!*wanted || strcmp(wanted, hex) == 0)
		return 0;
	(void)fail_because(f, "",
			   "give the key that [broker] key in boot.conf is the "
			   "hash of",
			   "use key %s", c->key_path);
	return fail_reason(f,
			   "the image's VMs believe %.12s..., and it is "
			   "%.12s...",
			   wanted, hex);
}

static void note_missing_keys(const struct start_check *c)
{
	struct manifest_volume v = { .name = "" };

	for (size_t i = 0; manifest_delivered_volume(c->manifest, i, &v); i++)
		if (*v.uuid && !key_store_has(c->store, v.uuid))
			(void)fprintf(stderr,
				      "cvmctl: broker: there is no key of "
				      "volume %s in %s yet; make it with "
				      "cvmctl seal --key-store\n",
				      v.uuid, c->store);
}

int start_check(const struct start_check *c, struct fail *f)
{
	struct manifest_volume v = { .name = "" };
	int r;

	if (!manifest_delivered_volume(c->manifest, 0, &v))
		return fail_because(f, "it has no volume with key = delivered",
				    "give the IMAGE_DIR of the VMs that will "
				    "ask",
				    "serve VMs of %s", c->image);
	r = check_key(c, f);
	if (r == 0)
		note_missing_keys(c);
	return r;
}
