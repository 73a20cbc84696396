// SPDX-License-Identifier: MIT
/* See boot-chain.h: the list of events, and those that all chains share. */
#include "cvmctl/predict/boot-chain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/predict/pe.h"
#include "evidence/logs/load-options.h"
#include "lib/own.h"
#include "seal/measure/events.h"
#include "seal/object/pcr.h"

const unsigned boot_chain_pcrs[] = { 2, 4, 9, 11, 12, 0 };

void boot_files_free(struct boot_files *files)
{
	bytes_free(&files->kernel);
	bytes_free(&files->initramfs);
	bytes_free(&files->cmdline);
}

int boot_chain_add(struct boot_chain *c, unsigned pcr, const char *type,
		   const char *what, const struct digest_span *spans, size_t n)
{
	struct boot_event *e = &c->event[c->n];
	int r;

	if (c->n == boot_events_max)
		return -E2BIG;
	r = digest_spans(c->algs, spans, n, &e->digests);
	if (r < 0)
		return r;
	e->pcr = pcr;
	e->type = type;
	(void)snprintf(e->what, sizeof(e->what), "%s", what); /* may be cut */
	c->n++;
	return 0;
}

int boot_chain_add_program(struct boot_chain *c, const char *what,
			   const void *data, size_t len)
{
	struct digest_set digests = { 0 };
	struct pe pe;
	int r = pe_read(data, len, &pe);

	if (r == 0)
		r = pe_authenticode(&pe, c->algs, &digests);
	if (r == 0)
		r = boot_chain_add(c, 4, "EV_EFI_BOOT_SERVICES_APPLICATION",
				   what, NULL, 0);
	if (r == 0)
		c->event[c->n - 1].digests = digests;
	return r;
}

int boot_chain_add_boot_option(struct boot_chain *c)
{
	/* TCG PC Client Platform Firmware Profile 1.05, 3.3.4.5 and 10.4.1 */
	static const char calling[] =
		"Calling EFI Application from Boot Option";
	const struct digest_span action = { calling, sizeof(calling) - 1 };
	const struct digest_span separator = { "\0\0\0", 4 };
	int r = boot_chain_add(c, 4, "EV_EFI_ACTION", calling, &action, 1);

	/* of all from 0 to 7; but these two hold programs */
	if (r == 0)
		r = boot_chain_add(c, 2, "EV_SEPARATOR", "four zero bytes",
				   &separator, 1);
	return r < 0 ? r
		     : boot_chain_add(c, 4, "EV_SEPARATOR", "four zero bytes",
				      &separator, 1);
}

int boot_chain_add_linux(struct boot_chain *c, const char *cmdline,
			 const struct bytes *initrd)
{
	own_bytes struct bytes options = { 0 };
	int r = load_options_encode(cmdline, strlen(cmdline), &options);
	const struct digest_span line = { options.data, options.len };
	const struct digest_span archive = { initrd->data, initrd->len };

	if (r < 0)
		return r;
	/* since Linux 5.19: efi_load_initrd() and efi_convert_cmdline() */
	r = boot_chain_add(c, 9, "EV_EVENT_TAG", "LOADED_IMAGE::LoadOptions",
			   &line, 1);
	return r < 0 ? r
		     : boot_chain_add(c, 9, "EV_EVENT_TAG", "Linux initrd",
				      &archive, 1);
}

int boot_chain_value(const struct boot_chain *c, unsigned pcr,
		     struct digest_set *ret)
{
	struct digest_set value;

	pcr_start_value(c->algs, &value);
	for (size_t i = 0; i < c->n; i++) {
		int r;

		if (c->event[i].pcr != pcr)
			continue;
		r = pcr_extend_value(&value, &c->event[i].digests);
		if (r < 0)
			return r;
	}
	*ret = value;
	return 0;
}

/* {"sha1":"...","sha256":"..."} */
static struct json_object *write_value(const struct boot_chain *c, unsigned pcr)
{
	own_json struct json_object *o = json_object_new_object();
	struct digest_set value;

	if (boot_chain_value(c, pcr, &value) < 0)
		return NULL;
	for (unsigned i = 0; i < DIGEST_ALG_COUNT; i++) {
		enum digest_alg alg = (enum digest_alg)i;

		if (value.algs & 1U << i &&
		    json_set_hex(o, digest_name(alg), value.value[alg],
				 digest_size(alg)) < 0)
			return NULL;
	}
	return json_object_get(o);
}

static struct json_object *write_pcrs(const struct boot_chain *c)
{
	own_json struct json_object *o = json_object_new_object();

	for (const unsigned *pcr = boot_chain_pcrs; *pcr; pcr++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%u", *pcr); /* fits */
		if (json_set(o, name, write_value(c, *pcr)) < 0)
			return NULL;
	}
	return json_object_get(o);
}

static struct json_object *write_events(const struct boot_chain *c)
{
	own_json struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < c->n; i++) {
		const struct boot_event *e = &c->event[i];
		own_json struct json_object *o = json_object_new_object();

		if (json_set_u64(o, "pcr", e->pcr) < 0 ||
		    json_set_string(o, "type", e->type) < 0 ||
		    json_set_string(o, "what", e->what) < 0 ||
		    json_set(o, "digests", events_digests_json(&e->digests)) <
			    0 ||
		    json_append(array, json_object_get(o)) < 0)
			return NULL;
	}
	return json_object_get(array);
}

int boot_chain_write(const struct boot_chain *c, struct json_object *o)
{
	int r = json_set(o, "pcrs", write_pcrs(c));

	return r < 0 ? r : json_set(o, "events", write_events(c));
}
