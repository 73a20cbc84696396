// SPDX-License-Identifier: MIT
/* See template.h. */
#include "cvmctl/image/template.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/io.h"
#include "lib/own.h"
#include "lib/text.h"

int template_read(const char *file, struct bytes *ret_text,
		  struct boot_conf *ret_conf, struct fail *f)
{
	own_bytes struct bytes text = { 0 };
	struct ini_error error = { 0 };
	int r = io_read_file(AT_FDCWD, file, boot_conf_max, &text);

	if (r < 0)
		return fail_errno(f, r, "check --config", "read %s", file);
	r = boot_conf_read(file, (const char *)text.data, text.len, true,
			   ret_conf, &error);
	if (r == -ENOMEM)
		return fail_errno(f, r, "free memory", "read %s", file);
	if (r < 0)
		return fail_because(f, error.text, "see boot.conf(5)", "use %s",
				    file);
	*ret_text = take_bytes(&text);
	return 0;
}

/* The end of the line "[NAME]"; NULL: there is none. */
static const char *find_section(const char *text, const char *section)
{
	for (const char *line = text; line;) {
		const char *end = strchr(line, '\n');

		line += strspn(line, " \t");
		if (strncmp(line, section, strlen(section)) == 0)
			return end ? end + 1 : line + strlen(line);
		line = end ? end + 1 : NULL;
	}
	return NULL;
}

/* Puts lines at the beginning of a section, or a section to the end. */
static int insert(struct bytes *text, const char *section, const char *lines)
{
	const char *whole = (const char *)text->data;
	const char *rest = find_section(whole, section);
	const char *end = rest ? rest : whole + text->len;
	own_text struct text t = { 0 };
	struct bytes bigger = { 0 };

	text_add_bytes(&t, whole, (size_t)(end - whole));
	if (t.len && t.s && t.s[t.len - 1] != '\n')
		text_add(&t, "\n");
	if (!rest)
		text_add(&t, "%s\n", section);
	text_add(&t, "%s%s", lines, end);
	if (text_failed(&t) || bytes_copy(t.s, t.len, &bigger) < 0)
		return -ENOMEM;
	bytes_free(text);
	*text = bigger;
	return 0;
}

static void add_values(struct text *t, const struct verity_params *p)
{
	char root_hash[2 * digest_size_max + 1];
	char salt[2 * verity_salt_max + 1];

	hex_encode(p->root_hash, p->root_hash_len, root_hash);
	hex_encode(p->salt, p->salt_len, salt);
	text_add(t, "root-hash = %s\n", root_hash);
	text_add(t, "salt = %s\n", p->salt_len ? salt : "-");
	text_add(t, "data-block-size = %" PRIu64 "\n", p->data_block_size);
	text_add(t, "hash-block-size = %" PRIu64 "\n", p->hash_block_size);
	text_add(t, "data-blocks = %" PRIu64 "\n", p->data_blocks);
	text_add(t, "hash-offset = %" PRIu64 "\n", p->hash_offset);
}

/* True when init will read the very values that were written. */
static bool same_values(const struct verity_params *a,
			const struct verity_params *b)
{
	return a->hash == b->hash && a->data_block_size == b->data_block_size &&
	       a->hash_block_size == b->hash_block_size &&
	       a->data_blocks == b->data_blocks &&
	       a->hash_offset == b->hash_offset && a->salt_len == b->salt_len &&
	       memcmp(a->salt, b->salt, a->salt_len) == 0 &&
	       a->root_hash_len == b->root_hash_len &&
	       memcmp(a->root_hash, b->root_hash, a->root_hash_len) == 0;
}

/* The values, and the class of TPM that keeps secrets from the host. */
static int complete(struct bytes *text, const struct verity_params *p,
		    bool add_require)
{
	own_text struct text values = { 0 };
	int r = 0;

	add_values(&values, p);
	if (text_failed(&values))
		return -ENOMEM;
	if (add_require)
		r = insert(text, "[tpm]", "require = svsm\n");
	return r < 0 ? r : insert(text, "[root]", values.s);
}

/* As init will read it, or as the template that it was. */
static int read_back(const struct bytes *text, bool template,
		     struct boot_conf *ret, struct fail *f)
{
	struct ini_error error = { 0 };
	int r = boot_conf_read("boot.conf", (const char *)text->data, text->len,
			       template, ret, &error);

	return r < 0 ? fail_because(f, error.text, "shorten the template",
				    "complete boot.conf")
		     : 0;
}

int template_fill(const struct bytes *text, const struct verity_params *p,
		  struct bytes *ret_text, struct boot_conf *ret_conf,
		  struct fail *f)
{
	own_bytes struct bytes filled = { 0 };
	unsigned require;
	bool add_require;
	int r = read_back(text, true, ret_conf, f);

	if (r < 0)
		return r;
	require = ret_conf->tpm.require;
	add_require = !require && ret_conf->measure.into & BOOT_MEASURE_TPM;
	if (bytes_copy(text->data, text->len, &filled) < 0 ||
	    complete(&filled, p, add_require) < 0)
		return fail_errno(f, ENOMEM, "free memory", "write boot.conf");
	r = read_back(&filled, false, ret_conf, f);
	if (r < 0)
		return r;
	if (!same_values(p, &ret_conf->root.verity) ||
	    ret_conf->tpm.require != (add_require ? BOOT_TPM_SVSM : require))
		return fail_because(f, "it reads back differently",
				    "report this with the template",
				    "complete boot.conf");
	*ret_text = take_bytes(&filled);
	return 0;
}
