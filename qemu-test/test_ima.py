# SPDX-License-Identifier: MIT
"""The IMA policy of the initramfs is in force before anything else runs, or
the VM is off."""

import base64
import hashlib
import re
import struct
from pathlib import Path

import pytest
from bootconf import app, modules
from initramfs import changed, rewritten
from preinit import preinit
from refusal import assert_refused, assert_went_well

HERE = Path(__file__).resolve().parent
PATH = "/etc/cvm-init/ima-policy"
GOOD = (HERE.parent / "ima-policy" / "default.policy").read_text()
IMA = f"policy = {PATH}"
SECURITYFS = "/sys/kernel/security/ima"
CRITICAL_DATA = b"measure func=CRITICAL_DATA label=device-mapper\n"

GRAMMAR = "see Documentation/ABI/testing/ima_policy of Linux 6.1"
OLDEST = ("the kernel refuses the rule; "
          "use the grammar of the oldest kernel that boots this image")


def cannot(what, reason):
    """The line for a policy."""
    return f"init: ima: cannot {what}: {reason}"


@pytest.mark.parametrize("policy, line", [
    (None, cannot(f"read IMA policy {PATH}", "No such file or directory; "
                  "build the initramfs with cvmctl build --ima-policy")),
    (b"", cannot(f"use IMA policy {PATH}", "it holds no rule; "
                 "add a rule, or set [ima] policy = none")),
    (b"# none\n\n", cannot(f"use IMA policy {PATH}", "it holds no rule; "
                           "add a rule, or set [ima] policy = none")),
    (b"measure func=BPRM_CHECK\nrecord func=MMAP_CHECK\n",
     cannot(f"accept line 2 of {PATH}", f"unknown word record; {GRAMMAR}")),
    (b"measure func=NO_CHECK\n",
     cannot(f"accept line 1 of {PATH}",
            f"unknown word func=NO_CHECK; {GRAMMAR}")),
    (b"measure\0\n",
     cannot(f"read line 1 of {PATH}",
            "it holds control bytes; write one plain rule in each line")),
    (b"measure " + b" " * 4100 + b"\n",
     cannot(f"read line 1 of {PATH}",
            "the line is too long; write one plain rule in each line")),
    (b"#" * 65537,
     cannot(f"read IMA policy {PATH}",
            "it is over 65536 bytes; shorten the IMA policy")),
    (b"# good\nmeasure func=BPRM_CHECK\nmeasure uid=notanumber\n",
     cannot(f"load line 3 of {PATH}", OLDEST)),
    (b"measure func=BPRM_CHECK template=no-such\n",
     cannot(f"load line 1 of {PATH}", OLDEST)),
    (b"measure func=BPRM_CHECK func=MMAP_CHECK\n",
     cannot(f"load line 1 of {PATH}", OLDEST)),
], ids=["missing", "empty", "only-comment", "unknown-action", "unknown-func",
        "nul-byte", "long-line", "oversized", "kernel-bad-number",
        "kernel-bad-template", "kernel-two-funcs"])
def test_ima_policy_refused(tiny, boot, desk, policy, line):
    """A policy that our checker refuses, or only the kernel."""
    image = changed(tiny(ima=IMA, ima_policy=GOOD), desk.folder / "image",
                    {PATH[1:]: policy})
    assert_refused(boot(image.machine()).wait(), line)


@pytest.mark.parametrize("act, line", [
    ("policy /first", cannot(
        f"open {SECURITYFS}/policy",
        "the kernel offers no policy file: a policy is in force already, or "
        "IMA is off; boot without ima_policy= on a kernel with CONFIG_IMA")),
    ("hold", cannot(f"open {SECURITYFS}/policy", "Resource busy; "
                    "let nothing else load an IMA policy")),
])
def test_ima_policy_blocked(tiny, boot, desk, act, line):
    """Somebody was faster: another policy is in force, or will be."""
    image = preinit(tiny(ima=IMA, ima_policy=GOOD), desk.folder / "image",
                    act, files={"first": CRITICAL_DATA})
    result = boot(image.machine()).wait()
    assert "pre-init: " + act.split()[0] in result.serial
    assert ": done\n" in result.serial
    assert_refused(result, line)


def test_ima_policy_none(tiny, boot):
    """boot.conf may do without: nobody has loaded one."""
    image = tiny(apps=app("look", f"/bin/ls {SECURITYFS}"))
    result = boot(image.machine()).wait()
    assert_went_well(result, "policy")


# What the workload shows of IMA, between two marks.
SHOW = app("show", '/bin/sh -c "ls {0}; echo PCR; '
           'cat /sys/class/tpm/tpm0/pcr-sha256/10; echo LOG; '
           'base64 {0}/binary_runtime_measurements; echo END"'.format(
               SECURITYFS))


def entries(log):
    """(template, data) of the binary log; facts of Linux's ima_fs.c."""
    at = 0
    while at < len(log):
        _, name_size = struct.unpack_from("<I20xI", log, at)
        name = log[at + 28:at + 28 + name_size].decode()
        at += 28 + name_size
        size, = struct.unpack_from("<I", log, at)
        yield name, log[at + 4:at + 4 + size]
        at += 4 + size


def replay(log):
    """PCR 10 of the SHA-256 bank after all entries."""
    pcr = bytes(32)
    for _, data in entries(log):
        pcr = hashlib.sha256(pcr + hashlib.sha256(data).digest()).digest()
    return pcr.hex()


def test_ima_policy_in_force(tiny, boot, series):
    """On every kernel: the policy cannot be replaced, the table of the root
    was measured, and PCR 10 is what the log says."""
    image = tiny(apps=SHOW, ima=IMA, ima_policy=GOOD)
    result = boot(image.machine()).wait()
    assert_went_well(result)
    files, pcr, log = re.search(r"\n(ascii.*?)\nPCR\n(.*?)\nLOG\n(.*?)\nEND\n",
                                result.serial, re.S).groups()
    log = base64.b64decode(log)
    root_hash = image.manifest["root"]["verity"]["root-hash"].encode()
    assert "policy" not in files.split()
    assert replay(log) == pcr.lower()
    tables = [data for _, data in entries(log) if b"dm_table_load" in data]
    assert len(tables) == 1 and root_hash in tables[0]
    assert any(b"/busybox" in data for _, data in entries(log))


def test_ima_policy_must_be_signed(tiny, boot, desk, series):
    """On every kernel: it may be told to take no policy but a signed one, and
    then takes no module either."""
    word = "ima_policy=secure_boot"
    image = tiny(ima=IMA, ima_policy="measure func=BPRM_CHECK\n",
                 modules=modules(series),
                 boot=f"device-timeout = 1\nallow-cmdline = {word}")
    image = rewritten(image, desk.folder / "image", modules(series), "")
    assert_refused(boot(image.machine(append=word)).wait(),
                   cannot(f"load line 1 of {PATH}",
                          "the kernel takes signed policies only; "
                          "boot without ima_policy=secure_boot"))
