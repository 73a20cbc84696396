# SPDX-License-Identifier: MIT
"""What the workload can write to, for each overlay mode, and how writing
ends: with an error for the app that writes too much, not with the VM."""

import re

import pytest
from bootconf import app
from initramfs import rewritten
from refusal import assert_refused, assert_went_well

PLACES = ("/", "/etc", "/app", "/tmp", "/var/lib", "/usr/bin", "/run",
          "/dev/shm")
ALWAYS = {"/run", "/dev/shm"}
DIRECTORIES = "mode = directories\ndirectory = /tmp\ndirectory = /var"


def shell(*commands):
    """An app that runs these in /bin/sh."""
    return app("shell", f'/bin/sh -c "{"; ".join(commands)}"')


TRY = shell(
    f"for d in {' '.join(PLACES)}",
    *("do echo a > $d/new 2> /dev/null && cat $d/new > /dev/null && "
      "echo wrote $d", "done"),
    "echo b >> /etc/passwd && echo changed /etc/passwd",
    "rm -r /app",
    "test -e /app || echo removed /app",
    "stat -c '%a %u %n' / /tmp /var",
    "ls -d /lower /upper /sysroot || true")


@pytest.mark.parametrize("mode, writable, changes", [
    ("mode = root", set(PLACES), True),
    ("mode = none", ALWAYS, False),
    (DIRECTORIES, ALWAYS | {"/tmp", "/var/lib"}, False),
], ids=["root", "none", "directories"])
def test_overlay_writable(tiny, boot, series, mode, writable, changes):
    """On every kernel: exactly these places, with the root's own modes."""
    result = boot(tiny(apps=TRY, overlay=mode).machine()).wait()
    assert_went_well(result, "755 0 /", "1777 0 /tmp", "755 0 /var")
    assert set(re.findall(r"^wrote (.*)$", result.serial, re.M)) == writable
    assert ("\nchanged /etc/passwd\n" in result.serial) == changes
    assert ("\nremoved /app\n" in result.serial) == changes
    for hidden in ("/lower", "/upper", "/sysroot"):
        assert f"ls: {hidden}: No such file or directory" in result.serial


def test_overlay_is_forgotten(tiny, boot):
    """What one boot writes the next one does not see."""
    image = tiny(apps=shell("cat /new", "echo first > /new", "cat /new"))
    for _ in range(2):
        result = boot(image.machine()).wait()
        assert_went_well(result, "cat: can't open '/new': "
                         "No such file or directory", "first")


FILL = "/app/actor fill /tmp/big"
AFTER = "/app/actor marker after"


@pytest.mark.parametrize("mode", ["mode = root", DIRECTORIES],
                         ids=["root", "directories"])
def test_overlay_full(tiny, boot, mode):
    """A full tmpfs is that app's error; reading and other apps go on."""
    image = tiny(overlay=f"{mode}\nsize = 4M",
                 apps=shell(FILL, AFTER, "rm /tmp/big", FILL))
    result = boot(image.machine()).wait()
    assert_went_well(result)
    filled = re.findall(r"^actor: /tmp/big took (\d+) KiB, then: "
                        r"No space left on device$", result.serial, re.M)
    assert len(filled) == 2
    assert all(3900 <= int(size) <= 4096 for size in filled)
    assert "actor: after at" in result.serial


def test_overlay_inodes(tiny, boot):
    """So is a file too many."""
    image = tiny(overlay="inodes = 40", apps=shell(
        "cd /tmp", "i=0", "while true > f$i", "do i=$((i+1))", "done",
        "ls /tmp | wc -l", AFTER))
    result = boot(image.machine()).wait()
    assert_went_well(result)
    created, = re.findall(r"^(\d+)$", result.serial, re.M)
    assert 20 <= int(created) < 40
    assert "No space left on device" in result.serial
    assert "actor: after at" in result.serial


@pytest.mark.parametrize("overlay, line", [
    ("inodes = 1", "init: overlay: cannot put an overlay on /: "
     "No space left on device; check [overlay] in boot.conf, and overlay in "
     "its [modules]"),
    ("mode = directories\ndirectory = /nowhere",
     "init: overlay: cannot put an overlay on /nowhere: "
     "No such file or directory; create the directory on the root"),
    ("mode = directories\ndirectory = /etc/passwd",
     "init: overlay: cannot put an overlay on /etc/passwd: "
     "Not a directory; create the directory on the root"),
], ids=["no-inodes", "no-directory", "file"])
def test_overlay_refused(tiny, boot, desk, overlay, line):
    """An overlay that boot.conf does not describe well; cvmctl build would
    refuse some of them."""
    image = rewritten(tiny(), desk.folder / "image",
                      "[overlay]\nsize = 16M\n", f"[overlay]\n{overlay}\n")
    assert_refused(boot(image.machine()).wait(), line)


def test_overlay_without_module(tiny, boot, desk):
    """The overlay's module is not in [modules]."""
    image = rewritten(tiny(), desk.folder / "image", "erofs overlay", "erofs")
    assert_refused(
        boot(image.machine()).wait(),
        "init: overlay: cannot put an overlay on /: No such device; "
        "check [overlay] in boot.conf, and overlay in its [modules]")
