# SPDX-License-Identifier: MIT
"""The files of an initramfs, to look at or to change: a dict from path to
File. cvmctl writes newc archives compressed with zstd; what is written here
is not compressed, which Linux takes as well (Documentation/driver-api/
early-userspace/buffer-format.rst).
"""

import dataclasses
import subprocess

import image as images

BOOT_CONF = "etc/cvm-init/boot.conf"
TRAILER = "TRAILER!!!"
HEADER_BYTES = 110
FILE = 0o100000
FOLDER = 0o040000


@dataclasses.dataclass(frozen=True)
class File:
    """An entry: MODE with its type, DEVICE is (major, minor)."""
    mode: int
    data: bytes = b""
    device: tuple = (0, 0)


def padded(data):
    """Everything in the archive begins at a multiple of four."""
    return data + bytes(-len(data) % 4)


def parse(data):
    """The entries of a newc archive, in their order."""
    files = {}
    at = 0
    while True:
        field = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16)
                 for i in range(13)]
        assert data[at:at + 6] == b"070701"
        mode, size, name_size = field[1], field[6], field[11]
        name_at = at + HEADER_BYTES
        name = data[name_at:name_at + name_size - 1].decode()
        if name == TRAILER:
            return files
        begin = at + len(padded(bytes(HEADER_BYTES + name_size)))
        files[name] = File(mode, data[begin:begin + size],
                           (field[9], field[10]))
        at = begin + len(padded(bytes(size)))


def unparse(files):
    """The archive of FILES."""
    parts = []
    for number, (name, file) in enumerate([*files.items(),
                                           (TRAILER, File(0))], 1):
        fields = (number, file.mode, 0, 0, 1, 0, len(file.data), 0, 0,
                  *file.device, len(name) + 1, 0)
        header = "070701" + "".join(f"{field:08x}" for field in fields)
        parts += [padded(header.encode() + name.encode() + b"\0"),
                  padded(file.data)]
    return b"".join(parts)


def read(path):
    """The files of the initramfs at PATH."""
    done = subprocess.run(["zstd", "-dc", path], stdout=subprocess.PIPE,
                          check=True)
    return parse(done.stdout)


def changed(image, folder, changes):
    """A copy of IMAGE in FOLDER with other files in its initramfs: CHANGES
    maps a path to bytes, to a File, or to None for no such file."""
    files = read(image.initramfs)
    for path, change in changes.items():
        files.pop(path, None)
        if isinstance(change, bytes):
            change = File(FILE | 0o644, change)
        if change is not None:
            files[path] = change
    folder.mkdir(parents=True)
    for file in image.folder.iterdir():
        if file != image.initramfs:
            (folder / file.name).hardlink_to(file)
    copy = images.Image(folder)
    copy.initramfs.write_bytes(unparse(files))
    return copy


def rewritten(image, folder, old, new):
    """A copy of IMAGE in FOLDER whose boot.conf has the text NEW for OLD:
    what cvmctl build would refuse."""
    good = read(image.initramfs)[BOOT_CONF].data.decode()
    assert old in good
    bad = good.replace(old, new)
    return changed(image, folder, {BOOT_CONF: bad.encode()})


def changed_values(image, folder, values):
    """A copy of IMAGE in FOLDER whose boot.conf has these VALUES in [root],
    instead of or beside those that it had."""
    lines = []
    for line in read(image.initramfs)[BOOT_CONF].data.decode().splitlines():
        if line.split("=")[0].strip() not in values:
            lines.append(line)
        if line == "[root]":
            lines += [f"{key} = {value}" for key, value in values.items()]
    text = "\n".join(lines) + "\n"
    return changed(image, folder, {BOOT_CONF: text.encode()})
