// SPDX-License-Identifier: MIT
/*
 * What init and cvmctl share, with the n-th allocation failing, for every n
 * until nothing fails: a negative errno and one whole failure, no crash, and
 * nothing left allocated. json-c's allocations fail too, those of a document
 * that it builds or that is written. OpenSSL's do not; nor those of json-c when
 * it parses, of which 0.16 dies: that is not ours to test.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/table.h"

#include <dirent.h>
#include <sanitizer/lsan_interface.h>

#include "config/apps.h"
#include "config/boot.h"
#include "cvmctl/image/cpio.h"
#include "init/tpm-find.h"
#include "lib/io.h"
#include "lib/json.h"
#include "lib/own.h"
#include "seal/luks/token.h"
#include "seal/measure/journal.h"
#include "seal/measure/listing.h"
#include "seal/measure/measure.h"
#include "seal/object/offline.h"
#include "tests/fault.h"
#include "tests/tmptree.h"

enum { faults_max = 100000, banks = 1U << DIGEST_SHA1 | 1U << DIGEST_SHA384 };

/* -- what is run ---------------------------------------------------------- */

/* One try: what was called returned r; *f is filled in if it fills one. */
struct attempt {
	size_t n;	/* the allocation to fail */
	bool hit;	/* it was reached */
	bool only_ours; /* not the libraries' allocations */
	int r;
	size_t size; /* of what was made of the input, if it is a text */
	struct fail f;
};

/* Around the one call under test: what a job prepares does not fail. */
static void begin(const struct attempt *a)
{
	fault_at = a->n;
	fault_only_ours = a->only_ours;
}

static void end(struct attempt *a, int r)
{
	a->hit = fault_at == 0;
	fault_at = 0;
	a->r = r;
}

static struct tree tree; /* a root with one app */

static const char apps_text[] = "[app web]\nexec = /bin/run \"a b\" c\n"
				"measure = /app\nmeasure = /bin/run\n"
				"user = web\nenv = A=b\nenv = C=d\n"
				"[app two]\nexec = /bin/run\n";

static void run_boot_conf(struct attempt *a, const struct bytes *in)
{
	static struct boot_conf conf; /* large */
	struct ini_error error = { "" };

	begin(a);
	end(a, boot_conf_read("boot.conf", (char *)in->data, in->len, true,
			      &conf, &error));
}

static void run_apps_conf(struct attempt *a, const struct bytes *in)
{
	static struct apps_conf conf;
	struct ini_error error = { "" };

	memset(&conf, 0, sizeof(conf));
	begin(a);
	end(a, apps_conf_read("apps.conf", (char *)in->data, in->len, &conf,
			      &error));
	apps_conf_free(&conf);
}

static void run_token_parse(struct attempt *a, const struct bytes *in)
{
	own_sealed_key struct sealed_key key = { 0 };
	int keyslot;

	begin(a);
	end(a, token_parse((char *)in->data, &key, &keyslot, &a->f));
}

static void run_token_format(struct attempt *a, const struct bytes *in)
{
	own_sealed_key struct sealed_key key = { 0 };
	own_free char *json = NULL;
	int keyslot = 0;
	struct fail f;

	if (token_parse((char *)in->data, &key, &keyslot, &f) < 0)
		return;
	begin(a);
	end(a, token_format(&key, keyslot, &json, &a->f));
	a->size = json ? strlen(json) : 0;
}

/* For each key of the corpus that can be sealed for. */
static void run_offline_seal(struct attempt *a, const struct bytes *in)
{
	static const struct seal_policy policy = { .pcrs.mask = 1U << 14 };
	own_sealed_key struct sealed_key key = { 0 };
	own_secret struct secret secret = { 0 };
	struct srk_public srk;
	struct fail f;

	if (srk_public_parse(in, &srk, &f) < 0 ||
	    sealed_key_begin(&policy, &key) < 0 ||
	    secret_alloc(32, &secret) < 0)
		return;
	begin(a);
	end(a, offline_seal(&srk, &secret, &key, &a->f));
	a->size = key.blob.len;
}

static void run_cpio_read(struct attempt *a, const struct bytes *in)
{
	own_cpio struct cpio c = { 0 };

	begin(a);
	end(a, cpio_read(in->data, in->len, &c));
}

static void run_cpio_write(struct attempt *a, const struct bytes *in)
{
	own_cpio struct cpio c = { 0 };
	own_bytes struct bytes out = { 0 };
	own_bytes struct bytes content = { 0 };
	int r;

	assert_int_equal(bytes_copy(in->data, in->len, &content), 0);
	begin(a);
	r = cpio_add_dir(&c, "etc");
	if (r == 0)
		r = cpio_add_file(&c, "etc/file", 0644, &content);
	if (r == 0)
		r = cpio_write(&c, 0, &out);
	end(a, r);
	a->size = out.len;
}

static int measure(struct events *ret, struct attempt *a)
{
	static struct apps_conf apps;
	own_bytes struct bytes raw = { 0 };
	struct ini_error error = { "" };
	const struct measured m = { .root_fd = tree.fd,
				    .apps_raw = &raw,
				    .apps = &apps,
				    .algs = banks };
	int r;

	assert_int_equal(bytes_copy(apps_text, sizeof(apps_text) - 1, &raw), 0);
	memset(&apps, 0, sizeof(apps));
	assert_int_equal(apps_conf_read("apps.conf", (char *)raw.data, raw.len,
					&apps, &error),
			 0);
	if (a)
		begin(a);
	r = measure_apps(&m, ret, a ? &a->f : &(struct fail){ "", "", "" });
	if (a)
		end(a, r);
	apps_conf_free(&apps);
	return r;
}

static void run_measure(struct attempt *a, const struct bytes *in)
{
	own_events struct events events = { 0 };

	(void)in;
	(void)measure(&events, a);
	a->size = events.n;
}

/* Both logs; an event that is not written leaves none behind. */
static int write_journal(const struct events *events, struct fail *f)
{
	static const struct events_into into = { .banks = banks };
	own_journal struct journal *journal = NULL;
	char tcg[PATH_MAX];
	char cel[PATH_MAX];
	struct journal_files files = { .tcg = tcg, .cel = cel };
	int r;

	(void)snprintf(tcg, sizeof(tcg), "%s/log.bin", tree.path);
	(void)snprintf(cel, sizeof(cel), "%s/log.json", tree.path);
	r = journal_open(&files, &into, &journal, f);
	for (size_t i = 0; r == 0 && i < events->n; i++) {
		r = journal_intend(journal, &events->event[i], f);
		if (r == 0)
			r = journal_complete(journal, &events->event[i], f);
	}
	return r;
}

static void run_journal(struct attempt *a, const struct bytes *in)
{
	own_events struct events events = { 0 };

	(void)in;
	assert_int_equal(measure(&events, NULL), 0);
	begin(a);
	end(a, write_journal(&events, &a->f));
}

/* Also of what json-c alone knows how to print: a number as it was given. */
static void run_json_write(struct attempt *a, const struct bytes *in)
{
	static const char text[] =
		"{\"number\": 0.1000000000000000055511151231257827021181, "
		"\"list\": [true, null, -7, \"a\\nb\", {}]}";
	own_json struct json_object *o = json_tokener_parse(text);
	own_bytes struct bytes out = { 0 };

	(void)in;
	begin(a);
	end(a, json_write(o, &out));
	a->size = out.len;
}

static void run_events_to_json(struct attempt *a, const struct bytes *in)
{
	own_events struct events events = { 0 };
	own_json struct json_object *o = NULL;

	(void)in;
	assert_int_equal(measure(&events, NULL), 0);
	begin(a);
	o = events_to_json(&events);
	end(a, o ? 0 : -ENOMEM);
	a->size = o ? strlen(json_object_to_json_string(o)) : 0;
}

static void run_listing(struct attempt *a, const struct bytes *in)
{
	const struct listed what = { .fd = tree.fd,
				     .name = "/",
				     .remedy = "remedy",
				     .head = LISTING_HEAD };
	own_bytes struct bytes out = { 0 };

	(void)in;
	begin(a);
	end(a, listing_write(&what, &out, &a->f));
	a->size = out.len;
}

static void run_tpm_find(struct attempt *a, const struct bytes *in)
{
	struct tpm_found found = { 0 };
	char path[PATH_MAX];

	(void)in;
	(void)snprintf(path, sizeof(path), "%s/class", tree.path);
	begin(a);
	end(a, tpm_find(path, BOOT_TPM_TIS, &found, &a->f));
	a->size = found.number;
}

/* -- every n -------------------------------------------------------------- */

static const char more_memory[] = "give the VM more memory";

static const struct job {
	const char *name;
	const char *corpus; /* its inputs; NULL: one, empty */
	void (*run)(struct attempt *a, const struct bytes *in);
	const char *remedy; /* NULL: it does not fill a struct fail */
	bool only_ours;
} jobs[] = {
	{ "boot_conf_read", "boot-conf", run_boot_conf, NULL, false },
	{ "apps_conf_read", "apps-conf", run_apps_conf, NULL, false },
	{ "token_parse", "token", run_token_parse, more_memory, true },
	{ "token_format", "token", run_token_format, more_memory, false },
	{ "offline_seal", "srk", run_offline_seal, more_memory, false },
	{ "cpio_read", "cpio", run_cpio_read, NULL, false },
	{ "cpio_write", NULL, run_cpio_write, NULL, false },
	{ "measure_apps", NULL, run_measure, more_memory, false },
	{ "tpm_find", NULL, run_tpm_find, more_memory, false },
	{ "listing_write", NULL, run_listing, "remedy", false },
	{ "journal", NULL, run_journal, more_memory, false },
	{ "json_write", NULL, run_json_write, NULL, false },
	{ "events_to_json", NULL, run_events_to_json, NULL, false },
};

static void assert_whole(const struct fail *f, const char *remedy)
{
	assert_true(f->what[0] != '\0');
	assert_string_equal(f->reason, "Cannot allocate memory");
	assert_string_equal(f->remedy, remedy);
}

/* A failed allocation is reported, or makes no difference. */
static void assert_like(const struct attempt *a, const struct attempt *sound)
{
	if (a->r == -ENOMEM)
		return;
	assert_int_equal(a->r, sound->r);
	if (a->r == 0)
		assert_int_equal(a->size, sound->size);
}

/* The number of allocations that were made to fail. */
static size_t exhaust(const struct job *job, const struct bytes *in)
{
	struct attempt sound = { .n = 0, .only_ours = job->only_ours };

	job->run(&sound, in);
	for (size_t n = 1; n < faults_max; n++) {
		struct attempt a = { .n = n, .only_ours = job->only_ours };

		job->run(&a, in);
		if (!a.hit)
			return n - 1;
		assert_like(&a, &sound);
		if (a.r == -ENOMEM && job->remedy)
			assert_whole(&a.f, job->remedy);
	}
	fail_msg("it allocates without end");
	return 0;
}

static size_t exhaust_corpus(const struct job *job)
{
	char path[PATH_MAX];
	own_dir DIR *dir = NULL;
	const struct dirent *e;
	size_t n = 0;

	(void)snprintf(path, sizeof(path), "tests/corpus/%s", job->corpus);
	dir = opendir(path);
	assert_non_null(dir);
	while ((e = readdir(dir))) {
		own_bytes struct bytes in = { 0 };

		if (e->d_name[0] == '.')
			continue;
		assert_int_equal(
			io_read_file(dirfd(dir), e->d_name, 1 << 20, &in), 0);
		if (in.data)
			n += exhaust(job, &in);
	}
	return n;
}

static void survives(void **state)
{
	const struct job *job = *state;
	const struct bytes none = { 0 };
	size_t n = job->corpus ? exhaust_corpus(job) : exhaust(job, &none);

	assert_true(n > 0);
	assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
}

int main(void)
{
	const struct table tables[] = { TABLE(survives, jobs) };
	int r;

	/* before its first allocation */
	if (!fault_spare_openssl())
		return 1;
	tree_make(&tree);
	tree_dir(&tree, "bin");
	tree_dir(&tree, "app");
	tree_dir(&tree, "app/sub");
	tree_file(&tree, "bin/run", 0755, "abc");
	tree_file(&tree, "app/sub/file", 0644, "text");
	tree_link(&tree, "app/link", "sub/file");
	tree_dir(&tree, "class");
	tree_dir(&tree, "class/tpm0");
	tree_dir(&tree, "class/tpm1");
	tree_dir(&tree, "class/tpm1/device");
	tree_link(&tree, "class/tpm1/device/driver", "drivers/tpm_tis");
	r = table_run(tables, array_size(tables));
	tree_remove(&tree);
	return r;
}
