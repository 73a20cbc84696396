# SPDX-License-Identifier: MIT
"""The TPM that the host gives: the right one, in the state that it should be
in, or no boot; and every bank it has is extended.

Two TPMs in one machine, of which init would have to choose, are beyond QEMU,
and so is an SVSM that attests its TPM: unit test_tpm_find and test_identity
have them.
"""

import hashlib
import re
import subprocess
from pathlib import Path

import pytest
import seal
import vm
from bootconf import actor, modules
from initramfs import File, changed, read
from refusal import assert_refused, assert_went_well

HERE = Path(__file__).resolve().parent
MUSL_GCC = HERE.parent / "build/deps/musl/bin/musl-gcc"
ALL_BANKS = ("sha1", "sha256", "sha384", "sha512")
PROGRAM = 0o100755
REQUIRE = "give the VM such a TPM, or change [tpm] require in boot.conf"


def no_tpm(wanted, found):
    """No TPM of class WANTED."""
    return (f"init: tpm: cannot find a TPM of class {wanted}: found {found}; "
            f"{REQUIRE}")


@pytest.mark.parametrize("tpm_section, settings, line", [
    ("require = any", {"tpm": "none"}, no_tpm("any", "no TPM")),
    ("require = svsm", {"tpm": "none"}, no_tpm("svsm", "no TPM")),
    ("require = svsm", {"tpm": "crb"}, no_tpm("svsm", "tpm0 (tpm_crb)")),
    ("require = svsm", {"tpm": "tis"}, no_tpm("svsm", "tpm0 (tpm_tis)")),
    ("require = crb", {"tpm": "tis"}, no_tpm("crb", "tpm0 (tpm_tis)")),
    ("require = svsm tis", {"tpm": "crb"},
     no_tpm("svsm or tis", "tpm0 (tpm_crb)")),
    # The TPM of these cases has SHA-256 only.
    ("require = any\nbanks = sha256 sha384", {},
     "init: tpm: cannot use PCR bank sha384: the bank is not active in this "
     "TPM; activate it in the TPM, or change [tpm] banks in boot.conf"),
], ids=["none", "none-svsm", "crb-for-svsm", "tis-for-svsm", "tis-for-crb",
        "crb-for-svsm-or-tis", "bank"])
def test_refused(tiny, boot, tpm_section, settings, line):
    """Not the TPM that boot.conf asks for."""
    machine = tiny(tpm=tpm_section).machine(memory_mib=512, **settings)
    assert_refused(boot(machine).wait(), line)


def test_crb_for_svsm(tiny, boot, series):
    """On every kernel: its driver of a host's TPM is not taken for the
    SVSM's."""
    driver = "tpm_crb_acpi" if series == "7.2" else "tpm_crb"
    image = tiny(tpm="require = svsm", modules=modules(series))
    machine = image.machine(memory_mib=512)
    assert_refused(boot(machine).wait(), no_tpm("svsm", f"tpm0 ({driver})"))


# Without an SVSM: where its kernel would look for the report, and how that
# ends. Debian's kernels have configfs as a module.
NO_REPORT = {"6.1": ("", "No such file or directory"),
             "6.12": ("load = tsm", "No such device or address"),
             "7.2": ("load = tsm_report", "No such device or address")}


def test_no_report(tiny, boot, series):
    """identity = attested, in a VM whose TPM nobody attests."""
    module, reason = NO_REPORT[series]
    image = tiny(tpm="require = any\nidentity = attested",
                 modules=f"{modules(series)}\n{module}")
    assert_refused(
        boot(image.machine(memory_mib=512)).wait(),
        f"init: tpm: cannot ask for an attestation report: {reason}; load "
        "sev-guest in [modules] of boot.conf")


def srk_name(tpm):
    """The name of the TPM's storage root key, as tpm2-tools print it."""
    with seal.served(tpm) as words:
        done = subprocess.run(
            ["tpm2_readpublic", "-T", words, "-c", "0x81000001"],
            capture_output=True, text=True, check=True)
    return re.search(r"^name: (\w+)$", done.stdout, re.M)[1]


def test_pinned_srk(tiny, boot, tpm, desk):
    """The TPM whose storage root key boot.conf names serves, another one is
    refused. The first boot makes the key."""
    machine = tiny().machine(memory_mib=512)
    assert_went_well(boot(machine).wait())
    image = tiny(tpm=f"require = any\nsrk = {srk_name(tpm)}")
    machine = image.machine(memory_mib=512)
    assert_went_well(boot(machine).wait())
    other = vm.Swtpm(desk.folder / "other-tpm")
    assert_refused(
        boot(machine, tpm=other).wait(),
        "init: tpm: cannot use the TPM's storage root key 0x81000001: "
        "boot.conf names that of another TPM, or of this one before it was "
        "cleared; give the VM the TPM that has the [tpm] srk of boot.conf")


# What pre-init/extend.c leaves in PCR 14, as shim would.
SHIM = hashlib.sha256(bytes(32) + b"\1" + bytes(31)).hexdigest()
START = f"require = any\npcr14-start = sha256:{SHIM}"


@pytest.fixture
def extended(tiny, desk):
    """extended(...): an image as of tiny, in whose initramfs another program
    runs first and extends PCR 14; see pre-init/extend.c."""
    def build(**options):
        program = desk.folder / "extend"
        subprocess.run([MUSL_GCC, "-static", "-Os", "-s", "-Wall", "-o",
                        program, HERE / "pre-init/extend.c"], check=True)
        image = tiny(**options)
        init = read(image.initramfs)["init"]
        return changed(image, desk.folder / "extended", {
            "init": File(PROGRAM, program.read_bytes()), "init.real": init})
    return build


EXTENDED = ("init: tpm: cannot measure into PCR 14, bank sha256: it was "
            "extended before init started; boot without shim and without "
            "another program that uses PCR 14")
NOT_THE_START = ("init: tpm: cannot measure into PCR 14, bank sha256: it does "
                 "not hold its start value; boot with the shim of [tpm] "
                 "pcr14-start, or correct it in boot.conf")


@pytest.mark.parametrize("start", [
    "", f"\npcr14-start = sha384:{SHIM}{SHIM[:32]}"], ids=["", "other-bank"])
def test_pcr_14_extended_before(extended, boot, start):
    """PCR 14 would mean something else than what init measures."""
    image = extended(tpm=f"require = any{start}")
    assert_refused(boot(image.machine(memory_mib=512)).wait(), EXTENDED)


def test_pcr_14_without_shim(tiny, boot):
    """What boot.conf says of PCR 14 did not happen."""
    machine = tiny(tpm=START).machine(memory_mib=512)
    assert_refused(boot(machine).wait(), NOT_THE_START)


def test_pcr_14_by_another_shim(extended, boot):
    """Something else happened."""
    machine = extended(tpm=START[:-1] + "f").machine(memory_mib=512)
    assert_refused(boot(machine).wait(), NOT_THE_START)


PCR_14 = actor("reads", "pcr 14")


def test_pcr_14_after_shim(extended, builder, boot):
    """PCR 14 begins where boot.conf says, and ends where cvmctl does."""
    image = extended(tpm=START, apps=PCR_14)
    result = boot(image.machine(memory_mib=512)).wait()
    assert_went_well(result)
    (pcr,) = re.findall(r"^actor: PCR 14 sha256 (\w+)$", result.serial, re.M)
    assert pcr == builder.predicted(image)["sha256"]


@pytest.mark.parametrize("banks", [
    ALL_BANKS, ("sha256",), ("sha384",), ("sha1", "sha512"),
], ids="+".join)
def test_banks(tiny, builder, boot, desk, banks):
    """PCR 14 has the predicted value in every bank that is active, asked for
    or not."""
    image = tiny(apps=PCR_14, tpm=f"require = any\nbanks = {banks[-1]}")
    result = boot(image.machine(memory_mib=512),
                  tpm=vm.Swtpm(desk.folder / "tpm", banks=banks)).wait()
    assert_went_well(result)
    read_back = dict(re.findall(r"^actor: PCR 14 (\w+) (\w+)$",
                                result.serial, re.M))
    want = builder.predicted(image)
    assert read_back == {bank: want[bank] for bank in banks}
