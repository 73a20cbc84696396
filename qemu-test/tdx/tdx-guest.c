// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A kernel module that takes the place of tdx_guest where there is no Intel
 * TDX: the same device, with the same attributes for RTMR 0 to 3, made by the
 * kernel's own tsm-mr (Linux 6.16 and later). Only the registers themselves,
 * which the TDX module would keep, are memory of this module.
 */
#include <crypto/sha2.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/tsm-mr.h>

enum { registers = 4 };

static u8 kept[registers][SHA384_DIGEST_SIZE];	/* the TDX module's */
static u8 shown[registers][SHA384_DIGEST_SIZE]; /* the kernel's copy */

#define RTMR(n, name)                                                       \
	{                                                                   \
		.mr_value = shown[n], TSM_MR_(name, SHA384) | TSM_MR_F_RTMR \
	}

static const struct tsm_measurement_register rtmrs[registers] = {
	RTMR(0, rtmr0),
	RTMR(1, rtmr1),
	RTMR(2, rtmr2),
	RTMR(3, rtmr3),
};

static int refresh(const struct tsm_measurements *tm)
{
	memcpy(shown, kept, sizeof(shown));
	return 0;
}

static int extend(const struct tsm_measurements *tm,
		  const struct tsm_measurement_register *mr, const u8 *data)
{
	u8 both[2 * SHA384_DIGEST_SIZE];
	u8 *value = kept[mr - rtmrs];

	memcpy(both, value, SHA384_DIGEST_SIZE);
	memcpy(both + SHA384_DIGEST_SIZE, data, SHA384_DIGEST_SIZE);
	sha384(both, sizeof(both), value);
	return 0;
}

static const struct tsm_measurements measurements = {
	.mrs = rtmrs,
	.nr_mrs = registers,
	.refresh = refresh,
	.write = extend,
};

static const struct attribute_group *groups[2];

static struct miscdevice device = {
	.name = "tdx_guest",
	.minor = MISC_DYNAMIC_MINOR,
	.groups = groups,
};

static int __init fake_tdx_init(void)
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
	misc_deregister(&device);
	tsm_mr_free_attribute_group(groups[0]);
}

module_init(fake_tdx_init);
module_exit(fake_tdx_exit);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("RTMRs in memory, for tests of what extends them");
