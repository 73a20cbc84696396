// SPDX-License-Identifier: MIT
/*
 * identity = attested, against a directory in which tests/configfs.h plays
 * the kernel and the SVSM, and against swtpm.
 */
#include "init/identity.h"

#include <string.h>

#include "tests/table.h"

#include "init/tsm.h"
#include "lib/own.h"
#include "tests/configfs.h"
#include "tests/line.h"
#include "tests/swtpm.h"

#define ASK	 "cannot ask for an attestation report: "
#define SEV	 "; load sev-guest in [modules] of boot.conf"
#define WRITE(a) "cannot write " a " of the attestation report: "
#define READ(a)	 "cannot read " a " of the attestation report: "
#define SVSM	 "; boot under an SVSM, with Linux 6.16 or later"
#define USE	 "cannot use the attestation report: "
#define ELSE	 "; let nothing else ask for attestation reports"

enum { ek_size = 314 };

/* A manifest of that many bytes; nobody asks here whether it is an EK. */
static void make_blob(size_t len, struct bytes *ret)
{
	own_free uint8_t *data = malloc(len);

	assert_non_null(data);
	memset(data, 0x5a, len);
	assert_int_equal(bytes_copy(data, len, ret), 0);
}

static const struct tsm_case {
	const char *name;
	struct configfs kernel;
	const char *line;
} cases[] = {
	{ "no provider",
	  { .no_item = true, .err = ENXIO },
	  ASK "No such device or address" SEV },
	{ "another request",
	  { .no_item = true, .err = EEXIST },
	  ASK "File exists" SEV },
	{ "no generation",
	  { .refused = "generation", .err = ENOENT },
	  READ("generation") "No such file or directory" SVSM },
	{ "generation is no number",
	  { .generation = "one" },
	  READ("generation") "Invalid argument" SVSM },
	{ "generation is empty",
	  { .generation = "" },
	  READ("generation") "Invalid argument" SVSM },
	{ "generation is too long",
	  { .generation = "0000000000000000000000000000000000000000000000000"
			  "00000000000000" },
	  READ("generation") "File too large" SVSM },
	{ "generation is over 64 bits",
	  { .generation = "18446744073709551616" },
	  READ("generation") "Numerical result out of range" SVSM },
	{ "no SVSM",
	  { .refused = "service_provider", .err = ENOENT },
	  WRITE("service_provider") "No such file or directory" SVSM },
	{ "no service GUID",
	  { .refused = "service_guid", .err = EINVAL },
	  WRITE("service_guid") "Invalid argument" SVSM },
	{ "no version",
	  { .refused = "service_manifest_version", .err = EINVAL },
	  WRITE("service_manifest_version") "Invalid argument" SVSM },
	{ "no nonce",
	  { .refused = "inblob", .err = EBUSY },
	  WRITE("inblob") "Device or resource busy" SVSM },
	{ "the SVSM has no vTPM",
	  { .refused = "outblob", .err = EINVAL },
	  READ("outblob") "Invalid argument" SVSM },
	{ "no memory for the report",
	  { .refused = "outblob", .err = ENOMEM },
	  READ("outblob") "Cannot allocate memory; give the VM more memory" },
	{ "a longer report",
	  { .report_grows = 1 },
	  READ("outblob") "File too large" SVSM },
	{ "no manifest",
	  { .refused = "manifestblob", .err = EINVAL },
	  READ("manifestblob") "Invalid argument" SVSM },
	{ "no certificates",
	  { .refused = "auxblob", .err = EIO },
	  READ("auxblob") "Input/output error" SVSM },
	{ "no provider's name",
	  { .refused = "provider", .err = ENXIO },
	  READ("provider") "No such device or address" SVSM },
	{ "another provider",
	  { .provider = "tdx_guest" },
	  USE "it comes from tdx_guest, not from sev_guest" SVSM },
	{ "an empty provider",
	  { .provider = "" },
	  USE "it comes from , not from sev_guest" SVSM },
	{ "nearly its provider",
	  { .provider = "sev_guest2" },
	  USE "it comes from sev_guest2, not from sev_guest" SVSM },
	{ "written before the report is read",
	  { .raced = "outblob" },
	  USE "its generation went from 0 to 5, not by 4" ELSE },
	{ "written after the report was read",
	  { .raced = "provider" },
	  USE "its generation went from 0 to 5, not by 4" ELSE },
	{ "written while it is asked",
	  { .raced = "service_guid" },
	  USE "its generation went from 0 to 5, not by 4" ELSE },
	{ "a generation that stays",
	  { .generation = "7" },
	  USE "its generation went from 7 to 7, not by 4" ELSE },
};

static void refuses(void **state)
{
	const struct tsm_case *c = *state;
	own_bytes struct bytes manifest = { 0 };
	own_attestation struct attestation a = { .nonce = { 1 } };
	struct fail f = { 0 };
	struct tree tree;
	int r;

	make_blob(ek_size, &manifest);
	configfs_mount(&manifest);
	tree = configfs.tree;
	configfs = c->kernel;
	configfs.tree = tree;
	configfs.manifest = manifest;
	r = tsm_attest(configfs.tree.path, &a, &f);
	assert_int_equal(faccessat(tree.fd, CONFIGFS_ITEM, F_OK, 0), -1);
	configfs_umount();
	assert_refusal(r, &f, c->line);
}

/* The largest blobs that are taken, and what is one byte larger. */
static const struct size_case {
	const char *name;
	size_t manifest;
	size_t aux;
	const char *line;
} sizes[] = {
	{ "no certificates", ek_size, 0, NULL },
	{ "the largest", attestation_manifest_max, attestation_certificates_max,
	  NULL },
	{ "manifest", attestation_manifest_max + 1, 0,
	  READ("manifestblob") "File too large" SVSM },
	{ "certificates", ek_size, attestation_certificates_max + 1,
	  READ("auxblob") "File too large" SVSM },
};

static void bounds_blobs(void **state)
{
	const struct size_case *c = *state;
	own_bytes struct bytes manifest = { 0 };
	own_bytes struct bytes aux = { 0 };
	own_attestation struct attestation a = { .nonce = { 1 } };
	struct fail f = { 0 };
	int r;

	make_blob(c->manifest, &manifest);
	make_blob(c->aux, &aux);
	configfs_mount(&manifest);
	configfs.aux = aux;
	r = tsm_attest(configfs.tree.path, &a, &f);
	configfs_umount();
	if (c->line) {
		assert_refusal(r, &f, c->line);
		return;
	}
	assert_ok(r, &f);
	assert_int_equal(a.report.len, attestation_report_size);
	assert_int_equal(a.manifest.len, c->manifest);
	assert_int_equal(a.certificates.len, c->aux);
	assert_ok(attestation_check(&a, &f), &f);
}

static void assert_attribute(const char *name, const void *want, size_t len)
{
	own_bytes struct bytes got = { 0 };
	char path[64];

	(void)snprintf(path, sizeof(path), CONFIGFS_ITEM "/%s", name);
	assert_int_equal(io_read_file(configfs.tree.fd, path, 256, &got), 0);
	assert_int_equal(got.len, len);
	assert_memory_equal(got.data, want, len);
}

/* What is asked for, as it lies there when the answer is being read. */
static void asks_for_the_svsms_tpm(void **state)
{
	static const char guid[] = "c476f1eb-0123-45a5-9641-b4e7dde5bfe3";
	own_bytes struct bytes manifest = { 0 };
	own_attestation struct attestation a = { .nonce = { 1, 2, 3 } };
	struct fail f = { 0 };
	char path[PATH_MAX];

	(void)state;
	make_blob(ek_size, &manifest);
	configfs_mount(&manifest);
	configfs.keeps = true;
	assert_ok(tsm_attest(configfs.tree.path, &a, &f), &f);
	assert_attribute("service_provider", "svsm", 4);
	assert_attribute("service_guid", guid, strlen(guid));
	assert_attribute("service_manifest_version", "0", 1);
	assert_attribute("inblob", a.nonce, sizeof(a.nonce));
	/* a directory that does not go away is in the way of the next */
	assert_refusal(tsm_attest(configfs.tree.path, &a, &f), &f,
		       ASK "File exists" SEV);
	(void)snprintf(path, sizeof(path), "%s/none", configfs.tree.path);
	assert_refusal(tsm_attest(path, &a, &f), &f,
		       ASK "No such file or directory" SEV);
	configfs_umount();
}

/* What the boot leaves, read back. */
static void read_kept(const char *dir, struct attestation *ret)
{
	struct bytes *const blobs[] = { NULL, &ret->report, &ret->manifest,
					&ret->certificates };

	for (size_t i = 0; i < array_size(blobs); i++) {
		own_bytes struct bytes content = { 0 };
		char path[PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/%s", dir,
			       identity_files[i]);
		assert_int_equal(io_read_file(AT_FDCWD, path, 4096, &content),
				 0);
		if (blobs[i]) {
			*blobs[i] = take_bytes(&content);
			continue;
		}
		assert_int_equal(content.len, sizeof(ret->nonce));
		memcpy(ret->nonce, content.data, content.len);
	}
	assert_null(identity_files[array_size(blobs)]);
}

struct scene {
	struct swtpm swtpm;
	struct bytes ek;
	struct tpm *t;
	char kept[2 * PATH_MAX];
};

static void setup(struct scene *s)
{
	swtpm_start(&s->swtpm);
	swtpm_read_ek(&s->swtpm, &s->ek);
	configfs_mount(&s->ek);
	s->t = swtpm_open(&s->swtpm);
	(void)snprintf(s->kept, sizeof(s->kept), "%s/kept", s->swtpm.tree.path);
}

static void teardown(struct scene *s)
{
	tpm_close(&s->t);
	bytes_free(&s->ek);
	configfs_umount();
	swtpm_stop(&s->swtpm);
}

static int prove(const struct scene *s, struct fail *f)
{
	return identity_prove(s->t, configfs.tree.path, s->kept, f);
}

/* What a verifier looks at but for the signature; and each nonce is new. */
static void proves_and_keeps(void **state)
{
	own_attestation struct attestation first = { 0 };
	own_attestation struct attestation second = { 0 };
	own_bytes struct bytes aux = { 0 };
	struct scene s = { 0 };
	struct fail f = { 0 };

	(void)state;
	setup(&s);
	make_blob(100, &aux);
	configfs.aux = aux;
	assert_ok(prove(&s, &f), &f);
	read_kept(s.kept, &first);
	assert_ok(attestation_check(&first, &f), &f);
	assert_int_equal(first.manifest.len, s.ek.len);
	assert_memory_equal(first.manifest.data, s.ek.data, s.ek.len);
	assert_int_equal(first.certificates.len, 100);
	(void)snprintf(s.kept, sizeof(s.kept), "%s/again", s.swtpm.tree.path);
	assert_ok(prove(&s, &f), &f);
	read_kept(s.kept, &second);
	assert_ok(attestation_check(&second, &f), &f);
	assert_memory_not_equal(first.nonce, second.nonce, 64);
	teardown(&s);
}

/* Each of the four parts can refuse, and nothing is kept then. */
static void refuses_what_is_not_proved(void **state)
{
	struct scene s = { 0 };
	struct fail f = { 0 };

	(void)state;
	setup(&s);
	configfs.no_entropy = true;
	assert_refusal(prove(&s, &f), &f,
		       "cannot make a nonce: Function not implemented; use a "
		       "kernel with getrandom");
	configfs.no_entropy = false;
	configfs.provider = "tdx_guest";
	assert_refusal(prove(&s, &f), &f,
		       USE "it comes from tdx_guest, not from sev_guest" SVSM);
	configfs.provider = NULL;
	configfs.vmpl = 2;
	assert_refusal(prove(&s, &f), &f,
		       USE "it is for VMPL 2, not 0; boot under an SVSM that "
			   "attests its TPM");
	configfs.vmpl = 0;
	s.ek.data[s.ek.len - 1] ^= 1; /* and so the manifest */
	assert_refusal(prove(&s, &f), &f,
		       "cannot use the TPM's endorsement key: it is not the "
		       "one in the attestation report; do not trust this host "
		       "with the VM");
	s.ek.data[s.ek.len - 1] ^= 1;
	assert_int_equal(access(s.kept, F_OK), -1);
	assert_ok(prove(&s, &f), &f);
	teardown(&s);
}

static void keeps_nothing_over_another_file(void **state)
{
	char line[3 * PATH_MAX];
	struct scene s = { 0 };
	struct fail f = { 0 };

	(void)state;
	setup(&s);
	tree_dir(&s.swtpm.tree, "kept");
	(void)snprintf(line, sizeof(line),
		       "cannot write %s: File exists; give the VM more memory",
		       s.kept);
	assert_refusal(prove(&s, &f), &f, line);
	teardown(&s);
}

int main(void)
{
	const struct table tables[] = {
		TABLE(refuses, cases),
		TABLE(bounds_blobs, sizes),
		CASE(asks_for_the_svsms_tpm),
		CASE(proves_and_keeps),
		CASE(refuses_what_is_not_proved),
		CASE(keeps_nothing_over_another_file),
	};

	return table_run(tables, array_size(tables));
}
