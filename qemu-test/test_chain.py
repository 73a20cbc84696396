# SPDX-License-Identifier: MIT
"""What is measured before init: PCRs 2, 4, 9, 11 and 12, predicted from files.

Each way to start that `cvmctl predict --boot` knows boots here, with all four
banks. The PCRs have to be those of the prediction, and the firmware's log has
to have the predicted events, each digest of them, and no others.

The direct boots differ in who changes what: Debian 12's QEMU changes the
kernel's header, Debian 13's with a newer OVMF does not; OVMF of 2025.02 and
before has its word after the command line, newer ones before. Other suites'
firmware, stubs and QEMU come from qemu-test/firmware.
"""

import base64
import functools
import json
import re
import struct
import subprocess
from dataclasses import dataclass

import image as images
import pytest
import seal
import uki
import vm
from bootconf import actor, modules
from refusal import assert_refused, assert_went_well
from volume import assert_counts

BANKS = ("sha1", "sha256", "sha384", "sha512")
PCRS = (2, 4, 9, 11, 12)
LOG = "/sys/kernel/security/tpm0/binary_bios_measurements"
BOOT_SECONDS_MAX = 150

# TCG PC Client Platform Firmware Profile 1.05, 10.4.1, and Part 2, 6.3
TYPES = {0x4: "EV_SEPARATOR", 0x6: "EV_EVENT_TAG", 0xd: "EV_IPL",
         0x80000003: "EV_EFI_BOOT_SERVICES_APPLICATION",
         0x80000007: "EV_EFI_ACTION"}
ALGORITHMS = {0x4: ("sha1", 20), 0xb: ("sha256", 32), 0xc: ("sha384", 48),
              0xd: ("sha512", 64)}

TELLS = actor("tells", " ".join(
    [f"pcr {pcr}" for pcr in (*PCRS, 14)] + [f"dump {LOG}"]))


@dataclass(frozen=True)
class Direct:
    """QEMU's -kernel with the files of an image, and what it comes to. "7" and
    "ovmf" are Debian 12's own."""
    firmware: str
    qemu: str
    word: str
    header: str
    machine: str = "pc"
    memory_mib: int = 1024

    def __str__(self):
        return (f"{self.firmware}-qemu_{self.qemu}-{self.machine}-"
                f"{self.memory_mib}M")

    def options(self):
        """Those of cvmctl predict."""
        words = ["--boot", "ovmf", "--initrd-word", self.word,
                 "--kernel-header", self.header]
        if self.header == "qemu":
            words += ["--memory", f"{self.memory_mib}M",
                      "--machine", self.machine]
        return words


@dataclass(frozen=True)
class Unified:
    """A UKI with the stub of a version of systemd."""
    stub: str
    firmware: str
    mode: str                    # uki, uki-direct
    osrel: bool = False
    append: str = ""

    def __str__(self):
        osrel = "-osrel" if self.osrel else ""
        return (f"{self.stub}-{self.firmware}-{self.mode}{osrel}"
                + ("-append" if self.append else ""))


#      firmware     QEMU  word      header
USUAL = [
    Direct("ovmf", "7", "after", "qemu"),
    Direct("ovmf-2026", "10", "before", "pristine"),
]
OTHERS = [
    Direct("ovmf-2026", "7", "before", "qemu"),
    Direct("ovmf-2025", "10", "after", "pristine"),
    Direct("ovmf", "10", "after", "qemu"),
    Direct("ovmf", "7", "after", "qemu", "pc", 4096),
    Direct("ovmf", "7", "after", "qemu", "q35", 3072),
]
APPEND = "console=ttyS0 loglevel=3 panic=-1 no_timer_check"
UKI_USUAL = Unified("stub-257", "ovmf", "uki")
UKI_DIRECT = Unified("stub-257", "ovmf-2025", "uki-direct")
UKIS = [
    Unified("stub-252", "ovmf", "uki", osrel=True),
    Unified("stub-252", "ovmf", "uki-direct", append=APPEND),
    Unified("stub-257", "ovmf-2025", "uki-direct", osrel=True),
    Unified("stub-262", "ovmf-2026", "uki", osrel=True),
    Unified("stub-262", "ovmf-2026", "uki-direct", append=APPEND),
]


def fetched(name):
    """A folder of qemu-test/firmware; without it the case is skipped."""
    folder = vm.FETCHED / name
    if not (folder / "version").is_file():
        pytest.skip(f"{name} could not be fetched")
    return folder


@pytest.fixture
def tpm(desk):
    """A TPM with every bank that can be predicted."""
    return vm.Swtpm(desk.folder / "tpm", banks=BANKS)


@pytest.fixture
def image(tiny, series):
    """One whose workload tells all PCRs and the firmware's log."""
    return tiny(apps=TELLS, modules=modules(series))


@pytest.fixture
def predict(builder, desk):
    """predict(image, "--boot", "ovmf", ...): the file with the answer."""
    def predict_image(image, *words):
        file = desk.folder / "prediction.json"
        file.write_text(images.run([builder.cvmctl, "predict", "--image",
                                    image.folder, "--json", *words]))
        return file
    return predict_image


@pytest.fixture
def sealed_to_chain(builder, desk, tpm):
    """sealed_to_chain(image, file): a disk, sealed to that prediction."""
    return lambda image, file: seal.format_disk(
        builder.cvmctl, image, desk.folder / "state.img", tpm,
        policy=("--prediction", file))


def dumped(serial, path):
    """A file that the actor has dumped on the console."""
    lines = re.findall(rf"^actor: {path}: ([\w+/=]+)$", serial, re.M)
    assert lines.pop() == "end"
    return base64.b64decode("".join(lines))


def events(log):
    """(PCR, type, digests by bank) of each event of a crypto-agile log."""
    size, = struct.unpack_from("<I", log, 28)
    at = 32 + size               # behind the Spec ID event
    while at < len(log):
        pcr, kind, count = struct.unpack_from("<III", log, at)
        at += 12
        digests = {}
        for _ in range(count):
            name, length = ALGORITHMS[struct.unpack_from("<H", log, at)[0]]
            digests[name] = log[at + 2:at + 2 + length].hex()
            at += 2 + length
        size, = struct.unpack_from("<I", log, at)
        at += 4 + size
        yield pcr, TYPES.get(kind, hex(kind)), digests


def assert_as_predicted(serial, file):
    """PCRs and firmware log are those of the prediction in FILE."""
    prediction = json.loads(file.read_text())
    told = {}
    for pcr, bank, value in re.findall(
            r"^actor: PCR (\d+) (\w+) (\w+)$", serial, re.M):
        told.setdefault(pcr, {})[bank] = value
    want = dict(prediction["boot"]["pcrs"])
    want["14"] = {bank: values["ready"]
                  for bank, values in prediction["banks"].items()}
    assert [event for event in events(dumped(serial, LOG))
            if event[0] in PCRS] == [
        (event["pcr"], event["type"],
         {d["hashAlg"]: d["digest"] for d in event["digests"]})
        for event in prediction["boot"]["events"]]
    assert told == want
    assert set(told) == {"2", "4", "9", "11", "12", "14"}
    assert all(tuple(values) == BANKS for values in want.values())


@functools.cache
def is_debian_12():
    """Whether this machine's own QEMU, and so its OVMF, are Debian 12's."""
    text = subprocess.run([vm.QEMU, "--version"], check=True,
                          capture_output=True, text=True).stdout
    return "version 7." in text


def direct_machine(image, row):
    """The machine of a Direct ROW."""
    if (row.qemu == "7" or row.firmware == "ovmf") and not is_debian_12():
        pytest.skip("this Debian has no QEMU 7, or no OVMF of its time")
    qemu = vm.QEMU
    if row.qemu == "10":
        qemu = fetched("debian-13") / "qemu"
    if row.firmware != "ovmf":
        fetched(row.firmware)
    return image.machine(firmware=row.firmware, qemu=qemu,
                         machine=row.machine, memory_mib=row.memory_mib)


def boots_directly(boot, image, predict, row):
    """A Direct ROW boots as it was predicted."""
    result = boot(direct_machine(image, row),
                  seconds_max=BOOT_SECONDS_MAX).wait()
    assert_went_well(result)
    assert_as_predicted(result.serial, predict(image, *row.options()))


@pytest.mark.parametrize("row", USUAL, ids=str)
def test_direct_boot(boot, image, predict, row, series):
    """The oldest and the newest of QEMU and OVMF, with each kernel."""
    assert series                # asked for here: a case for each kernel
    boots_directly(boot, image, predict, row)


@pytest.mark.parametrize("row", OTHERS, ids=str)
def test_direct_boot_mixed(boot, image, predict, row):
    """One of them old, the other new; and memory above 4 GiB."""
    boots_directly(boot, image, predict, row)


def unified_machine(desk, image, row):
    """The machine of a Unified ROW, and cvmctl's words for it."""
    if row.firmware != "ovmf":
        fetched(row.firmware)
    more = {"osrel": b"ID=demo\nVERSION_ID=1\n"} if row.osrel else {}
    file = uki.make(fetched(row.stub) / "linuxx64.efi.stub",
                    desk.folder / "uki.efi", uki.parts(image, **more))
    machine = image.machine(firmware=row.firmware).replace(
        kernel=file, initrd=None, append=row.append)
    if row.mode == "uki":
        disk = vm.Disk(uki.make_disk(file, desk.folder / "esp.img"),
                       snapshot=True, first=True)
        machine = machine.replace(kernel=None, disks=(*machine.disks, disk))
        more = ("--efi-only",)     # for the comparison: not true of OVMF
    else:
        more = ("--append", row.append) if row.append else ()
    return machine, ("--boot", row.mode, "--uki", file, *more)


def boots_unified(boot, desk, image, predict, row):
    """A UKI starts as it was predicted."""
    machine, words = unified_machine(desk, image, row)
    result = boot(machine, seconds_max=BOOT_SECONDS_MAX).wait()
    assert_went_well(result)
    assert_as_predicted(result.serial, predict(image, *words))


def test_uki(boot, desk, image, predict, series):
    """From a disk, with each kernel."""
    assert series                # asked for here: a case for each kernel
    boots_unified(boot, desk, image, predict, UKI_USUAL)


@pytest.mark.parametrize("row", UKIS, ids=str)
def test_uki_stub(boot, desk, image, predict, row):
    """Each version of the stub, from a disk and by -kernel."""
    boots_unified(boot, desk, image, predict, row)


def assert_opens_as_sealed(boot, machine, disk, append, differ):
    """The DISK opens, twice; but not when the host gives the command line
    APPEND, with which the PCRs DIFFER."""
    machine = machine.replace(disks=(*machine.disks, disk))
    for count in (1, 2):
        assert_counts(boot(machine, seconds_max=BOOT_SECONDS_MAX).wait(),
                      count)
    assert_refused(
        boot(machine.replace(append=append),
             seconds_max=BOOT_SECONDS_MAX).wait(),
        f"init: volumes: cannot unseal the key of volume state: {differ} from "
        "the policy it was sealed under; seal it again for these apps with "
        "cvmctl seal")


def test_sealed_to_direct_boot(boot, predict, sealed_to_chain, with_volume):
    """A disk that is sealed to what cvmctl predict says."""
    image = with_volume()
    row = USUAL[0 if is_debian_12() else 1]
    disk = sealed_to_chain(image, predict(image, *row.options()))
    assert_opens_as_sealed(boot, direct_machine(image, row), disk,
                           f"{image.cmdline} loglevel=3", "PCR 9 differs")


def test_sealed_to_uki(boot, desk, predict, sealed_to_chain, with_volume):
    """The same for a UKI."""
    image = with_volume()
    machine, words = unified_machine(desk, image, UKI_DIRECT)
    disk = sealed_to_chain(image, predict(image, *words))
    assert_opens_as_sealed(boot, machine, disk, APPEND, "PCRs 9 and 12 differ")


def test_others_hash_the_kernel_so_too(image, series):
    """The manifest's hash is the one that the kernel was signed over."""
    assert series                # asked for here: a case for each kernel
    text = subprocess.run(["osslsigncode", "verify", image.kernel],
                          capture_output=True, text=True, check=False).stdout
    found = re.findall(r"^Calculated message digest *: (\w+)", text, re.M)
    assert [f.lower() for f in found] == [
        image.manifest["kernel"]["authenticode"]["sha256"]]


@pytest.mark.parametrize("stub", ["stub-252", "stub-257", "stub-262"])
def test_others_measure_a_uki_so_too(desk, image, predict, stub):
    """PCR 11 is what systemd-measure says, without any phase."""
    measure = fetched("debian-13") / "systemd-measure"
    program = fetched(stub) / "linuxx64.efi.stub"
    sbat = desk.folder / "sbat"
    file = uki.make(program, desk.folder / "uki.efi", uki.parts(image))
    subprocess.run(["objcopy", "-O", "binary", "--dump-section",
                    f".sbat={sbat}", program, "/dev/null"], check=True)
    sections = {"linux": image.kernel, "initrd": image.initramfs,
                "cmdline": image.folder / "cmdline"}
    if stub != "stub-252":
        sections["sbat"] = sbat
    text = images.run([measure, "calculate", "--phase=",
                       *(f"--{name}={path}"
                         for name, path in sections.items()),
                       *(f"--bank={bank}" for bank in BANKS)])
    assert dict(re.findall(r"^11:(\w+)=(\w+)$", text, re.M)) == json.loads(
        predict(image, "--boot", "uki-direct", "--uki", file).read_text())[
            "boot"]["pcrs"]["11"]
