// SPDX-License-Identifier: MIT
/* See version.h. */
#include "init/version.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/digest.h"
#include "lib/hex.h"
#include "lib/own.h"

int version_print(void)
{
	own_fd int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char hex[2 * digest_size_max + 1] = "unknown";
	struct digest_set set;

	if (fd >= 0 && digest_fd(1U << DIGEST_SHA256, fd, &set) == 0)
		hex_encode(set.value[DIGEST_SHA256], digest_size(DIGEST_SHA256),
			   hex);
	if (printf("cvm-init %s sha256:%s\n", CVM_VERSION, hex) < 0 ||
	    fflush(stdout) != 0)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
