/* SPDX-License-Identifier: MIT */
/*
 * Stands in for a boot loader, such as shim, that measures into PCR 14 before
 * cvm-init does: the first program of the initramfs, which extends that PCR in
 * the SHA-256 bank and then becomes /init.real, still as PID 1. Whatever goes
 * wrong ends PID 1, which is a panic: no boot passes by mistake.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* TPM2_PCR_Extend (TCG Part 3, 22.2) of 01 00 ... 00, password session. */
static const uint8_t command[65] = {
	0x80, 0x02,		/* TPM_ST_SESSIONS */
	0,    0,    0, 65,	/* size */
	0,    0,    1, 0x82,	/* TPM_CC_PCR_Extend */
	0,    0,    0, 14,	/* the PCR */
	0,    0,    0, 9,	/* one session of 9 bytes: */
	0x40, 0,    0, 9,	/* TPM_RS_PW */
	0,    0,    0, 0,    0, /* no nonce, no attributes, no password */
	0,    0,    0, 1,	/* one digest: */
	0,    0x0b, 1,		/* TPM_ALG_SHA256, and the first byte */
};

static int extend(void)
{
	uint8_t answer[4096];
	int fd = open("/dev/tpm0", O_RDWR | O_CLOEXEC);

	if (fd < 0 || write(fd, command, sizeof(command)) < 0)
		return -1;
	/* bytes 6 to 9 are the response code */
	if (read(fd, answer, sizeof(answer)) < 10 ||
	    memcmp(answer + 6, "\0\0\0\0", 4) != 0)
		return -1;
	return close(fd);
}

int main(void)
{
	char name[] = "/init";
	char *const argv[] = { name, NULL };
	char *const env[] = { NULL };

	if (mkdir("/dev", 0755) < 0 && errno != EEXIST)
		return 1;
	if (mount("dev", "/dev", "devtmpfs", 0, NULL) < 0 || extend() < 0 ||
	    umount("/dev") < 0)
		return 2;
	execve("/init.real", argv, env);
	return 3;
}
