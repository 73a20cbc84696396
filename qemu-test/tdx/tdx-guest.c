// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A kernel module that takes the place of tdx_guest where there is no Intel
 * TDX: the same device, with the same attributes for MRTD and RTMR 0 to 3, made
 * by the kernel's own tsm-mr (Linux 6.16 and later), and quotes by its own
 * tsm_report. What the TDX module would keep and the quoting enclave would sign
 * is memory of this module: a quote of the tests' corpus, with the registers as
 * they are extended and what it is asked to be about, but signed as it was.
 */
#include <crypto/sha2.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tsm-mr.h>
#include <linux/tsm.h>

/* DCAP, Quote Generation Library, A.3.1 and A.3.2: where in a quote */
enum { mrtd_at = 48 + 136, rtmr_at = 48 + 328, data_at = 48 + 520 };

static u8 quote[] = {
#embed "quote"
};

#define REGISTER(name, at) .mr_value = quote + (at), TSM_MR_(name, SHA384)
#define RTMR(name, n)                                              \
	{                                                          \
		REGISTER(name, rtmr_at + (n)*SHA384_DIGEST_SIZE) | \
			TSM_MR_F_RTMR                              \
	}

static const struct tsm_measurement_register registers[] = {
	{ REGISTER(mrtd, mrtd_at) },
	RTMR(rtmr0, 0),
	RTMR(rtmr1, 1),
	RTMR(rtmr2, 2),
	RTMR(rtmr3, 3),
};

static int refresh(const struct tsm_measurements *tm)
{
	return 0; /* what is shown is what is kept */
}

static int extend(const struct tsm_measurements *tm,
		  const struct tsm_measurement_register *mr, const u8 *data)
{
	u8 both[2 * SHA384_DIGEST_SIZE];

	memcpy(both, mr->mr_value, SHA384_DIGEST_SIZE);
	memcpy(both + SHA384_DIGEST_SIZE, data, SHA384_DIGEST_SIZE);
	sha384(both, sizeof(both), mr->mr_value);
	return 0;
}

static const struct tsm_measurements measurements = {
	.mrs = registers,
	.nr_mrs = ARRAY_SIZE(registers),
	.refresh = refresh,
	.write = extend,
};

/* As tdx_guest has it, whose REPORTDATA is 64 bytes and no fewer. */
static int make_quote(struct tsm_report *report, void *data)
{
	u8 *made;

	if (report->desc.inblob_len != TSM_REPORT_INBLOB_MAX)
		return -EINVAL;
	made = kvmemdup(quote, sizeof(quote), GFP_KERNEL);
	if (!made)
		return -ENOMEM;
	memcpy(made + data_at, report->desc.inblob, TSM_REPORT_INBLOB_MAX);
	report->outblob = made; /* whose owner is tsm_report from here */
	report->outblob_len = sizeof(quote);
	return 0;
}

static bool shows(int n)
{
	return n == TSM_REPORT_GENERATION || n == TSM_REPORT_PROVIDER;
}

static bool shows_blob(int n)
{
	return n == TSM_REPORT_INBLOB || n == TSM_REPORT_OUTBLOB;
}

static const struct tsm_report_ops quotes = {
	.name = "tdx_guest",
	.report_new = make_quote,
	.report_attr_visible = shows,
	.report_bin_attr_visible = shows_blob,
};

static const struct attribute_group *groups[2];

static struct miscdevice device = {
	.name = "tdx_guest",
	.minor = MISC_DYNAMIC_MINOR,
	.groups = groups,
};

static int register_device(void)
{
	int r;

	groups[0] = tsm_mr_create_attribute_group(&measurements);
	if (IS_ERR(groups[0]))
		return PTR_ERR(groups[0]);
	r = misc_register(&device);
	if (r < 0)
		tsm_mr_free_attribute_group(groups[0]);
	return r;
}

static void __exit fake_tdx_exit(void)
{
	tsm_report_unregister(&quotes);
	misc_deregister(&device);
	tsm_mr_free_attribute_group(groups[0]);
}

static int __init fake_tdx_init(void)
{
	int r = register_device();

	if (r < 0)
		return r;
	r = tsm_report_register(&quotes, NULL);
	if (r < 0) {
		misc_deregister(&device);
		tsm_mr_free_attribute_group(groups[0]);
	}
	return r;
}

module_init(fake_tdx_init);
module_exit(fake_tdx_exit);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION(
	"RTMRs in memory, for tests of what extends and quotes them");
