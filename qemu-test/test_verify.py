# SPDX-License-Identifier: MIT
"""cvmctl verify, with the evidence of a VM: it is trusted on every kernel, and
refused with one thing changed. tpm2-tools and evmctl read the same logs."""

import base64
import copy
import hashlib
import json
import re
import subprocess
from pathlib import Path

import image as images
import pytest
import vm
from bootconf import actor, app
from refusal import assert_went_well
from rootfile import host_program
from test_measure import dumped, dumps

HERE = Path(__file__).resolve().parent
IMA_POLICY = (HERE.parent / "ima-policy/default.policy").read_text()
WRITTEN = "/run/cvm-init/evidence.json"
BANKS = ("sha1", "sha256", "sha384")
BOOT = ("--boot", "ovmf", "--initrd-word", "after", "--kernel-header")
EVERY_PCR = ",".join(map(str, range(16)))


def kernel_header():
    """The machine's own OVMF and QEMU, of Debian 12 or 13: see test_chain.py."""
    version = images.run([vm.QEMU, "--version"])
    if re.search(r"version (\d+)", version)[1] == "7":
        return ("qemu", "--memory", "512M")
    return ("pristine",)


@pytest.fixture
def tpm(desk):
    """A TPM with SHA-1 too, which IMA then pads for what it cannot hash."""
    return vm.Swtpm(desk.folder / "tpm", banks=BANKS)


@pytest.fixture
def image(tiny):
    """One whose init writes evidence, which its workload shows."""
    return tiny(evidence="write = yes", apps=dumps(WRITTEN),
                ima="policy = /etc/cvm-init/ima-policy",
                ima_policy=IMA_POLICY, measure="systemd-log = yes")


@pytest.fixture
def evidence(image, boot):
    """What it shows."""
    result = boot(image.machine(memory_mib=512, firmware="ovmf")).wait()
    assert_went_well(result)
    return json.loads(dumped(result.serial, WRITTEN))


def verifier(builder, image, desk):
    """verify(evidence, "--json", ...) for IMAGE: status and answer."""
    prediction = desk.folder / "prediction.json"
    prediction.write_text(images.run([
        builder.cvmctl, "predict", "--image", image.folder, "--json", *BOOT,
        *kernel_header()]))

    def run(evidence, *words, manifest=image.folder / "manifest.json",
            nonce=None):
        file = desk.folder / "evidence.json"
        file.write_text(json.dumps(evidence))
        ak = desk.folder / "ak.pub"
        if not ak.exists():
            ak.write_bytes(base64.b64decode(evidence["tpm"]["ak"]))
        done = subprocess.run(
            [builder.cvmctl, "verify", "--nonce", nonce or evidence["nonce"],
             "--ak", ak, "--without-hardware", "--prediction", prediction,
             "--json", *words, file, manifest],
            capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)
    return run


@pytest.fixture
def verify(builder, image, desk):
    """As of verifier()."""
    return verifier(builder, image, desk)


def refused(answer):
    """The names of the checks that a verdict refuses."""
    return {check["name"] for check in answer["checks"]
            if check["result"] == "refused"}


def cut(log):
    """Without its last bytes."""
    return base64.b64encode(base64.b64decode(log)[:-7]).decode()


def change(evidence, name):
    """A copy, with one thing changed."""
    other = copy.deepcopy(evidence)
    logs = other["logs"]
    if name == "firmware cut":
        logs["firmware"] = cut(logs["firmware"])
    elif name == "ima cut":
        logs["ima"] = cut(logs["ima"])
    elif name == "ima gone":
        del logs["ima"]
    elif name == "init cut":
        logs["init"].pop()
    elif name == "init reordered":
        logs["init"][0:2] = logs["init"][1::-1]
    elif name == "init extra":
        logs["init"].append(logs["init"][0])
    elif name == "value":
        bank = other["tpm"]["pcrs"]["sha256"]
        bank["0"] = bank["1"]
    elif name == "foreign key":
        other["tpm"]["ak"] = other["tpm"]["srk"]
    return other


CHANGES = {"firmware cut": "firmware-log", "ima cut": "ima-log",
           "ima gone": "ima-log", "init cut": "replay",
           "init reordered": "replay", "init extra": "replay",
           "value": "pcr-values", "foreign key": "attestation-key"}


def evmctl_matches(evidence, folder, *words):
    """Whether ima-evm-utils replay the list to the PCRs, with SHA-1 and
    SHA-256."""
    (folder / "ima").write_bytes(base64.b64decode(evidence["logs"]["ima"]))
    pcrs = []
    for bank in ("sha1", "sha256"):
        (folder / bank).write_text("".join(
            f"PCR-{int(pcr):02}: {bytes.fromhex(value).hex(' ')}\n"
            for pcr, value in evidence["tpm"]["pcrs"][bank].items()))
        pcrs += ["--pcrs", f"{bank},{folder / bank}"]
    done = subprocess.run(
        ["evmctl", "ima_measurement", *words, *pcrs, folder / "ima"],
        check=False, capture_output=True, text=True)
    assert ("Matched" in done.stderr) == (done.returncode == 0), done.stderr
    return done.returncode == 0


def eventlog(evidence, folder):
    """PCRs that tpm2_eventlog replays from the firmware's log, by bank."""
    file = folder / "firmware"
    file.write_bytes(base64.b64decode(evidence["logs"]["firmware"]))
    told = images.run(["tpm2_eventlog", file]).split("\npcrs:\n")[1]
    banks, bank = {}, None
    for line in told.splitlines():
        if name := re.fullmatch(r"  (sha\d+):", line):
            bank = banks.setdefault(name[1], {})
        elif value := re.fullmatch(r"    (\d+) *: 0x([0-9a-f]+)", line):
            bank[value[1]] = value[2]
    return banks


def test_verify(tiny, evidence, verify, desk, series):
    """On every kernel, whose IMA has another idea of the SHA-384 bank."""
    status, answer = verify(evidence, "--require-pcrs", EVERY_PCR)
    assert (status, answer["trusted"]) == (0, True), answer["checks"]
    origins = {(event["log"], event["origin"]) for event in answer["events"]}
    assert {("firmware", "firmware"), ("firmware", "known"),
            ("init", "known"), ("ima", "known")} <= origins
    assert ("init", "unknown") not in origins
    assert not any(event["origin"] == "unknown" for event in answer["events"]
                   if event["pcr"] in (4, 9, 11, 12, 14))

    for name, check in CHANGES.items():
        status, answer = verify(change(evidence, name))
        assert (status, check in refused(answer)) == (3, True), name
    status, answer = verify(evidence, nonce="00")
    assert (status, refused(answer)) == (3, {"nonce"})
    other = tiny(apps=dumps("/etc/passwd"))
    status, answer = verify(evidence,
                            manifest=other.folder / "manifest.json")
    assert (status, refused(answer)) == (3, {"boot", "apps"})

    assert evmctl_matches(evidence, desk.folder)
    for bank, values in eventlog(evidence, desk.folder).items():
        for pcr, value in values.items():
            assert evidence["tpm"]["pcrs"][bank][pcr] == value


def test_a_changed_directory(tiny, boot, verify):
    """The verdict names what differs in it from the image's."""
    def site(**files):
        return tiny(evidence="write = yes",
                    apps=actor("tells", f"dump {WRITTEN}", measure="/srv"),
                    files={f"/srv/{name}": data
                           for name, data in files.items()})

    expected = site(page=b"one", style=b"plain")
    result = boot(site(page=(b"two", 0o600), style=b"plain", worm=b"hungry")
                  .machine(memory_mib=512)).wait()
    assert_went_well(result)
    evidence = json.loads(dumped(result.serial, WRITTEN))
    status, answer = verify(evidence,
                            manifest=expected.folder / "manifest.json")
    apps = next(check for check in answer["checks"] if check["name"] == "apps")
    assert (status, apps["result"]) == (3, "refused")
    assert apps["text"].endswith(
        ": directory tells /srv; 2 of its entries differ, the first by mode "
        "(0600, not 0644) and content: page")
    assert apps["difference"] == {
        "event": 2, "entry": "apps.events[2]", "kind": "changed",
        "path": "page", "entries": 2,
        "fields": [{"name": "mode", "expected": "0644", "found": "0600"},
                   {"name": "content",
                    "expected": hashlib.sha256(b"one").hexdigest(),
                    "found": hashlib.sha256(b"two").hexdigest()}]}


def test_a_kernel_that_ovmf_does_not_measure(image, boot, desk, verify):
    """Without "MZ" it is no program for OVMF, which starts it by its legacy
    loader and measures nothing of it: but the boot manager has begun."""
    kernel = desk.folder / "vmlinuz"
    kernel.write_bytes(b"\0\0" + image.kernel.read_bytes()[2:])
    machine = image.machine(memory_mib=512, firmware="ovmf")
    result = boot(machine.replace(kernel=kernel)).wait()
    assert_went_well(result)
    evidence = json.loads(dumped(result.serial, WRITTEN))
    status, answer = verify(evidence)
    assert (status, "boot" in refused(answer)) == (3, True), answer["checks"]
    begin = next(event for event in answer["events"] if event["pcr"] == 4)
    assert begin["says"].startswith("Calling EFI Application"), begin


def of_drivers(answer):
    """The events of PCR 2 that tell of a driver."""
    return [event for event in answer["events"] if event["pcr"] == 2
            and event["type"] == "EV_EFI_BOOT_SERVICES_DRIVER"]


def test_a_driver_in_the_rom_of_a_device(image, boot, verify):
    """QEMU's network card brings one: it runs before the kernel, and PCR 4
    says nothing of it."""
    machine = image.machine(memory_mib=512, firmware="ovmf")
    card = ("-nic", "user,model=virtio-net-pci")
    result = boot(machine.replace(extra=(*machine.extra, *card))).wait()
    assert_went_well(result)
    evidence = json.loads(dumped(result.serial, WRITTEN))
    status, answer = verify(evidence)
    assert (status, refused(answer)) == (3, {"boot"}), answer["checks"]
    assert of_drivers(answer)


def test_a_kernel_that_calls_itself_a_driver(image, boot, desk, verify):
    """OVMF measures it into PCR 2, and into PCR 4 only that it has begun."""
    kernel = bytearray(image.kernel.read_bytes())
    pe = int.from_bytes(kernel[0x3c:0x40], "little")
    subsystem = pe + 24 + 68         # of the optional header, PE32+
    assert kernel[subsystem] == 10   # an application
    kernel[subsystem] = 11           # a boot service driver
    file = desk.folder / "vmlinuz"
    file.write_bytes(kernel)
    machine = image.machine(memory_mib=512, firmware="ovmf")
    result = boot(machine.replace(kernel=file)).wait()
    assert_went_well(result)
    evidence = json.loads(dumped(result.serial, WRITTEN))
    status, answer = verify(evidence)
    assert (status, "boot" in refused(answer)) == (3, True), answer["checks"]
    assert len(of_drivers(answer)) == 1


# Reading the files of one owner is measured, and little else.
OWNER = 4711
READS = f"measure func=FILE_CHECK mask=MAY_READ fowner={OWNER}\n"
# One is written while it is open for reading, and one is read while it is
# open for writing: nobody knows what was read.
VIOLATE = f"""
cd /run && echo before > late && echo before > early &&
chown {OWNER} late early
exec 3< late; echo after >> late; exec 3<&-
exec 4>> early; cat early; exec 4>&-
/host/ld.so --library-path /host /host/cvmctl evidence --output e &&
exec /app/actor dump /run/e
"""


@pytest.fixture
def violating(builder, tiny):
    """An image whose workload does both, and has cvmctl collect evidence."""
    return tiny(
        apps=app("violates", "/bin/sh /host/violate"),
        files={**host_program(builder.cvmctl),
               "/host/violate": VIOLATE.encode()},
        ima="policy = /etc/cvm-init/ima-policy",
        ima_policy=IMA_POLICY + READS)


def without_violation(evidence, digest):
    """A copy, in which the first violation is gone, or has a DIGEST."""
    other = copy.deepcopy(evidence)
    log = base64.b64decode(other["logs"]["ima"])
    # PCR, SHA-1 digest, size of the template's name, name, size of the data
    found = re.search(rb"\x0a\0{3}(\0{20})\x07\0{3}ima-sig(.)\0{3}", log, re.S)
    if digest:
        log = log[:found.start(1)] + digest + log[found.start(1) + 1:]
    else:
        log = log[:found.start()] + log[found.end() + found[2][0]:]
    other["logs"]["ima"] = base64.b64encode(log).decode()
    return other


def test_violations(builder, violating, boot, desk, series):
    """On every kernel: IMA lists a file that changes while it is measured,
    without a digest. verify names it and refuses nothing; a list from which
    it was taken, or in which it has a digest, leads nowhere."""
    assert series
    result = boot(violating.machine(memory_mib=512, firmware="ovmf")).wait()
    assert_went_well(result)
    evidence = json.loads(dumped(result.serial, "/run/e"))
    verify = verifier(builder, violating, desk)
    status, answer = verify(evidence, "--require-pcrs", "10,14")
    assert (status, answer["trusted"]) == (0, True), answer["checks"]
    (ima,) = (check for check in answer["checks"]
              if check["name"] == "ima-log")
    assert ima["text"].endswith("unknown, 2 of them violations")
    events = [event for event in answer["events"] if event["log"] == "ima"
              and event["says"] in ("/run/late", "/run/early")]
    assert [(event["says"].removeprefix("/run/"), event["type"] == "violation",
             event["origin"]) for event in events] == [
        ("late", False, "unknown"), ("late", True, "unknown"),
        ("early", True, "unknown"), ("early", False, "unknown")]

    # a digest of zeros is listed, and one of ones is extended
    assert evmctl_matches(evidence, desk.folder, "--ignore-violations")
    assert not evmctl_matches(evidence, desk.folder)
    for hide in (b"", b"\1"):
        status, answer = verify(without_violation(evidence, hide))
        assert (status, refused(answer)) == (3, {"ima-log"})
