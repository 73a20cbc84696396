// SPDX-License-Identifier: MIT
/*
 * One function of everything that init links, so that deps/check can tell
 * whether the libraries link as a static-pie, how large that is, and whether
 * it starts.  What needs no device is called and compared; the rest is only
 * linked, behind a condition that is never true.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <ini.h>
#include <json-c/json.h>
#include <libcryptsetup.h>
#include <libkmod.h>
#include <openssl/evp.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_rc.h>

static int on_key(void *user, const char *section, const char *name,
		  const char *value, int line)
{
	(void)user;
	if (!name) /* the section itself */
		return line == 1;
	return !strcmp(section, "boot") && !strcmp(name, "key") &&
	       !strcmp(value, "a ; b") && line == 2;
}

static int check_ini(void)
{
	return ini_parse_string("[boot]\nkey = a ; b\n", on_key, NULL);
}

static int check_json(void)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *obj = json_tokener_parse_ex(tok, "{\"a\":[1]}", 9);
	int bad = !json_object_object_get_ex(obj, "a", NULL);

	json_object_put(obj);
	json_tokener_free(tok);
	return bad;
}

static int check_digest(void)
{
	static const unsigned char abc[] = { 0xba, 0x78, 0x16, 0xbf };
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int bad = !ctx || !EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) ||
		  !EVP_DigestUpdate(ctx, "abc", 3) ||
		  !EVP_DigestFinal_ex(ctx, md, &len) || len != 32 ||
		  memcmp(md, abc, sizeof(abc)) != 0;

	EVP_MD_CTX_free(ctx);
	return bad;
}

static int check_rc(void)
{
	return strcmp(Tss2_RC_Decode(0x99d),
		      "tpm:session(1):a policy check failed");
}

static int check_kmod(void)
{
	static const char *config;
	struct kmod_ctx *ctx = kmod_new("/nowhere", &config);
	int bad = !ctx;

	kmod_unref(ctx);
	return bad;
}

static void say_nothing(int level, const char *msg, void *user)
{
	(void)level;
	(void)msg;
	(void)user;
}

static int check_crypt(void)
{
	struct crypt_device *cd = NULL;
	int rc;

	crypt_set_log_callback(NULL, say_nothing, NULL);
	rc = crypt_init(&cd, "/nowhere");

	crypt_free(cd);
	return rc != -ENOENT && rc != -ENOTBLK;
}

/* Needs a TPM, disks and modules: linked, not called. */
static int use_devices(void)
{
	struct crypt_params_verity verity = { .hash_name = "sha256" };
	TPML_DIGEST_VALUES digests = { 0 };
	ESYS_CONTEXT *esys = NULL;
	TPM2B_SENSITIVE_DATA *secret;
	struct kmod_module *mod = NULL;
	struct crypt_device *cd = NULL;
	const char *token;

	Esys_Initialize(&esys, NULL, NULL);
	Esys_StartAuthSession(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
			      ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_HMAC,
			      NULL, TPM2_ALG_SHA256, NULL);
	Esys_CreatePrimary(esys, ESYS_TR_RH_OWNER, ESYS_TR_NONE, ESYS_TR_NONE,
			   ESYS_TR_NONE, NULL, NULL, NULL, NULL, NULL, NULL,
			   NULL, NULL, NULL);
	Esys_Load(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
		  NULL, NULL, NULL);
	Esys_PolicyPCR(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
		       ESYS_TR_NONE, NULL, NULL);
	Esys_PolicyAuthorize(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
			     ESYS_TR_NONE, NULL, NULL, NULL, NULL);
	Esys_PCR_Extend(esys, ESYS_TR_PCR14, ESYS_TR_NONE, ESYS_TR_NONE,
			ESYS_TR_NONE, &digests);
	Esys_Unseal(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
		    ESYS_TR_NONE, &secret);
	Esys_Finalize(&esys);
	kmod_module_insert_module(mod, 0, NULL);
	crypt_load(cd, CRYPT_VERITY, &verity);
	crypt_load(cd, CRYPT_LUKS2, NULL);
	crypt_format(cd, CRYPT_LUKS2, "aes", "xts-plain64", NULL, NULL, 64,
		     NULL);
	crypt_activate_by_volume_key(cd, "root", NULL, 0, 0);
	crypt_token_json_get(cd, 0, &token);
	return crypt_activate_by_passphrase(cd, "x", 0, "", 0, 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*check)(void);
	} checks[] = {
		{ "libinih", check_ini },    { "json-c", check_json },
		{ "openssl", check_digest }, { "tpm2-tss rc", check_rc },
		{ "kmod", check_kmod },	     { "cryptsetup", check_crypt },
	};
	int failed = 0;

	(void)argv;
	if (argc > 1000000)
		return use_devices();
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i].check()) {
			fprintf(stderr, "smoke: %s does not work\n",
				checks[i].name);
			failed = 1;
		}
	return failed;
}
