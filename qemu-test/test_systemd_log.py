# SPDX-License-Identifier: MIT
"""systemd 257 as the workload's init, which goes on with the log that our init
has begun for it: [measure] systemd-log = yes.

systemd measures in a VM that its own stub has started, so a UKI boots here,
and then it measures by itself: the units are its own. A unit of ours follows
them, which collects evidence while PCR 15 is extended again and again, and lets
systemd-pcrlock read what all of them wrote.
"""

import base64
import json
import re
import subprocess
import tarfile

import image as images
import interop
import pytest
import vm
from bootconf import CMDLINE, app, boot_conf, modules
from refusal import failures
from rootfile import changed
from test_chain import Unified, unified_machine
from test_evidence import checked, host_program
from test_measure import dumped
from test_verify import refused

BANKS = ("sha256", "sha384")
BOOT_SECONDS_MAX = 300           # as in test_good.py
ROW = Unified("stub-257", "ovmf-2025", "uki-direct")
MACHINE_ID = "5e0cb7a46d1f4c8e9f3b0a1d2c3b4e5f"
ACCOUNTED = [*range(10), *range(11, 16)]   # all but IMA's
# What nothing here needs, and what systemd would make up for an installer.
LEFT_OUT = re.compile(r"\./(usr/(share|include|lib/udev/hwdb.d)|version|"
                      r"dev/[^/]+|etc/(fstab|hostname|resolv.conf))(/|$)")
MASKED = ("ldconfig", "systemd-firstboot", "systemd-hwdb-update",
          "systemd-journal-catalog-update", "systemd-sysusers",
          "systemd-tmpfiles-setup", "systemd-udev-trigger",
          "systemd-update-done")
TARGET = "[Unit]\nRequires=collect.service\nAllowIsolate=yes\n"
UNIT = """[Unit]
Wants=systemd-pcrfs-root.service
After=systemd-pcrmachine.service systemd-pcrfs-root.service
After=systemd-pcrphase-sysinit.service systemd-pcrphase.service
SuccessAction=poweroff
FailureAction=poweroff
[Service]
Type=oneshot
ExecStart=/host/collect
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
"""
COLLECT = """#!/bin/sh
cd /run
while [ ! -e done ]; do
    /usr/lib/systemd/systemd-pcrextend --pcr=15 busy 2> /dev/null
done &
/host/ld.so --library-path /host /host/cvmctl evidence --output e
: > done
wait
/usr/lib/systemd/systemd-pcrlock log --json=short > pcrlock 2> /dev/null
exec /app/actor dump /run/e dump /run/pcrlock
"""


@pytest.fixture
def systemd_root(root, builder, desk):
    """A root with systemd 257, which starts our unit."""
    folder = interop.root_of("257")
    if not folder:
        pytest.skip("systemd 257 could not be fetched")
    unpacked = desk.folder / "systemd.tar"
    with tarfile.open(unpacked, "w") as tar:
        tar.add(folder, ".", filter=lambda member: None if LEFT_OUT.match(
            member.name) else member)
    with tarfile.open(root("tiny")) as tar:
        shell, actor = (tar.extractfile(path).read() for path in
                        ("./usr/bin/busybox", "./app/actor"))
    units = "/etc/systemd/system"
    return changed(unpacked, desk.folder / "root.tar", {
        **host_program(builder.cvmctl),
        "/host/collect": (COLLECT.encode(), 0o755),
        "/usr/bin/sh": (shell, 0o755),
        "/app/actor": (actor, 0o755),
        "/etc/machine-id": MACHINE_ID.encode() + b"\n",
        "/etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
        "/etc/group": b"root:x:0:\ntty:x:5:\n",
        f"{units}/default.target": TARGET.encode(),
        f"{units}/collect.service": UNIT.encode(),
        **{f"{units}/{name}.service": "/dev/null" for name in MASKED}})


@pytest.fixture
def image(builder, kernel, systemd_root):
    """One of that root. systemd asks efivarfs what its stub has measured."""
    config = boot_conf(
        modules=modules("6.1") + "\nload = efivarfs", overlay="size = 64M",
        measure="systemd-log = yes",
        workload="mode = exec\nexec = /usr/lib/systemd/systemd")
    return builder.image(images.Recipe(
        root=systemd_root, kernel=kernel, config=config,
        apps=app("collects", "/host/collect"),
        options=("--cmdline", CMDLINE)))


@pytest.fixture
def tpm(desk):
    """systemd measures into each bank."""
    return vm.Swtpm(desk.folder / "tpm", banks=BANKS)


@pytest.fixture
def verify(builder, image, desk):
    """verify(evidence, words): status and answer, with these WORDS of cvmctl
    predict."""
    def run(evidence, words):
        files = {name: desk.folder / name for name in
                 ("evidence.json", "ak.pub", "prediction.json")}
        files["evidence.json"].write_text(json.dumps(evidence))
        files["ak.pub"].write_bytes(base64.b64decode(evidence["tpm"]["ak"]))
        files["prediction.json"].write_text(images.run([
            builder.cvmctl, "predict", "--image", image.folder, "--json",
            *words]))
        done = subprocess.run(
            [builder.cvmctl, "verify", "--json", "--without-hardware",
             "--nonce", evidence["nonce"], "--ak", files["ak.pub"],
             "--prediction", files["prediction.json"], "--require-pcrs",
             ",".join(map(str, ACCOUNTED)), files["evidence.json"],
             image.folder / "manifest.json"],
            capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)
    return run


def assert_explained(answer):
    """What systemd measured is quoted, and nobody foretold it; of what is
    ours nothing is unknown."""
    logs = {name: [event for event in answer["events"]
                   if event["log"] == name] for name in ("init", "systemd")}
    assert {event["origin"] for event in logs["init"]} == {"known"}
    told = [(event["pcr"], event["type"], event["says"])
            for event in logs["systemd"] if event["origin"] == "unknown"]
    assert set(told) == {
        (15, "machine-id", f"machine-id:{MACHINE_ID}"),
        (15, "filesystem", "file-system:/::::::"),
        (11, "phase", "sysinit"), (11, "phase", "ready"),
        (15, "phase", "busy")}
    assert {event["origin"] for event in logs["systemd"][len(told):]} <= {
        "information"}


def assert_read_by_pcrlock(told, evidence):
    """systemd-pcrlock finds our events and its own, and comes with them to
    the value of each PCR. It reads no list of IMA's."""
    ours = [event["digests"][0]["digest"]
            for event in evidence["logs"]["init"]]
    assert [event["sha256"] for event in told["log"]
            if event["pcr"] == 14] == ours
    assert "ready" in [event["description"] for event in told["log"]
                       if event["pcr"] == 11]
    assert [pcr["pcr"] for pcr in told["pcrs"]
            if not pcr["hashMatchesEventLog"]] == [10]


def without_record(evidence, word):
    """The same, but the record with that WORD in systemd's log."""
    records = evidence["logs"]["systemd"].split("\x1e")
    kept = [record for record in records if f'"{word}"' not in record]
    assert len(kept) == len(records) - 1
    return {**evidence,
            "logs": {**evidence["logs"], "systemd": "\x1e".join(kept)}}


def test_systemd_goes_on(image, boot, desk, verify):
    """systemd appends to the log, which goes into evidence whole, and leads
    to what was quoted; PCR 11 is still the predicted one below it."""
    machine, words = unified_machine(desk, image, ROW)
    result = boot(machine, seconds_max=BOOT_SECONDS_MAX).wait()
    assert failures(result.serial) == [], result.tail()
    assert result.powered_off, result.ending
    evidence = checked(result.serial, "/run/e")
    status, answer = verify(evidence, words)
    assert (status, answer["trusted"]) == (0, True), answer["checks"]
    assert_explained(answer)
    assert_read_by_pcrlock(json.loads(dumped(result.serial, "/run/pcrlock")),
                           evidence)
    for word in ("ready", f"machine-id:{MACHINE_ID}"):
        status, answer = verify(without_record(evidence, word), words)
        assert (status, "replay" in refused(answer)) == (3, True), word
