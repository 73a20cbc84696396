// SPDX-License-Identifier: MIT
/*
 * cvmctl predict: PCR 14 after init has measured what apps.conf declares, by
 * the code that init runs; and for a boot that it is told, the PCRs of what
 * comes before init.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/command.h"
#include "cvmctl/image/conf.h"
#include "cvmctl/image/manifest.h"
#include "cvmctl/image/prediction.h"
#include "cvmctl/image/root-view.h"
#include "cvmctl/image/source.h"
#include "cvmctl/predict/boot-plan.h"
#include "cvmctl/tool/lists.h"
#include "cvmctl/tool/options.h"
#include "lib/hex.h"
#include "lib/own.h"

struct predict_options {
	const char *image, *root, *apps, *config, *root_hash, *banks;
	struct boot_options boot;
	bool json;
};

static const struct option_usage usage = {
	"predict --image IMAGE_DIR | --root DIR|TAR [--apps FILE] [OPTION]...",
	"Says what PCR 14 holds after the apps are measured (\"measured\", what\n"
	"keys are sealed to) and after the cap (\"ready\", what a verifier of a\n"
	"running VM sees), with the events behind it. With --boot also PCRs 2, 4,\n"
	"9, 11 and 12, which firmware, systemd-stub and kernel extend.",
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
		{ "config", OPTION_TEXT, "FILE",
		  "boot.conf, if it has a pcr14-start", &o->config },
		{ "root-hash", OPTION_TEXT, "HEX",
		  "for measure-by = verity, if not in boot.conf",
		  &o->root_hash },
		{ "banks", OPTION_TEXT, "LIST",
		  "such as sha256,sha384; else all", &o->banks },
		{ "boot", OPTION_TEXT, "ovmf|uki|uki-direct",
		  "how the VM starts: see cvmctl(1)", &o->boot.boot },
		{ "initrd-word", OPTION_TEXT, "before|after",
		  "where OVMF adds initrd=initrd; else before",
		  &o->boot.initrd_word },
		{ "kernel-header", OPTION_TEXT, "pristine|qemu",
		  "does QEMU change it? else pristine",
		  &o->boot.kernel_header },
		{ "memory", OPTION_TEXT, "SIZE",
		  "--kernel-header qemu: QEMU's -m", &o->boot.memory },
		{ "machine", OPTION_TEXT, "pc|q35",
		  "--kernel-header qemu: QEMU's -machine; else pc",
		  &o->boot.machine },
		{ "uki", OPTION_TEXT, "FILE", "the unified kernel image",
		  &o->boot.uki },
		{ "efi-only", OPTION_FLAG, NULL,
		  "--boot uki: the firmware starts only EFI programs",
		  &o->boot.efi_only },
		{ "append", OPTION_LINE, "TEXT",
		  "--boot uki-direct: QEMU's -append", &o->boot.append },
		{ "json", OPTION_FLAG, NULL, "answer in JSON", &o->json },
		{ 0 },
	};
	int r = options_read(&usage, specs, argc, argv, f);

	if (r)
		return r;
	if (!o->image == !o->root)
		return options_refuse(f, argv[0],
				      "give one of --image and --root");
	if (o->image && (o->apps || o->config || o->root_hash))
		return options_refuse(f, argv[0],
				      "--apps, --config and --root-hash are "
				      "for --root; an image has its own");
	return 0;
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

static bool is_zero(const struct digest_set *d, enum digest_alg alg)
{
	static const uint8_t zeros[digest_size_max];

	return memcmp(d->value[alg], zeros, digest_size(alg)) == 0;
}

/* A PCR that comes before init, with its events, in one bank. */
static int print_pcr(const struct boot_chain *c, unsigned pcr,
		     enum digest_alg alg)
{
	struct digest_set value;
	int r = boot_chain_value(c, pcr, &value);

	if (r < 0)
		return r;
	(void)printf("%s PCR %u ", digest_name(alg), pcr);
	print_digest(&value, alg,
		     is_zero(&value, alg) ? " (stays zero)\n" : "\n");
	for (size_t n = 0; n < c->n; n++) {
		const struct boot_event *e = &c->event[n];

		if (e->pcr != pcr)
			continue;
		(void)printf("  ");
		print_digest(&e->digests, alg, " ");
		(void)printf("%s %s\n", e->type, e->what);
	}
	return 0;
}

static int print_boot(const struct boot_chain *c, struct fail *f)
{
	for (unsigned i = 0; i < DIGEST_ALG_COUNT; i++) {
		if (!(c->algs & 1U << i))
			continue;
		for (const unsigned *pcr = boot_chain_pcrs; *pcr; pcr++)
			if (print_pcr(c, *pcr, (enum digest_alg)i) < 0)
				return fail_errno(f, ENOMEM, "free memory",
						  "write the answer");
	}
	return 0;
}

/* boot is NULL without --boot. */
static int print_json(const struct prediction *p, const struct boot_plan *plan,
		      const struct boot_chain *boot, struct fail *f)
{
	own_json struct json_object *o = prediction_to_json(p);
	own_bytes struct bytes text = { 0 };

	if (!o ||
	    (boot && json_set(o, "boot", boot_plan_to_json(plan, boot)) < 0) ||
	    json_write(o, &text) < 0)
		return fail_errno(f, ENOMEM, "free memory", "write the answer");
	(void)fputs((const char *)text.data, stdout); /* main() checks */
	return 0;
}

/* The length of a root hash tells its algorithm. */
static int read_root_hash(const char *hex, struct verity_params *p,
			  struct fail *f)
{
	static const enum digest_alg algs[] = { DIGEST_SHA256, DIGEST_SHA384,
						DIGEST_SHA512 };
	size_t len = 0;
	int r = hex_decode(hex, sizeof(p->root_hash), p->root_hash, &len);

	for (size_t i = 0; r == 0 && i < array_size(algs); i++) {
		if (len != digest_size(algs[i]))
			continue;
		p->hash = algs[i];
		p->root_hash_len = len;
		return 0;
	}
	return fail_because(f, "it is no SHA-256, SHA-384 or SHA-512 in hex",
			    "give root-hash of boot.conf or manifest.json",
			    "use --root-hash %s", hex);
}

/* The tree to measure, and what boot.conf says that PCR 14 begins with. */
static int open_sources(const struct predict_options *o,
			struct root_tree *ret_tree, struct boot_conf *ret_conf,
			struct fail *f)
{
	own_json struct json_object *manifest = NULL;
	int r = 0;

	if (o->image) {
		r = manifest_read(o->image, &manifest, f);
		if (r == 0)
			r = source_open_image(o->image, ret_tree, f);
		return r < 0 ? r : conf_read_image(o->image, ret_conf, f);
	}
	if (o->config)
		r = conf_read_file(o->config, "check --config", ret_conf, f);
	if (r == 0 && o->root_hash)
		r = read_root_hash(o->root_hash, &ret_conf->root.verity, f);
	return r < 0 ? r
		     : root_view_open(o->root, o->apps, "/tmp/cvmctl-root",
				      ret_tree, f);
}

static int predict(const struct predict_options *o,
		   const struct boot_plan *plan, digest_algs algs,
		   struct fail *f)
{
	own_root_tree struct root_tree tree = ROOT_TREE_EMPTY;
	own_prediction struct prediction p = { 0 };
	own_free struct boot_chain *boot = NULL;
	own_free struct boot_conf *conf = calloc(1, sizeof(*conf));
	int r = 0;

	if (!conf)
		return fail_errno(f, ENOMEM, "free memory", "read boot.conf");
	if (plan->mode != BOOT_NONE) {
		boot = calloc(1, sizeof(*boot));
		if (!boot)
			return fail_errno(f, ENOMEM, "free memory",
					  "predict the boot");
		boot->algs = algs;
		r = boot_plan_predict(plan, o->image, boot, f);
	}
	if (r == 0)
		r = open_sources(o, &tree, conf, f);
	if (r == 0)
		r = prediction_make(&tree, conf, algs, &p, f);
	if (r < 0)
		return r;
	if (o->json)
		return print_json(&p, plan, boot, f);
	print_text(&p, algs);
	return boot ? print_boot(boot, f) : 0;
}

int command_predict(int argc, char **argv, struct fail *f)
{
	struct predict_options o = { 0 };
	struct boot_plan plan = { 0 };
	digest_algs algs = prediction_all_banks;
	int r = read_options(argc, argv, &o, f);

	if (r == 0)
		r = boot_plan_read(&o.boot, o.image, argv[0], &plan, f);
	if (r)
		return r;
	if (o.banks && list_read_banks(o.banks, &algs) < 0)
		return options_refuse(f, argv[0],
				      "--banks %s is not a list of sha1, "
				      "sha256, sha384, sha512",
				      o.banks);
	return predict(&o, &plan, algs, f);
}
