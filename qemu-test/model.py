# SPDX-License-Identifier: MIT
"""PCR 14 as apps.conf(5) describes it, in the shortest Python that says so:
what cvmctl and init compute is held against it. No code is shared."""

import hashlib
import os
import re
import stat

APPS_CONF = "etc/cvm-init/apps.conf"
SHOWN = re.compile(rb"user\.|trusted\.|security\.|"
                   rb"system\.posix_acl_(access|default)$")
LEFT_OUT = re.compile(rb"security\.(SMACK64|(selinux|ima|evm)$)")
BANKS = ("sha1", "sha256", "sha384", "sha512")


def escaped(name):
    """A name or target as listings have it."""
    return "".join("\\\\" if byte == 0x5c else chr(byte)
                   if 0x20 <= byte < 0x7f else f"\\x{byte:02x}"
                   for byte in name)


def attributes(path, name):
    """The lines about the extended attributes of what is at PATH."""
    found = {os.fsencode(key): os.getxattr(path, key, follow_symlinks=False)
             for key in os.listxattr(path, follow_symlinks=False)}
    return "".join(f"x\t{escaped(key)}\t{value.hex() or '-'}\t{escaped(name)}\n"
                   for key, value in sorted(found.items())
                   if SHOWN.match(key) and not LEFT_OUT.match(key))


def lines(path, name, read=True):
    """The lines of a listing about what is at PATH."""
    status = os.lstat(path)
    kind, content = "f", "-"
    if stat.S_ISDIR(status.st_mode):
        kind = "d"
    elif stat.S_ISLNK(status.st_mode):
        kind, content = "l", escaped(os.readlink(path))
    elif read:
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
    mode = stat.S_IMODE(status.st_mode)
    return (f"{kind}\t{mode:04o}\t{status.st_uid}\t{status.st_gid}\t{content}"
            f"\t{escaped(name)}\n" + attributes(path, name))


def listing(top, head="cvm-init listing 2\n", read=True):
    """The listing of a directory or file, as bytes."""
    names = [b""]
    for folder, folders, files in os.walk(top):
        below = os.path.relpath(folder, top)
        names += [os.path.normpath(os.path.join(below, name))
                  for name in folders + files]
    return (head + "".join(
        lines(os.path.join(top, name) if name else top, name or b".", read)
        for name in sorted(names))).encode()


def resolved(root, name):
    """Where the path NAME leads to, all links followed, with ROOT as /."""
    found, left = [], os.fsencode(name).split(b"/")
    while left:
        part = left.pop(0)
        path = os.path.join(os.fsencode(root), *found, part)
        if part == b"..":
            found = found[:-1]
        elif part in (b"", b"."):
            pass
        elif os.path.islink(path):
            target = os.readlink(path)
            found = [] if target.startswith(b"/") else found
            left = target.split(b"/") + left
        else:
            found.append(part)
    return os.path.join(os.fsencode(root), *found)


def by_content(path):
    """What is hashed, one after the other, for what is at PATH."""
    if os.path.isdir(path):
        return [listing(path)]
    with open(path, "rb") as file:
        found = [file.read()]
    rights = listing(path, "cvm-init attributes 1\n", read=False)
    if os.stat(path).st_mode & 0o6000 or b"\nx\t" in rights:
        found.append(rights)
    return found


def by_verity(path, key, name, root_hash):
    """The same by the root hash (SHA-256), for a line of apps.conf."""
    return [listing(path, f"cvm-init verity 1\nroot\tsha256\t{root_hash}\n"
                    f"{key}\t{escaped(os.fsencode(name))}\n", read=False)]


def sections(text):
    """The sections of apps.conf, each a list of keys with their values."""
    found = []
    for row in text.splitlines():
        key, _, value = (part.strip() for part in row.partition("="))
        if key.startswith("["):
            found.append([])
        elif key:
            found[-1].append((key, value))
    return found


def events(root, root_hash=None):
    """What is measured of the tree ROOT before the volumes are opened. No
    line of apps.conf has quotes."""
    with open(os.path.join(root, APPS_CONF), "rb") as file:
        found = [file.read()]
    for section in sections(found[0].decode()):
        verity = ("measure-by", "verity") in section
        paths = [("exec", value.split()[0]) for key, value in section
                 if key == "exec"]
        paths += [item for item in section if item[0] == "measure"]
        for key, name in paths:
            path = resolved(root, name)
            found += (by_verity(path, key, name, root_hash) if verity
                      else by_content(path))
    return found


def pcr_14(root, bank, root_hash=None):
    """The value under which keys are sealed, and the one apps see."""
    def extend(pcr, data):
        return hashlib.new(bank, pcr + hashlib.new(bank, data).digest()
                           ).digest()
    pcr = bytes(hashlib.new(bank).digest_size)
    for data in events(root, root_hash):
        pcr = extend(pcr, data)
    return pcr.hex(), extend(pcr, b"cvm-init: ready").hex()
