// SPDX-License-Identifier: MIT
/*
 * See seal-policy.h. PCR 14 alone says which applications were measured, but
 * not by whom: a host that boots a kernel of its own can extend PCR 14 with
 * the same events. What was booted has to be in the policy as well.
 */
#include "cvmctl/seal/seal-policy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cvmctl/image/manifest.h"
#include "cvmctl/predict/boot-pcrs.h"
#include "cvmctl/predict/prediction-read.h"
#include "cvmctl/tool/lists.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "seal/object/release-key.h"

#define PCR(n) (1U << (n))

/* Linux TPM PCR Registry (UAPI.7), and TCG PC Client PTP 4.6.2 */
static const struct {
	uint32_t pcr;
	const char *why;
} unsteady[] = {
	{ 0, "it changes with the firmware's version" },
	{ 1, "it changes with RAM size, ACPI tables and boot entries" },
	{ 3, "it changes with the devices of the VM" },
	{ 5, "it changes with partitions and boot attempts" },
	{ 6, "it is the firmware vendor's own" },
	{ 8, "only GRUB extends it, command by command" },
	{ 10, "IMA extends it in the order in which files are opened" },
	{ 16, "anybody may reset it" },
	{ 23, "anybody may reset it" },
};

/* "7=0123..." */
static int parse_pcr(const char *text, struct pcr_values *values)
{
	uint8_t value[digest_size_max];
	const char *equals = strchr(text, '=');
	char number[8];
	uint64_t n;
	size_t len;

	if (!equals || (size_t)(equals - text) >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, (size_t)(equals - text));
	number[equals - text] = '\0';
	if (text_parse_u64(number, pcr_count - 1, &n) < 0 ||
	    values->mask & PCR(n) ||
	    hex_decode(equals + 1, sizeof(value), value, &len) < 0 ||
	    len != digest_size(values->bank))
		return -EINVAL;
	memcpy(values->value[n], value, len);
	values->mask |= PCR(n);
	return 0;
}

static int add_options(const struct option_list *pcr, uint32_t signed_mask,
		       struct pcr_values *ret, struct fail *f)
{
	for (size_t i = 0; i < pcr->n; i++)
		if (parse_pcr(pcr->value[i], ret) < 0)
			return options_refuse(f, "seal",
					      "--pcr %s is not N=HEX of bank "
					      "%s, or repeated",
					      pcr->value[i],
					      digest_name(ret->bank));
		else if (ret->mask & signed_mask)
			return options_refuse(f, "seal",
					      "--pcr %s is of --signed-pcrs",
					      pcr->value[i]);
	return 0;
}

/*
 * The literal values: of a prediction, or of the image, as far as they are
 * not signed; and each --pcr.
 */
static int collect_values(const struct seal_policy_options *o,
			  struct json_object *manifest,
			  struct seal_policy *policy, struct fail *f)
{
	struct pcr_values *pcrs = &policy->pcrs;
	int r = 0;

	if (o->prediction) {
		r = prediction_read(o->prediction, pcrs->bank, pcrs, f);
		if (r == 0 && manifest)
			r = manifest_check_prediction(
				manifest, prediction_name(o->prediction), pcrs,
				f);
	} else if (manifest) {
		r = manifest_read_pcr(manifest, pcrs->bank,
				      pcrs->value[pcr_apps], f);
		pcrs->mask = PCR(pcr_apps);
	}
	pcrs->mask &= ~policy->signed_mask;
	return r < 0 ? r : add_options(&o->pcr, policy->signed_mask, pcrs, f);
}

static int read_signer(const char *path, struct bytes *ret, struct fail *f)
{
	static const char remedy[] = "write it with openssl pkey -pubout";
	own_release_key struct release_key key = { 0 };
	own_bytes struct bytes pem = { 0 };
	int r = io_read_file(AT_FDCWD, path, release_key_pem_max - 1, &pem);

	if (r < 0)
		return fail_errno(f, r, remedy, "read %s", path);
	r = release_key_parse(&pem, &key);
	if (r == -EINVAL)
		return fail_because(f,
				    "it is no public key in PEM, RSA of 2048, "
				    "3072 or 4096 bits with exponent 65537, "
				    "or on P-256",
				    remedy, "use %s", path);
	if (r < 0)
		return fail_errno(f, r, "free memory", "use %s", path);
	*ret = take_bytes(&pem);
	return 0;
}

static int check_unsteady(uint32_t mask, struct fail *f)
{
	for (size_t i = 0; i < array_size(unsteady); i++)
		if (mask & PCR(unsteady[i].pcr))
			return fail_because(f, unsteady[i].why,
					    "leave it out, or give --any-pcr",
					    "seal to PCR %u", unsteady[i].pcr);
	return 0;
}

static int check_boot_chain(const struct seal_policy *policy, struct fail *f)
{
	uint32_t mask = policy->pcrs.mask | policy->signed_mask;

	if (boot_pcrs_whole(mask))
		return boot_pcrs_check(mask, boot_pcrs_unused(&policy->pcrs),
				       f);
	return fail_because(f,
			    "a host that boots another kernel can extend PCR "
			    "14 with the same events",
			    "add PCRs 2, 4 and 9 (a UKI: 2, 4, 11 and 12) with "
			    "cvmctl predict --boot, or give --apps-only",
			    "seal without the boot chain");
}

static int check_mask(const struct seal_policy_options *o,
		      const struct seal_policy *policy, struct fail *f)
{
	uint32_t mask = policy->pcrs.mask | policy->signed_mask;
	int r = 0;

	if (!(mask & PCR(pcr_apps)))
		return fail_because(f,
				    "init does not use a key that its "
				    "measurements do not guard",
				    "give --image, --prediction, or 14 in "
				    "--signed-pcrs",
				    "seal without PCR 14");
	if (!o->any_pcr)
		r = check_unsteady(mask, f);
	if (r == 0 && !o->apps_only)
		r = check_boot_chain(policy, f);
	return r;
}

/* Usage: what makes no sense together. */
static int check_options(const struct seal_policy_options *o,
			 struct seal_policy *ret, struct fail *f)
{
	int bank = o->bank ? digest_from_name(o->bank) : DIGEST_SHA256;

	if (bank < 0)
		return options_refuse(f, "seal",
				      "--bank %s is none of sha1, sha256, "
				      "sha384, sha512",
				      o->bank);
	ret->pcrs.bank = (enum digest_alg)bank;
	if (!o->signed_by != !o->signed_pcrs)
		return options_refuse(f, "seal",
				      "--signed-by and --signed-pcrs go "
				      "together");
	if (o->signed_pcrs &&
	    list_read_pcrs(o->signed_pcrs, &ret->signed_mask) < 0)
		return options_refuse(f, "seal",
				      "--signed-pcrs %s is not a list such as "
				      "2,4,9,14",
				      o->signed_pcrs);
	return 0;
}

int seal_policy_make(const struct seal_policy_options *o,
		     struct json_object *manifest, struct bytes *ret_signer,
		     struct seal_policy *ret, struct fail *f)
{
	struct seal_policy policy = { 0 };
	int r = check_options(o, &policy, f);

	if (r == 0)
		r = collect_values(o, manifest, &policy, f);
	if (r == 0)
		r = check_mask(o, &policy, f);
	if (r == 0 && o->signed_by) {
		r = read_signer(o->signed_by, ret_signer, f);
		policy.signer = ret_signer;
	}
	if (r == 0)
		*ret = policy;
	return r;
}
