// SPDX-License-Identifier: MIT
/*
 * cvmctl predict: PCR 14 after init has measured what apps.conf declares, by
 * the code that init runs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/command.h"
#include "cvmctl/options.h"
#include "cvmctl/prediction.h"
#include "cvmctl/source.h"
#include "lib/hex.h"
#include "lib/own.h"

struct predict_options {
	const char *image, *root, *apps, *banks;
	bool json;
};

static const struct option_usage usage = {
	"predict --image IMAGE_DIR | --root DIR|TAR [--apps FILE] [OPTION]...",
	"Says what PCR 14 holds after the apps are measured (\"measured\", what\n"
	"keys are sealed to) and after the cap (\"ready\", what a verifier of a\n"
	"running VM sees), with the events behind it.",
};

static int read_options(int argc, char **argv, struct predict_options *o,
			struct fail *f)
{
	const struct option_spec specs[] = {
		{ "image", OPTION_TEXT, "IMAGE_DIR", "measure its root disk",
		  &o->image },
		{ "root", OPTION_TEXT, "DIR|TAR", "measure this tree",
		  &o->root },
		{ "apps", OPTION_TEXT, "FILE",
		  "apps.conf, if it is not in the tree", &o->apps },
		{ "banks", OPTION_TEXT, "LIST",
		  "such as sha256,sha384; else all", &o->banks },
		{ "json", OPTION_FLAG, NULL, "answer in JSON", &o->json },
		{ 0 },
	};
	int r = options_read(&usage, specs, argc, argv, f);

	if (r)
		return r;
	if (!o->image == !o->root)
		return options_refuse(f, argv[0],
				      "give one of --image and --root");
	if (o->image && o->apps)
		return options_refuse(f, argv[0],
				      "--apps is for --root; an image has its "
				      "own");
	return 0;
}

/* "sha256,sha384" */
static int parse_banks(const char *list, digest_algs *ret)
{
	char words[64];
	char *save = NULL;
	digest_algs algs = 0;

	if (strlen(list) >= sizeof(words))
		return -EINVAL;
	memcpy(words, list, strlen(list) + 1);
	for (char *w = strtok_r(words, ",", &save); w;
	     w = strtok_r(NULL, ",", &save)) {
		int alg = digest_from_name(w);

		if (alg < 0)
			return -EINVAL;
		algs |= 1U << alg;
	}
	*ret = algs;
	return algs ? 0 : -EINVAL;
}

static void print_digest(const struct digest_set *d, enum digest_alg alg,
			 const char *end)
{
	char hex[2 * digest_size_max + 1];

	hex_encode(d->value[alg], digest_size(alg), hex);
	(void)printf("%s%s", hex, end);
}

static void print_text(const struct prediction *p, digest_algs algs)
{
	for (unsigned i = 0; i < DIGEST_ALG_COUNT; i++) {
		enum digest_alg alg = (enum digest_alg)i;

		if (!(algs & 1U << i))
			continue;
		(void)printf("%s measured ", digest_name(alg));
		print_digest(&p->measured, alg, "\n");
		(void)printf("%s ready    ", digest_name(alg));
		print_digest(&p->ready, alg, "\n");
		for (size_t n = 0; n < p->events.n; n++) {
			const struct event *e = &p->events.event[n];

			(void)printf("  ");
			print_digest(&e->digests, alg, " ");
			(void)printf("%s%s%s %s\n", event_kind_name(e->kind),
				     e->app ? " " : "", e->app ? e->app : "",
				     e->path);
		}
	}
}

static int print_json(const struct prediction *p, struct fail *f)
{
	own_json struct json_object *o = prediction_to_json(p);
	own_bytes struct bytes text = { 0 };

	if (!o || json_write(o, &text) < 0)
		return fail_errno(f, ENOMEM, "free memory", "write the answer");
	(void)fputs((const char *)text.data, stdout); /* main() checks */
	return 0;
}

int command_predict(int argc, char **argv, struct fail *f)
{
	own_root_tree struct root_tree tree = ROOT_TREE_EMPTY;
	own_prediction struct prediction p = { 0 };
	struct predict_options o = { 0 };
	digest_algs algs = prediction_all_banks;
	int r = read_options(argc, argv, &o, f);

	if (r)
		return r;
	if (o.banks && parse_banks(o.banks, &algs) < 0)
		return options_refuse(f, argv[0],
				      "--banks %s is not a list of sha1, "
				      "sha256, sha384, sha512",
				      o.banks);
	r = o.image ? source_open_image(o.image, &tree, f)
		    : root_tree_open(o.root, o.apps, "/tmp/cvmctl-root", &tree,
				     f);
	if (r == 0)
		r = prediction_make(&tree, algs, &p, f);
	if (r < 0)
		return r;
	if (o.json)
		return print_json(&p, f);
	print_text(&p, algs);
	return 0;
}
