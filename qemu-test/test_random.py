# SPDX-License-Identifier: MIT
"""Random trees and configurations: cvmctl predicts what init extends, and
both are what the manual says, in each bank.

A seed is a case, so that a failure can be had again.
"""

import json
import os
import random
import re
import struct
import subprocess

import image as images
import model
import pytest
import vm
from bootconf import CMDLINE, actor, boot_conf, modules
from refusal import assert_went_well

SEEDS = range(16)
BOOTED = ((108, "6.1"), (125, "6.12"), (128, "7.2"))
ANY_BYTE = bytes(set(range(1, 256)) - {ord("/")})
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)


class Tree:
    """A random tree in the folder top, whose names have bytes of ALPHABET and
    are at most LONGEST."""

    def __init__(self, top, rng, alphabet, longest):
        self.top, self.rng = os.fsencode(top), rng
        self.alphabet, self.longest = alphabet, longest
        self.files = []

    def name(self):
        """A new name: mostly short, sometimes as long as they get."""
        size = self.rng.choice((1, 2, 8, 20, self.longest))
        name = bytes(self.rng.choices(self.alphabet, k=size))
        return b"x" if name in (b".", b"..") else name

    def access_list(self):
        """A POSIX ACL as user, a user, group, mask and others have it."""
        entries = ((1, 7, 2**32 - 1), (2, 5, self.rng.randrange(70000)),
                   (4, self.rng.randrange(8), 2**32 - 1), (16, 5, 2**32 - 1),
                   (32, self.rng.randrange(8), 2**32 - 1))
        return struct.pack("<I", 2) + b"".join(
            struct.pack("<HHI", *entry) for entry in entries)

    def attributes(self, path):
        """Gives it some extended attributes, or none."""
        name = bytes(self.rng.choices(self.alphabet,
                                      k=self.rng.choice((1, 8, 240))))
        some = self.rng.randbytes(self.rng.choice((0, 1, 100, 800)))
        choice = {"trusted.some": some, "security.ima": some,
                  "security.selinux": b"system_u:object_r:bin_t:s0"}
        if not os.path.islink(path):
            choice |= {b"user." + name.replace(b"=", b"-"): some,
                       "user.a": b"a", "user.a-b": b"",
                       "system.posix_acl_access": self.access_list()}
            if os.path.isdir(path):
                choice["system.posix_acl_default"] = self.access_list()
            else:
                choice["security.capability"] = CAPABILITY
        names = list(choice)
        for key in self.rng.sample(names, self.rng.choice((0, 0, 1, 3))):
            os.setxattr(path, key, choice[key], follow_symlinks=False)

    def own(self, path, *, link=False):
        """Gives it an owner, a mode and attributes, in this order: chown
        takes away set-user-ID and capabilities."""
        os.chown(path, self.rng.randrange(70000), self.rng.randrange(70000),
                 follow_symlinks=False)
        if not link:
            os.chmod(path, self.rng.randrange(0o10000))
        self.attributes(path)

    def file(self, path):
        """A file: empty, small, a few blocks, with a hole, a hard link."""
        kind = self.rng.choice(("empty", "small", "large", "sparse", "hard"))
        if kind == "hard" and self.files:
            os.link(self.rng.choice(self.files), path)
            return
        with open(path, "wb") as file:
            if kind != "empty":
                file.write(self.rng.randbytes(self.rng.choice((1, 100, 4096))))
            if kind == "large":
                file.write(self.rng.randbytes(self.rng.randrange(1 << 19)))
            if kind == "sparse":
                file.truncate(self.rng.randrange(1 << 20))
        self.own(path)
        self.files.append(path)

    def fill(self, folder, depth):
        """Up to six things in FOLDER, and what is in them."""
        for _ in range(self.rng.randrange(7)):
            path = os.path.join(folder, self.name())
            kind = self.rng.choice("ffldd")
            if os.path.lexists(path):
                continue
            if kind == "f":
                self.file(path)
            elif kind == "l":
                os.symlink(bytes(self.rng.choices(self.alphabet + b"/",
                                                  k=self.rng.choice((1, 60)))),
                           path)
                self.own(path, link=True)
            else:
                os.mkdir(path)
                if depth:
                    self.fill(path, depth - 1)
                self.own(path)

    def draw(self):
        """Three directories and a file, of which apps.conf can speak."""
        for name in (b"a", b"b", b"b c"):
            path = os.path.join(self.top, b"srv", name)
            os.makedirs(path)
            self.fill(path, 5)
            self.own(path)
        self.file(os.path.join(self.top, b"srv", b"file"))
        self.attributes(os.path.join(self.top, b"app", b"actor"))


def draw_apps(rng, ways):
    """The sections of apps.conf: the same thing twice is as good as any."""
    paths = ("/srv/a", "/srv/b", "/srv/b c", "/srv/file", "/srv", "/app")
    return "\n".join(
        actor(f"app{number}", "marker hello", restart="never",
              measure=tuple(rng.choices(paths, k=rng.randrange(1, 6))),
              measure_by=rng.choice(ways))
        for number in range(rng.randrange(1, 4)))


def draw(folder, tar, seed, *, alphabet=ANY_BYTE, longest=255,
         ways=("content", "verity")):
    """A root with a random tree and apps.conf in it."""
    rng = random.Random(seed)
    top = folder / "drawn"
    top.mkdir()
    subprocess.run(["tar", "-xf", tar, "-C", top], check=True)
    Tree(top, rng, alphabet, longest).draw()
    apps = draw_apps(rng, ways)
    (top / "etc/cvm-init").mkdir(parents=True, exist_ok=True)
    (top / "etc/cvm-init/apps.conf").write_text(apps)
    return top


def assert_predicted(answer, top, root_hash=None):
    """What cvmctl predict says in ANSWER is what the manual says of TOP."""
    banks = json.loads(answer)["banks"]
    for bank in model.BANKS:
        assert (banks[bank]["measured"], banks[bank]["ready"]) == \
            model.pcr_14(top, bank, root_hash)


@pytest.mark.parametrize("seed", SEEDS)
def test_predicted(builder, root, desk, seed):
    """cvmctl predicts what the model computes."""
    top = draw(desk.folder, root("tiny"), seed)
    root_hash = random.Random(seed).randbytes(32).hex()
    assert_predicted(images.run([builder.cvmctl, "predict", "--root", top,
                                 "--root-hash", root_hash, "--json"]),
                     top, root_hash)


@pytest.mark.parametrize("seed, series", BOOTED)
def test_extended(builder, root, kernel, desk, boot, seed, series):
    """And init extends it, from the disk that was made of the tree."""
    # mkfs.erofs 1.5 takes no name of 255 bytes
    top = draw(desk.folder, root("tiny"), seed, longest=254)
    path = top / "etc/cvm-init/apps.conf"
    apps = path.read_text() + actor("last", "pcr 14")
    path.write_text(apps)
    tar = desk.folder / "root.tar"
    subprocess.run(["tar", "-cf", tar, "--xattrs", "--xattrs-include=*",
                    "--acls", "-C", top, "."], check=True)
    image = builder.image(images.Recipe(
        root=tar, kernel=kernel, config=boot_conf(modules=modules(series)),
        apps=apps, options=("--cmdline", CMDLINE)))
    root_hash = image.manifest["root"]["verity"]["root-hash"]
    assert_predicted(images.run([builder.cvmctl, "predict", "--image",
                                 image.folder, "--json"]), top, root_hash)
    tpm = vm.Swtpm(desk.folder / "tpm", banks=model.BANKS)
    result = boot(image.machine(), tpm=tpm).wait()
    assert_went_well(result)
    assert dict(re.findall(r"^actor: PCR 14 (\w+) (\w+)$", result.serial,
                           re.M)) == {
        bank: model.pcr_14(top, bank, root_hash)[1] for bank in model.BANKS}


