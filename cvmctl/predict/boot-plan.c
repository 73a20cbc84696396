// SPDX-License-Identifier: MIT
/* See boot-plan.h. */
#include "cvmctl/predict/boot-plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/image/image.h"
#include "cvmctl/tool/options.h"
#include "evidence/logs/load-options.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"

static const struct {
	const char *option, *name;
} modes[] = {
	[BOOT_OVMF] = { "ovmf", "ovmf-direct" },
	[BOOT_UKI] = { "uki", "uki" },
	[BOOT_UKI_DIRECT] = { "uki-direct", "uki-direct" },
};

/* Is value the second of two words? -EINVAL when it is neither; NULL: first. */
static int choose(const char *value, const char *first, const char *second,
		  bool *ret_second)
{
	if (!value || strcmp(value, first) == 0)
		*ret_second = false;
	else if (strcmp(value, second) == 0)
		*ret_second = true;
	else
		return -EINVAL;
	return 0;
}

static int read_mode(const char *word, enum boot_mode *ret)
{
	for (size_t i = BOOT_OVMF; i < array_size(modes); i++)
		if (strcmp(word, modes[i].option) == 0) {
			*ret = (enum boot_mode)i;
			return 0;
		}
	return -EINVAL;
}

/* Which options a mode takes. NULL, or the first one that it does not. */
static const char *find_surplus(const struct boot_options *o,
				enum boot_mode mode)
{
	const bool is_ovmf = mode == BOOT_OVMF;
	const bool is_uki = mode == BOOT_UKI || mode == BOOT_UKI_DIRECT;
	const struct {
		const char *name, *value;
		bool fits;
	} options[] = {
		{ "--initrd-word", o->initrd_word, is_ovmf },
		{ "--kernel-header", o->kernel_header, is_ovmf },
		{ "--memory", o->memory, is_ovmf },
		{ "--machine", o->machine, is_ovmf },
		{ "--uki", o->uki, is_uki },
		{ "--append", o->append, mode == BOOT_UKI_DIRECT },
		{ "--efi-only", o->efi_only ? "" : NULL, mode == BOOT_UKI },
	};

	for (size_t i = 0; i < array_size(options); i++)
		if (options[i].value && !options[i].fits)
			return options[i].name;
	return NULL;
}

static int read_qemu(const struct boot_options *o, const char *command,
		     struct boot_qemu *ret, struct fail *f)
{
	if (choose(o->kernel_header, "pristine", "qemu", &ret->patches_header) <
	    0)
		return options_refuse(f, command,
				      "--kernel-header %s is neither pristine "
				      "nor qemu",
				      o->kernel_header);
	if (choose(o->machine, "pc", "q35", &ret->machine.q35) < 0)
		return options_refuse(f, command,
				      "--machine %s is neither pc nor q35",
				      o->machine);
	if (ret->patches_header != (o->memory != NULL) ||
	    (o->machine && !ret->patches_header))
		return options_refuse(f, command,
				      "--kernel-header qemu needs --memory; "
				      "--memory and --machine need it");
	if (o->memory && text_parse_size(o->memory, UINT64_MAX,
					 &ret->machine.memory_bytes) < 0)
		return options_refuse(f, command,
				      "--memory %s is no size, such as 1024M",
				      o->memory);
	return 0;
}

static int check_firmware(const struct boot_plan *p, struct fail *f)
{
	if (p->mode != BOOT_UKI || p->efi_only)
		return 0;
	(void)fail_because(f,
			   "firmware that also starts kernels which are no EFI "
			   "programs does not measure them, and they can "
			   "extend the same values",
			   "give the UKI with -kernel (--boot uki-direct), or "
			   "say --efi-only of a firmware without such a loader",
			   "predict a boot from a disk");
	return -EPERM;
}

int boot_plan_read(const struct boot_options *o, const char *image,
		   const char *command, struct boot_plan *ret, struct fail *f)
{
	struct boot_plan p = {
		.uki = o->uki,
		.append = o->append,
		.efi_only = o->efi_only,
	};
	const char *surplus;
	bool after = false;
	int r;

	if (o->boot && read_mode(o->boot, &p.mode) < 0)
		return options_refuse(f, command,
				      "--boot %s is none of ovmf, uki, "
				      "uki-direct",
				      o->boot);
	surplus = find_surplus(o, p.mode);
	if (surplus)
		return options_refuse(f, command, "%s does not go with %s%s",
				      surplus,
				      o->boot ? "--boot " : "no --boot",
				      o->boot ? o->boot : "");
	if (p.mode == BOOT_OVMF && !image)
		return options_refuse(f, command, "--boot ovmf needs --image");
	if ((p.mode == BOOT_UKI || p.mode == BOOT_UKI_DIRECT) && !o->uki)
		return options_refuse(f, command, "--boot %s needs --uki",
				      o->boot);
	if (choose(o->initrd_word, "before", "after", &after) < 0)
		return options_refuse(f, command,
				      "--initrd-word %s is neither before nor "
				      "after",
				      o->initrd_word);
	p.word_before = !after;
	r = read_qemu(o, command, &p.qemu, f);
	if (r == 0)
		r = check_firmware(&p, f);
	if (r == 0)
		*ret = p;
	return r;
}

/* A file of an image directory. */
static int read_part(const char *image, const char *name, size_t max,
		     struct bytes *ret, struct fail *f)
{
	char path[PATH_MAX];
	int r = -ENAMETOOLONG;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", image, name) <
	    sizeof(path))
		r = io_read_file(AT_FDCWD, path, max, ret);
	return r < 0 ? fail_errno(f, r,
				  "give the directory that cvmctl build wrote",
				  "read %s of %s", name, image)
		     : 0;
}

static int predict_direct(const struct boot_plan *p, const char *image,
			  struct boot_chain *c, struct fail *f)
{
	own_boot_files struct boot_files files = { 0 };
	int r = read_part(image, IMAGE_KERNEL, kernel_size_max, &files.kernel,
			  f);

	if (r == 0)
		r = read_part(image, IMAGE_INITRAMFS, initramfs_max,
			      &files.initramfs, f);
	if (r == 0)
		r = read_part(image, IMAGE_CMDLINE, load_options_max,
			      &files.cmdline, f);
	return r < 0 ? r
		     : boot_chain_direct(c, &files, p->word_before, &p->qemu,
					 f);
}

static int predict_uki(const struct boot_plan *p, const char *image,
		       struct boot_chain *c, struct fail *f)
{
	own_boot_uki struct boot_uki u = {
		.name = p->uki,
		.by_qemu = p->mode == BOOT_UKI_DIRECT,
		.append = p->append,
	};
	int r = io_read_file(AT_FDCWD, p->uki, uki_size_max, &u.file);

	if (r < 0)
		return fail_errno(f, r, "check --uki", "read %s", p->uki);
	if (image)
		r = read_part(image, IMAGE_INITRAMFS, initramfs_max,
			      &u.initramfs, f);
	return r < 0 ? r : boot_chain_uki(c, &u, f);
}

int boot_plan_predict(const struct boot_plan *p, const char *image,
		      struct boot_chain *c, struct fail *f)
{
	return p->mode == BOOT_OVMF ? predict_direct(p, image, c, f)
				    : predict_uki(p, image, c, f);
}

static int write_direct(const struct boot_plan *p, struct json_object *o)
{
	const struct qemu_machine *m = &p->qemu.machine;

	if (json_set_string(o, "initrd-word",
			    p->word_before ? "before" : "after") < 0 ||
	    json_set_string(o, "kernel-header",
			    p->qemu.patches_header ? "qemu" : "pristine") < 0)
		return -ENOMEM;
	if (p->qemu.patches_header &&
	    (json_set_string(o, "machine", m->q35 ? "q35" : "pc") < 0 ||
	     json_set_u64(o, "memory", m->memory_bytes) < 0))
		return -ENOMEM;
	return 0;
}

struct json_object *boot_plan_to_json(const struct boot_plan *p,
				      const struct boot_chain *c)
{
	own_json struct json_object *o = json_object_new_object();

	if (json_set_string(o, "mode", modes[p->mode].name) < 0 ||
	    (p->mode == BOOT_OVMF && write_direct(p, o) < 0) ||
	    (c->stub[0] && json_set_string(o, "stub", c->stub) < 0) ||
	    (p->append && json_set_string(o, "append", p->append) < 0) ||
	    (p->efi_only && json_set_bool(o, "efi-only", true) < 0) ||
	    boot_chain_write(c, o) < 0)
		return NULL;
	return json_object_get(o);
}
