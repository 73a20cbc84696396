// SPDX-License-Identifier: MIT
/* See fields.h. */
#include "config/fields.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/text.h"

int field_bool(const char *value, void *field)
{
	return text_parse_bool(value, field);
}

int field_path(const char *value, void *field)
{
	if (!text_is_path(value))
		return -EINVAL;
	(void)snprintf(field, PATH_MAX, "%s", value); /* fits: checked */
	return 0;
}

int field_seconds(const char *value, void *field)
{
	uint64_t seconds;
	int r = text_parse_u64(value, 3600, &seconds);

	if (r < 0 || seconds == 0)
		return r < 0 ? r : -ERANGE;
	*(uint64_t *)field = seconds;
	return 0;
}

int field_choice(const char *value, const char *const *names)
{
	for (int i = 0; names[i]; i++)
		if (strcmp(value, names[i]) == 0)
			return i;
	return -EINVAL;
}
