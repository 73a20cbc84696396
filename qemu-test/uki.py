# SPDX-License-Identifier: MIT
"""Unified kernel images, and disks that firmware boots them from.

    uki = make(stub, desk.folder / "uki.efi", parts(image))
    disk = make_disk(uki, desk.folder / "esp.img")
"""

import struct
import subprocess

PAGE = 4096
MIB = 1 << 20


def parts(image, **more):
    """The sections for an IMAGE, and MORE of them, by name without the dot:
    bytes, in the order of the file."""
    return {**more, "cmdline": image.cmdline.encode(),
            "initrd": image.initramfs.read_bytes(),
            "linux": image.kernel.read_bytes()}


def image_end(program):
    """Where the next section of an EFI program goes in memory: behind its
    last one, with the base address (Microsoft, "PE Format")."""
    pe, = struct.unpack_from("<I", program, 0x3c)
    sections, = struct.unpack_from("<H", program, pe + 6)
    optional, = struct.unpack_from("<H", program, pe + 20)
    base, = struct.unpack_from("<Q", program, pe + 24 + 24)
    table = pe + 24 + optional
    ends = [sum(struct.unpack_from("<II", program, table + 40 * n + 8))
            for n in range(sections)]
    return base + max(ends)


def make(stub, target, sections):
    """The EFI program STUB with SECTIONS, as TARGET."""
    words = ["objcopy"]
    at = image_end(stub.read_bytes())
    for name, data in sections.items():
        at += -at % PAGE
        file = target.with_suffix(f".{name}")
        file.write_bytes(data)
        words += ["--add-section", f".{name}={file}",
                  "--change-section-vma", f".{name}={at:#x}"]
        at += len(data)
    subprocess.run([*words, stub, target], check=True)
    return target


def make_disk(uki, target):
    """A FAT file system with UKI where firmware looks for it, as TARGET."""
    size = uki.stat().st_size // MIB + 8
    words = [("mformat", "-C", "-i", target, "-T", size * MIB // 512, "-h",
              255, "-s", 63, "::"),
             ("mmd", "-i", target, "::/EFI", "::/EFI/BOOT"),
             ("mcopy", "-i", target, uki, "::/EFI/BOOT/BOOTX64.EFI")]
    for line in words:
        subprocess.run([str(word) for word in line], check=True)
    return target
