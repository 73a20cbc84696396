// SPDX-License-Identifier: MIT
/*
 * Chooses the TPM by the kernel driver behind it, never by its number: which
 * of two TPMs becomes tpm0 is the host's choice, which driver binds is the
 * measured kernel's. Leaves an open TPM whose PCR 14 nobody has extended.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "init/boot.h"
#include "lib/own.h"
#include "lib/text.h"

#define TPM_CLASS_PATH "/sys/class/tpm"

struct search {
	unsigned require;
	char name[boot_tpm_name_max]; /* the acceptable one */
	unsigned class;
	size_t acceptable;
	struct text found; /* all of them, for the refusal */
};

/* The last part of the link TPM_CLASS_PATH/name/device/driver. */
static int read_driver(int class_fd, const char *name, char *ret, size_t size)
{
	char path[128];
	char link[PATH_MAX];
	const char *last;
	ssize_t len;

	if (snprintf(path, sizeof(path), "%s/device/driver", name) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	len = readlinkat(class_fd, path, link, sizeof(link) - 1);
	if (len < 0)
		return -errno;
	link[len] = '\0';
	last = strrchr(link, '/');
	last = last ? last + 1 : link;
	if (strlen(last) >= size)
		return -ENAMETOOLONG;
	memcpy(ret, last, strlen(last) + 1);
	return 0;
}

static void consider(struct search *s, int class_fd, const char *name)
{
	char driver[64] = "no driver";
	unsigned class;

	if (read_driver(class_fd, name, driver, sizeof(driver)) < 0)
		class = 0;
	else
		class = boot_tpm_class_of_driver(driver);
	text_add(&s->found, "%s%s (%s)", s->found.len ? ", " : "", name,
		 driver);
	if (!(class & s->require) || strlen(name) >= sizeof(s->name))
		return;
	memcpy(s->name, name, strlen(name) + 1);
	s->class = class;
	s->acceptable++;
}

static void search_all(struct search *s)
{
	own_dir DIR *dir = opendir(TPM_CLASS_PATH);
	struct dirent *entry;

	/* no directory: no TPM, which the caller reports */
	while (dir && (entry = readdir(dir)))
		if (strncmp(entry->d_name, "tpm", 3) == 0)
			consider(s, dirfd(dir), entry->d_name);
}

static void class_names(unsigned require, char *ret, size_t size)
{
	size_t len = 0;

	ret[0] = '\0';
	if (require == BOOT_TPM_ANY)
		(void)snprintf(ret, size, "any"); /* fits */
	for (unsigned c = BOOT_TPM_SVSM; c <= BOOT_TPM_TIS; c <<= 1)
		if (require != BOOT_TPM_ANY && require & c)
			len += (size_t)snprintf(
				ret + len, size - len, "%s%s",
				len ? " or " : "",
				boot_tpm_class_name((enum boot_tpm_class)c));
}

static int fail_search(const struct search *s, struct fail *f)
{
	char wanted[64];

	class_names(s->require, wanted, sizeof(wanted));
	if (s->acceptable > 1) {
		(void)fail_because(f, "", "name one class in [tpm] require",
				   "choose a TPM of class %s", wanted);
		return fail_reason(f, "found %s", s->found.s);
	}
	(void)fail_because(f, "",
			   "give the VM such a TPM, or change [tpm] "
			   "require in boot.conf",
			   "find a TPM of class %s", wanted);
	return fail_reason(f, "found %s", s->found.s ? s->found.s : "no TPM");
}

static void search_free(struct search *s)
{
	text_free(&s->found);
}

#define own_search __attribute__((cleanup(search_free)))

static int find_tpm(struct boot *b, struct fail *f)
{
	own_search struct search s = { .require = b->conf.tpm.require };

	search_all(&s);
	if (text_failed(&s.found))
		return fail_errno(f, ENOMEM, "give the VM more memory",
				  "list the TPMs");
	if (s.acceptable != 1)
		return fail_search(&s, f);
	memcpy(b->tpm_name, s.name, sizeof(b->tpm_name));
	b->tpm_class = boot_tpm_class_name((enum boot_tpm_class)s.class);
	return 0;
}

static int check_banks(struct boot *b, struct fail *f)
{
	digest_algs missing;
	int r = tpm_banks(b->tpm, &b->banks, f);

	if (r < 0)
		return r;
	missing = b->conf.tpm.banks & ~b->banks;
	for (int i = 0; i < DIGEST_ALG_COUNT; i++)
		if (missing & 1U << i)
			return fail_because(
				f, "the bank is not active in this TPM",
				"activate it in the TPM, or change [tpm] banks "
				"in boot.conf",
				"use PCR bank %s",
				digest_name((enum digest_alg)i));
	return 0;
}

/* An earlier extend would make the value mean something else. */
static int check_fresh(struct boot *b, struct fail *f)
{
	static const uint8_t zero[digest_size_max];
	int r = tpm_pcr_read(b->tpm, pcr_apps, b->banks, &b->pcr_before, f);

	if (r < 0)
		return r;
	for (int i = 0; i < DIGEST_ALG_COUNT; i++)
		if (b->banks & 1U << i &&
		    memcmp(b->pcr_before.value[i], zero,
			   digest_size((enum digest_alg)i)) != 0)
			return fail_because(
				f, "it was extended before init started",
				"boot without shim and without another "
				"program that uses PCR 14",
				"measure into PCR 14, bank %s",
				digest_name((enum digest_alg)i));
	return 0;
}

int stage_tpm(struct boot *b, struct fail *f)
{
	char tcti[64 + boot_tpm_name_max];
	int r = find_tpm(b, f);

	if (r < 0)
		return r;
	/*
	 * Not tpmrmN: the kernel's resource manager saves and loads all
	 * sessions and objects around every command, and there is nobody yet
	 * to share the TPM with. The kernel's own extends pass beside us.
	 */
	(void)snprintf(tcti, sizeof(tcti), "device:/dev/%s", b->tpm_name);
	r = tpm_open(tcti, (unsigned)b->conf.tpm.timeout_s * 1000, &b->tpm, f);
	if (r == 0)
		r = check_banks(b, f);
	if (r == 0)
		r = check_fresh(b, f);
	return r;
}
