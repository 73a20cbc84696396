# SPDX-License-Identifier: MIT
"""Evidence: what init writes for it, and what cvmctl collects in the VM, read
by tpm2-tools and held against the image's manifest."""

import base64
import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest
import vm
from bootconf import app
from refusal import assert_refused, assert_went_well
from rootfile import host_program
from test_measure import dumped, dumps

jsonschema = pytest.importorskip("jsonschema")

HERE = Path(__file__).resolve().parent
SCHEMA = json.loads((HERE.parent / "docs/evidence.schema.json").read_text())
IMA_POLICY = (HERE.parent / "ima-policy/default.policy").read_text()
BANKS = ("sha256", "sha384")
WRITTEN = "/run/cvm-init/evidence.json"
COLLECT = """
cvmctl() { /host/ld.so --library-path /host /host/cvmctl "$@"; }
cd /run && cvmctl evidence --identity --output id &&
cvmctl challenge --secret secret --output c id &&
cvmctl evidence --challenge c --pcrs 4,10,14 --output e || echo "no evidence"
exec /app/actor dump /run/secret dump /run/e
"""


@pytest.fixture
def tpm(desk):
    """A TPM with several banks."""
    return vm.Swtpm(desk.folder / "tpm", banks=BANKS)


def checked(serial, path):
    """The evidence that was dumped, which has to be of the schema."""
    evidence = json.loads(dumped(serial, path))
    jsonschema.Draft202012Validator(SCHEMA).validate(evidence)
    return evidence


def values(evidence):
    """The quoted PCRs of all banks, put together."""
    return b"".join(bytes.fromhex(bank[pcr])
                    for bank in evidence["tpm"]["pcrs"].values()
                    for pcr in sorted(bank, key=int))


def assert_quoted(evidence, folder):
    """The quote verifies, and is one of these values."""
    tpm = evidence["tpm"]
    parts = {"ak": tpm["ak"], "attest": tpm["quote"]["attest"],
             "signature": tpm["quote"]["signature"]}
    for name, text in parts.items():
        (folder / name).write_bytes(base64.b64decode(text))
    subprocess.run(["tpm2_checkquote", "-u", "ak", "-m", "attest", "-s",
                    "signature", "-g", "sha256", "-q", evidence["nonce"]],
                   cwd=folder, check=True, stdout=subprocess.DEVNULL)
    attest = (folder / "attest").read_bytes()
    assert attest.endswith(hashlib.sha256(values(evidence)).digest())


def assert_ready(evidence, image):
    """PCR 14 is that of the image, closed, and the log leads to it."""
    apps = image.manifest["apps"]
    for bank in BANKS:
        assert (evidence["tpm"]["pcrs"][bank]["14"]
                == apps["banks"][bank]["ready"])
    assert [event["content"]["kind"] for event in evidence["logs"]["init"]] == [
        event["content"]["kind"] for event in apps["events"]]


def test_init_writes(tiny, boot, desk):
    """All logs, all PCRs up to 15, a nonce of its own."""
    image = tiny(evidence="write = yes", apps=dumps(WRITTEN),
                 ima="policy = /etc/cvm-init/ima-policy",
                 ima_policy=IMA_POLICY, measure="systemd-log = yes")
    result = boot(image.machine(memory_mib=512, firmware="ovmf")).wait()
    assert_went_well(result)
    evidence = checked(result.serial, WRITTEN)
    assert evidence["created-by"].startswith("init ")
    assert len(evidence["nonce"]) == 64
    assert evidence["tpm"]["class"] == "crb"
    assert set(evidence["tpm"]["pcrs"]["sha256"]) == set(map(str, range(16)))
    assert set(evidence["logs"]) == {"firmware", "init", "ima", "systemd"}
    assert evidence["reports"] == []
    assert_quoted(evidence, desk.folder)
    assert_ready(evidence, image)


def test_init_quotes_some(tiny, boot, desk):
    """Without a policy, a firmware that measures, or systemd's log."""
    image = tiny(evidence="write = yes\npcrs = 0 14", apps=dumps(WRITTEN))
    result = boot(image.machine(memory_mib=512)).wait()
    assert_went_well(result)
    evidence = checked(result.serial, WRITTEN)
    assert set(evidence["tpm"]["pcrs"]["sha384"]) == {"0", "14"}
    assert "systemd" not in evidence["logs"]
    assert_quoted(evidence, desk.folder)
    assert_ready(evidence, image)


def test_nothing_to_sign(tiny, boot):
    """Neither a TPM nor a report: no file, and no boot."""
    image = tiny(evidence="write = yes", measure="into = none", tpm="",
                 apps=dumps(WRITTEN))
    assert_refused(boot(image.machine(memory_mib=512, tpm="none")).wait(),
                   "init: evidence: cannot collect evidence: there is neither "
                   "a TPM nor a report; attach a working TPM 2.0 to the VM")


def found_good(builder, image, serial, folder):
    """The findings of cvmctl verify that are good, the TPM's key being
    known. What was booted no firmware has measured here."""
    for name in ("secret", "e"):
        (folder / name).write_bytes(dumped(serial, f"/run/{name}"))
    evidence = json.loads((folder / "e").read_text())
    (folder / "ek").write_bytes(base64.b64decode(evidence["tpm"]["ek"]))
    told = subprocess.run(
        [builder.cvmctl, "verify", "--challenged", "secret", "--ek", "ek",
         "--without-hardware", "e", image.folder / "manifest.json"],
        cwd=folder, check=False, capture_output=True, text=True).stdout
    return set(re.findall(r"^ *ok +([\w-]+)", told, re.M))


def test_cvmctl_collects(builder, tiny, boot, desk):
    """In the VM, as root: the TPM answers a challenge, and cvmctl verify
    accepts the answer."""
    files = {**host_program(builder.cvmctl), "/host/collect": COLLECT.encode()}
    image = tiny(apps=app("collects", "/bin/sh /host/collect"), files=files)
    result = boot(image.machine(memory_mib=512)).wait()
    assert_went_well(result)
    evidence = checked(result.serial, "/run/e")
    keys = [base64.b64decode(evidence["tpm"][key]) for key in ("ek", "ak")]
    assert evidence["nonce"] == hashlib.sha256(b"".join((
        b"cvm-init challenge", dumped(result.serial, "/run/secret"),
        *keys))).hexdigest()
    assert set(evidence["tpm"]["pcrs"]["sha256"]) == {"4", "10", "14"}
    assert evidence["tpm"]["class"] == "crb"
    assert_quoted(evidence, desk.folder)
    assert_ready(evidence, image)
    assert found_good(builder, image, result.serial, desk.folder) >= {
        "attestation-key", "endorsement-key", "nonce", "quote", "pcr-values",
        "srk", "replay", "apps"}
