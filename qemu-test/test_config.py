# SPDX-License-Identifier: MIT
"""boot.conf and apps.conf that init must not obey.

boot.conf is exchanged in the initramfs. cvmctl build refuses a bad apps.conf,
so those disks are made by hand, and boot.conf gets their verity values.
"""

import hashlib

import pytest
import vm
from bootconf import app, boot_conf
from image import run
from initramfs import BOOT_CONF, changed, changed_values, read
from refusal import assert_refused, assert_went_well
from rootfile import changed as changed_root
from rootfile import make_disk

TEXT_MAX = 65536

READ_BOOT = "init: config: cannot read /etc/cvm-init/boot.conf: "
READ_APPS = "init: measure: cannot read /etc/cvm-init/apps.conf: "


def refused_boot(what):
    """The line for a boot.conf that breaks a rule."""
    return ("init: config: cannot accept /etc/cvm-init/boot.conf: boot.conf"
            f"{what}; see boot.conf(5)")


def refused_apps(what):
    """The line for an apps.conf that breaks a rule."""
    return ("init: measure: cannot accept /etc/cvm-init/apps.conf: apps.conf"
            f"{what}; see apps.conf(5)")


def filled(text, size):
    """TEXT, and comments up to SIZE bytes."""
    line = b"#" * 99 + b"\n"
    text += line * ((size - len(text)) // len(line))
    return text + b"\n" * (size - len(text))


def appended(words):
    """What turns a good file into one with a last line."""
    return lambda good: good + words


@pytest.mark.parametrize("change, line", [
    (lambda good: None, READ_BOOT + "No such file or directory; "
     "build the initramfs with cvmctl build"),
    (lambda good: b"", refused_boot(": is empty")),
    (lambda good: b"# nothing\n",
     refused_boot(": no [tpm] require; it is any, or some of svsm crb tis")),
    (lambda good: filled(good, TEXT_MAX + 1), READ_BOOT
     + "it is over 65536 bytes; shorten it, see boot.conf(5)"),
    (lambda good: boot_conf().encode(),
     refused_boot(": [root] lacks verity values; cvmctl build writes "
                  "root-hash, data-blocks, hash-offset, data-block-size, "
                  "hash-block-size")),
    (lambda good: b"[workload]\nmode = shell\n" + good,
     refused_boot(":2: mode = shell refused; "
                  "allowed is supervise or exec")),
    (lambda good: b"[boot]\nshell = yes\n" + good,
     refused_boot(":2: unknown key shell in [boot]; allowed are on-failure "
                  "on-exit device-timeout allow-cmdline")),
    (lambda good: b"[debug]\nshell = yes\n" + good,
     refused_boot(":1: unknown section [debug]; allowed are [boot] [tpm] "
                  "[measure] [evidence] [modules] [ima] [root] [overlay] "
                  "[volume NAME] [broker] [workload]")),
    (lambda good: b"[boot]\ndevice-timeout = 1\n" + good,
     refused_boot(":3: [boot] repeated; one section each")),
    (lambda good: b"[boot]\non-exit = reboot\non-exit = reboot\n",
     refused_boot(":3: on-exit repeated in [boot]; one value only")),
    (lambda good: b"[boot]\non-exit = reboot\n[tpm]\nbanks = sha256\n",
     refused_boot(": no [tpm] require; "
                  "it is any, or some of svsm crb tis")),
    (lambda good: b"on-exit = reboot\n" + good,
     refused_boot(":1: on-exit before any [section]")),
    (lambda good: b"[boot]\non-exit\n" + good,
     refused_boot(":2: neither [section] nor key = value")),
    (lambda good: b"[boot]\n\0\n" + good,
     refused_boot(":2: control byte 0x00; plain text only")),
    (lambda good: good.replace(b"\n", b"\r\n"),
     refused_boot(":1: control byte 0x0d; plain text only")),
    (lambda good: b"#" * 4001 + b"\n" + good,
     refused_boot(":1: line too long; at most 4000 bytes")),
], ids=["missing", "empty", "only-comment", "oversized", "template",
        "bad-value", "unknown-key", "unknown-section", "repeated-section",
        "repeated-key", "no-required-key", "no-section", "no-value",
        "nul-byte", "carriage-return", "long-line"])
def test_boot_conf(tiny, boot, desk, change, line):
    """Refused before anything else happens."""
    image = tiny()
    good = read(image.initramfs)[BOOT_CONF].data
    bad = changed(image, desk.folder / "image", {BOOT_CONF: change(good)})
    assert_refused(boot(bad.machine()).wait(), line)


def test_boot_conf_at_maximum(tiny, boot, desk):
    """One byte less than too many."""
    image = tiny()
    good = read(image.initramfs)[BOOT_CONF].data
    image = changed(image, desk.folder / "image",
                    {BOOT_CONF: filled(good, TEXT_MAX)})
    assert_went_well(boot(image.machine()).wait())


def test_boot_conf_other_hash(tiny, boot, desk):
    """The root hash is as long as the hash algorithm says."""
    image = changed_values(tiny(), desk.folder / "image", {"hash": "sha512"})
    assert_refused(boot(image.machine()).wait(),
                   refused_boot(": root-hash has 32 bytes; sha512 has 64"))


GOOD_APPS = app("marker", "/app/actor marker hello").encode()


@pytest.mark.parametrize("apps, line", [
    (None, READ_APPS + "No such file or directory; "
     "put it on the root, see apps.conf(5)"),
    (b"", refused_apps(": is empty")),
    (b"# nothing\n",
     "init: measure: cannot run the apps of /etc/cvm-init/apps.conf: "
     "it declares no [app]; declare one, see apps.conf(5)"),
    (filled(GOOD_APPS, TEXT_MAX + 1),
     READ_APPS + "it is over 65536 bytes; shorten it, see apps.conf(5)"),
    (GOOD_APPS + b"shell = yes\n",
     refused_apps(":4: unknown key shell in [app marker]; allowed are exec "
                  "measure expect measure-by env user restart "
                  "stop-timeout")),
    (GOOD_APPS + b"restart = never\n",
     refused_apps(":4: restart repeated in [app marker]; one value only")),
    (GOOD_APPS + GOOD_APPS,
     refused_apps(":4: [app marker]: repeated; one section each")),
    (b"[app marker]\nexec = actor\n",
     refused_apps(":2: exec = actor refused; allowed is an absolute path "
                  "and at most 63 arguments")),
    (b"[app marker]\nrestart = never\n",
     refused_apps(": [app marker] ends without exec; it is an absolute path "
                  "and at most 63 arguments")),
    (GOOD_APPS + b"\0", refused_apps(
        ":4: control byte 0x00; plain text only")),
], ids=["missing", "empty", "only-comment", "oversized", "unknown-key",
        "repeated-key", "repeated-app", "relative-path", "no-exec",
        "nul-byte"])
def test_apps_conf(tiny, root, boot, desk, apps, line):
    """Refused after it was measured, before any of it runs."""
    tar = changed_root(root("tiny"), desk.folder / "root.tar",
                       {"/etc/cvm-init/apps.conf": apps})
    path, values = make_disk(tar, desk.folder)
    image = changed_values(tiny(), desk.folder / "image", values)
    disk = vm.Disk(path, snapshot=True)
    assert_refused(boot(image.machine().replace(disks=(disk,))).wait(), line)


def test_disk_by_hand(tiny, root, boot, desk):
    """The disks of the cases above would boot, were it not for apps.conf."""
    path, values = make_disk(root("tiny"), desk.folder)
    image = changed_values(tiny(), desk.folder / "image", values)
    disk = vm.Disk(path, snapshot=True)
    assert_went_well(boot(image.machine().replace(disks=(disk,))).wait())


@pytest.mark.parametrize("content", [b"expected", b"another"])
def test_expect(tiny, root, boot, desk, content):
    """A file that is not what apps.conf says ends the boot."""
    want, found = (hashlib.sha256(data).hexdigest()
                   for data in (b"expected", content))
    apps = (GOOD_APPS + b"measure = /app/words\nexpect = sha256:"
            + want.encode() + b"\n")
    tar = changed_root(root("tiny"), desk.folder / "root.tar",
                       {"/etc/cvm-init/apps.conf": apps,
                        "/app/words": content})
    path, values = make_disk(tar, desk.folder)
    image = changed_values(tiny(), desk.folder / "image", values)
    disk = vm.Disk(path, snapshot=True)
    result = boot(image.machine().replace(disks=(disk,))).wait()
    if want == found:
        assert_went_well(result)
    else:
        assert_refused(result, "init: measure: cannot measure /app/words: "
                       f"its sha256 is not the expected one but {found}; "
                       "check [app marker] in apps.conf")


@pytest.mark.parametrize("apps, words", [
    (b"", "is empty"),
    (b"[app marker]\nexec = actor\n", "exec = actor refused"),
    (filled(GOOD_APPS, TEXT_MAX + 1), "File too large"),
], ids=["empty", "relative-path", "oversized"])
def test_cvmctl_refuses_apps_conf(builder, root, desk, apps, words):
    """What init would refuse never gets into an image."""
    path = desk.folder / "apps.conf"
    path.write_bytes(apps)
    with pytest.raises(vm.HarnessError, match=words):
        run([builder.cvmctl, "check", "--apps", path])
