# SPDX-License-Identifier: MIT
"""Random trees and configurations: cvmctl predicts what init extends, and
both are what the manual says, in each bank.

A seed is a case, so that a failure can be had again.
"""

import json
import os
import random
import re
import subprocess
from pathlib import Path

import image as images
import model
import pytest
import vm
from bootconf import actor, boot_conf, CMDLINE
from refusal import assert_went_well

MANUAL = Path(__file__).parents[1] / "docs" / "apps.conf.5"
SEEDS = range(16)
BOOTED = range(100, 103)
ANY_BYTE = bytes(set(range(1, 256)) - {ord("/")})
PRINTABLE = bytes(set(range(0x20, 0x7f)) - set(b"/\\"))


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

    def own(self, path, *, link=False):
        """Gives it an owner and a mode, in this order: chown takes away
        set-user-ID."""
        os.chown(path, self.rng.randrange(70000), self.rng.randrange(70000),
                 follow_symlinks=False)
        if not link:
            os.chmod(path, self.rng.randrange(0o10000))

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


def draw_apps(rng):
    """The sections of apps.conf: the same thing twice is as good as any."""
    paths = ("/srv/a", "/srv/b", "/srv/b c", "/srv/file", "/srv", "/app")
    return "\n".join(
        actor(f"app{number}", "marker hello", restart="never",
              measure=tuple(rng.choices(paths, k=rng.randrange(1, 6))))
        for number in range(rng.randrange(1, 4)))


def draw(folder, tar, seed, alphabet=ANY_BYTE, longest=255):
    """A root with a random tree and apps.conf in it."""
    rng = random.Random(seed)
    top = folder / "drawn"
    top.mkdir()
    subprocess.run(["tar", "-xf", tar, "-C", top], check=True)
    Tree(top, rng, alphabet, longest).draw()
    apps = draw_apps(rng)
    (top / "etc/cvm-init").mkdir(parents=True, exist_ok=True)
    (top / "etc/cvm-init/apps.conf").write_text(apps)
    return top


def assert_predicted(answer, top):
    """What cvmctl predict says in ANSWER is what the manual says of TOP."""
    banks = json.loads(answer)["banks"]
    for bank in model.BANKS:
        assert (banks[bank]["measured"], banks[bank]["ready"]) == \
            model.pcr_14(top, bank)


@pytest.mark.parametrize("seed", SEEDS)
def test_predicted(builder, root, desk, seed):
    """cvmctl predicts what the model computes."""
    top = draw(desk.folder, root("tiny"), seed)
    assert_predicted(images.run([builder.cvmctl, "predict", "--root", top,
                                 "--json"]), top)


@pytest.mark.parametrize("seed", BOOTED)
def test_extended(builder, root, kernel, desk, boot, seed):
    """And init extends it, from the disk that was made of the tree."""
    # mkfs.erofs 1.5 takes no name of 255 bytes
    top = draw(desk.folder, root("tiny"), seed, longest=254)
    path = top / "etc/cvm-init/apps.conf"
    apps = path.read_text() + actor("last", "pcr 14")
    path.write_text(apps)
    tar = desk.folder / "root.tar"
    subprocess.run(["tar", "-cf", tar, "-C", top, "."], check=True)
    image = builder.image(images.Recipe(
        root=tar, kernel=kernel, config=boot_conf(), apps=apps,
        options=("--cmdline", CMDLINE)))
    tpm = vm.Swtpm(desk.folder / "tpm", banks=model.BANKS)
    result = boot(image.machine(), tpm=tpm).wait()
    assert_went_well(result)
    assert dict(re.findall(r"^actor: PCR 14 (\w+) (\w+)$", result.serial,
                           re.M)) == {
        bank: model.pcr_14(top, bank)[1] for bank in model.BANKS}


def recipe(apps):
    """The manual's shell recipe, for the paths that APPS has."""
    text = MANUAL.read_text().partition(".Ss By hand")[2]
    text = text.partition(".Bd -literal -offset indent\n")[2]
    text = text.partition("\n.Ed\n")[0].replace("\\e", "\\")
    functions = text.partition("\npcr=")[0]
    lines = ["pcr=$(printf '%064d' 0)",
             'extend "$(hash < etc/cvm-init/apps.conf)"']
    for row in apps.splitlines():
        key, _, value = (part.strip() for part in row.partition("="))
        if key == "exec":
            lines.append(f'extend "$(hash < .{value.split()[0]})"')
        if key == "measure":
            lines.append(
                f"if [ -d '.{value}' ]\nthen"
                f" extend \"$(listing '.{value}' | hash)\"\n"
                f"else extend \"$(hash < '.{value}')\"; fi")
    return "\n".join([functions, *lines, "echo $pcr"])


@pytest.mark.parametrize("seed", range(200, 204))
def test_by_hand(root, desk, seed):
    """The recipe in the manual reaches the value with sha256sum alone."""
    top = draw(desk.folder, root("tiny"), seed, PRINTABLE)
    script = recipe((top / "etc/cvm-init/apps.conf").read_text())
    answer = subprocess.run(["sh", "-euc", script], cwd=top, check=True,
                            capture_output=True, text=True).stdout
    assert answer.strip() == model.pcr_14(top, "sha256")[0]
