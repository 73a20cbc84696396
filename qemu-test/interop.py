# SPDX-License-Identifier: MIT
"""systemd and cvmctl on one disk and one TPM, without a VM.

A Bench is a folder with both: cvmctl works there, and systemd's programs, of
one version, in a root of their own where the folder is /mnt. No device mapper
is needed: cryptsetup tells whether a passphrase opens the disk.
"""

import contextlib
import json
import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import seal

ROOTS = Path(__file__).resolve().parent.parent / "build" / "systemd"
RESCUE = b"a key for the day the TPM is gone"
# What the harness measures into PCR 14, so that it is not the zeros of any.
EVENT = "aa" * 32
PATH = "/usr/sbin:/usr/bin:/usr/lib/systemd"
FORMAT = ("luksFormat", "--batch-mode", "--type", "luks2", "--pbkdf", "pbkdf2",
          "--pbkdf-force-iterations", "1000", "--key-file", "/mnt/rescue",
          "/mnt/disk")


def root_of(version):
    """The root with this systemd, or None where it could not be fetched."""
    folder = ROOTS / version
    return folder if (folder / "version").is_file() else None


def firmware_log():
    """The event log of a firmware that measured nothing (TCG PC Client
    Platform Firmware Profile 1.05, 10.2.1 and 10.4.5.1)."""
    spec = b"Spec ID Event03\0" + struct.pack(
        "<IBBBBIHHB", 0, 0, 2, 0, 2, 1, 0x000b, 32, 0)
    return struct.pack("<II20sI", 0, 3, b"", len(spec)) + spec


class Bench:
    """One disk and one TPM."""

    def __init__(self, folder, tpm, cvmctl, root):
        self.folder = folder
        self.words = tpm
        self.cvmctl_path = cvmctl
        self.root = root
        self.disk = folder / "disk"
        self.rescue = folder / "rescue"
        self.rescue.touch(0o600)
        self.rescue.write_bytes(RESCUE)
        with open(self.disk, "wb") as file:
            file.truncate(32 * seal.MIB)
        self.pcr_14 = None

    def measure(self):
        """Extend PCR 14, and note what it is then."""
        self.extend(14, EVENT)
        out = self.folder / "pcr"
        self.tpm2("tpm2_pcrread", "sha256:14", "-o", out)
        self.pcr_14 = out.read_bytes().hex()

    def extend(self, pcr, digest):
        """One event."""
        self.tpm2("tpm2_pcrextend", f"{pcr}:sha256={digest}")

    def tpm2(self, *words):
        """Run a tool of tpm2-tools on the TPM."""
        environment = dict(os.environ, TPM2TOOLS_TCTI=self.words)
        subprocess.run(words, env=environment, check=True,
                       stdout=subprocess.DEVNULL)

    def cvmctl(self, *words, check=True):
        """Run cvmctl; what it wrote, or its failure line."""
        done = subprocess.run([self.cvmctl_path, *words], check=False,
                              capture_output=True)
        if check:
            assert done.returncode == 0, done.stderr.decode()
            return done.stdout
        assert done.returncode == 1, done.stdout.decode()
        return done.stderr.decode().splitlines()[-1]

    def systemd(self, *words, stdin=None, check=True, **environment):
        """Run a program in systemd's root, with the folder at /mnt: what it
        wrote, or None when it failed."""
        # Not private yet: / of a chroot may be no mount, which has no such
        # property.
        enter = ('mount --make-rprivate / 2> /dev/null; '
                 'mount --bind "$0" "$1/mnt" && root=$1 && shift && '
                 '{ chroot "$root" "$@"; status=$?; umount "$root/mnt"; '
                 'exit $status; }')
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "unchanged",
             "sh", "-c", enter, self.folder, self.root,
             *words], check=False, capture_output=True, input=stdin,
            env={"PATH": PATH, **environment})
        if check:
            assert done.returncode == 0, done.stderr.decode()
        return None if done.returncode else done.stdout

    def format(self):
        """A LUKS2 volume that the rescue key opens, without tokens."""
        self.systemd("cryptsetup", *FORMAT)

    def enroll(self, *options, **environment):
        """Let systemd-cryptenroll seal a key on the TPM."""
        self.systemd("systemd-cryptenroll", "--unlock-key-file=/mnt/rescue",
                     f"--tpm2-device={self.device}", *options, "/mnt/disk",
                     **environment)

    def unlock(self):
        """Let systemd-cryptenroll get the key from the TPM, to add another
        key: that one, or None."""
        key = self.systemd("systemd-cryptenroll", "--recovery-key",
                           f"--unlock-tpm2-device={self.device}", "/mnt/disk",
                           check=False)
        return key and key.strip()

    def pcrlock(self, *words, log=b""):
        """Run systemd-pcrlock on a LOG of what was measured after the
        firmware, which measured nothing."""
        (self.folder / "firmware").write_bytes(firmware_log())
        (self.folder / "userspace").write_bytes(log)
        return self.systemd("systemd-pcrlock", *words,
                            SYSTEMD_TPM2_DEVICE=self.device,
                            SYSTEMD_MEASURE_LOG_FIRMWARE="/mnt/firmware",
                            SYSTEMD_MEASURE_LOG_USERSPACE="/mnt/userspace")

    def lock_pcrs(self):
        """Let systemd-pcrlock make a policy: its file for --tpm2-pcrlock."""
        self.pcrlock("make-policy", "--pcr=", "--policy=/mnt/pcrlock")
        return "/mnt/pcrlock"

    @property
    def device(self):
        """--tpm2-device= for systemd."""
        return f"swtpm:path=/mnt/{self.words.rsplit('/', 1)[1]}"

    def opens(self, passphrase):
        """True when the disk opens with it."""
        return self.systemd("cryptsetup", "open", "--test-passphrase",
                            "--key-file", "-", "/mnt/disk", stdin=passphrase,
                            check=False) is not None

    def change_token(self, change):
        """Put change(token) in the place of token 0."""
        words = ("--token-id", "0", "/mnt/disk")
        token = json.loads(self.systemd("cryptsetup", "token", "export",
                                        *words))
        self.systemd("cryptsetup", "token", "import", "--token-replace",
                     *words, stdin=json.dumps(change(token)).encode())

    def tokens(self):
        """What cvmctl says of the disk's tokens."""
        return json.loads(self.cvmctl("inspect", "--json",
                                      self.disk))["tokens"]


@contextlib.contextmanager
def bench(tpm, cvmctl, root):
    """A Bench, in a folder whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="interop-"))
    try:
        with seal.served(tpm, folder) as words:
            yield Bench(folder, words, cvmctl, root)
    finally:
        shutil.rmtree(folder)
