// SPDX-License-Identifier: MIT
/*
 * The judge and what a guest of Intel TDX was booted with: the log behind its
 * RTMRs, and the manifest, in the place of values that were given. As
 * test_judge_td.c.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include "tests/ccel.h"
#include "tests/certificates.h"
#include "tests/td-trial.h"

enum {
	settings = 1, /* RTMR 0 */
	kernel = 2,
	command = 3,
};

static const uint32_t variable = 0x80000001;
static const uint32_t application = 0x80000003;
static const uint32_t action = 0x80000007;
static const uint32_t tag = 6;
static const uint32_t separator = 4;

static void add_settings(struct ccel *c)
{
	ccel_add_text(c, settings, variable, "SecureBoot");
	ccel_add(c, settings, separator, "\0\0\0", 4);
}

static void add_manager(struct ccel *c)
{
	ccel_add_text(c, kernel, action,
		      "Calling EFI Application from Boot Option");
	ccel_add(c, kernel, separator, "\0\0\0", 4);
}

static void add_exit(struct ccel *c)
{
	ccel_add_text(c, kernel, action, "Exit Boot Services Invocation");
	ccel_add_text(c, kernel, action,
		      "Exit Boot Services Returned with Success");
}

/* As OVMF measures QEMU's -kernel. */
static void add_kernel(struct ccel *c)
{
	ccel_add_text(c, kernel, application, "kernel");
	add_manager(c);
	add_exit(c);
}

static void add_command(struct ccel *c, const char *line)
{
	own_bytes struct bytes options = { 0 };

	assert_int_equal(load_options_encode(line, strlen(line), &options), 0);
	ccel_add(c, command, tag, options.data, options.len);
}

static void add_all(struct ccel *c)
{
	add_settings(c);
	add_kernel(c);
	add_command(c, "initrd=initrd " STORY_CMDLINE);
	ccel_add_text(c, command, tag, "initramfs");
}

/* The log, and the registers that it leads to; nothing was given of them. */
static void set_log(struct trial *t, struct td_parts *p, struct ccel *c)
{
	for (size_t i = 0; i < expected_rtmrs; i++) {
		memcpy(p->body + td_rtmr_at + i * td_register_size,
		       c->rtmr[i + 1], td_register_size);
		t->x.tdx.rtmr[i].given = false;
	}
	ccel_end(c, &t->e.ccel);
}

/* A TD without a TPM, with what add has changed in its log. */
static void boot(struct trial *t, void (*add)(struct ccel *c))
{
	struct td_parts p;
	struct ccel c;

	td_trial_begin_alone(t, &p);
	ccel_begin(&c);
	add(&c);
	set_log(t, &p, &c);
	td_trial_quote(t, &p);
}

static void be_good(struct trial *t)
{
	boot(t, add_all);
}

static void be_given(struct trial *t)
{
	td_trial_be_alone(t);
	assert_int_equal(bytes_copy("-", 1, &t->e.ccel), 0);
}

/* Made up, for values that are known to be good. */
static void make_up_log(struct trial *t)
{
	struct ccel c;

	td_trial_be_alone(t);
	ccel_begin(&c);
	add_all(&c);
	ccel_end(&c, &t->e.ccel);
}

static void add_shell(struct ccel *c)
{
	add_all(c);
	ccel_add_text(c, kernel, application, "shell");
}

static void run_shell(struct trial *t)
{
	boot(t, add_shell);
}

/* What the firmware started without measuring it has said the rest. */
static void add_late_kernel(struct ccel *c)
{
	add_settings(c);
	add_manager(c);
	ccel_add_text(c, kernel, application, "kernel");
	add_exit(c);
	add_command(c, STORY_CMDLINE);
	ccel_add_text(c, command, tag, "initramfs");
}

static void pretend(struct trial *t)
{
	boot(t, add_late_kernel);
}

static void add_more(struct ccel *c)
{
	add_all(c);
	ccel_add_text(c, command, tag, "microcode");
}

static void load_more(struct trial *t)
{
	boot(t, add_more);
}

static void add_kernel_twice(struct ccel *c)
{
	add_all(c);
	add_kernel(c);
}

static void boot_twice(struct trial *t)
{
	boot(t, add_kernel_twice);
}

static void add_other_line(struct ccel *c)
{
	add_settings(c);
	add_kernel(c);
	add_command(c, "rdinit=/bin/sh");
	ccel_add_text(c, command, tag, "initramfs");
}

static void have_other_line(struct trial *t)
{
	boot(t, add_other_line);
}

static void add_other_initramfs(struct ccel *c)
{
	add_settings(c);
	add_kernel(c);
	add_command(c, STORY_CMDLINE);
	ccel_add_text(c, command, tag, "another");
}

static void have_other_initramfs(struct trial *t)
{
	boot(t, add_other_initramfs);
}

/* The kernel's event stands where the firmware's settings are. */
static void add_in_settings(struct ccel *c)
{
	add_settings(c);
	ccel_add_text(c, settings, application, "kernel");
	ccel_add_text(c, kernel, application, "another");
	add_command(c, STORY_CMDLINE);
	ccel_add_text(c, command, tag, "initramfs");
}

static void hide_in_settings(struct trial *t)
{
	boot(t, add_in_settings);
}

/* A good log of another boot. */
static void borrow_log(struct trial *t)
{
	be_good(t);
	t->e.ccel.data[65 + 12 + 2] ^= 1; /* the digest of the first event */
}

static void break_log(struct trial *t)
{
	be_good(t);
	t->e.ccel.len = 200;
}

/* init's register is init's alone: such an event comes before all of them. */
static void add_in_ours(struct ccel *c)
{
	add_all(c);
	ccel_add_text(c, log_mr_rtmr_3, action, "of the firmware");
}

static void extend_ours(struct trial *t)
{
	boot(t, add_in_ours);
}

static void ask_for_apps(struct trial *t)
{
	run_shell(t);
	t->x.apps_only = true;
}

static void give_prediction(struct trial *t)
{
	be_good(t);
	t->x.prediction = story.prediction;
}

static void have_tpm(struct trial *t)
{
	struct td_parts p;
	struct ccel c;

	td_trial_begin(t, &p);
	ccel_begin(&c);
	add_shell(&c);
	set_log(t, &p, &c);
	td_trial_quote(t, &p);
}

static struct bytes maker; /* the last one's certificate */

/* Its endorsement key is a maker's, who makes others as well. */
static void certify_tpm(struct trial *t)
{
	EVP_PKEY *by = EVP_EC_gen("P-256");
	EVP_PKEY *key;
	struct tpm_public ek;
	struct fail f = { 0 };

	assert_int_equal(tpm_public_read(&t->e.tpm.ek, &ek, &f), 0);
	key = tpm_public_import(&ek);
	bytes_free(&maker);
	maker = test_maker_pem(by);
	t->x.ek.given = false;
	t->x.ek_ca = &maker;
	t->e.tpm.ek_certificate = test_ek_der(key, by);
	EVP_PKEY_free(key);
	EVP_PKEY_free(by);
}

/* The TPM's maker is known, and not whose it is. */
static void have_any_tpm(struct trial *t, void (*add)(struct ccel *c))
{
	struct td_parts p;
	struct ccel c;

	td_trial_begin(t, &p);
	certify_tpm(t);
	ccel_begin(&c);
	add(&c);
	set_log(t, &p, &c);
	td_trial_quote(t, &p);
}

static void have_certified_tpm(struct trial *t)
{
	have_any_tpm(t, add_all);
}

static void predict_for_certified_tpm(struct trial *t)
{
	have_any_tpm(t, add_all);
	t->x.prediction = story.prediction;
}

static void borrow_tpm(struct trial *t)
{
	have_any_tpm(t, add_shell);
}

static void borrow_tpm_without_log(struct trial *t)
{
	borrow_tpm(t);
	bytes_free(&t->e.ccel);
}

#define LEADS  "the log of the firmware leads to it"
#define KERNEL "the log leads to it, and is that of the manifest's kernel"
#define NOT_BOOTED                                                       \
	" of the manifest was not booted as it is; for a UKI, or where " \
	"firmware measures more, give --tdx-"

static const struct trial_case cases[] = {
	{ "settings", be_good, CHECK_OK, "rtmr0", LEADS },
	{ "kernel", be_good, CHECK_OK, "rtmr1", KERNEL },
	{ "command line", be_good, CHECK_OK, "rtmr2",
	  "the log leads to it, and is that of the manifest's command line "
	  "and initramfs" },
	{ "with a prediction", give_prediction, CHECK_OK, "rtmr1", KERNEL },
	{ "another program", run_shell, CHECK_REFUSED, "rtmr1",
	  "ccel event 9 is not the manifest's: "
	  "EV_EFI_BOOT_SERVICES_APPLICATION shell" },
	{ "another file", load_more, CHECK_REFUSED, "rtmr2",
	  "ccel event 9 is not the manifest's: EV_EVENT_TAG e" },
	{ "a kernel that others tell of", pretend, CHECK_REFUSED, "rtmr1",
	  "the kernel of the manifest comes after the boot manager: code that "
	  "nobody measured could have said so" },
	{ "two kernels", boot_twice, CHECK_REFUSED, "rtmr1",
	  "the kernel" NOT_BOOTED "rtmr1; it is "
	  "1b783abcbe6b6ea4e8c9db6fd8b591d2b366f2554849abb7"
	  "1ca8a8cd5569b9a78411927fe3d4c24793bf5f616b151e74" },
	{ "another command line", have_other_line, CHECK_REFUSED, "rtmr2",
	  "the command line" NOT_BOOTED "rtmr2; it is "
	  "be6d729522fecf9c73e24c733e649d676f94445ef03de5ef"
	  "aeae1cd831fb853582103ea02c5357f7357be39abd45aced" },
	{ "another initramfs", have_other_initramfs, CHECK_REFUSED, "rtmr2",
	  "the initramfs" NOT_BOOTED "rtmr2; it is "
	  "7940299649fb379e7bbe3bc4a3b44d2328e50ef22cf4e810"
	  "9cdde1033f4d10fd611276c6a5950839d62bad8d086564c3" },
	{ "a kernel in the settings", hide_in_settings, CHECK_REFUSED, "rtmr1",
	  "the kernel" NOT_BOOTED "rtmr1; it is "
	  "5199abce67131ce1a547d6f42fbe8fd86989742fccb143e0"
	  "6b7442b21b24b44ffc651df1f338aad9c41360831fb96c68" },
	{ "another log", borrow_log, CHECK_REFUSED, "rtmr0",
	  "the log of the firmware does not lead to it: of RTMR 0 an event was "
	  "left out or changed" },
	{ "a broken log", break_log, CHECK_REFUSED, "ccel",
	  "it is cut off or damaged at event 1" },
	{ "no log, and values", be_given, CHECK_REFUSED, "ccel",
	  "it is cut off in its first event" },
	{ "another log, and values", make_up_log, CHECK_REFUSED, "rtmr0",
	  "the log of the firmware does not lead to it: of RTMR 0 an event was "
	  "left out or changed" },
	{ "an event in init's", extend_ours, CHECK_REFUSED, "rtmr3",
	  "the log of init does not lead to it: ccel event 9 is too much" },
	{ "applications alone", ask_for_apps, CHECK_OK, "rtmr1", LEADS },
	{ "beside a TPM", have_tpm, CHECK_OK, "rtmr1", LEADS },
	{ "beside any TPM of a maker", have_certified_tpm, CHECK_OK, "rtmr1",
	  KERNEL },
	{ "beside any TPM, with a prediction", predict_for_certified_tpm,
	  CHECK_OK, "rtmr1", KERNEL },
	{ "beside a TPM of another machine", borrow_tpm, CHECK_REFUSED, "rtmr1",
	  "ccel event 9 is not the manifest's: "
	  "EV_EFI_BOOT_SERVICES_APPLICATION shell" },
	{ "beside a TPM of another machine, no log", borrow_tpm_without_log,
	  CHECK_MISSING, "rtmr1",
	  "it was not compared: none was given; it is "
	  "4529f1fcdd59297c836a2dd899d8447cb5694f75ad96bdc9"
	  "b59c9b53cbcdc0586f497add2943a4b6944e2211bd625416" },
};

int main(void)
{
	static const struct table tables[] = {
		TABLE(judges, cases),
	};
	int r = td_trial_main(tables, array_size(tables));

	bytes_free(&maker);
	return r;
}
