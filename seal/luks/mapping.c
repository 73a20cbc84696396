// SPDX-License-Identifier: MIT
/*
 * See mapping.h. libcryptsetup answers such questions from the header, which
 * is what is in doubt, so the kernel is asked through libdevmapper.
 */
#include "seal/luks/mapping.h"

#include <ctype.h>
#include <errno.h>
#include <libdevmapper.h>
#include <stdint.h>
#include <string.h>

enum { hex_key_length = 128 }; /* of 512 bits */

/*
 * Takes the next word off the line. In place: the line may hold the key, of
 * which there must be no copy.
 */
static const char *next_word(const char **line, size_t *ret_len)
{
	const char *word = *line + strspn(*line, " ");

	*ret_len = strcspn(word, " ");
	*line = word + *ret_len;
	return word;
}

static bool next_is(const char **line, const char *expected)
{
	size_t len;
	const char *word = next_word(line, &len);

	return len == strlen(expected) && memcmp(word, expected, len) == 0;
}

/* ":64:logon:..." for a key in the keyring, or the key in hex. */
static bool next_is_key(const char **line)
{
	static const char keyring[] = ":64:logon:";
	size_t len;
	const char *word = next_word(line, &len);

	if (len > strlen(keyring) &&
	    memcmp(word, keyring, strlen(keyring)) == 0)
		return true;
	if (len != hex_key_length)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isxdigit((unsigned char)word[i]))
			return false;
	return true;
}

/* Kernel: Documentation/admin-guide/device-mapper/dm-crypt.rst. */
bool mapping_is_allowed(const char *target, const char *params)
{
	size_t len;

	if (strcmp(target, "crypt") != 0 ||
	    !next_is(&params, "aes-xts-plain64") || !next_is_key(&params))
		return false;
	if (!next_is(&params, "0")) /* iv_offset: sectors count from 0 */
		return false;
	(void)next_word(&params, &len); /* the device, major:minor */
	(void)next_word(&params, &len); /* where its data begin */
	if (len == 0)
		return false;
	if (*params == '\0')
		return true;
	return next_is(&params, "1") && next_is(&params, "sector_size:4096") &&
	       *params == '\0';
}

static void task_destroy(struct dm_task **task)
{
	if (*task)
		dm_task_destroy(*task);
}

#define own_task __attribute__((cleanup(task_destroy)))

int mapping_check(const char *name)
{
	own_task struct dm_task *task = dm_task_create(DM_DEVICE_TABLE);
	uint64_t start = 0;
	uint64_t length = 0;
	char *target = NULL;
	char *params = NULL;
	void *next;

	if (!task || !dm_task_set_name(task, name) ||
	    !dm_task_secure_data(task) || !dm_task_run(task))
		return -EIO;
	next = dm_get_next_target(task, NULL, &start, &length, &target,
				  &params);
	if (next || start != 0 || !target || !params ||
	    !mapping_is_allowed(target, params))
		return -EUCLEAN;
	return 0;
}
