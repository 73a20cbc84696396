/* SPDX-License-Identifier: MIT */
/*
 * The canonical listing of a directory, whose hash is the directory's event:
 * a first line "cvm-init listing 1", then one line for the directory itself
 * and each entry below it, sorted by the bytes of the path:
 *
 *	d <TAB> 0755 <TAB> 0 <TAB> 0 <TAB> - <TAB> .
 *	f <TAB> 0644 <TAB> 0 <TAB> 0 <TAB> SHA-256 of the content <TAB> main.py
 *	l <TAB> 0777 <TAB> 0 <TAB> 0 <TAB> link target <TAB> lib/link
 *
 * (type, mode, uid, gid, content, path below the directory). In names and
 * targets a backslash is \\ and a byte that is not printable ASCII is \xNN.
 * Anything else than files, directories and links is refused. Links are not
 * followed.
 */
#ifndef SEAL_LISTING_H
#define SEAL_LISTING_H

#include "lib/bytes.h"
#include "lib/fail.h"

enum {
	listing_entries_max = 100000,
	listing_depth_max = 64, /* directories inside the one listed */
};

/*
 * The listing of the directory dir_fd, called dir in messages. The caller
 * frees *ret. 0 or -errno.
 */
int listing_write(int dir_fd, const char *dir, const char *remedy,
		  struct bytes *ret, struct fail *f);

#endif
