// SPDX-License-Identifier: MIT
/* The search for the TPM, against trees like /sys/class/tpm. */
#include "init/tpm-find.h"

#include <stdio.h>
#include <string.h>

#include "config/boot.h"
#include "lib/own.h"
#include "tests/line.h"
#include "tests/table.h"
#include "tests/tmptree.h"

#define DRIVERS	       "../../../bus/platform/drivers/"
#define NONE(class)    "cannot find a TPM of class " class ": found "
#define GIVE	       "; give the VM such a TPM, or change [tpm] require in boot.conf"
#define SEVERAL(class) "cannot choose a TPM of class " class ": found "
#define NAME_ONE       "; name one class in [tpm] require"
#define LONG_16	       "a_name_of_16_abc"
#define LONG_64	       LONG_16 LONG_16 LONG_16 LONG_16

enum { entries_max = 10 };

/* An entry of the class; without a driver it is a bare directory. */
struct entry {
	const char *name;
	const char *driver; /* the link's target; "" for a driver of no link */
	const char *link;   /* or: the entry itself is a link to this */
};

static const struct find_case {
	const char *name;
	unsigned require;
	struct entry entry[entries_max];
	const char *found; /* its name and class, "tpm0 svsm" */
	const char *line;  /* or the refusal */
} cases[] = {
	{ "the SVSM's",
	  BOOT_TPM_SVSM,
	  { { "tpm0", DRIVERS "tpm-svsm", NULL } },
	  "tpm0 svsm",
	  NULL },
	{ "CRB",
	  BOOT_TPM_CRB,
	  { { "tpm0", "../../../bus/acpi/drivers/tpm_crb", NULL } },
	  "tpm0 crb",
	  NULL },
	{ "CRB of Linux 7",
	  BOOT_TPM_CRB,
	  { { "tpm0", DRIVERS "tpm_crb_acpi", NULL } },
	  "tpm0 crb",
	  NULL },
	{ "TIS",
	  BOOT_TPM_TIS,
	  { { "tpm0", DRIVERS "tpm_tis", NULL } },
	  "tpm0 tis",
	  NULL },
	{ "any one",
	  BOOT_TPM_ANY,
	  { { "tpm3", DRIVERS "tpm_tis", NULL } },
	  "tpm3 tis",
	  NULL },
	{ "the highest number",
	  BOOT_TPM_ANY,
	  { { "tpm65535", DRIVERS "tpm_tis", NULL } },
	  "tpm65535 tis",
	  NULL },
	/* the host's is first, or last: both work when one will do */
	{ "the second of two",
	  BOOT_TPM_SVSM,
	  { { "tpm0", DRIVERS "tpm_crb", NULL },
	    { "tpm1", DRIVERS "tpm-svsm", NULL } },
	  "tpm1 svsm",
	  NULL },
	{ "the first of two",
	  BOOT_TPM_SVSM,
	  { { "tpm0", DRIVERS "tpm-svsm", NULL },
	    { "tpm1", DRIVERS "tpm_tis", NULL } },
	  "tpm0 svsm",
	  NULL },
	{ "one of three, of two classes",
	  BOOT_TPM_SVSM | BOOT_TPM_CRB,
	  { { "tpm0", DRIVERS "tpm_tis", NULL },
	    { "tpm1", DRIVERS "tpm_vtpm_proxy", NULL },
	    { "tpm2", DRIVERS "tpm_crb", NULL } },
	  "tpm2 crb",
	  NULL },
	{ "beside one without a driver",
	  BOOT_TPM_SVSM,
	  { { "tpm0", NULL, NULL }, { "tpm1", DRIVERS "tpm-svsm", NULL } },
	  "tpm1 svsm",
	  NULL },
	{ "beside what is no TPM",
	  BOOT_TPM_ANY,
	  { { "tpmrm0", DRIVERS "tpm-svsm", NULL },
	    { "tpm", DRIVERS "tpm-svsm", NULL },
	    { "tpm00", DRIVERS "tpm-svsm", NULL },
	    { "tpm-1", DRIVERS "tpm-svsm", NULL },
	    { "tpm1x", DRIVERS "tpm-svsm", NULL },
	    { "tpm65536", DRIVERS "tpm-svsm", NULL },
	    { "tpm99999999999999999999", DRIVERS "tpm-svsm", NULL },
	    { "xtpm1", DRIVERS "tpm-svsm", NULL },
	    { "tpm7", DRIVERS "tpm-svsm", NULL } },
	  "tpm7 svsm",
	  NULL },
	{ "two that would do",
	  BOOT_TPM_SVSM,
	  { { "tpm0", DRIVERS "tpm-svsm", NULL },
	    { "tpm1", DRIVERS "tpm-svsm", NULL } },
	  NULL,
	  SEVERAL("svsm") "tpm0 (tpm-svsm), tpm1 (tpm-svsm)" NAME_ONE },
	{ "two for any",
	  BOOT_TPM_ANY,
	  { { "tpm0", DRIVERS "tpm_crb", NULL },
	    { "tpm1", DRIVERS "tpm-svsm", NULL } },
	  NULL,
	  SEVERAL("any") "tpm0 (tpm_crb), tpm1 (tpm-svsm)" NAME_ONE },
	{ "in the order of numbers",
	  BOOT_TPM_CRB | BOOT_TPM_TIS,
	  { { "tpm10", DRIVERS "tpm_crb", NULL },
	    { "tpm9", DRIVERS "tpm_tis", NULL } },
	  NULL,
	  SEVERAL("crb or tis") "tpm9 (tpm_tis), tpm10 (tpm_crb)" NAME_ONE },
	{ "the host's alone",
	  BOOT_TPM_SVSM,
	  { { "tpm0", DRIVERS "tpm_crb", NULL },
	    { "tpm1", DRIVERS "tpm_tis", NULL } },
	  NULL,
	  NONE("svsm") "tpm0 (tpm_crb), tpm1 (tpm_tis)" GIVE },
	{ "a driver of no class",
	  BOOT_TPM_ANY,
	  { { "tpm0", DRIVERS "tpm_vtpm_proxy", NULL } },
	  NULL,
	  NONE("any") "tpm0 (tpm_vtpm_proxy)" GIVE },
	{ "nearly its name",
	  BOOT_TPM_SVSM,
	  { { "tpm0", DRIVERS "tpm-svsm2", NULL },
	    { "tpm1", DRIVERS "tpm_svsm", NULL },
	    { "tpm2", DRIVERS "tpm-svsm/", NULL } },
	  NULL,
	  NONE("svsm") "tpm0 (tpm-svsm2), tpm1 (tpm_svsm), tpm2 ()" GIVE },
	{ "no entry",
	  BOOT_TPM_ANY,
	  { { 0 } },
	  NULL,
	  NONE("any") "no TPM" GIVE },
	{ "no link",
	  BOOT_TPM_ANY,
	  { { "tpm0", NULL, NULL }, { "tpm1", "", NULL } },
	  NULL,
	  NONE("any") "tpm0 (no driver), tpm1 (no driver)" GIVE },
	{ "links that lead nowhere",
	  BOOT_TPM_ANY,
	  { { "tpm0", NULL, "nowhere" }, { "tpm1", NULL, "tpm1" } },
	  NULL,
	  NONE("any") "tpm0 (no driver), tpm1 (no driver)" GIVE },
	{ "a loop",
	  BOOT_TPM_SVSM,
	  { { "tpm0", NULL, "tpm1" }, { "tpm1", NULL, "tpm0" } },
	  NULL,
	  NONE("svsm") "tpm0 (no driver), tpm1 (no driver)" GIVE },
	{ "a driver's name of 63",
	  BOOT_TPM_ANY,
	  { { "tpm0", DRIVERS "b" LONG_16 LONG_16 LONG_16 "tpm_crb_acpi23",
	      NULL } },
	  NULL,
	  NONE("any") "tpm0 (b" LONG_16 LONG_16 LONG_16
		      "tpm_crb_acpi23)" GIVE },
	{ "a driver's name of 64",
	  BOOT_TPM_ANY,
	  { { "tpm0", DRIVERS LONG_64, NULL } },
	  NULL,
	  NONE("any") "tpm0 (no driver)" GIVE },
};

static void add_entry(struct tree *t, const struct entry *e)
{
	char path[128];

	if (e->link) {
		tree_link(t, e->name, e->link);
		return;
	}
	tree_dir(t, e->name);
	(void)snprintf(path, sizeof(path), "%s/device", e->name);
	tree_dir(t, path);
	(void)snprintf(path, sizeof(path), "%s/device/driver", e->name);
	if (e->driver && !*e->driver)
		tree_file(t, path, 0644, "tpm-svsm");
	else if (e->driver)
		tree_link(t, path, e->driver);
}

static void finds(void **state)
{
	const struct find_case *c = *state;
	struct tpm_found tpm = { 0 };
	struct tree t = { 0 };
	struct fail f = { 0 };
	char found[64];
	int r;

	tree_make(&t);
	for (size_t i = 0; i < entries_max && c->entry[i].name; i++)
		add_entry(&t, &c->entry[i]);
	r = tpm_find(t.path, c->require, &tpm, &f);
	tree_remove(&t);
	if (c->line) {
		assert_refusal(r, &f, c->line);
		assert_null(tpm.class);
		return;
	}
	assert_ok(r, &f);
	(void)snprintf(found, sizeof(found), "%s %s", tpm.name, tpm.class);
	assert_string_equal(found, c->found);
	(void)snprintf(found, sizeof(found), "tpm%u %s", tpm.number, tpm.class);
	assert_string_equal(found, c->found);
}

/* A thousand of the host's TPMs, and the one that counts among them. */
static void finds_one_in_a_thousand(void **state)
{
	struct tpm_found tpm = { 0 };
	struct tree t = { 0 };
	struct fail f = { 0 };

	(void)state;
	tree_make(&t);
	for (int i = 0; i < 1000; i++) {
		char name[16];
		const char *driver =
			i == 500 ? DRIVERS "tpm-svsm" : DRIVERS "tpm_tis";

		(void)snprintf(name, sizeof(name), "tpm%d", i);
		add_entry(&t, &(struct entry){ name, driver, NULL });
	}
	assert_ok(tpm_find(t.path, BOOT_TPM_SVSM, &tpm, &f), &f);
	assert_string_equal(tpm.name, "tpm500");
	assert_refusal(tpm_find(t.path, BOOT_TPM_CRB, &tpm, &f), &f,
		       NONE("crb") "tpm0 (tpm_tis), tpm1 (tpm_tis), tpm2 "
				   "(tpm_tis), tpm3 (tpm_tis), tpm4 (tpm_tis), "
				   "tpm5 (tpm_tis), tpm6 (tpm_tis), tpm7 "
				   "(tpm_tis), and 992 more" GIVE);
	tree_remove(&t);
}

/* No class at all is a kernel without TPMs; one that cannot be read is not. */
static void needs_the_class(void **state)
{
	struct tpm_found tpm = { 0 };
	struct tree t = { 0 };
	struct fail f = { 0 };
	char path[PATH_MAX];

	(void)state;
	tree_make(&t);
	(void)snprintf(path, sizeof(path), "%s/class", t.path);
	assert_refusal(tpm_find(path, BOOT_TPM_ANY, &tpm, &f), &f,
		       NONE("any") "no TPM" GIVE);
	tree_file(&t, "class", 0644, "");
	assert_refusal(tpm_find(path, BOOT_TPM_ANY, &tpm, &f), &f,
		       "cannot list the TPMs: Not a directory; use a kernel "
		       "with sysfs and TPM 2.0");
	tree_remove(&t);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(finds, cases),
		CASE(finds_one_in_a_thousand),
		CASE(needs_the_class),
	};

	return table_run(tables, array_size(tables));
}
