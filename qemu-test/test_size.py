# SPDX-License-Identifier: MIT
"""The initramfs stays small: the demo's, with Debian's 6.1 modules."""

import subprocess

from conftest import HERE


def test_size(build):
    """init, and the initramfs packed and unpacked, against their limits."""
    policy = HERE.parent / "ima-policy" / "default.policy"
    image = build("supervise", (HERE / "demo.conf").read_text(),
                  ima_policy=policy.read_text())
    done = subprocess.run([HERE.parent / "tests" / "size", image.folder],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
