# SPDX-License-Identifier: MIT
"""An image file that QEMU and cvmctl, or two of cvmctl, would write to at
once: who comes second is refused. QEMU starts, and boots nothing."""

import contextlib
import os
import subprocess
from pathlib import Path

import pytest
import vm

CVMCTL = Path(__file__).resolve().parent.parent / "build/out/cvmctl"
IN_USE = ("cannot write to {}: it is in use by another program; end the VM or "
          "the cvmctl that has it open")
# A file system that is never finished; the test hears of it by a FIFO.
SLOW = "#!/bin/sh\necho > {}\nexec sleep 600\n"


def qemu(disk):
    """The words that open DISK as a VM does, and end with standard input."""
    return ["qemu-system-x86_64", "-S", "-nodefaults", "-display", "none",
            "-machine", "q35,accel=tcg", "-qmp", "stdio",
            *vm.Disk(disk.path, readonly=disk.readonly).options(0)]


@contextlib.contextmanager
def opened(disk):
    """QEMU, with DISK open when it greets."""
    with subprocess.Popen(qemu(disk), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        assert b"QMP" in process.stdout.readline()
        try:
            yield
        finally:
            process.terminate()


def sealing(keys, *words, **how):
    """cvmctl seal with these words, for a broker that has KEYS."""
    return subprocess.Popen(
        [CVMCTL, "seal", "--key-store", keys, *words],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, **how)


def ended(process):
    """Its status and its last line."""
    _, text = process.communicate(timeout=60)
    return process.returncode, (text.splitlines() or [""])[-1]


@pytest.fixture
def place(tmp_path):
    """A folder for keys, and a sealed disk."""
    (tmp_path / "keys").mkdir()
    disk = tmp_path / "disk"
    status, line = ended(sealing(tmp_path / "keys", "--format", "--mkfs",
                                 "none", "--size", "24M", disk))
    assert status == 0, line
    return tmp_path


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize("words", [
    ("--format", "--force"), ("--format", "--force", "--mkfs", "none"),
    ("--add", "--key-file", "/etc/hostname")])
def test_qemu_first(place, words, readonly):
    """Whatever QEMU does with it: nothing is written, and no key made."""
    disk = place / "disk"
    before, keys = disk.read_bytes(), os.listdir(place / "keys")
    with opened(vm.Disk(disk, readonly=readonly)):
        said = ended(sealing(place / "keys", *words, disk))
    assert said == (1, "cvmctl: seal: " + IN_USE.format(disk))
    assert disk.read_bytes() == before
    assert os.listdir(place / "keys") == keys


@pytest.mark.parametrize("size", [(), ("--size", "24M")])
def test_cvmctl_first(place, size):
    """From before the first byte to the last: neither QEMU nor another cvmctl
    gets at a disk that is made, be it new."""
    disk = place / ("new" if size else "disk")
    (place / "mkfs.ext4").write_text(SLOW.format(place / "ready"))
    (place / "mkfs.ext4").chmod(0o755)
    os.mkfifo(place / "ready")
    first = sealing(place / "keys", "--format",
                    *(size or ("--force",)), disk,
                    env={"PATH": f"{place}:{os.environ['PATH']}"})
    (place / "ready").read_bytes()
    second = ended(sealing(place / "keys", "--format", "--force", disk))
    machine = subprocess.run(qemu(vm.Disk(disk)), stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, check=False)
    first.terminate()
    ended(first)
    assert second == (1, "cvmctl: seal: " + IN_USE.format(disk))
    assert machine.returncode
    assert 'Failed to get "consistent read" lock' in machine.stderr
