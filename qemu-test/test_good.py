# SPDX-License-Identifier: MIT
"""Boots that go well, from the firmware to the workload and down again.

The workload's own init (Debian's systemd, mode = exec) and cvm-init as its
supervisor, each with and without a data volume, run on every kernel; so does
each firmware, TPM and number of CPUs. Each of these values meets each kernel
at least once, not every combination of them: four rows on each kernel instead
of thirty-two. The supervised boot without a volume is on the tiny root, since
the big one shows nothing new there; it has the slow firmware too. Only the
supervised service is booted twice: systemd under emulation takes its time,
and finds its data again no differently.

Every one of them is held against what `cvmctl predict` says of its image.
"""

import base64
import json
import re
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
import seal
import vm
from bootconf import CMDLINE, actor, boot_conf, modules
from refusal import assert_went_well, failures

HERE = Path(__file__).resolve().parent
IMA_POLICY = (HERE.parent / "ima-policy/default.policy").read_text()
CVMCTL = HERE.parent / "build" / "out" / "cvmctl"
BANKS = ("sha256", "sha384")
BOOT_SECONDS_MAX = 300           # systemd took 127, four VMs to a CPU
PORT = 8080
VOLUME = "uuid = 5e0cb7a4-6d1f-4c8e-9f3b-0a1d2c3b4e5f\nmount = /data"
WORKLOAD = {"systemd": "mode = exec\nexec = /sbin/init",
            "supervise": "mode = supervise", "tiny": "mode = supervise"}
STAGES = ("mounts", "config", "cmdline", "modules", "tpm", "ima", "root",
          "overlay", "measure", "volumes", "cap", "evidence", "switch")


@dataclass(frozen=True)
class Row:
    """What a boot is made of."""
    root: str
    volume: bool
    firmware: str
    tpm: str
    cpus: int

    def __str__(self):
        volume = "volume" if self.volume else "no_volume"
        return (f"{self.root}-{volume}-{self.firmware}-{self.tpm}-"
                f"{self.cpus}cpu")

    def config(self, series):
        """The image's boot.conf."""
        more = ("network", "volume") if self.volume else ("network",)
        volumes = {"volume state": VOLUME} if self.volume else {}
        return boot_conf(
            modules=modules(series, *more), overlay="size = 64M",
            tpm=f"require = {self.tpm}\nbanks = {' '.join(BANKS)}",
            ima="policy = /etc/cvm-init/ima-policy",
            workload=WORKLOAD[self.root], **volumes)


#   root         volume  firmware   TPM    CPUs
ROWS = [
    Row("supervise", True, "seabios", "crb", 1),
    Row("systemd", True, "seabios", "tis", 1),
    Row("systemd", False, "seabios", "crb", 1),
    Row("tiny", False, "ovmf", "tis", 2),
]


@pytest.fixture
def image(build, series, row):
    """The row's image, for that kernel."""
    apps = ""
    if row.root == "tiny":
        apps = actor("tells", "pcr 14 dump /run/cvm-init/report.json "
                     "dump /run/cvm-init/measurements.bin")
    return build(row.root, row.config(series), apps=apps,
                 ima_policy=IMA_POLICY, options=("--cmdline", CMDLINE))


@pytest.fixture
def tpm(desk):
    """A TPM with several banks; its state lasts over several boots."""
    return vm.Swtpm(desk.folder / "tpm", banks=BANKS)


@pytest.fixture
def disks(builder, desk, tpm, image, row):
    """The row's data disks, sealed for its image."""
    if not row.volume:
        return ()
    return (seal.format_disk(builder.cvmctl, image, desk.folder / "state.img",
                             tpm, "--volume", "state"),)


@dataclass(frozen=True)
class Told:
    """What the workload found out about its boot."""
    pcr_14: dict
    report: dict
    log: bytes
    counter: int | None = None


def ask(port, path, post=False):
    """The answer of the service in the guest."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}",
                                     method="POST" if post else "GET")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def told_by_service(machine, port):
    """Wait for the service, ask it everything, and stop it."""
    machine.wait_for(r"service: ready")
    told = Told(json.loads(ask(port, "/pcr14")),
                json.loads(ask(port, "/report")), ask(port, "/log"),
                json.loads(ask(port, "/"))["counter"])
    ask(port, "/stop", post=True)
    return told


def dumped(serial, name):
    """A file that the actor has dumped on the console."""
    lines = re.findall(rf"^actor: /run/cvm-init/{name}: ([\w+/=]+)$", serial,
                       re.M)
    assert lines.pop() == "end"
    return base64.b64decode("".join(lines))


def told_by_actor(serial):
    """The same, from the console."""
    return Told(dict(re.findall(r"^actor: PCR 14 (\w+) (\w+)$", serial, re.M)),
                json.loads(dumped(serial, "report.json")),
                dumped(serial, "measurements.bin"))


def replayed(log, path):
    """PCR 14 by bank, as tpm2_eventlog computes it from the log."""
    path.write_bytes(log)
    text = subprocess.run(["tpm2_eventlog", path], check=True,
                          capture_output=True, text=True).stdout
    _, _, pcrs = text.partition("\npcrs:\n")
    return {bank: digest for bank, digest in re.findall(
        r"^  (\w+):\n +14 +: 0x(\w+)$", pcrs, re.M)}


def assert_report(report, image, row, want):
    """report.json tells what happened, all of it, in order."""
    assert list(report) == ["version", "stages", "measured_into", "tpm",
                            "root", "volumes"]
    assert report["measured_into"] == ["tpm"]
    assert tuple(stage["name"] for stage in report["stages"]) == STAGES
    ends = 0
    for stage in report["stages"]:
        assert stage["start_us"] >= ends
        ends = stage["start_us"] + stage["duration_us"]
    traffic = {name: report["tpm"].pop(name) for name in
               ("commands", "sent_bytes", "received_bytes", "waited_us")}
    assert all(traffic.values())
    assert report["tpm"] == {
        "device": "tpm0", "class": row.tpm, "attestation": [],
        "pcr14_before": {bank: "0" * len(value)
                         for bank, value in want.items()},
        "pcr14_after": want}
    assert report["root"] == {
        "device": "/dev/vda", "hash": "sha256",
        "root_hash": image.manifest["root"]["verity"]["root-hash"]}
    assert report["volumes"] == [
        {"name": "state", "mount": "/data"}] * row.volume


def drawn(command, path):
    """What `cvmctl COMMAND PATH` draws, by lines."""
    return subprocess.run([CVMCTL, command, path], check=True,
                          capture_output=True, text=True).stdout.splitlines()


def assert_drawn(report, image, want, path):
    """The timeline has all stages, the chain ends where the boot did."""
    path.write_text(json.dumps(report))
    lines = drawn("timeline", path)[1:]
    assert tuple(line.split()[0] for line in lines[:len(STAGES)]) == STAGES
    assert any("afterwards" in line and want["sha256"][:12] in line
               for line in drawn("explain", image.folder))


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_boots(boot, builder, desk, image, disks, row, series):
    """The workload runs, PCR 14 is as predicted, and when the workload ends
    the VM is off. A second boot of the supervised service finds its data."""
    assert series                # asked for here: a case for each kernel
    predicted = builder.predicted(image)
    want = {bank: predicted[bank] for bank in BANKS}
    for count in (1, 2) if row.root == "supervise" else (1,):
        port = vm.free_port()
        machine = boot(image.machine(
            disks=disks, firmware=row.firmware, tpm=row.tpm, cpus=row.cpus,
            forwards=((port, PORT),)), seconds_max=BOOT_SECONDS_MAX)
        if row.root == "tiny":
            result = machine.wait()
            told = told_by_actor(result.serial)
            assert_went_well(result)
        else:
            told = told_by_service(machine, port)
            result = machine.wait()
            assert told.counter == count
        assert told.pcr_14 == want
        assert replayed(told.log, desk.folder / "measurements.bin") == want
        assert_drawn(told.report, image, want, desk.folder / "report.json")
        assert_report(told.report, image, row, want)
        assert not failures(result.serial)
        assert result.powered_off, result.ending
