# SPDX-License-Identifier: MIT
"""A boot image: the folder that `cvmctl build` writes, and how to get one.

Building takes seconds and many scenarios want the same image, so images are
kept by the content of all that went into them, and the first of several
processes that wants one builds it.
"""

import dataclasses
import fcntl
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import vm


@dataclasses.dataclass(frozen=True)
class Image:
    """The folder FOLDER with vmlinuz, initramfs.img, cmdline, root.img (not
    for every type of root) and manifest.json."""
    folder: Path

    def missing(self):
        """Names of files without which it is no image."""
        names = ("vmlinuz", "initramfs.img", "cmdline")
        return [n for n in names if not (self.folder / n).is_file()]

    @property
    def kernel(self):
        """The kernel."""
        return self.folder / "vmlinuz"

    @property
    def initramfs(self):
        """The initramfs: cvm-init, boot.conf and the modules."""
        return self.folder / "initramfs.img"

    @property
    def root(self):
        """The root disk, which an image with its root in RAM has not."""
        return self.folder / "root.img"

    @property
    def cmdline(self):
        """The kernel command line that the image was measured with."""
        return (self.folder / "cmdline").read_text().rstrip("\n\0")

    @property
    def manifest(self):
        """What a verifier would read."""
        return json.loads((self.folder / "manifest.json").read_text())

    def machine(self, disks=(), append="", **settings):
        """A Machine that boots this image: the root disk first, unchanged
        by the boot, then DISKS."""
        root = ()
        if self.root.is_file():
            root = (vm.Disk(self.root, snapshot=True),)
        return vm.Machine(
            kernel=self.kernel, initrd=self.initramfs,
            append=" ".join(filter(None, (self.cmdline, append))),
            disks=(*root, *disks), **settings)

    def copy(self, folder):
        """A copy to tamper with."""
        shutil.copytree(self.folder, folder)
        return Image(Path(folder))


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What `cvmctl build` is asked for. CONFIG, APPS and IMA_POLICY are the
    texts of the files."""
    root: Path
    kernel: Path                     # folder with vmlinuz and modules/
    config: str
    apps: str = ""
    ima_policy: str = ""
    options: tuple = ()

    def files(self):
        """The texts, by the option that names them and the file's name."""
        texts = (("--config", "boot.conf", self.config),
                 ("--apps", "apps.conf", self.apps),
                 ("--ima-policy", "ima-policy", self.ima_policy))
        return [text for text in texts if text[2]]

    def key(self, tools):
        """A name for the image: a digest of everything that shapes it."""
        parts = [digest(self.root), digest(self.kernel / "vmlinuz"),
                 *map(digest, tools), self.config, self.apps,
                 self.ima_policy, *self.options]
        text = json.dumps([str(part) for part in parts])
        return hashlib.sha256(text.encode()).hexdigest()[:24]


def digest(path):
    """SHA-256 of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Builder:
    """Builds images with the project's own tools, OUT/cvmctl and OUT/init,
    and keeps them in STORE."""

    def __init__(self, out, store):
        self.cvmctl = Path(out) / "cvmctl"
        self.init = Path(out) / "init"
        self.store = Path(store)

    def missing(self):
        """The tools that are not built yet."""
        return [t for t in (self.cvmctl, self.init) if not t.is_file()]

    def image(self, recipe):
        """The image of RECIPE, built if nobody did before."""
        folder = self.store / recipe.key((self.cvmctl, self.init))
        self.store.mkdir(parents=True, exist_ok=True)
        with open(f"{folder}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                self._build(recipe, folder)
        return Image(folder)

    def predicted(self, image, when="ready"):
        """PCR 14 by bank: when the workload runs ("ready"), or when volumes
        are opened ("measured")."""
        answer = run([self.cvmctl, "predict", "--image", image.folder,
                      "--json"])
        return {bank: values[when]
                for bank, values in json.loads(answer)["banks"].items()}

    def _build(self, recipe, folder):
        work = Path(f"{folder}.new")
        shutil.rmtree(work, ignore_errors=True)
        (work / "conf").mkdir(parents=True)
        words = [self.cvmctl, "build", "--root", recipe.root,
                 "--kernel", recipe.kernel / "vmlinuz",
                 "--modules", recipe.kernel / "modules",
                 "--init", self.init, "--output", work / "image"]
        for option, name, text in recipe.files():
            (work / "conf" / name).write_text(text)
            words += [option, work / "conf" / name]
        run([*words, *recipe.options])
        (work / "image").rename(folder)
        shutil.rmtree(work)


def run(words):
    """Run a tool of the project; its output is the error when it fails."""
    words = [str(word) for word in words]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise vm.HarnessError(f"{' '.join(words)} failed:\n"
                              + done.stdout + done.stderr)
    return done.stdout
