# SPDX-License-Identifier: MIT
"""The root disk is the host's: whatever it does to it, only the very bytes
that were built are ever read, or the VM is off.

A block that does not match is found by the kernel, which panics
(panic_on_corruption); a wrong disk is found by init, which says so.
"""

import os

import pytest
import vm
from bootconf import app
from initramfs import changed_values, rewritten
from refusal import assert_panicked, assert_refused, assert_went_well
from rootfile import BLOCK

CORRUPTED = "dm-verity device corrupted"
READER = app("reader", '/bin/sh -c "/app/actor marker early; sleep 1; '
             'md5sum /data/payload"')
PAYLOAD_BLOCKS = 300             # several leaves of the hash tree
PAYLOAD_MIDDLE = 150
VDA = "device = /dev/vda"

FIND = "init: root: cannot find the root disk"
USE = "init: root: cannot use the root disk /dev/vda"
ATTACH = "attach the disk that was built with this initramfs"


def none_of(disks):
    """No disk has the right top block."""
    return f"{FIND}: none of {disks} disks has the root hash; {ATTACH}"


def payload_block(word, number):
    """A block of a file that nobody reads but the app READER."""
    return f"{word} {number}".encode().ljust(BLOCK, b"\0")


def payload(word):
    """The whole file."""
    return {"/data/payload": b"".join(payload_block(word, number)
                                      for number in range(PAYLOAD_BLOCKS))}


class Layout:
    """Where things are on the root disk of an image, in bytes."""

    def __init__(self, image):
        values = image.manifest["root"]["verity"]
        self.data = image.root.read_bytes()
        self.top = values["hash-offset"]
        self.end = len(self.data)
        self.payload = self.data.index(payload_block("one", PAYLOAD_MIDDLE))
        self.last = values["data-blocks"] * BLOCK - BLOCK

    def leaf(self, block_at):
        """The hash block over the data block at BLOCK_AT."""
        return self.top + BLOCK + block_at // BLOCK // 128 * BLOCK


@pytest.fixture
def one(tiny):
    """The image that the host tampers with."""
    return tiny(apps=READER, files=payload("one"))


@pytest.fixture
def disk(desk):
    """disk(data): a disk with that content."""
    def make(data):
        path = desk.folder / f"disk{len(os.listdir(desk.folder))}.img"
        path.write_bytes(data)
        return vm.Disk(path, snapshot=True)
    return make


def flipped(data, at):
    """DATA with one bit of a byte changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


@pytest.mark.parametrize("what, where, after", [
    ("data", lambda l: 0, ""),
    ("data", lambda l: l.last, ""),
    ("data", lambda l: l.payload, "actor: early"),
    ("metadata", lambda l: l.leaf(0), ""),
    ("metadata", lambda l: l.leaf(l.payload), "actor: early"),
], ids=["first-data", "last-data", "data-of-app", "leaf", "leaf-of-app"])
def test_flipped_block(one, boot, disk, what, where, after):
    """One bit: the kernel panics when it reads the block, not before."""
    layout = Layout(one)
    at = where(layout)
    bad = disk(flipped(layout.data, at + 5))
    result = boot(one.machine().replace(disks=(bad,))).wait()
    assert_panicked(result, CORRUPTED, after)
    assert f"{what} block {at // BLOCK} is corrupted" in result.serial
    assert "  /data/payload" not in result.serial


WORKS = "attach a disk that works"
UNREADABLE = f"init: root: cannot read the verified root: I/O error; {WORKS}"


@pytest.mark.parametrize("where, section, line", [
    (lambda l: 0, "", UNREADABLE),
    (lambda l: l.last, "", UNREADABLE),
    (lambda l: l.leaf(0), "", UNREADABLE),
    # read ahead, with the leaf over the first block
    (lambda l: l.leaf(l.payload), "", UNREADABLE),
    (lambda l: l.top, "", f"{FIND}: none of 1 disks has the root hash, but 1 "
     f"cannot be read; {WORKS}"),
    (lambda l: l.top, VDA, "init: root: cannot read the root disk /dev/vda: "
     f"I/O error; {WORKS}"),
], ids=["first-data", "last-data", "leaf", "leaf-of-app", "top",
        "top-by-name"])
def test_unreadable_block(tiny, boot, where, section, line):
    """A sector that init reads, or has the kernel read, and gets no data."""
    image = tiny(apps=READER, files=payload("one"), root=section)
    at = where(Layout(image))
    bad = vm.Unreadable(image.root, at)
    result = boot(image.machine().replace(disks=(bad,))).wait()
    assert_refused(result, line)


def test_unreadable_block_of_app(one, boot):
    """The host can keep data back from an app, which has to expect it: the
    kernel passes the error on and does not panic, as nothing was changed."""
    bad = vm.Unreadable(one.root, Layout(one).payload)
    result = boot(one.machine().replace(disks=(bad,))).wait()
    assert "actor: early" in result.serial
    assert "/data/payload': Input/output error" in result.serial
    assert "  /data/payload" not in result.serial
    assert_went_well(result, "init: app reader: exited with status 1")


@pytest.mark.parametrize("section, line", [
    ("", none_of(1)),
    (VDA, f"{USE}: it does not have the root hash; {ATTACH}"),
], ids=["auto", "by-name"])
def test_flipped_top_block(tiny, boot, disk, section, line):
    """One bit in the top of the hash tree: it is not our disk."""
    image = tiny(apps=READER, files=payload("one"), root=section)
    layout = Layout(image)
    bad = disk(flipped(layout.data, layout.top + 5))
    result = boot(image.machine().replace(disks=(bad,))).wait()
    assert_refused(result, line)


@pytest.mark.parametrize("cut, line", [
    (lambda l: l.end - BLOCK, "{USE}: it has {cut} bytes of {end}; "
     "attach the whole image"),
    (lambda l: l.top + BLOCK, "{USE}: it has {cut} bytes of {end}; "
     "attach the whole image"),
    (lambda l: l.top, none_of(1)),
    (lambda l: l.top // 2 // BLOCK * BLOCK, none_of(1)),
    (lambda l: 0, none_of(1)),
], ids=["last-leaf", "top-only", "no-tree", "half-the-data", "empty"])
def test_truncated_root(one, boot, disk, cut, line):
    """A disk that ends too early."""
    layout = Layout(one)
    size = cut(layout)
    bad = disk(layout.data[:size])
    result = boot(one.machine().replace(disks=(bad,))).wait()
    assert_refused(result, line.format(USE=USE, cut=size, end=layout.end))


def test_other_tree_own_initramfs(one, tiny, boot, disk):
    """Our data, the tree of another image."""
    other = tiny(apps=READER, files=payload("two"))
    here, there = Layout(one), Layout(one).data
    bad = disk(there[:here.top] + other.root.read_bytes()[here.top:])
    result = boot(one.machine().replace(disks=(bad,))).wait()
    assert_refused(result, none_of(1))


def test_other_tree_other_initramfs(one, tiny, boot, disk):
    """The tree is right, the data are another image's: found when read."""
    other = tiny(apps=READER, files=payload("two"))
    here = Layout(one)
    bad = disk(here.data[:here.top] + other.root.read_bytes()[here.top:])
    result = boot(other.machine().replace(disks=(bad,))).wait()
    assert_panicked(result, CORRUPTED, "actor: early")


@pytest.mark.parametrize("word", ["one", "two"])
def test_other_image(one, tiny, boot, word):
    """A whole other root disk, of the same shape: only its own boots."""
    other = tiny(apps=READER, files=payload("two"))
    image = {"one": one, "two": other}[word]
    result = boot(image.machine().replace(disks=one.machine().disks)).wait()
    if word == "one":
        assert_went_well(result)
    else:
        assert_refused(result, none_of(1))


GARBAGE = b"cvm-init" * (BLOCK // 8) * 64


@pytest.mark.parametrize("section, order, line", [
    ("", "garbage root", None),
    ("", "root garbage", None),
    ("", "root root", None),
    ("", "garbage", none_of(1)),
    ("", "garbage garbage", none_of(2)),
    ("", "", none_of(0)),
    (VDA, "root garbage", None),
    (VDA, "root root", None),
    (VDA, "garbage root",
     f"{USE}: it does not have the root hash; {ATTACH}"),
    (VDA, "", f"{FIND} /dev/vda: Operation timed out; "
     "attach the disk, or check [root] device in boot.conf"),
    # a device that only a process with a terminal can open
    ("device = /dev/tty", "root",
     "init: root: cannot open the root disk /dev/tty: No such device or "
     "address; check [root] device in boot.conf"),
], ids=["second", "first", "duplicate", "wrong", "two-wrong", "none",
        "by-name-first", "by-name-duplicate", "by-name-second",
        "by-name-none", "by-name-closed"])
def test_disks(tiny, boot, disk, section, order, line):
    """Order and number of disks are the host's; what is on them decides."""
    image = tiny(root=section)
    content = {"root": image.root.read_bytes(), "garbage": GARBAGE}
    disks = tuple(disk(content[word]) for word in order.split())
    result = boot(image.machine().replace(disks=disks)).wait()
    if line:
        assert_refused(result, line)
    else:
        assert_went_well(result, "init: app marker: exited with status 0")


@pytest.mark.parametrize("values, line", [
    ({"root-hash": "00" * 32}, none_of(1)),
    ({"salt": "00" * 32}, none_of(1)),
    ({"salt": "-"}, none_of(1)),
    ({"hash-offset": 4096}, none_of(1)),
    ({"hash-offset": 1 << 62}, none_of(1)),
    ({"hash-block-size": 2048}, none_of(1)),
    ({"data-blocks": 1 << 40},
     "init: root: cannot lay out the root disk /dev/vda: the [root] values "
     "contradict each other; build the image again with cvmctl build"),
    ({"fs": "ext4"},
     "init: root: cannot mount the verified root as ext4: Invalid argument; "
     "check [root] fs and [modules] in boot.conf"),
    ({"fs": "squashfs"},
     "init: root: cannot mount the verified root as squashfs: No such device; "
     "check [root] fs and [modules] in boot.conf"),
], ids=lambda v: "-".join(f"{k}-{str(w)[:12]}" for k, w in v.items())
    if isinstance(v, dict) else "")
def test_wrong_value(tiny, boot, desk, values, line):
    """boot.conf has another value than the disk was made with."""
    image = changed_values(tiny(), desk.folder / "image", values)
    assert_refused(boot(image.machine()).wait(), line)


@pytest.mark.parametrize("values", [
    {"data-block-size": 1024},
    {"data-block-size": 512},
], ids=lambda v: "-".join(map(str, v.values())))
def test_wrong_value_panics(tiny, boot, desk, values):
    """A value that only shows when the first block is read."""
    image = changed_values(tiny(), desk.folder / "image", values)
    assert_panicked(boot(image.machine()).wait(), CORRUPTED)


def test_without_dm_verity(tiny, boot, desk):
    """The right disk, and a kernel that cannot verify it."""
    image = rewritten(tiny(), desk.folder / "image", " dm-verity ", " ")
    assert_refused(
        boot(image.machine()).wait(),
        "init: root: cannot map verity device /dev/vda: Not supported; "
        "load dm-verity and its hash in [modules] of boot.conf")
