# SPDX-License-Identifier: MIT
"""What is left of the keys when the workload runs: nothing that root in the VM
can get at with the TPM.

roots/tools/app/attack is the workload, and the attacker.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest
import seal
import vm
from bootconf import CMDLINE, boot_conf, modules
from refusal import assert_went_well
from volume import BY_UUID

ATTACK = Path(__file__).parent / "roots/tools/app/attack"
BANKS = ("sha256", "sha384")
WAYS = ("sha256", "sha384", "sha1", "sha512", "no policy", "a password",
        "a trial session", "policyor", "policyauthorize", "policynv",
        "policysecret", "policypassword", "policyauthvalue",
        "policycommandcode", "duplicate", "changeauth", "after pcrreset",
        "after startup", "after pcrextend", "/dev/tpm0", "after clear")
# What the TPM does for anybody.
GRANTED = {"readpublic": "object", "clear": "done"}
OBJECTS = ("object", "object again")
LEFT = ("transient", "loaded-session", "saved-session", "TPM of PID 1")


@pytest.fixture
def image(build):
    """The attacker's, with the volume that it is after."""
    config = boot_conf(modules=modules("6.1", "volume"),
                       **{"volume state": BY_UUID})
    return build("tools", config, options=("--cmdline", CMDLINE))


def findings(text):
    """What the attacker said, by what it was about."""
    return dict(re.findall(r"^attack: ([^:]+): (.*?)\r?$", text, re.M))


def as_measured(image, words):
    """Do what a boot of IMAGE does to PCR 14, but for its end."""
    for event in image.manifest["apps"]["events"][:-1]:
        digests = ",".join(f"{digest['hashAlg']}={digest['digest']}"
                           for digest in event["digests"]
                           if digest["hashAlg"] in BANKS)
        subprocess.run(["tpm2_pcrextend", "--tcti", words, f"14:{digests}"],
                       check=True)


def test_attack_would_work(image, sealed, desk):
    """On the same TPM in the state that the key is sealed to, the attacker's
    first way leads to it."""
    tpm = vm.Swtpm(desk.folder / "tpm", BANKS)
    disk = sealed(image, tpm=tpm)
    with seal.served(tpm) as words:
        as_measured(image, words)
        done = subprocess.run(
            ["sh", ATTACK, disk.path, "once"], capture_output=True, text=True,
            env={**os.environ, "TPM2TOOLS_TCTI": words}, check=False)
    found = findings(done.stdout)
    assert found.pop("sha256") == "the key", done.stdout + done.stderr
    assert found.pop("object") == "loaded"
    assert set(found.values()) == {"nothing"}


def test_root_unseals_nothing(image, sealed, run, desk):
    """In the VM it does not, nor does any other way; and init has left no
    session, no object and no descriptor."""
    tpm = vm.Swtpm(desk.folder / "tpm", BANKS)
    result = run(image, sealed(image, tpm=tpm), tpm=tpm)
    assert_went_well(result)
    found = findings(result.serial)
    assert found == {**dict.fromkeys(OBJECTS, "loaded"),
                     **dict.fromkeys(WAYS, "nothing"),
                     **dict.fromkeys(LEFT, "none"),
                     **GRANTED}, result.tail()
