// SPDX-License-Identifier: MIT
/* See tpm-find.h. */
#include "init/tpm-find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/boot.h"
#include "lib/own.h"
#include "lib/text.h"

enum {
	number_max = 65535,
	driver_max = 64,
	listed_max = 8, /* TPMs that a refusal names; others are counted */
};

struct listing {
	struct dirent **entry;
	int n;
};

static void listing_free(struct listing *l)
{
	for (int i = 0; i < l->n; i++)
		free(l->entry[i]);
	free(l->entry);
}

#define own_listing __attribute__((cleanup(listing_free)))

/* "tpm7" and nothing else that would make a 7 */
static bool parse_name(const char *name, struct tpm_found *ret)
{
	static const char prefix[] = "tpm";
	uint64_t number;

	if (strncmp(name, prefix, strlen(prefix)) != 0 ||
	    text_parse_u64(name + strlen(prefix), number_max, &number) < 0)
		return false;
	ret->number = (unsigned)number;
	(void)snprintf(ret->name, sizeof(ret->name), "%s%u", prefix,
		       ret->number); /* fits: number_max does */
	return strcmp(name, ret->name) == 0;
}

static int is_tpm(const struct dirent *entry)
{
	struct tpm_found ignored;

	return parse_name(entry->d_name, &ignored);
}

/* The last part of the link class_path/name/device/driver. */
static int read_driver(const char *class_path, const char *name,
		       char ret[static driver_max])
{
	char path[PATH_MAX];
	char link[PATH_MAX];
	const char *last;
	ssize_t len;

	if (snprintf(path, sizeof(path), "%s/%s/device/driver", class_path,
		     name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return -errno;
	link[len] = '\0';
	last = strrchr(link, '/');
	last = last ? last + 1 : link;
	if (strlen(last) >= driver_max)
		return -ENAMETOOLONG;
	memcpy(ret, last, strlen(last) + 1);
	return 0;
}

/* A driver that cannot be read is none: its TPM serves nobody. */
static unsigned read_class(const char *class_path, const char *name,
			   char ret_driver[static driver_max])
{
	if (read_driver(class_path, name, ret_driver) == 0)
		return boot_tpm_class_of_driver(ret_driver);
	(void)snprintf(ret_driver, driver_max, "no driver"); /* fits */
	return 0;
}

/* How many of the TPMs are acceptable, the last of them, and all in words. */
static size_t search(const char *class_path, const struct listing *l,
		     unsigned require, struct tpm_found *ret, struct text *said)
{
	size_t acceptable = 0;

	for (int i = 0; i < l->n; i++) {
		const char *name = l->entry[i]->d_name;
		char driver[driver_max];
		unsigned class = read_class(class_path, name, driver);

		if (i < listed_max)
			text_add(said, "%s%s (%s)", i ? ", " : "", name,
				 driver);
		if (!(class & require) || !parse_name(name, ret))
			continue;
		ret->class = boot_tpm_class_name((enum boot_tpm_class) class);
		acceptable++;
	}
	if (l->n == 0)
		text_add(said, "no TPM");
	if (l->n > listed_max)
		text_add(said, ", and %d more", l->n - listed_max);
	return acceptable;
}

/* "svsm or tis" */
static void class_names(unsigned require, struct text *ret)
{
	if (require == BOOT_TPM_ANY) {
		text_add(ret, "any");
		return;
	}
	for (unsigned c = BOOT_TPM_SVSM; c <= BOOT_TPM_TIS; c <<= 1)
		if (require & c)
			text_add(ret, "%s%s", ret->len ? " or " : "",
				 boot_tpm_class_name((enum boot_tpm_class)c));
}

static int fail_list(int err, struct fail *f)
{
	if (err == ENOMEM)
		return fail_errno(f, err, "give the VM more memory",
				  "list the TPMs");
	return fail_errno(f, err, "use a kernel with sysfs and TPM 2.0",
			  "list the TPMs");
}

int tpm_find(const char *class_path, unsigned require, struct tpm_found *ret,
	     struct fail *f)
{
	own_listing struct listing l = { 0 };
	own_text struct text said = { 0 };
	own_text struct text wanted = { 0 };
	struct tpm_found found = { 0 };
	size_t acceptable;
	int n = scandir(class_path, &l.entry, is_tpm, versionsort);

	/* no directory: no TPM, as the list will say */
	if (n < 0 && errno != ENOENT)
		return fail_list(errno, f);
	l.n = n < 0 ? 0 : n;
	acceptable = search(class_path, &l, require, &found, &said);
	class_names(require, &wanted);
	if (text_failed(&said) || text_failed(&wanted))
		return fail_list(ENOMEM, f);
	if (acceptable == 1) {
		*ret = found;
		return 0;
	}
	if (acceptable == 0)
		(void)fail_because(f, "",
				   "give the VM such a TPM, or change [tpm] "
				   "require in boot.conf",
				   "find a TPM of class %s", wanted.s);
	else
		(void)fail_because(f, "", "name one class in [tpm] require",
				   "choose a TPM of class %s", wanted.s);
	return fail_reason(f, "found %s", said.s);
}
