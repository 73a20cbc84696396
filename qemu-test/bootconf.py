# SPDX-License-Identifier: MIT
"""The text of a boot.conf for a scenario: what is usual, and what differs.

    boot_conf()                              a tiny root, supervised
    boot_conf(overlay="mode = none")         with another [overlay]
    boot_conf(ima="policy = /etc/p")         and so on, a section each
    boot_conf(modules=modules("7.2", "volume", "network"))
"""

# What the tiny root needs, and what more, by kernel. A module that is built
# into a kernel may be named as long as the kernel has one of that name.
MODULES = {
    "6.1": {"root": "virtio_pci virtio_blk sha256-ssse3 dm-verity erofs "
                    "overlay",
            "volume": "aesni-intel xts dm-crypt",
            "network": "virtio_net"},
    "6.12": {"root": "virtio_blk sha256-ssse3 dm-verity erofs overlay",
             "volume": "aesni-intel xts dm-crypt",
             "network": "virtio_net"},
    "7.2": {"root": "virtio_blk dm-verity erofs overlay",
            "volume": "aesni-intel dm-crypt",
            "network": "virtio_net"},
}

SECTIONS = {
    "boot": "device-timeout = 1",
    "tpm": "require = any",
    "modules": "load = virtio_pci virtio_blk dm-verity erofs overlay",
    "ima": "policy = none",
    "overlay": "size = 16M",
    "workload": "mode = supervise",
}
# Emulated without hardware's help on a busy machine, the timer is sometimes
# too late for the kernel's check of it, which panics.
EMULATED = "no_timer_check"
CMDLINE = f"console=ttyS0 quiet panic=-1 {EMULATED}"


def boot_conf(**sections):
    """A template of boot.conf, with these SECTIONS instead of the usual."""
    texts = {**SECTIONS, **sections}
    texts["boot"] += f"\nallow-cmdline = {EMULATED}"
    return "\n".join(f"[{name}]\n{text}\n" for name, text in texts.items())


def app(name, line, *more):
    """A section of apps.conf: an app that runs LINE once."""
    return "\n".join((f"[app {name}]", f"exec = {line}", "restart = never",
                      *more, ""))


def actor(name, roles, **keys):
    """A section of apps.conf: test-app/actor.c plays ROLES. KEYS are as in
    apps.conf, with _ for -; a tuple is a key that repeats."""
    lines = [f"[app {name}]", f"exec = /app/actor {roles}"]
    for key, values in keys.items():
        values = values if isinstance(values, tuple) else (values,)
        lines += [f"{key.replace('_', '-')} = {value}" for value in values]
    return "\n".join((*lines, ""))


def modules(series, *more):
    """The lines of [modules]: what the root needs, and what MORE does."""
    return "\n".join(f"load = {MODULES[series][part]}"
                     for part in ("root", *more))
