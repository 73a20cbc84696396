# SPDX-License-Identifier: MIT
"""A kernel that refuses what init asks it for: one line, and the VM is off.

No kernel of Debian's lacks these things, so a filter that init inherits
answers in its place; see pre-init/acts.c.
"""

import errno
import os
import socket

import pytest
from bootconf import modules
from preinit import preinit
from refusal import assert_refused

NODEV, BIND, DETACH = 4, 4096, 2        # flags of sys/mount.h
MUSL = 0o100000                         # O_LARGEFILE, which musl adds
WRITE_ONLY = os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY | MUSL

NO_OVERLAY = {"overlay": "mode = none"}
MOUNTING = "use a kernel that lets PID 1 mount"
DENIED = "Operation not permitted"

# What is refused: the call, and which argument has to have which value.
REFUSALS = {
    "mount": (
        ("mount",), errno.EPERM, {},
        f"mounts: cannot mount proc on /proc: {DENIED}; "
        "use a kernel with this file system built in"),
    "directory": (
        ("mkdir",), errno.EROFS, {},
        "mounts: cannot create /lower: Read-only file system; "
        "boot init from an initramfs"),
    "link": (
        ("symlink",), errno.EPERM, {},
        f"mounts: cannot create /dev/fd: {DENIED}; "
        "use a kernel with devtmpfs"),
    "console": (
        ("open",), errno.ENXIO, {},
        "mounts: cannot open a console: No such device or address; "
        "use a kernel with devtmpfs"),
    "setting": (
        ("open", 1, WRITE_ONLY), errno.EPERM, {},
        f"mounts: cannot set /proc/sys/kernel/sysrq: {DENIED}; "
        "use a kernel that lets PID 1 set it"),
    "netlink": (
        ("socket", 0, int(socket.AF_NETLINK)), errno.EAFNOSUPPORT, {},
        "root: cannot look for the root disk: Address family not supported "
        "by protocol; use a kernel with sysfs and netlink"),
    "size-of-disk": (
        ("lseek", 2, os.SEEK_END), errno.EIO, {},
        "root: cannot read the size of /dev/vda: I/O error; "
        "attach a disk that works"),
    "tmpfs": (
        ("mount", 3, NODEV), errno.ENOMEM, {},
        "overlay: cannot mount the overlay's tmpfs: Out of memory; "
        "give the VM more memory"),
    "bind": (
        ("mount", 3, BIND), errno.EPERM, NO_OVERLAY,
        f"overlay: cannot bind the verified root: {DENIED}; {MOUNTING}"),
    "enter": (
        ("chdir",), errno.EACCES, {},
        f"switch: cannot enter the new root: Permission denied; {MOUNTING}"),
    "pivot": (
        ("pivot_root",), errno.EPERM, {},
        f"switch: cannot pivot to the new root: {DENIED}; {MOUNTING}"),
    "chroot": (
        ("chroot",), errno.EPERM, {},
        f"switch: cannot make the new root /: {DENIED}; {MOUNTING}"),
    "root-file-system": (
        ("fstatfs",), errno.ENOSYS, {},
        "switch: cannot leave the root that init runs in: it is not an "
        "initramfs; boot init from an initramfs"),
    "loopback": (
        ("socket", 0, int(socket.AF_INET)), errno.EAFNOSUPPORT, {},
        "workload: cannot bring up the loopback interface: Address family "
        "not supported by protocol; use a kernel with IPv4 networking"),
}


@pytest.fixture
def refusing(tiny, boot, desk):
    """refusing(call, error, ...): a boot with a kernel that says no."""
    def run(call, error, **sections):
        word = " ".join(map(str, (call[0], error, *call[1:])))
        image = preinit(tiny(**sections), desk.folder / "image",
                        f"refuse {word}")
        result = boot(image.machine()).wait()
        assert f"pre-init: refuse {word}: done\n" in result.serial
        return result
    return run


@pytest.mark.parametrize("call, error, sections, line", REFUSALS.values(),
                         ids=REFUSALS.keys())
def test_refuses(refusing, call, error, sections, line):
    """No stage takes a refusal for success."""
    assert_refused(refusing(call, error, **sections), f"init: {line}")


@pytest.mark.parametrize("series", ["7.2"])
def test_refuses_to_unmount(refusing, series):
    """Kernels from 7.0 on can unmount the initramfs."""
    result = refusing(("umount2", 1, DETACH), errno.EBUSY,
                      modules=modules(series))
    assert_refused(result, "init: switch: cannot unmount the initramfs: "
                   f"Resource busy; {MOUNTING}")
