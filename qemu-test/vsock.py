# SPDX-License-Identifier: MIT
"""A vsock between host and VM, where the kernel of the host has no driver for
it: Debian's vhost-device-vsock, beside QEMU.

    with vsock.Device(7000, broker.socket) as device:
        run(image, disk, extra=device.words(512))
"""

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

import vm

PROGRAM = vm.FETCHED / "vsock" / "vhost-device-vsock"
START_SECONDS_MAX = 20
# Columns of /proc/net/unix: flags (it listens), type, state, inode, path.
LISTENS = r" 00010000 0001 01 +\d+ {}$"


class Device:
    """A VM that connects to PORT of its host reaches the UNIX socket PATH."""

    def __init__(self, port, path):
        # A socket's path has at most 107 bytes: a short folder.
        self.short = tempfile.TemporaryDirectory(prefix="vsock-")
        folder = Path(self.short.name)
        self.control = folder / "control"
        self.host = folder / "host"
        (folder / f"host_{port}").symlink_to(path)
        self.process = None

    def __enter__(self):
        self.process = vm.start(
            [PROGRAM, "--socket", self.control, "--uds-path", self.host],
            subprocess.DEVNULL)
        until = time.monotonic() + START_SECONDS_MAX
        # it says nothing when it is there
        while not re.search(LISTENS.format(re.escape(str(self.control))),
                            Path("/proc/net/unix").read_text(), re.M):
            if self.process.poll() is not None or time.monotonic() > until:
                raise vm.HarnessError("vhost-device-vsock does not listen")
            os.sched_yield()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.short.cleanup()

    def words(self, memory_mib):
        """QEMU's words for it, with the VM's memory, which it shares."""
        return ("-object", f"memory-backend-memfd,id=ram,size={memory_mib}M",
                "-machine", "memory-backend=ram",
                "-chardev", f"socket,id=vsock,path={self.control}",
                "-device", "vhost-user-vsock-pci,chardev=vsock")
