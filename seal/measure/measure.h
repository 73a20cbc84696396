/* SPDX-License-Identifier: MIT */
/*
 * What is measured: the one definition that init measures by and cvmctl
 * predicts by. Everything is read below one directory, the verified root as
 * mounted (init) or the tree the image is made of (cvmctl).
 *
 * Events, in order: apps.conf; then for each [app] in file order its
 * executable, then each of its measure paths in order. With measure-by =
 *
 * content	A regular file's digest is that of its content, in each bank;
 *		a directory's is that of its listing (listing.h). A file with
 *		set-user-ID, set-group-ID or extended attributes, which may
 *		give rights, is followed by an event of them: the listing of
 *		this file, without its content.
 * verity	The digest is that of a text: the root hash, what apps.conf
 *		says, and the listing without content. No file is read.
 */
#ifndef SEAL_MEASURE_MEASURE_H
#define SEAL_MEASURE_MEASURE_H

#include "config/apps.h"
#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/fail.h"
#include "seal/measure/events.h"

/* What measure_apps works from. */
struct measured {
	int root_fd;			    /* every path is below it */
	const struct bytes *apps_raw;	    /* apps.conf as read */
	const struct apps_conf *apps;	    /* apps.conf as understood */
	digest_algs algs;		    /* the banks */
	const struct verity_params *verity; /* of the root; NULL: not known */
};

/*
 * Hashes all that apps.conf declares, on all CPUs, and appends the events.
 * 0 or -errno; the events appended are not defined after a failure.
 */
int measure_apps(const struct measured *m, struct events *ret, struct fail *f);

#endif
