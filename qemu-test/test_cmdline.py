# SPDX-License-Identifier: MIT
"""The kernel command line is the host's. Words that boot.conf does not allow
end the boot; what the kernel itself does with them beforehand must not help
the host either."""

import pytest
from refusal import PANIC, assert_refused, assert_went_well

LIST = "it is not on the list of boot.conf(5), [boot] allow-cmdline"
REPLACE = "it would replace what was measured"
REPEATED = "it is repeated"


def refused(word, reason):
    """The line for a word."""
    return (f"init: cmdline: cannot accept the command line word {word}: "
            f"{reason}; boot with the command line that cvmctl build wrote")


@pytest.mark.parametrize("words, word, reason", [
    ("debug", "debug", LIST),
    ("ima_policy=tcb", "ima_policy=tcb", LIST),
    ("module.sig_enforce=0", "module.sig_enforce=0", LIST),
    ("dm_verity.prefetch_cluster=1", "dm_verity.prefetch_cluster=1", LIST),
    ("-- single", "--", LIST),
    ('loglevel="4"', 'loglevel="4"', LIST),
    ("loglevel=x", "loglevel=x", LIST),
    ("initrd=other", "initrd=other", LIST),
    ("quiet", "quiet", REPEATED),
    ("panic=0", "panic=0", REPEATED),
    ("console=ttyS0", "console=ttyS0", REPEATED),
    ("initrd=initrd initrd=initrd", "initrd=initrd", REPEATED),
    ("init=/bin/sh", "init=/bin/sh", REPLACE),
    ("rdinit=/init", "rdinit=/init", REPLACE),
    ("root=/dev/vda", "root=/dev/vda", REPLACE),
    ("root=/dev/vda root=/dev/vdb", "root=/dev/vda", REPLACE),
    ("e\x1b[2Jvil", "e\\x1b[2Jvil", LIST),
    ("noinitrd", "noinitrd", LIST),
    ("x" * 300, "x" * 100, LIST),
], ids=["unknown", "ima-policy", "module-setting", "verity-setting",
        "argument-of-init", "quoted-value", "bad-value", "other-initrd",
        "repeated", "repeated-name", "repeated-console", "repeated-initrd",
        "init", "rdinit", "root", "second-root", "escape-sequence",
        "noinitrd", "long"])
def test_cmdline_word(tiny, boot, words, word, reason):
    """A word that is on no list."""
    result = boot(tiny().machine(append=words)).wait()
    assert_refused(result, refused(word, reason))


@pytest.mark.parametrize("word", [
    "rdinit=/bin/sh", "rdinit=/etc/cvm-init/boot.conf",
], ids=["no-such-file", "no-program"])
def test_cmdline_without_init(tiny, boot, word):
    """Words by which the kernel does not start init: nothing else starts."""
    result = boot(tiny().machine(append=word)).wait()
    assert PANIC in result.serial, result.tail()
    assert result.ending == "guest-reset"
    assert "init: " not in result.serial.split(PANIC)[0]
    assert "actor: " not in result.serial


ALLOW = "device-timeout = 1\nallow-cmdline = "


@pytest.mark.parametrize("allowed, words", [
    ("module.sig_enforce=1", "module.sig_enforce=1"),
    ("ima_policy=critical_data", "ima_policy=critical_data"),
    ("unheard-of", "unheard-of loglevel=3"),
], ids=["module-setting", "ima-policy", "with-known"])
def test_cmdline_allowed(tiny, boot, allowed, words):
    """What boot.conf allows passes, beside what is built in."""
    image = tiny(boot=ALLOW + allowed)
    assert_went_well(boot(image.machine(append=words)).wait())


@pytest.mark.parametrize("allowed, word, reason", [
    ("module.sig_enforce=1", "module.sig_enforce=0", LIST),
    ("module.sig_enforce=1", "module.sig_enforce=1=1", LIST),
    ("root=/dev/vda", "root=/dev/vda", REPLACE),
], ids=["other-value", "longer-value", "never"])
def test_cmdline_not_allowed(tiny, boot, allowed, word, reason):
    """A word is allowed whole, and some never."""
    image = tiny(boot=ALLOW + allowed)
    assert_refused(boot(image.machine(append=word)).wait(),
                   refused(word, reason))


def test_cmdline_of_ovmf(tiny, boot):
    """OVMF adds a word of its own, which passes; init sees no other."""
    image = tiny(apps="[app cmdline]\nexec = /bin/cat /proc/cmdline\n")
    result = boot(image.machine(firmware="ovmf"), seconds_max=150).wait()
    assert_went_well(result)
    lines = result.serial.splitlines()
    assert sorted((image.cmdline + " initrd=initrd").split()) in [
        sorted(line.split()) for line in lines], result.tail()
