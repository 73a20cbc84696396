/* SPDX-License-Identifier: MIT */
/*
 * What the tpm*.c files share, and no other file includes (its tests do):
 *
 *	tcti.c     opens a device or a simulator
 *	device.c   the kernel's device, for whose answers one may wait
 *	swtpm.c    swtpm's socket, the same
 *	link.c     deadline and repeats between ESYS and that device
 *	session.c  SRK and salted sessions
 *	other-srk.c  whose the SRK is that is wanted and not there
 *	ek.c       endorsement key
 *	ak.c       attestation key, and the certificate of the EK
 *	quote.c    what the attestation key signs
 *	activate.c what was encrypted for the two of them
 *	error.c    response codes in words
 *	tpm.c          banks, PCRs
 *	policy.c   what a key is bound to, asserted
 *	release.c  the least release that keys are opened for
 *	seal.c     seal and unseal
 *	load.c     sealed objects, from a token into the TPM
 */
#ifndef SEAL_TPM_INTERNAL_H
#define SEAL_TPM_INTERNAL_H

#include <stdbool.h>
#include <tss2/tss2_esys.h>

#include "lib/bytes.h"
#include "seal/object/sealed-key.h"
#include "seal/tpm/tpm.h"

enum {
	tpm_message_max = 4096, /* TPM2_MAX_COMMAND_SIZE; answers too */
	tpm_header_size = 10,	/* tag, size, code: TCG Part 1, 18.1 */
};

/*
 * TCTIs that tell one descriptor to poll for an answer, and are freed by
 * tcti_close in bounded time. 0 or -errno.
 */
int tcti_open_device(const char *path, unsigned timeout_ms,
		     TSS2_TCTI_CONTEXT **ret);
int tcti_open_swtpm(const char *conf, unsigned timeout_ms,
		    TSS2_TCTI_CONTEXT **ret);

/*
 * Opens what tcti names, in timeout_ms; the caller frees. *ret_startup: it
 * needs Startup.
 */
int tcti_open(const char *tcti, unsigned timeout_ms, TSS2_TCTI_CONTEXT **ret,
	      bool *ret_startup, struct fail *f);
/*
 * Finalises and frees, in bounded time even while a command is under way;
 * NULLs the pointer; accepts NULL.
 */
void tcti_close(TSS2_TCTI_CONTEXT **tcti);

#define own_tcti __attribute__((cleanup(tcti_close)))

/* The clock of every deadline here. */
int64_t tpm_now_ms(void);

/* Waits until fd can be read: 1, or 0 at the deadline, or -errno. */
int tpm_poll(int fd, int64_t deadline_ms);

struct tpm_link;

/*
 * A TCTI for ESYS on top of inner, which stays the caller's, must live longer
 * and tell one descriptor to poll: it gives each command timeout_ms in all,
 * repeats it when the TPM asks for that, and passes on only answers whose size
 * is what they say.
 */
int link_open(TSS2_TCTI_CONTEXT *inner, unsigned timeout_ms,
	      struct tpm_link **ret);
void link_close(struct tpm_link **link);
TSS2_TCTI_CONTEXT *link_tcti(struct tpm_link *link);
/* True once a command was not answered in time; no further one is sent. */
bool link_timed_out(const struct tpm_link *link);
struct tpm_traffic link_traffic(const struct tpm_link *link);
/*
 * Wipes the last command and answer, here and in ESYS's own buffer, where
 * ESYS decrypts parameters in place.
 */
void link_wipe(struct tpm_link *link);

/* What the standard template of one type gives on this TPM. */
struct srk_made {
	bool asked;
	bool failed; /* no name then */
	uint8_t name[tpm_name_size];
};

struct tpm {
	TSS2_TCTI_CONTEXT *device;
	struct tpm_link *link;
	ESYS_CONTEXT *esys;
	unsigned timeout_ms;
	ESYS_TR srk;		 /* ESYS_TR_NONE until tpm_need_session */
	ESYS_TR session;	 /* ESYS_TR_NONE until tpm_need_session */
	TPMS_CLOCK_INFO began;	 /* when the session did */
	ESYS_TR policy;		 /* ESYS_TR_NONE until the first unseal */
	struct bytes srk_record; /* as parsed by srk_record_parse */
	uint64_t signed_as;	 /* release of the policy in use; or 0 */
	uint64_t least_opened;	 /* the least of what released a key; or 0 */
	bool srk_pinned;
	uint8_t srk_pin[tpm_name_size];
	struct srk_made srk_made[2]; /* P-256, RSA-2048 */
};

/* tpm_open for a TCTI at hand, which it takes over, and NULLs, on success. */
int tpm_open_tcti(TSS2_TCTI_CONTEXT **device, unsigned timeout_ms,
		  struct tpm **ret, struct fail *f);

/*
 * The PCRs of mask in each bank of algs, in the order of enum digest_alg, in
 * which values are put together, too.
 */
void tpm_select_pcrs(uint32_t mask, digest_algs algs, TPML_PCR_SELECTION *ret);

/* The template of the SRK, P-256 or RSA-2048. */
const TPM2B_PUBLIC *tpm_srk_template(bool rsa);

enum srk_owner {
	SRK_OWNER_UNKNOWN, /* the TPM makes no primary for us */
	SRK_OWNER_THIS_TPM,
	SRK_OWNER_ANOTHER, /* or this one, before it was cleared */
};

/*
 * Whose the SRK of this type and name is, which was made from the standard
 * template. For the words of a refusal alone; asks the TPM once for each type.
 */
enum srk_owner tpm_srk_owner(struct tpm *t, bool rsa,
			     const uint8_t name[static tpm_name_size]);

/* What to do when 0x81000001 has another key than this TPM's SRK of the type.
 */
const char *tpm_remedy_srk(bool rsa);

/* Finds or creates the SRK, unless done: its name is the pinned one. */
int tpm_need_srk(struct tpm *t, struct fail *f);

/* The same, and starts the HMAC session. */
int tpm_need_session(struct tpm *t, struct fail *f);

/* The HMAC session with these attributes besides continueSession. */
ESYS_TR tpm_session(struct tpm *t, TPMA_SESSION attributes);

/*
 * Refuses a TPM that was restarted since the session began. A session does
 * not end with every restart: its context outlives Shutdown(STATE), the PCRs
 * do not, and whoever restarts a TPM can extend them again.
 */
int tpm_check_restart(struct tpm *t, const char *what, struct fail *f);

/* Starts a session of that type salted to the SRK; the caller flushes. */
int tpm_start_session(struct tpm *t, TPM2_SE type, TPMA_SESSION attributes,
		      ESYS_TR *ret, struct fail *f);

/*
 * The same, salted to another key, by a command in the session within; which
 * may be ESYS_TR_NONE.
 */
TSS2_RC tpm_salt_session(struct tpm *t, ESYS_TR key, ESYS_TR within,
			 TPM2_SE type, TPMA_SESSION attributes, ESYS_TR *ret);

/*
 * Creates a transient primary key of a hierarchy without a password; auth is a
 * session or ESYS_TR_PASSWORD. The caller flushes the key, and frees
 * *ret_public, which may be NULL, by Esys_Free.
 */
TSS2_RC tpm_create_primary(struct tpm *t, ESYS_TR hierarchy, ESYS_TR auth,
			   const TPM2B_PUBLIC *template, ESYS_TR *ret,
			   TPM2B_PUBLIC **ret_public);

/*
 * Creates the endorsement key or the attestation key, which the caller
 * flushes. *ret_public, which may be NULL, is freed by Esys_Free.
 */
int tpm_create_ek(struct tpm *t, ESYS_TR auth, ESYS_TR *ret,
		  TPM2B_PUBLIC **ret_public, struct fail *f);
int tpm_create_ak(struct tpm *t, ESYS_TR *ret, TPM2B_PUBLIC **ret_public,
		  struct fail *f);

/*
 * Makes the parent of a key whose token names no SRK: as systemd 253 and
 * earlier, transient. The caller flushes.
 */
int tpm_create_legacy_primary(struct tpm *t, bool rsa, ESYS_TR *ret,
			      struct fail *f);

/*
 * Loads the sealed object, importing it if it was sealed away from the TPM.
 * The caller flushes. -ENXIO when it is for another TPM or SRK, or does not
 * say for which; -EUCLEAN when it is for this one, and the blob is damaged.
 */
int tpm_load(struct tpm *t, const struct sealed_key *key, ESYS_TR *ret,
	     struct fail *f);

/* Flushes a session or transient object, if any; sets ESYS_TR_NONE. */
void tpm_flush(struct tpm *t, ESYS_TR *handle);

/* Asserts the policy of key in a session. signatures may be NULL. */
int tpm_satisfy_policy(struct tpm *t, ESYS_TR session,
		       const struct sealed_key *key,
		       const struct signatures *signatures, struct fail *f);

/*
 * tpm_fail for an Unseal in that session. Says which PCR differs where that is
 * known.
 */
int tpm_fail_policy(struct tpm *t, TSS2_RC rc, ESYS_TR session,
		    const struct sealed_key *key, struct fail *f);

/* PolicyNV: the TPM still opens keys for this release. */
int tpm_assert_release(struct tpm *t, ESYS_TR session, uint64_t release,
		       struct fail *f);

/* The banks in use among those of a TPM; see tpm_banks. */
int tpm_collect_banks(const TPML_PCR_SELECTION *list, digest_algs *ret,
		      struct fail *f);

/* TPM_RC without the handle, parameter or session it is about. */
TSS2_RC tpm_rc_base(TSS2_RC rc);

/* True when the TPM says that it does not like a parameter of the command. */
bool tpm_rc_is_parameter(TSS2_RC rc);

/* Fills *f with the words for rc. Returns a negative errno. */
__attribute__((format(printf, 4, 5))) int tpm_fail(const struct tpm *t,
						   TSS2_RC rc, struct fail *f,
						   const char *what, ...);

static inline void esys_free_ptr(void *p)
{
	Esys_Free(*(void **)p);
}

/* Memory that ESYS allocated. */
#define own_esys __attribute__((cleanup(esys_free_ptr)))

#endif
