// SPDX-License-Identifier: MIT
/* See picture.h. */
#include "cvmctl/show/picture.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/io.h"

unsigned picture_columns(unsigned min, unsigned max)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < min)
		return min;
	return size.ws_col < max ? size.ws_col : max;
}

bool picture_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool is_utf8;

	if (!locale)
		return false; /* the locale is not installed */
	is_utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return is_utf8;
}

int picture_write(const char *path, const struct text *picture, struct fail *f)
{
	int r;

	if (!path || strcmp(path, "-") == 0) {
		(void)fwrite(picture->s, 1, picture->len,
			     stdout); /* main() checks */
		return 0;
	}
	r = io_replace_file(path, picture->s, picture->len, 0644);
	if (r == -EEXIST)
		return fail_because(f, "it is no regular file",
				    "choose another --svg", "write %s", path);
	if (r < 0)
		return fail_errno(f, r, "choose another --svg", "write %s",
				  path);
	return 0;
}
