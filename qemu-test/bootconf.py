# SPDX-License-Identifier: MIT
"""The text of a boot.conf for a scenario: what is usual, and what differs.

    boot_conf()                              a tiny root, supervised
    boot_conf(overlay="mode = none")         with another [overlay]
    boot_conf(ima="policy = /etc/p")         and so on, a section each
"""

SECTIONS = {
    "boot": "device-timeout = 1",
    "tpm": "require = any",
    "modules": "load = virtio_pci virtio_blk dm-verity erofs overlay",
    "ima": "policy = none",
    "overlay": "size = 16M",
    "workload": "mode = supervise",
}
CMDLINE = "console=ttyS0 quiet panic=-1"


def boot_conf(**sections):
    """A template of boot.conf, with these SECTIONS instead of the usual."""
    return "\n".join(f"[{name}]\n{text}\n"
                     for name, text in {**SECTIONS, **sections}.items())


def app(name, line, *more):
    """A section of apps.conf: an app that runs LINE once."""
    return "\n".join((f"[app {name}]", f"exec = {line}", "restart = never",
                      *more, ""))
