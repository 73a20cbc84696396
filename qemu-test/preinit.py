# SPDX-License-Identifier: MIT
"""An image whose initramfs has another program run before init.

    preinit(image, folder, "policy /p", files={"p": b"measure func=..."})

The acts are those of pre-init/acts.c. FILES may be in folders of their own,
and a pair (bytes, mode).
"""

import subprocess
from pathlib import Path

from initramfs import FILE, FOLDER, File, changed, read

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "pre-init" / "acts.c"
# Debian's has no headers of Linux.
MUSL_GCC = HERE.parent / "build/deps/musl/bin/musl-gcc"


def in_folders(files):
    """FILES, and before them the folders that they are in."""
    folders = {str(parent) for path in files
               for parent in Path(path).parents if parent != Path(".")}
    made = {path: File(FOLDER | 0o755) for path in sorted(folders)}
    for path, data in files.items():
        if isinstance(data, tuple):
            data = File(FILE | data[1], data[0])
        made[path] = data
    return made


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
        **in_folders(files or {})})
