/* SPDX-License-Identifier: MIT */
/* Reading what image_write_manifest wrote. */
#ifndef CVMCTL_IMAGE_MANIFEST_H
#define CVMCTL_IMAGE_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/fail.h"
#include "lib/json.h"
#include "seal/object/pcr.h"

enum { manifest_max = 256 * 1024 * 1024 };

/* True for a manifest of the one schema that there is: docs/formats.md. */
bool manifest_is_known(struct json_object *o);

/*
 * The text of a manifest, from the file called name: one that is known, and in
 * which no two readers find different values. The caller releases *ret.
 */
int manifest_parse(const char *name, const struct bytes *text,
		   const char *remedy, struct json_object **ret,
		   struct fail *f);

/* The same from a file, with what to do when there is none in it. */
int manifest_read_file(const char *path, const char *remedy,
		       struct json_object **ret, struct fail *f);

/* The manifest of an image directory. The caller releases *ret. */
int manifest_read(const char *image, struct json_object **ret, struct fail *f);

/* The value of PCR 14 in a bank that keys are sealed to. */
int manifest_read_pcr(struct json_object *manifest, enum digest_alg bank,
		      uint8_t ret[static digest_size_max], struct fail *f);

/*
 * [measure] into of boot.conf, as a set of enum boot_measure. A manifest of
 * before that was in there is taken for one of tpm, the default. 0 or -errno.
 */
int manifest_read_into(struct json_object *manifest, unsigned *ret,
		       struct fail *f);

/*
 * Refuses values that the file called name predicts, when their PCR 14 is not
 * that of the manifest: they are of another image. 0 or -errno.
 */
int manifest_check_prediction(struct json_object *manifest, const char *name,
			      const struct pcr_values *values, struct fail *f);

/* A volume of boot.conf, borrowed from the manifest. */
struct manifest_volume {
	const char *name;
	const char *uuid; /* may be "" */
	bool import;	  /* false where the manifest does not say */
	bool delivered;	  /* by a broker, not sealed */
};

/* The volume number n of those whose key is delivered; false behind the last.
 */
bool manifest_delivered_volume(struct json_object *manifest, size_t n,
			       struct manifest_volume *ret);

/*
 * Whether a VM of the image can ask for the key of that volume: one of those
 * that are delivered has this UUID, or is found without one.
 */
bool manifest_delivers(struct json_object *manifest, const char *uuid);

/* The volume of that name; with a NULL name the only one. */
int manifest_find_volume(struct json_object *manifest, const char *name,
			 struct manifest_volume *ret, struct fail *f);

#endif
