# SPDX-License-Identifier: MIT
"""Modules that boot.conf lists and that do not load: a driver less is not
what was asked for."""

import lzma

import pytest
from bootconf import modules
from conftest import KERNELS
from initramfs import changed, read, rewritten
from refusal import assert_refused

ENFORCE = "module.sig_enforce=1"
LOCKDOWN = "lockdown=integrity"
SIGNED = b"~Module signature appended~\n"  # scripts/sign-file.c of Linux
OTHER_SERIES = "6.12"


def not_loaded(module, why):
    """The line for a module."""
    return f"init: modules: cannot load module {module}: {why}"


@pytest.fixture
def with_module(tiny, desk):
    """with_module(change, append): a tiny image that may be booted with the
    words APPEND; CHANGE makes another file of its module erofs."""
    def build(change, append):
        image = tiny(boot=f"device-timeout = 1\nallow-cmdline = {ENFORCE}\n"
                     f"allow-cmdline = {LOCKDOWN}")
        files = read(image.initramfs)
        path, = (name for name in files if name.endswith("/erofs.ko"))
        image = changed(image, desk.folder / "image",
                        {path: change(files[path].data)})
        return image.machine(append=append)
    return build


def unsigned(module):
    """MODULE without the mark that a signature precedes it."""
    assert module.endswith(SIGNED)
    return module[:-len(SIGNED)]


def changed_byte(module):
    """MODULE with another byte at its end, which nothing but the signature
    covers."""
    end = module.rindex(b"\0", 0, -1000)
    return module[:end] + b"x" + module[end + 1:]


def endless(module):
    """MODULE with a signature that says to be longer than the file."""
    return module[:-len(SIGNED) - 4] + b"\xff" * 4 + SIGNED


def other_kernels(_):
    """The same module for another kernel."""
    path, = (KERNELS / OTHER_SERIES / "modules").rglob("erofs.ko.xz")
    return lzma.decompress(path.read_bytes())


@pytest.mark.parametrize("change, append, why", [
    (unsigned, ENFORCE, "Key was rejected by service; "
     "use the module as the kernel's builder signed it"),
    (unsigned, LOCKDOWN, "Operation not permitted; "
     "use the module as the kernel's builder signed it"),
    (changed_byte, ENFORCE, "Key was rejected by service; "
     "use the module as the kernel's builder signed it"),
    (endless, "", "Bad message; "
     "use the module as the kernel's builder signed it"),
    (other_kernels, "", "Exec format error; "
     "build the initramfs with this kernel's modules"),
    (lambda _: b"no module", "", "Exec format error; "
     "build the initramfs with this kernel's modules"),
], ids=["unsigned", "unsigned-lockdown", "changed", "endless", "other-kernel",
        "garbage"])
def test_module_file(with_module, boot, change, append, why):
    """The file is not the module of this kernel."""
    assert_refused(boot(with_module(change, append)).wait(),
                   not_loaded("erofs", why))


def test_module_missing(tiny, boot, desk):
    """boot.conf lists more than the initramfs holds."""
    image = rewritten(tiny(), desk.folder / "image",
                      "[modules]\n", "[modules]\nload = squashfs\n")
    assert_refused(boot(image.machine()).wait(), not_loaded(
        "squashfs", "No such file or directory; "
        "name it in [modules] when building with cvmctl"))


def test_module_without_device(tiny, boot):
    """A driver that finds nothing to drive."""
    image = tiny(modules=modules("6.1") + "\nload = hv_vmbus")
    assert_refused(boot(image.machine()).wait(), not_loaded(
        "hv_vmbus", "No such device; check [modules] in boot.conf"))
