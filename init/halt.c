// SPDX-License-Identifier: MIT
/*
 * See halt.h. Nothing here can fail in a way that matters more than going
 * down, so every result is passed over.
 */
#include "init/halt.h"

#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/cap.h"
#include "init/console.h"
#include "init/volumes.h"

/*
 * The call ends its caller, and the end of PID 1 is a panic: a child makes
 * it, and PID 1 waits for the machine to stop.
 */
static __attribute__((noreturn)) void power_down(enum boot_end end)
{
	int how = end == BOOT_END_REBOOT ? RB_AUTOBOOT : RB_POWER_OFF;

	console_drain();
	sync();
	if (fork() <= 0) /* no child: then this process has to */
		(void)reboot(how);
	for (;;)
		(void)pause();
}

void halt_failed(struct boot *b, const char *stage, const struct fail *f)
{
	char line[fail_line_max];

	if (b) {
		cap_failed(b);
		volumes_close(b);
	}
	fail_format(f, "init", stage, line, sizeof(line));
	console_line(line);
	power_down(b ? b->conf.boot.on_failure : BOOT_END_POWER_OFF);
}

void halt_done(struct boot *b)
{
	volumes_close(b);
	console_line("init: done");
	power_down(b->conf.boot.on_exit);
}
