# SPDX-License-Identifier: MIT
"""PCR 14 as apps.conf(5) describes it, in the shortest Python that says so:
what cvmctl and init compute is held against it. No code is shared."""

import hashlib
import os
import stat

APPS_CONF = "etc/cvm-init/apps.conf"
BANKS = ("sha1", "sha256", "sha384", "sha512")


def escaped(name):
    """A name or target as listings have it."""
    return "".join("\\\\" if byte == 0x5c else chr(byte)
                   if 0x20 <= byte < 0x7f else f"\\x{byte:02x}"
                   for byte in name)


def line(path, name):
    """One line of a listing."""
    status = os.lstat(path)
    if stat.S_ISDIR(status.st_mode):
        kind, content = "d", "-"
    elif stat.S_ISLNK(status.st_mode):
        kind, content = "l", escaped(os.readlink(path))
    else:
        with open(path, "rb") as file:
            kind, content = "f", hashlib.file_digest(file, "sha256").hexdigest()
    mode = stat.S_IMODE(status.st_mode)
    return (f"{kind}\t{mode:04o}\t{status.st_uid}\t{status.st_gid}\t{content}"
            f"\t{escaped(name)}\n")


def listing(top):
    """The listing of a directory, as bytes."""
    names = [b""]
    for folder, folders, files in os.walk(top):
        below = os.path.relpath(folder, top)
        names += [os.path.normpath(os.path.join(below, name))
                  for name in folders + files]
    lines = [line(os.path.join(top, name), name or b".")
             for name in sorted(names)]
    return ("cvm-init listing 1\n" + "".join(lines)).encode()


def content(root, path):
    """What is hashed for a path of apps.conf."""
    path = os.path.join(os.fsencode(root), os.fsencode(path.lstrip("/")))
    if os.path.isdir(path):
        return listing(path)
    with open(path, "rb") as file:
        return file.read()


def events(root):
    """What is measured of the tree ROOT before the volumes are opened. No
    link leads out of it, and no line of apps.conf has quotes."""
    text = content(root, APPS_CONF)
    section = None
    found = [text]
    for row in text.decode().splitlines():
        key, _, value = (part.strip() for part in row.partition("="))
        if key.startswith("["):
            section = key
        elif section and key == "exec":
            found.append(content(root, value.split()[0]))
        elif section and key == "measure":
            found.append(content(root, value))
    return found


def pcr_14(root, bank):
    """The value under which keys are sealed, and the one apps see."""
    def extend(pcr, data):
        return hashlib.new(bank, pcr + hashlib.new(bank, data).digest()
                           ).digest()
    pcr = bytes(hashlib.new(bank).digest_size)
    for data in events(root):
        pcr = extend(pcr, data)
    return pcr.hex(), extend(pcr, b"cvm-init: ready").hex()
