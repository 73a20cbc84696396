# SPDX-License-Identifier: MIT
"""[measure] of boot.conf: which registers get what is measured, and which
logs tell of it. With RTMR 3 in place: test_rtmr.py.
"""

import base64
import json
import re

import interop
import pytest
import vm
from bootconf import actor
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
