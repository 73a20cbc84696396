# SPDX-License-Identifier: MIT
"""An image whose initramfs has another program run before init.

    preinit(image, folder, "policy /p", files={"p": b"measure func=..."})

The acts are those of pre-init/acts.c.
"""

import subprocess
from pathlib import Path

from initramfs import FILE, File, changed, read

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "pre-init" / "acts.c"
# Debian's has no headers of Linux.
MUSL_GCC = HERE.parent / "build/deps/musl/bin/musl-gcc"


def preinit(image, folder, *acts, files=None):
    """A copy of IMAGE in FOLDER whose init starts after these ACTS."""
    program = folder.with_name(folder.name + "-pre-init")
    subprocess.run([MUSL_GCC, "-static", "-Os", "-s", "-Wall", "-Wextra",
                    "-o", program, SOURCE], check=True)
    init = read(image.initramfs)["init"]
    return changed(image, folder, {
        "init": File(FILE | 0o755, program.read_bytes()),
        "init.real": init,
        "pre-init.acts": "".join(f"{act}\n" for act in acts).encode(),
        **(files or {})})
