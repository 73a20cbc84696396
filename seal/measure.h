/* SPDX-License-Identifier: MIT */
/*
 * What is measured: the one definition that init measures by and cvmctl
 * predicts by. Everything is read below one directory, the verified root as
 * mounted (init) or the tree the image is made of (cvmctl).
 *
 * Events, in order: apps.conf; then for each [app] in file order its
 * executable, then each of its measure paths in order. A regular file's
 * digest is that of its content, in each bank. A directory's is that of its
 * listing, one line for each entry below it, sorted by the bytes of the path:
 *
 *	cvm-init listing 1
 *	d <TAB> 0755 <TAB> 0 <TAB> 0 <TAB> - <TAB> .
 *	f <TAB> 0644 <TAB> 0 <TAB> 0 <TAB> SHA-256 of the content <TAB> main.py
 *	l <TAB> 0777 <TAB> 0 <TAB> 0 <TAB> link target <TAB> lib/link
 *
 * (type, mode, uid, gid, content, path below the directory), where control
 * bytes, non-ASCII bytes and backslashes in names are \xNN. Anything else
 * than files, directories and links is refused.
 */
#ifndef SEAL_MEASURE_H
#define SEAL_MEASURE_H

#include "config/apps.h"
#include "lib/bytes.h"
#include "lib/digest.h"
#include "lib/fail.h"
#include "seal/events.h"

enum {
	listing_entries_max = 1000000,
	listing_depth_max = 64, /* directories inside each other */
};

/*
 * Hashes all that apps declares, in the banks algs, below root_fd, and
 * appends the events. apps_raw is apps.conf as read.
 */
int measure_apps(int root_fd, const struct bytes *apps_raw,
		 const struct apps_conf *apps, digest_algs algs,
		 struct events *ret, struct fail *f);

/* The listing of one directory. The caller frees *ret. 0 or -errno. */
int measure_listing(int dir_fd, struct bytes *ret, struct fail *f);

#endif
