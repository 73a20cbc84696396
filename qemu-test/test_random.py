# SPDX-License-Identifier: MIT
"""Random trees and configurations: cvmctl predicts what init extends, and
both are what the manual says, in each bank.

A seed is a case, so that a failure can be had again. One is drawn anew for
each run, and said by it: see qemu-test/check.
"""

import hashlib
import json
import os
import random
import re
import struct
import subprocess

import image as images
import model
import pytest
import rootfile
import vm
from bootconf import CMDLINE, actor, boot_conf, modules
from conftest import SERIES
from initramfs import changed_values
from refusal import assert_refused, assert_went_well

SEEDS = range(16)
BOOTED = ((108, "6.1"), (125, "6.12"), (128, "7.2"))
WRONG = (300, 301)
DEPTH_MAX = 64                  # of directories in a measured one
NAMED = ("/srv/a", "/srv/b", "/srv/b c", "/srv/deep", "/srv/file", "/srv",
         "/app")
ANY_BYTE = bytes(set(range(1, 256)) - {ord("/")})
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)


class Tree:
    """A random tree in the folder top, whose names have bytes of ALPHABET and
    are at most LONGEST."""

    def __init__(self, top, rng, alphabet, longest):
        self.top, self.rng = os.fsencode(top), rng
        self.alphabet, self.longest = alphabet, longest
        self.files = []
        self.named = list(NAMED)        # what apps.conf can speak of
        self.programs = ["/app/actor"]

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

    def branch(self, path):
        """As many directories in each other as /srv may have, and a file."""
        for _ in range(DEPTH_MAX):
            os.mkdir(path)
            self.own(path)
            folder, path = path, os.path.join(path, self.name()[:20])
        self.file(os.path.join(folder, b"file"))

    def link(self, path, target):
        """Links behind each other that lead from PATH to TARGET, each spelled
        as links can be: relative, above the root, through another link. Fewer
        than the 40 that a kernel follows."""
        for number in range(self.rng.choice((1, 2, 19))):
            way = self.rng.choice(("", "..", "../../../..", "/", "/app/..",
                                   "/./", "/via/up", "up"))
            at = f"{path}-{number}"
            os.symlink(os.fsencode(way + target), self.top + os.fsencode(at))
            target = at
        return target

    def draw_links(self):
        """Links in /via to all that apps.conf can speak of."""
        os.mkdir(self.top + b"/via")
        os.symlink(self.rng.choice(("/", "..", "../..", "/srv/..")),
                   self.top + b"/via/up")
        for names in (self.programs, self.named):
            names += [self.link(f"/via/{len(names)}-{number}", name)
                      for number, name in enumerate(names)]
            names += ["/via/up" + name for name in names]

    def draw(self):
        """Directories and a file, of which apps.conf can speak."""
        for name in (b"a", b"b", b"b c"):
            path = os.path.join(self.top, b"srv", name)
            os.makedirs(path)
            self.fill(path, 5)
            self.own(path)
        self.branch(os.path.join(self.top, b"srv", b"deep"))
        self.file(os.path.join(self.top, b"srv", b"file"))
        self.attributes(os.path.join(self.top, b"app", b"actor"))


def expectation(rng, top, name):
    """A line of apps.conf about what NAME leads to, which is right."""
    bank = rng.choice(("sha256", "sha384", "sha512"))
    data = model.by_content(model.resolved(top, name))[0]
    return f"expect = {bank}:{hashlib.new(bank, data).hexdigest()}"


def draw_app(rng, tree, number, way):
    """A section of apps.conf: the same thing twice is as good as any."""
    named = [("exec", rng.choice(tree.programs), " marker hello"),
             ("measure", "/srv", "")]
    named += [("measure", name, "")
              for name in rng.choices(tree.named, k=rng.randrange(1, 6))]
    lines = [f"[app app{number}]", f"measure-by = {way}", "restart = never"]
    for key, name, words in named:
        lines.append(f"{key} = {name}{words}")
        if way == "content" and rng.random() < 0.5:
            lines.append(expectation(rng, tree.top, name))
    return lines


def draw(folder, tar, seed, *, alphabet=ANY_BYTE, longest=255,
         ways=("content", "verity"), linked=True):
    """A root with a random tree and apps.conf in it, which names links too
    if it is LINKED."""
    rng = random.Random(seed)
    top = folder / "drawn"
    top.mkdir()
    subprocess.run(["tar", "-xf", tar, "-C", top], check=True)
    tree = Tree(top, rng, alphabet, longest)
    tree.draw()
    if linked:
        tree.draw_links()
    apps = [line for number in range(rng.randrange(1, 4))
            for line in draw_app(rng, tree, number, rng.choice(ways))]
    write_apps(top, apps)
    return top


def write_apps(top, lines):
    """Puts apps.conf on a root."""
    (top / "etc/cvm-init").mkdir(parents=True, exist_ok=True)
    (top / "etc/cvm-init/apps.conf").write_text("\n".join((*lines, "")))


def assert_predicted(answer, top, root_hash=None):
    """What cvmctl predict says in ANSWER is what the manual says of TOP."""
    banks = json.loads(answer)["banks"]
    for bank in model.BANKS:
        assert (banks[bank]["measured"], banks[bank]["ready"]) == \
            model.pcr_14(top, bank, root_hash)


def predict(builder, top, *options):
    """What cvmctl predict answers about the root TOP."""
    return images.run([builder.cvmctl, "predict", "--root", top, "--json",
                       *options])


def assert_extended(builder, kernel, boot, top):
    """What is predicted of an image of TOP is what the model says, and what
    init extends."""
    path = top / model.APPS_CONF
    apps = path.read_text() + actor("last", "pcr 14")
    path.write_text(apps)
    tar = top.parent / "root.tar"
    subprocess.run(["tar", "-cf", tar, "--xattrs", "--xattrs-include=*",
                    "--acls", "-C", top, "."], check=True)
    image = builder.image(images.Recipe(
        root=tar, kernel=kernel, apps=apps, options=("--cmdline", CMDLINE),
        config=boot_conf(modules=modules(kernel.name))))
    root_hash = image.manifest["root"]["verity"]["root-hash"]
    assert_predicted(images.run([builder.cvmctl, "predict", "--image",
                                 image.folder, "--json"]), top, root_hash)
    tpm = vm.Swtpm(top.parent / "tpm", banks=model.BANKS)
    result = boot(image.machine(), tpm=tpm).wait()
    assert_went_well(result)
    assert dict(re.findall(r"^actor: PCR 14 (\w+) (\w+)$", result.serial,
                           re.M)) == {
        bank: model.pcr_14(top, bank, root_hash)[1] for bank in model.BANKS}


@pytest.mark.parametrize("seed", SEEDS)
def test_predicted(builder, root, desk, seed):
    """cvmctl predicts what the model computes."""
    top = draw(desk.folder, root("tiny"), seed)
    root_hash = random.Random(seed).randbytes(32).hex()
    assert_predicted(predict(builder, top, "--root-hash", root_hash), top,
                     root_hash)


@pytest.mark.parametrize("seed, series", BOOTED)
def test_extended(builder, root, kernel, desk, boot, seed):
    """And init extends it, from the disk that was made of the tree."""
    # mkfs.erofs 1.5 takes no name of 255 bytes
    top = draw(desk.folder, root("tiny"), seed, longest=254)
    assert_extended(builder, kernel, boot, top)


def pytest_generate_tests(metafunc):
    """The seed of this run, and the kernel that it draws."""
    if metafunc.function is test_fresh:
        seed = metafunc.config.option.seed
        metafunc.parametrize("seed, series", [
            (seed, random.Random(seed).choice(SERIES))])


def test_fresh(builder, root, kernel, desk, boot, seed):
    """Both, of a tree that nobody has seen before."""
    top = draw(desk.folder, root("tiny"), seed, longest=254)
    root_hash = random.Random(seed).randbytes(32).hex()
    assert_predicted(predict(builder, top, "--root-hash", root_hash), top,
                     root_hash)
    assert_extended(builder, kernel, boot, top)


def expect_another(top, seed):
    """Changes a line of apps.conf, about what it expects. The name of that,
    its app, the algorithm, and the digest that was right."""
    path = top / model.APPS_CONF
    lines = path.read_text().splitlines()
    at = random.Random(seed).choice([
        number for number, line in enumerate(lines)
        if line.startswith("expect = ")])
    alg, digest = lines[at].removeprefix("expect = ").split(":")
    lines[at] = f"expect = {alg}:{int(digest[0] == '0')}{digest[1:]}"
    path.write_text("\n".join((*lines, "")))
    section = next(line for line in lines[at::-1] if line.startswith("["))
    name = re.fullmatch(r"\w+ = (.+?)( marker hello)?", lines[at - 1])[1]
    return name, section, alg, digest


@pytest.mark.parametrize("seed", WRONG)
def test_another_expected(builder, tiny, root, desk, boot, seed):
    """The one thing that is not as apps.conf expects ends the prediction, and
    the boot from a disk that holds the tree all the same."""
    top = draw(desk.folder, root("tiny"), seed, longest=254, ways=("content",))
    name, section, alg, digest = expect_another(top, seed)
    reason = (f"cannot measure {name}: its {alg} is not the expected one but "
              f"{digest}; check {section} in apps.conf")
    with pytest.raises(vm.HarnessError, match=re.escape(reason)):
        predict(builder, top)
    path, values = rootfile.disk_of(top, desk.folder)
    image = changed_values(tiny(), desk.folder / "image", values)
    disk = vm.Disk(path, snapshot=True)
    assert_refused(boot(image.machine().replace(disks=(disk,))).wait(),
                   f"init: measure: {reason}")
