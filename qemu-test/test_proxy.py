# SPDX-License-Identifier: MIT
"""Somebody sits between the VM and its TPM, and hears or changes what passes.

What init says to its TPM on every way out of a boot, and what becomes of a
boot whose extends are swallowed or whose TPM is restarted meanwhile. The unit
test test_tpm_boot.c meddles with every command in every way; here it is done
to the real thing, below the kernel.
"""

import hashlib
import time
from dataclasses import dataclass, field

import pytest
import seal
import tpmproxy
import vm
from bootconf import actor, app, modules
from refusal import assert_refused, assert_went_well, failures
from tpmproxy import (CLEAR, LOAD, SILENCE, START_AUTH_SESSION, SUCCESS, UNSEAL,
                      Extend, code)

BANKS = ("sha256", "sha384")
APPS = actor("one", "pcr 14", measure="/app")
VOLUME = {"volume state": "uuid = 5e0cb7a4-6d1f-4c8e-9f3b-0a1d2c3b4e5f\n"
                          "mount = /data"}
READY, FAILED = "cvm-init: ready", "cvm-init: failed"
STALL_S = 4
PATIENCE_S, SLACK_S = 2, 5
NO_TRUST = "do not trust this host with the VM"


@pytest.fixture
def run(tiny, boot, builder, desk):
    """run(meddle, ...): the image, how its boot went, and the TPM. DISK: with
    the volume; other options as for tiny."""
    def run_image(meddle=None, disk=True, append="", **options):
        options = {"apps": APPS, "modules": modules("6.1", "volume"),
                   **VOLUME, **options}
        image = tiny(**options)
        tpm = tpmproxy.ProxiedTpm(desk.folder / "tpm", BANKS, meddle)
        disks = ()
        if disk:
            disks = (seal.format_disk(
                builder.cvmctl, image, desk.folder / "state.img",
                vm.Swtpm(tpm.state_dir, BANKS), "--volume", "state"),)
        machine = image.machine(disks=disks, append=append, memory_mib=512)
        return image, boot(machine, tpm=tpm).wait(), tpm
    return run_image


def event(text):
    """The extend of a text, in every bank."""
    return Extend(14, {bank: hashlib.new(bank, text.encode()).hexdigest()
                       for bank in BANKS})


def declared(image):
    """The extends that the image's apps stand for, with the cap."""
    return [Extend(14, {digest["hashAlg"]: digest["digest"]
                        for digest in event["digests"]
                        if digest["hashAlg"] in BANKS})
            for event in image.manifest["apps"]["events"]]


def count(tpm, command):
    """How often it was sent, by anyone."""
    return sum(code(sent) == command for sent, _ in tpm.log)


def test_nobody_meddles(run):
    """One extend for each event, in all banks at once; two sessions: one for
    all, one for the policies."""
    image, result, tpm = run()
    assert_went_well(result)
    assert tpm.extends(14) == declared(image)
    assert tpm.extends(14)[-1] == event(READY)
    assert count(tpm, START_AUTH_SESSION) == 2


SCRIPT = {"/app/script": (b"#!/no/such\n", 0o755)}


@dataclass(frozen=True)
class WayOut:
    """A boot that ends in STAGE, and the last extend of PCR 14 by then."""
    stage: str
    last: str | None
    options: dict = field(default_factory=dict)


@pytest.mark.parametrize("way", [
    WayOut("cmdline", None, {"append": "unheard-of"}),
    WayOut("tpm", FAILED, {"tpm": "require = any\nbanks = sha512"}),
    WayOut("volumes", FAILED, {"disk": False}),
    WayOut("workload", READY, {"apps": app("one", "/app/script"),
                               "files": SCRIPT}),
    WayOut("workload", READY, {"workload": "mode = exec\nexec = /none"}),
], ids=["before_tpm", "tpm", "volumes", "supervise", "exec"])
def test_ways_out(run, way):
    """Wherever a boot fails, PCR 14 is closed in every bank; before the TPM
    is open nothing has been measured."""
    _, result, tpm = run(**way.options)
    (line,) = failures(result.serial)
    assert line.startswith(f"init: {way.stage}: ")
    assert result.powered_off, result.ending
    assert tpm.extends(14)[-1:] == ([event(way.last)] if way.last else [])


def swallow(number, answer):
    """Keep the extend of PCR 14 with that NUMBER from the TPM, and answer
    with ANSWER(the TPM's answers to the earlier ones)."""
    answers = []

    def meddle(proxy, command):
        extend = Extend.of(command)
        if not extend or extend.pcr != 14:
            return proxy.ask(command)
        if len(answers) == number:
            answers.append(b"")
            return answer(answers)
        answers.append(proxy.ask(command))
        return answers[-1]
    return meddle


CHANGED = f"somebody changed the answer on its way from the TPM; {NO_TRUST}"
MALFORMED = "the TPM's answer is malformed; attach a working TPM 2.0 to the VM"


@pytest.mark.parametrize("number, answer, stage, why", [
    (1, lambda answers: SUCCESS, "measure", MALFORMED),
    (3, lambda answers: answers[2], "cap", CHANGED),
], ids=["forged", "replayed"])
def test_extend_swallowed(run, number, answer, stage, why):
    """The TPM never heard of an app, or of the end."""
    _, result, tpm = run(swallow(number, answer))
    assert_refused(result, f"init: {stage}: cannot extend PCR 14: {why}")
    assert tpm.extends(14)[-1] == event(FAILED)


def flip_key(proxy, command):
    """One bit of the encrypted key is another."""
    answer = bytearray(proxy.ask(command))
    if code(command) == UNSEAL:
        answer[20] ^= 1
    return bytes(answer)


def test_flipped(run):
    """What the TPM released is not what arrives."""
    _, result, tpm = run(flip_key)
    assert_refused(
        result, f"init: volumes: cannot unseal the key of volume state: {CHANGED}")
    assert tpm.extends(14)[-1] == event(FAILED)


def stall(proxy, command):
    """Say nothing for longer than init waits. QEMU itself would wait for ever,
    and the VM's power-off with it."""
    answer = proxy.ask(command)
    if code(command) == UNSEAL:
        time.sleep(STALL_S)
    return answer


def test_silent(run):
    """An answer that comes too late is none, and no further one is asked
    for."""
    _, result, tpm = run(stall, tpm="require = any\ntimeout = 2")
    assert_refused(
        result, "init: volumes: cannot unseal the key of volume state: the TPM "
        "did not answer within 2000 ms; attach a working TPM 2.0 to the VM")
    assert UNSEAL in (code(sent) for sent, _ in tpm.log[-2:])


def test_silent_for_ever(tiny, boot, desk):
    """The time that counts is ours: the kernel waits on, for minutes, in which
    nobody can so much as close the device."""
    began = []

    def fall_silent(proxy, command):
        if code(command) == START_AUTH_SESSION:
            began.append(time.monotonic())
        return SILENCE if began else proxy.ask(command)
    tpm = tpmproxy.ProxiedTpm(desk.folder / "tpm", BANKS, fall_silent)
    image = tiny(apps=APPS, tpm=f"require = any\ntimeout = {PATIENCE_S}")
    machine = boot(image.machine(memory_mib=512), tpm=tpm)
    machine.wait_for(
        "^init: tpm: cannot start a session with the TPM: the TPM did not "
        f"answer within {PATIENCE_S}000 ms; attach a working TPM 2.0 to the VM$")
    assert PATIENCE_S <= time.monotonic() - began[0] < PATIENCE_S + SLACK_S
    assert count(tpm, START_AUTH_SESSION) == 1
    assert len(failures(machine.serial)) == 1


def at_load(act):
    """ACT(proxy) before the key is loaded."""
    def meddle(proxy, command):
        if code(command) == LOAD:
            act(proxy)
        return proxy.ask(command)
    return meddle


def reset(proxy):
    """Everything is lost, and put back as far as others can."""
    proxy.restart(CLEAR, CLEAR)
    proxy.replay()


def restart(proxy):
    """PCRs are lost, and put back; sessions live on."""
    proxy.restart_in_place()
    proxy.replay()


@pytest.mark.parametrize("act", [reset, restart])
def test_restarted(run, act):
    """PCR 14 is what the key is sealed to, but we did not make it so."""
    _, result, _ = run(at_load(act))
    assert_refused(
        result, "init: volumes: cannot unseal the key of volume state: the TPM "
        f"was restarted during this boot; {NO_TRUST}")
