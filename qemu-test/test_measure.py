# SPDX-License-Identifier: MIT
"""[measure] of boot.conf: which registers get what is measured, and which
logs tell of it.

An Intel TDX is beyond QEMU. In its place is a module of our own, which keeps
registers in memory and has the kernel's tsm-mr show them, as tdx_guest does.
"""

import base64
import json
import re
from pathlib import Path

import image as images
import interop
import pytest
import vm
from bootconf import actor, modules
from initramfs import changed, read
from refusal import assert_refused, assert_went_well

RUN = "/run/cvm-init"
SYSTEMD_LOG = "/run/log/systemd/tpm2-measure.log"
NOTHING = ("init: into = none: nothing is measured, and nobody can verify "
           "what runs here")
NO_RTMR = ("init: tpm: cannot read RTMR 3: No such file or directory; load "
           "tdx_guest of Linux 6.16 or later in a TD, or change [measure] "
           "into in boot.conf")


def dumped(serial, path):
    """A file that the actor has dumped on the console; None: none."""
    lines = re.findall(rf"^actor: {re.escape(path)}: ([\w+/=]+)$", serial,
                       re.M)
    return base64.b64decode("".join(lines[:-1])) if lines else None


def dumps(*paths):
    """apps.conf for an actor that dumps these files."""
    return actor("tells", " ".join(f"dump {path}" for path in paths))


def test_none(tiny, boot):
    """Without a register, but with a word of it; a TPM is not looked at."""
    image = tiny(measure="into = none", tpm="", apps=dumps(
        f"{RUN}/measurements.json", f"{RUN}/measurements.bin",
        f"{RUN}/report.json"))
    result = boot(image.machine(memory_mib=512, tpm="none")).wait()
    assert_went_well(result)
    assert NOTHING in result.serial.splitlines()
    report = json.loads(dumped(result.serial, f"{RUN}/report.json"))
    assert report["measured_into"] == []
    assert "tpm" not in report
    assert dumped(result.serial, f"{RUN}/measurements.bin") is None
    log = json.loads(dumped(result.serial, f"{RUN}/measurements.json"))
    assert [event["content"]["kind"] for event in log] == [
        "apps.conf", "exec", "cap"]
    assert not any("pcr" in event or "rtmr" in event for event in log)


@pytest.mark.parametrize("into", ("rtmr", "tpm rtmr"))
def test_no_rtmr(tiny, boot, into):
    """A register that is asked for has to be there."""
    image = tiny(measure=f"into = {into}",
                 tpm="require = any" if "tpm" in into else "")
    assert_refused(boot(image.machine(memory_mib=512)).wait(), NO_RTMR)


RTMR_3 = "/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384"
OUR_MODULE = Path(__file__).resolve().parent.parent / "build/tdx/tdx-guest.ko"
TDX = pytest.mark.parametrize("series", ("7.2",))


@pytest.fixture
def with_rtmr(tiny, desk):
    """with_rtmr(...): as tiny, with an RTMR 3 in the place of TDX's."""
    if not OUR_MODULE.is_file():
        pytest.skip("the module could not be built, see build/tdx/log")

    def build(**sections):
        image = tiny(modules=modules("7.2") + "\nload = tdx_guest",
                     **sections)
        path, = (name for name in read(image.initramfs)
                 if name.endswith("/tdx-guest.ko"))
        return changed(image, desk.folder / "image",
                       {path: OUR_MODULE.read_bytes()})
    return build


def replayed(log):
    """The registers by index, as tpm2_eventlog computes them with SHA-384
    from a binary log."""
    text = images.run(["tpm2_eventlog", log])
    return dict(re.findall(r"^ +(\d+) +: 0x(\w{96})$", text, re.M))


@TDX
def test_rtmr(with_rtmr, builder, boot, desk, series):
    """Without a TPM, RTMR 3 holds what cvmctl predicts for PCR 14, and the
    log leads to it."""
    assert series
    image = with_rtmr(measure="into = rtmr", tpm="", apps=dumps(
        RTMR_3, f"{RUN}/measurements.bin", f"{RUN}/report.json"))
    result = boot(image.machine(memory_mib=512, tpm="none")).wait()
    assert_went_well(result)
    value = dumped(result.serial, RTMR_3).hex()
    assert value == builder.predicted(image)["sha384"]
    log = desk.folder / "measurements.bin"
    log.write_bytes(dumped(result.serial, f"{RUN}/measurements.bin"))
    assert replayed(log)["4"] == value
    report = json.loads(dumped(result.serial, f"{RUN}/report.json"))
    assert report["measured_into"] == ["rtmr"]
    assert report["rtmr"] == {"rtmr3_after": value}


@TDX
def test_both(with_rtmr, builder, boot, series):
    """The same events extend PCR 14, in the banks it has, and RTMR 3."""
    assert series
    image = with_rtmr(measure="into = tpm rtmr",
                      apps=actor("tells", f"pcr 14 dump {RTMR_3}"))
    result = boot(image.machine(memory_mib=512)).wait()
    assert_went_well(result)
    want = builder.predicted(image)
    assert dumped(result.serial, RTMR_3).hex() == want["sha384"]
    assert f"actor: PCR 14 sha256 {want['sha256']}" in result.serial


def records(log):
    """The records of a JSON text sequence (RFC 7464)."""
    first, *rest = log.split(b"\x1e")
    assert first == b"" and all(text.endswith(b"\n") for text in rest)
    return [json.loads(text) for text in rest]


@pytest.fixture
def logged(tiny, boot):
    """systemd's log, and ours, of a boot that wrote both."""
    ours = f"{RUN}/measurements.json"
    image = tiny(measure="systemd-log = yes", apps=dumps(SYSTEMD_LOG, ours))
    result = boot(image.machine(memory_mib=512)).wait()
    assert_went_well(result)
    return (dumped(result.serial, SYSTEMD_LOG),
            json.loads(dumped(result.serial, ours)))


def test_systemd_log(logged, desk, builder):
    """systemd-pcrlock, where there is one, reads the log, finds all events,
    and comes to the value of PCR 14."""
    log, ours = logged
    assert [record["digests"] for record in records(log)] == [
        event["digests"] for event in ours]
    root = interop.root_of("257")
    if not root:
        pytest.skip("systemd 257 could not be fetched")
    another = vm.Swtpm(desk.folder / "another", banks=("sha256",))
    with interop.bench(another, builder.cvmctl, root) as bench:
        for event in ours:
            bench.extend(14, event["digests"][0]["digest"])
        told = json.loads(bench.pcrlock("log", "--json=short", log=log))
    assert [(event["pcr"], event["sha256"]) for event in told["log"]] == [
        (14, event["digests"][0]["digest"]) for event in ours]
    (pcr_14,) = (pcr for pcr in told["pcrs"] if pcr["pcr"] == 14)
    assert pcr_14["hashMatchesEventLog"]
