// SPDX-License-Identifier: MIT
/* See boot-volumes.h. */
#include "config/boot-volumes.h"

#include <string.h>

#include "config/fields.h"
#include "lib/own.h"
#include "lib/text.h"

int boot_parse_bound(const char *value, void *field)
{
	bool bound;
	int r = field_bool(value, &bound);

	if (r == 0)
		*(enum boot_bound *)field =
			bound ? BOOT_BOUND_YES : BOOT_BOUND_NO;
	return r;
}

/* Below a file system that moves to the new root, and would hide it. */
static bool is_kernels(const char *path)
{
	static const char *const tops[] = { "/dev", "/proc", "/run", "/sys" };

	for (size_t i = 0; i < array_size(tops); i++)
		if (text_is_below(path, tops[i]))
			return true;
	return false;
}

/*
 * Who could write to a volume in an earlier boot says where the paths in it
 * lead: nothing is mounted there. By name here, and by links when it is done.
 */
static int check_others(const char *file, const struct boot_conf *c, size_t i,
			struct ini_error *error)
{
	const struct boot_volume *v = &c->volume[i];

	for (size_t j = 0; j < i; j++) {
		const struct boot_volume *other = &c->volume[j];

		if (strcmp(other->mount, v->mount) == 0)
			return ini_refuse(error, file, "two volumes mount %s",
					  v->mount);
		if (text_is_below(v->mount, other->mount) ||
		    text_is_below(other->mount, v->mount))
			return ini_refuse(error, file,
					  "[volume %s] mount = %s is in that "
					  "of another volume, or the other in "
					  "it; choose another directory",
					  v->name, v->mount);
	}
	return 0;
}

/* Where volume i of *c is looked for, and where it is mounted. */
static int check_places(const char *file, const struct boot_conf *c, size_t i,
			struct ini_error *error)
{
	const struct boot_volume *v = &c->volume[i];

	if (!v->device[0] && !v->uuid[0])
		return ini_refuse(error, file,
				  "[volume %s] has neither device nor "
				  "uuid; give one of them",
				  v->name);
	if (v->device[0] && v->uuid[0])
		return ini_refuse(error, file,
				  "[volume %s] has both device and "
				  "uuid; give one of them",
				  v->name);
	if (is_kernels(v->mount))
		return ini_refuse(error, file,
				  "[volume %s] mount = %s is the "
				  "kernel's; choose another directory",
				  v->name, v->mount);
	if (!v->mount[1])
		return ini_refuse(error, file,
				  "[volume %s] mount = / hides the "
				  "verified root",
				  v->name);
	return check_others(file, c, i, error);
}

static size_t count_sealed(const struct boot_conf *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->volumes; i++)
		n += c->volume[i].key == BOOT_KEY_SEALED;
	return n;
}

/*
 * The TPM releases the keys of all volumes to this boot, so the host could
 * exchange them: where there are several, each key has to name its own.
 */
static int decide_bound(const char *file, bool several, struct boot_volume *v,
			struct ini_error *error)
{
	if (v->key != BOOT_KEY_SEALED && v->bound != BOOT_BOUND_UNSET)
		return ini_refuse(error, file,
				  "[volume %s] bound is for key = sealed",
				  v->name);
	if (v->bound == BOOT_BOUND_YES && !v->uuid[0])
		return ini_refuse(error, file,
				  "[volume %s] bound = yes without uuid",
				  v->name);
	if (v->bound == BOOT_BOUND_UNSET)
		v->bound = several && v->key == BOOT_KEY_SEALED && v->uuid[0]
				   ? BOOT_BOUND_YES
				   : BOOT_BOUND_NO;
	return 0;
}

int boot_check_volumes(const char *file, struct boot_conf *c,
		       struct ini_error *error)
{
	bool several = count_sealed(c) > 1;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->volumes; i++) {
		r = check_places(file, c, i, error);
		if (r == 0)
			r = decide_bound(file, several, &c->volume[i], error);
	}
	return r;
}
