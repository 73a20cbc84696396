# SPDX-License-Identifier: MIT
"""Sealing a disk on the host, for the TPM that a VM will have.

cvmctl talks to swtpm over a socket; the state folder is the VM's own, so the
next boot meets a TPM that can release the key.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import vm

MIB = 1 << 20


@contextlib.contextmanager
def served(tpm, where=None):
    """The TPM, running for host tools, its socket in the folder WHERE or one
    of its own: yields cvmctl's words for it."""
    tpm.manufacture()
    # A socket's path has at most 107 bytes: a short folder.
    folder = where or Path(tempfile.mkdtemp(prefix="tpm-"))
    path = folder / "s"
    # --daemon comes back when the sockets are there.
    subprocess.run(
        ["swtpm", "socket", "--tpm2", "--daemon", "--pid", f"file={folder}/pid",
         "--tpmstate", f"dir={tpm.state_dir}",
         "--server", f"type=unixio,path={path}",
         "--ctrl", f"type=unixio,path={path}.ctrl",
         "--flags", "not-need-init,startup-clear"], check=True)
    pid = int((folder / "pid").read_text())
    try:
        yield f"swtpm:path={path}"
    finally:
        stop(pid)
        if not where:
            shutil.rmtree(folder)


def stop(pid):
    """End the daemon that we started, and wait until it has."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        os.kill(pid, signal.SIGTERM)
        ended, _, _ = select.select([handle], [], [], 10)
        os.close(handle)
        if not ended:
            raise vm.HarnessError(f"swtpm (pid {pid}) does not end")


def format_disk(cvmctl, image, disk, tpm, *options, size_mib=64,
                policy=("--apps-only",)):
    """Make DISK a LUKS2 disk whose key TPM releases to IMAGE's apps only. The
    scenarios' firmware measures no boot chain unless they say so."""
    with served(tpm) as words:
        done = subprocess.run(
            [cvmctl, "seal", "--image", image.folder, "--tpm", words,
             *policy, "--format", "--size", f"{size_mib}M", *options, disk],
            capture_output=True, text=True, check=False)
    if done.returncode:
        raise vm.HarnessError("cvmctl seal failed:\n" + done.stdout
                              + done.stderr)
    return vm.Disk(disk)


def make_key(folder, name="release", algorithm=("rsa",)):
    """A new release key: the paths of NAME.pem and NAME.pub."""
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", *algorithm,
                    "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out",
                    public], check=True)
    return private, public
