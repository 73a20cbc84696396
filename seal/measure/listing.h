/* SPDX-License-Identifier: MIT */
/*
 * The canonical listing of a directory, whose hash is the directory's event:
 * a first line, "cvm-init listing 2", then one line for the directory itself
 * and each entry below it, sorted by the bytes of the path:
 *
 *	d <TAB> 0755 <TAB> 0 <TAB> 0 <TAB> - <TAB> .
 *	f <TAB> 0644 <TAB> 0 <TAB> 0 <TAB> SHA-256 of the content <TAB> main.py
 *	l <TAB> 0777 <TAB> 0 <TAB> 0 <TAB> link target <TAB> lib/link
 *
 * (type, mode, uid, gid, content, path below the directory), each followed by
 * the lines of its extended attributes (attributes.h). In names and targets a
 * backslash is \\ and a byte that is not printable ASCII is \xNN. Anything
 * else than files, directories and links is refused. Links are not followed.
 */
#ifndef SEAL_MEASURE_LISTING_H
#define SEAL_MEASURE_LISTING_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/fail.h"

#define LISTING_HEAD "cvm-init listing 2\n"

enum {
	listing_entries_max = 100000,
	listing_depth_max = 64, /* directories inside the one listed */
};

/* What is listed, and how. All is borrowed. */
struct listed {
	int fd;		    /* a directory; or one file, O_PATH will do */
	const char *name;   /* in messages */
	const char *remedy; /* for most failures */
	const char *head;   /* the first lines, each with its newline */
	bool no_content;    /* files are not read, their content is "-" */
	size_t before;	    /* bytes of other listings, which count as well */
};

/*
 * The listing of a directory; or that of a file, one entry with the path ".",
 * which goes without content only. The caller frees *ret. 0 or -errno.
 *
 * Memory: the listing, which with those before is at most event_detail_max;
 * the names in the directory where the walk is and in those above it, with 18
 * bytes for each and 16 for a directory; the files in hand (blanks.h, 3 MiB);
 * and what content.h takes.
 */
int listing_write(const struct listed *what, struct bytes *ret, struct fail *f);

#endif
