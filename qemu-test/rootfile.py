# SPDX-License-Identifier: MIT
"""Roots as tar files, and root disks made by hand.

A disk by hand holds what cvmctl build refuses to put on one. Its hash tree is
computed here, from the description of dm-verity alone
(Documentation/admin-guide/device-mapper/verity.rst): no superblock, version 1,
SHA-256, and 4096 bytes in each block.
"""

import hashlib
import io
import re
import subprocess
import tarfile
from pathlib import Path

BLOCK = 4096
SALT = bytes(range(32))


def changed(tar, target, files):
    """A copy of the root TAR at TARGET with other FILES: a dict from path to
    bytes, to (bytes, mode), to a str for a link to it, or to None for no such
    file."""
    with tarfile.open(tar) as old, tarfile.open(target, "w") as new:
        for member in old:
            if member.name.removeprefix(".") not in files:
                new.addfile(member, old.extractfile(member)
                            if member.isreg() else None)
        for path, data in files.items():
            if data is not None:
                member = tarfile.TarInfo("." + path)
                if isinstance(data, str):
                    member.type, member.linkname = tarfile.SYMTYPE, data
                    new.addfile(member)
                    continue
                if isinstance(data, tuple):
                    data, member.mode = data
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))
    return target


def host_program(path):
    """A program of this machine with its libraries, for any root."""
    told = subprocess.run(["ldd", path], check=True, text=True,
                          capture_output=True).stdout
    files = {"/host/cvmctl": (Path(path).read_bytes(), 0o755)}
    for library in re.findall(r"(/\S+) \(0x", told):
        name = "ld.so" if "/ld-linux" in library else Path(library).name
        files[f"/host/{name}"] = (Path(library).read_bytes(), 0o755)
    return files


def tree_level(data):
    """The hash blocks over DATA, whole blocks of it."""
    digests = b"".join(hashlib.sha256(SALT + data[at:at + BLOCK]).digest()
                       for at in range(0, len(data), BLOCK))
    return digests + bytes(-len(digests) % BLOCK)


def hash_tree(data):
    """The tree over DATA, the top first, and the root hash."""
    tree = level = tree_level(data)
    while len(level) > BLOCK:
        level = tree_level(level)
        tree = level + tree
    return tree, hashlib.sha256(SALT + level).hexdigest()


def make_disk(tar, work):
    """A root disk of what is in TAR, and its values for [root]."""
    tree = work / "root"
    tree.mkdir()
    subprocess.run(["tar", "-xf", tar, "-C", tree], check=True)
    return disk_of(tree, work)


def disk_of(tree, work):
    """The same of what is in the folder TREE."""
    disk = work / "root-by-hand.img"
    subprocess.run(["mkfs.erofs", disk, tree], check=True,
                   stdout=subprocess.DEVNULL)
    data = disk.read_bytes()
    hashes, root_hash = hash_tree(data)
    disk.write_bytes(data + hashes)
    return disk, {
        "root-hash": root_hash, "salt": SALT.hex(),
        "data-blocks": len(data) // BLOCK, "hash-offset": len(data)}
