// SPDX-License-Identifier: MIT
/* See verify-words.h: nonces, keys and certificates, in files or as hex. */
#include "cvmctl/broker/verify-words.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cvmctl/tool/options.h"
#include "evidence/signed/certificates.h"
#include "evidence/signed/challenge.h"
#include "evidence/signed/ek-certificate.h"
#include "evidence/signed/snp.h"
#include "evidence/signed/td-quote.h"
#include "lib/hex.h"
#include "lib/io.h"
#include "seal/object/public.h"

void verify_files_free(struct verify_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		bytes_free(&files->file[i]);
	files->n = 0;
}

/* A file that stays until the verdict; its place never moves. */
static int keep_file(struct verify_files *files, const char *path, size_t max,
		     const char *remedy, const struct bytes **ret,
		     struct fail *f)
{
	struct bytes *b = &files->file[files->n];
	int r = io_read_file(AT_FDCWD, path, max, b);

	if (r < 0)
		return fail_errno(f, r, remedy, "read %s", path);
	files->n++;
	*ret = b;
	return 0;
}

static int read_nonce(const struct verify_words *w, const char *command,
		      struct verify_files *files, struct expectations *x,
		      struct fail *f)
{
	uint8_t nonce[evidence_nonce_max];
	size_t len = 0;
	int r;

	if (w->challenged) {
		x->challenged = true;
		return keep_file(files, w->challenged, challenge_size,
				 "check --challenged", &x->nonce, f);
	}
	if (!w->nonce) /* a broker makes them itself */
		return 0;
	if (hex_decode(w->nonce, sizeof(nonce), nonce, &len) < 0)
		return options_refuse(f, command,
				      "--nonce %s is not 1 to 64 bytes in "
				      "lower-case hex",
				      w->nonce);
	r = bytes_copy(nonce, len, &files->file[files->n]);
	if (r < 0)
		return fail_errno(f, r, "free memory", "read the nonce");
	x->nonce = &files->file[files->n++];
	return 0;
}

/* A name in hex, or a file with a TPM2B_PUBLIC, whose name counts. */
static int read_key(const char *word, const char *remedy,
		    struct verify_files *files, struct believed_key *ret,
		    struct fail *f)
{
	const struct bytes *file = NULL;
	struct tpm_public key;
	size_t len = 0;
	int r;

	if (!word)
		return 0;
	ret->given = true;
	if (hex_decode(word, sizeof(ret->name), ret->name, &len) == 0 &&
	    len == sizeof(ret->name))
		return 0;
	r = keep_file(files, word, tpm_public_max, remedy, &file, f);
	if (r == 0)
		r = tpm_public_read(file, &key, f);
	else
		return r;
	if (r == -EINVAL)
		return fail_because(f,
				    "it is no TPM2B_PUBLIC of an RSA or ECC "
				    "key with SHA-256 names",
				    remedy, "use %s", word);
	if (r < 0)
		return fail_errno(f, r, "free memory", "use %s", word);
	memcpy(ret->name, key.name, sizeof(ret->name));
	return 0;
}

/* Believing nobody would look like believing nothing that is shown. */
static int read_ek_ca(const char *path, struct verify_files *files,
		      const struct bytes **ret, struct fail *f)
{
	static const char remedy[] = "check --ek-ca";
	own_certificate_store X509_STORE *store = NULL;
	int r = keep_file(files, path, ek_ca_max, remedy, ret, f);

	if (r < 0)
		return r;
	store = certificate_store_read(*ret);
	return store ? 0
		     : fail_because(f, "it is not 1 to 64 certificates in PEM",
				    remedy, "use %s", path);
}

/* A certificate in the directory; only ark.pem has to be there. */
static int read_certificate(const char *dir, const char *name, bool needed,
			    struct verify_files *files,
			    const struct bytes **ret, struct fail *f)
{
	static const char remedy[] = "check --snp-certs";
	own_certificate X509 *c = NULL;
	char path[PATH_MAX];
	int r;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >=
	    sizeof(path))
		return fail_errno(f, ENAMETOOLONG, "choose a shorter path",
				  "read %s of %s", name, dir);
	r = keep_file(files, path, snp_certificate_max, remedy, ret, f);
	if (r < 0)
		return r == -ENOENT && !needed ? 0 : r;
	c = certificate_read_pem(*ret);
	return c ? 0
		 : fail_because(f, "it is not one certificate in PEM", remedy,
				"use %s", path);
}

/* Exactly size bytes, if the option was given. */
static int read_hex(const char *word, const char *option, const char *command,
		    size_t size, uint8_t *ret, bool *ret_given, struct fail *f)
{
	size_t len = 0;

	if (!word)
		return 0;
	if (hex_decode(word, size, ret, &len) < 0 || len != size)
		return options_refuse(f, command,
				      "--%s %s is not %zu bytes in lower-case "
				      "hex",
				      option, word, size);
	*ret_given = true;
	return 0;
}

static int read_register(const char *word, const char *option,
			 const char *command, struct expected_register *ret,
			 struct fail *f)
{
	return read_hex(word, option, command, sizeof(ret->value), ret->value,
			&ret->given, f);
}

static int read_snp(const struct verify_words *w, const char *command,
		    struct verify_files *files, struct expectations *x,
		    struct fail *f)
{
	int r = read_hex(w->snp_measurement, "snp-measurement", command,
			 sizeof(x->measurement), x->measurement,
			 &x->has_measurement, f);

	if (r == 0)
		r = read_hex(w->snp_tcb, "snp-tcb", command, sizeof(x->tcb),
			     x->tcb, &x->has_tcb, f);
	if (r || !w->snp_certs)
		return r;
	r = read_certificate(w->snp_certs, "ark.pem", true, files, &x->snp.ark,
			     f);
	if (r == 0)
		r = read_certificate(w->snp_certs, "ask.pem", false, files,
				     &x->snp.ask, f);
	return r < 0 ? r
		     : read_certificate(w->snp_certs, "vcek.pem", false, files,
					&x->snp.vcek, f);
}

static int read_tdx_root(const char *path, struct verify_files *files,
			 const struct bytes **ret, struct fail *f)
{
	static const char remedy[] = "check --tdx-root";
	own_certificate X509 *c = NULL;
	int r = keep_file(files, path, td_root_max, remedy, ret, f);

	if (r < 0)
		return r;
	c = certificate_read_pem(*ret);
	return c ? 0
		 : fail_because(f, "it is not one certificate in PEM", remedy,
				"use %s", path);
}

static int read_tdx(const struct verify_words *w, const char *command,
		    struct verify_files *files, struct expectations *x,
		    struct fail *f)
{
	static const char *const options[] = { "tdx-rtmr0", "tdx-rtmr1",
					       "tdx-rtmr2" };
	int r = read_register(w->tdx_mrtd, "tdx-mrtd", command, &x->tdx.mrtd,
			      f);

	for (size_t i = 0; r == 0 && i < expected_rtmrs; i++)
		r = read_register(w->tdx_rtmr[i], options[i], command,
				  &x->tdx.rtmr[i], f);
	if (r || !w->tdx_root)
		return r;
	return read_tdx_root(w->tdx_root, files, &x->tdx.root, f);
}

int verify_read_words(const struct verify_words *words, const char *command,
		      struct verify_files *files, struct expectations *ret,
		      struct fail *f)
{
	int r = read_nonce(words, command, files, ret, f);

	ret->without_hardware = words->without_hardware;
	if (r == 0)
		r = read_key(words->ak, "check --ak", files, &ret->ak, f);
	if (r == 0)
		r = read_key(words->ek, "check --ek", files, &ret->ek, f);
	if (r == 0 && words->ek_ca)
		r = read_ek_ca(words->ek_ca, files, &ret->ek_ca, f);
	if (r == 0)
		r = read_snp(words, command, files, ret, f);
	return r ? r : read_tdx(words, command, files, ret, f);
}
