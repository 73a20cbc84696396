/* SPDX-License-Identifier: MIT */
/*
 * boot.conf: the image builder's file in the measured initramfs, the only
 * configuration of init. init obeys it, cvmctl checks and completes it; both
 * read it here. The manual is boot.conf(5).
 */
#ifndef CONFIG_BOOT_H
#define CONFIG_BOOT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/digest.h"
#include "lib/ini.h"
#include "verity/params.h"

enum {
	boot_conf_max = 64 * 1024, /* bytes of the file */
	boot_words_max = 32,	   /* words of [boot] allow-cmdline */
	boot_modules_max = 64,
	boot_volumes_max = 8,
	boot_dirs_max = 8,
	boot_name_max = 32,
	boot_word_max = 128,
	boot_uuid_len = 36,
	boot_port_name_max = 64,   /* of a virtio-serial port */
	boot_broker_key_size = 32, /* SHA-256 of SubjectPublicKeyInfo */
	boot_srk_name_size = 34,   /* a TPM name: 0x000b, then a SHA-256 */
};

enum boot_end { BOOT_END_POWER_OFF, BOOT_END_REBOOT };
enum boot_root_fs { BOOT_FS_EROFS, BOOT_FS_SQUASHFS, BOOT_FS_EXT4 };
enum boot_overlay_mode {
	BOOT_OVERLAY_ROOT,
	BOOT_OVERLAY_DIRS,
	BOOT_OVERLAY_NONE
};
enum boot_workload_mode {
	BOOT_WORKLOAD_UNSET,
	BOOT_WORKLOAD_SUPERVISE,
	BOOT_WORKLOAD_EXEC
};

/* What has to show that a TPM is of its class. */
enum boot_identity {
	BOOT_IDENTITY_DRIVER,  /* the kernel driver's name */
	BOOT_IDENTITY_ATTESTED /* and the hardware's report on its EK */
};

/* The registers for what is measured. */
enum boot_measure {
	BOOT_MEASURE_NONE = 0,	     /* has to be said outright */
	BOOT_MEASURE_TPM = 1U << 0,  /* PCR 14, and PCR 15 for volume keys */
	BOOT_MEASURE_RTMR = 1U << 1, /* RTMR 3 of Intel TDX, for all */
};

/* Where a volume's key comes from. */
enum boot_key_kind {
	BOOT_KEY_SEALED,   /* the TPM, from a token in the volume's header */
	BOOT_KEY_DELIVERED /* a broker, sealed to this boot's TPM */
};

/* Whether a sealed key has to say which volume it is for. */
enum boot_bound {
	BOOT_BOUND_UNSET, /* never after boot_conf_read */
	BOOT_BOUND_NO,
	BOOT_BOUND_YES
};

/* How to speak to the broker. */
enum boot_channel_kind {
	BOOT_CHANNEL_NONE, /* no [broker] */
	BOOT_CHANNEL_PORT, /* a virtio-serial port, by name */
	BOOT_CHANNEL_VSOCK
};

/* Which TPMs may serve, by the kernel driver behind them. */
enum boot_tpm_class {
	BOOT_TPM_SVSM = 1U << 0, /* tpm-svsm: the SVSM's, not the host's */
	BOOT_TPM_CRB = 1U << 1,	 /* tpm_crb*: host or hardware */
	BOOT_TPM_TIS = 1U << 2,	 /* tpm_tis: host or hardware */
	BOOT_TPM_ANY = ~0U
};

struct boot_words {
	char word[boot_words_max][boot_word_max];
	size_t n;
};

struct boot_modules {
	char name[boot_modules_max][boot_name_max * 2];
	size_t n;
};

struct boot_dirs {
	char path[boot_dirs_max][PATH_MAX];
	size_t n;
};

struct boot_srk {
	bool pinned;
	uint8_t name[boot_srk_name_size];
};

struct boot_broker {
	struct {
		enum boot_channel_kind kind;
		char port[boot_port_name_max + 1];
		uint32_t vsock_cid;
		uint32_t vsock_port;
	} at;
	struct {
		bool given;
		uint8_t hash[boot_broker_key_size];
	} key;		    /* that signs what it delivers */
	uint64_t timeout_s; /* for all of one delivery */
};

struct boot_volume {
	char name[boot_name_max + 1]; /* below /dev/mapper */
	char device[PATH_MAX];	      /* empty: found by uuid */
	char uuid[boot_uuid_len + 1]; /* empty: found by device */
	char mount[PATH_MAX];	      /* in the new root */
	enum boot_key_kind key;
	bool exec;	  /* false: mounted noexec */
	bool measure_key; /* into PCR 15 */
	bool import;	  /* its key may be sealed elsewhere */
	enum boot_bound bound;
};

struct boot_conf {
	struct {
		enum boot_end on_failure;
		enum boot_end on_exit;
		uint64_t device_timeout_s; /* wait for a disk */
		struct boot_words allow_cmdline;
	} boot;
	struct {
		unsigned require; /* set of enum boot_tpm_class; 0: not said */
		enum boot_identity identity;
		struct boot_srk srk;	       /* the only one to speak to */
		struct digest_set pcr14_start; /* zero if not declared */
		digest_algs banks;	       /* must all be active */
		uint64_t timeout_s;	       /* longest wait for an answer */
		uint64_t minimum_release;      /* 0: the TPM keeps none */
	} tpm;
	struct {
		unsigned into;	  /* set of enum boot_measure */
		bool systemd_log; /* systemd's own log gets our events too */
	} measure;
	struct {
		bool write;    /* evidence.json, before the workload runs */
		uint32_t pcrs; /* to quote, a bit each; 0: not said */
	} evidence;
	struct {
		struct boot_modules load;
		bool lock; /* modules_disabled=1 afterwards */
	} modules;
	struct boot_ima {
		bool declared;	       /* none has to be said outright */
		char policy[PATH_MAX]; /* in the initramfs; empty: none */
	} ima;
	struct {
		char device[PATH_MAX]; /* empty: found by root hash */
		enum boot_root_fs fs;
		struct verity_params verity;
	} root;
	struct {
		enum boot_overlay_mode mode;
		uint64_t size_bytes;
		uint64_t inodes;
		struct boot_dirs dirs;
	} overlay;
	struct boot_volume volume[boot_volumes_max];
	size_t volumes;
	struct boot_broker broker;
	struct {
		enum boot_workload_mode mode;
		char exec[PATH_MAX]; /* exec mode: the root's own init */
	} workload;
};

/*
 * Reads len bytes of boot.conf (a NUL follows). file is its name in messages.
 * A template is a boot.conf whose [root] does not hold the verity values yet,
 * and that may leave out [tpm] require: cvmctl build accepts it and writes
 * them, init refuses it. 0 or -errno with *error; *ret is not defined after a
 * failure.
 */
int boot_conf_read(const char *file, const char *text, size_t len,
		   bool template, struct boot_conf *ret,
		   struct ini_error *error);

/* "erofs", "squashfs" or "ext4": the names the kernel knows. */
const char *boot_root_fs_name(enum boot_root_fs fs);

/* "sealed" or "delivered". */
const char *boot_key_kind_name(enum boot_key_kind kind);

/* "svsm", "crb" or "tis". */
const char *boot_tpm_class_name(enum boot_tpm_class class);

/* "tpm rtmr" and the like for a set of enum boot_measure; "" for no such. */
const char *boot_into_name(unsigned into);

/* The set that into is called by. 0, or -EINVAL and *ret stays as it is. */
int boot_into_from_name(const char *name, unsigned *ret);

/* The class of a kernel driver's name, 0 for one that no class holds. */
unsigned boot_tpm_class_of_driver(const char *driver);

#endif
