# SPDX-License-Identifier: MIT
"""[measure] into = rtmr: what extends RTMR 3, and the evidence of it.

An Intel TDX is beyond QEMU. In its place is a module of our own, which keeps
registers in memory and has the kernel's tsm-mr show them, as tdx_guest does;
and by the kernel's configfs-tsm it hands out quotes, which hold these registers
and what they are asked to be about, and which nobody has signed.
"""

import json
import re
import subprocess
from pathlib import Path

import image as images
import pytest
from bootconf import actor, app, modules
from initramfs import changed, read
from refusal import assert_went_well
from test_evidence import checked, host_program
from test_measure import RUN, dumped, dumps

HERE = Path(__file__).resolve().parent
OUR_MODULE = HERE.parent / "build/tdx/tdx-guest.ko"
OUR_QUOTE = HERE.parent / "tests/corpus/td-quote/version-4"
RTMR_3 = "/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384"
# What the module's quote has of the corpus's: DCAP, Quote Generation Library,
# A.3.2
MRTD = OUR_QUOTE.read_bytes()[48 + 136:48 + 136 + 48].hex()
NONCE = "0123456789abcdef"
COLLECT = f"""
/host/ld.so --library-path /host /host/cvmctl evidence --tpm none \\
    --nonce {NONCE} --output /run/e || echo "no evidence"
exec /app/actor dump {RUN}/evidence.json dump /run/e dump {RTMR_3}
"""
# What is right about a TD's evidence whoever has signed it.
BOUND = {"nonce", "report", "launch", "rtmr3", "apps", "required-pcrs"}
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


@pytest.fixture
def verify(builder, desk):
    """verify(evidence, image, "--tdx-root", ...): how each check ended, and
    why, of evidence whose nonce is the verifier's."""
    def run(evidence, image, *words):
        file = desk.folder / "evidence.json"
        file.write_text(json.dumps(evidence))
        done = subprocess.run(
            [builder.cvmctl, "verify", "--json", "--nonce", evidence["nonce"],
             *words, file, image.folder / "manifest.json"],
            capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (3, "")
        answer = json.loads(done.stdout)
        assert not answer["trusted"]
        return {check["name"]: (check["result"], check["text"])
                for check in answer["checks"]}
    return run


@pytest.fixture
def root_certificate(desk):
    """A root certificate, which has signed nothing."""
    file = desk.folder / "root.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=root",
                    "-keyout", "/dev/null", "-out", file],
                   check=True, capture_output=True)
    return file


@TDX
def test_evidence(with_rtmr, builder, boot, verify, root_certificate, series):
    """Init and cvmctl ask the kernel for a quote: it is bound to their nonce
    and leads to what was measured, and still no processor has signed it."""
    assert series
    files = {**host_program(builder.cvmctl), "/host/collect": COLLECT.encode()}
    image = with_rtmr(measure="into = rtmr", tpm="", evidence="write = yes",
                      apps=app("collects", "/bin/sh /host/collect"),
                      files=files)
    result = boot(image.machine(memory_mib=512, tpm="none")).wait()
    assert_went_well(result)
    value = dumped(result.serial, RTMR_3).hex()
    by_init = checked(result.serial, f"{RUN}/evidence.json")
    by_cvmctl = checked(result.serial, "/run/e")
    assert by_cvmctl["nonce"] == NONCE != by_init["nonce"]
    words = ("--tdx-root", root_certificate, "--tdx-mrtd", MRTD)
    for evidence in (by_init, by_cvmctl):
        assert evidence["rtmr"]["rtmr3"] == value
        assert [report["provider"] for report in evidence["reports"]] == [
            "tdx_guest"]
        checks = verify(evidence, image, *words)
        assert {name for name in BOUND if checks[name][0] == "ok"} == BOUND
        assert checks["hardware"] == (
            "refused", "the root that was given has not signed the CA of its "
            "PCK")
        assert checks["rtmr1"][0] == checks["rtmr2"][0] == "missing"
    by_cvmctl["nonce"] = by_init["nonce"]
    checks = verify(by_cvmctl, image, *words)
    assert checks["report"] == (
        "refused", "it is about another nonce or another key")
    assert "hardware" not in checks
