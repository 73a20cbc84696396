# SPDX-License-Identifier: MIT
"""A key for a TPM that is new at every boot: a broker outside verifies what
was measured and seals the key for the TPM of this boot.

The host carries the messages, and may change, keep, repeat or cut them.
"""

import base64
import json
import subprocess

import broker as brokers
import image as images
import pytest
import seal
import vm
from bootconf import modules
from refusal import assert_refused
from volume import FILES, UUID, assert_counts

TIMEOUT = 8  # seconds: [broker] timeout
NO_KEY = "init: volumes: cannot get the key of volume state: "
ASK = "; look at the broker's audit log"
# The port's driver, where it is a module.
CONSOLE = {"6.1": "\nload = virtio_console", "6.12": "", "7.2": ""}


def test_new_tpm_at_every_boot(place, run):
    """Nothing could be sealed beforehand, and the disk opens."""
    with place.broker() as broker:
        for count in (1, 2):
            tpm = place.maker.tpm(place.folder / f"tpm{count}")
            assert_counts(run(place.image, place.disk, tpm=tpm,
                              extra=broker.port()), count)
    first, second = broker.audit()
    assert first["decision"] == second["decision"] == "delivered"
    assert first["uuid"] == second["uuid"] == UUID
    for key in ("ek", "ak", "srk"):
        assert first[key] != second[key]


@pytest.mark.parametrize("series", ["6.12", "7.2"])
def test_kernels(place, run):
    """The other kernels, whose virtio_console is built in."""
    with place.broker() as broker:
        assert_counts(run(place.image, place.disk, tpm=place.tpm(),
                          extra=broker.port()), 1)


def refused(place, broker, result, *words):
    """The broker has refused, and both sides say why."""
    last = broker.audit()[-1]
    assert last["decision"] == "refused"
    for word in words:
        assert word in last["reason"]
    assert_refused(result,
                   f"{NO_KEY}the broker says: {last['reason']}{ASK}")
    assert not place.opened(result)


def test_changed_app(place, run):
    """What runs is not what the broker has the manifest of."""
    changed = place.build(files={**FILES, "/app/data": b"just as it waS"})
    with place.broker() as broker:
        result = run(changed, place.disk, tpm=place.tpm(),
                     extra=broker.port())
        refused(place, broker, result, "PCR 14")


def test_tpm_of_another_maker(place, run):
    """A TPM that the host has made: nobody vouches for its EK."""
    other = brokers.Maker(place.folder / "other")
    with place.broker() as broker:
        result = run(place.image, place.disk,
                     tpm=other.tpm(place.folder / "foreign"),
                     extra=broker.port())
        refused(place, broker, result, "certificate")


def test_no_key_for_the_volume(place, run):
    """The broker trusts the VM, and has no key for this disk."""
    for key in (place.folder / "broker" / "store").iterdir():
        key.unlink()
    with place.broker() as broker:
        result = run(place.image, place.disk, tpm=place.tpm(),
                     extra=broker.port())
        refused(place, broker, result, "there is none")


def test_replayed_evidence(place, run):
    """Good evidence of an earlier boot, as the answer to this challenge."""
    with place.broker() as broker:
        with brokers.Host(broker, lambda _, message: message) as host:
            assert_counts(run(place.image, place.disk, tpm=place.tpm(),
                              extra=broker.port(host.path)), 1)
        old = host.seen[2]
        with brokers.Host(broker, lambda number, message:
                          old if number == 2 else message) as host:
            result = run(place.image, place.disk, tpm=place.tpm(),
                         extra=broker.port(host.path))
        refused(place, broker, result, "nonce")


def swap_srk(public):
    """The host's own storage root key, wherever the VM names its own."""
    def change(number, message):
        if number not in (0, 2):
            return message
        data = json.loads(message)
        keys = data if number == 0 else data["tpm"]
        keys["srk"] = public
        return json.dumps(data).encode()
    return change


def test_swapped_srk(place, run):
    """The key would be sealed for the host's TPM."""
    hosts = place.maker.tpm(place.folder / "hosts")
    public = place.srk(hosts)
    with place.broker() as broker:
        with brokers.Host(broker, swap_srk(public)) as host:
            result = run(place.image, place.disk, tpm=place.tpm(),
                         extra=broker.port(host.path))
        refused(place, broker, result, "another key is certified")


def cut(message):
    """Half of the answer, and the end."""
    return brokers.Raw((len(message)).to_bytes(4, "big")
                       + message[:len(message) // 2])


def oversized(_):
    """A length that no answer has."""
    return brokers.Raw(b"\x7f\xff\xff\xff")


def empty(_):
    """An empty answer."""
    return brokers.Raw(bytes(4))


def nothing(_):
    """No answer at all."""
    return None


def garbage(_):
    """Bytes that are no JSON."""
    return b"\0" * 64


def another_token(message):
    """The token, changed in one byte."""
    data = json.loads(message)
    token = bytearray(base64.b64decode(data["token"]))
    token[len(token) // 2] ^= 1
    data["token"] = base64.b64encode(token).decode()
    return json.dumps(data).encode()


SILENT = ("the broker does not answer; start it, or raise [broker] timeout in "
          "boot.conf")


@pytest.mark.parametrize("change, words", [
    (cut, SILENT),
    (oversized, "the broker's answer has a length that no answer has" + ASK),
    (empty, "the broker's answer has a length that no answer has" + ASK),
    (nothing, SILENT),
    (garbage, "the answer is not one of a broker" + ASK),
    (another_token, "the answer is not signed for this boot and volume" + ASK),
], ids=["cut", "oversized", "empty", "late", "garbage", "changed"])
def test_changed_answer(place, run, change, words):
    """init refuses what is not the broker's answer to this boot."""
    with place.broker() as broker:
        with brokers.Host(broker, lambda number, message:
                          change(message) if number == 3 else message) as host:
            result = run(place.image, place.disk, tpm=place.tpm(),
                         extra=broker.port(host.path))
        assert broker.audit()[-1]["decision"] == "delivered"
    assert_refused(result, NO_KEY + words)


def test_answer_of_another_broker(place, run):
    """The host has a broker of its own, with another key and a manifest that
    does not say so."""
    other = place.folder / "other-broker"
    brokers.Broker.prepare(other)
    for key in (place.folder / "broker" / "store").iterdir():
        (other / "store" / key.name).write_bytes(key.read_bytes())
        (other / "store" / key.name).chmod(0o600)
    manifest = place.image.manifest
    del manifest["broker"]
    (other / "manifest.json").write_text(json.dumps(manifest))
    with place.broker(other, images.Image(other)) as broker:
        result = run(place.image, place.disk, tpm=place.tpm(),
                     extra=broker.port())
    assert_refused(
        result, NO_KEY + "the answer is signed by another broker; correct "
        "[broker] key in boot.conf, or ask the broker that it names")


@pytest.mark.parametrize("again", [(3,), (1, 3)],
                         ids=["answer", "challenge and answer"])
def test_answer_of_an_earlier_boot(place, run, again):
    """Recorded, and sent again to the same TPM, which has the same keys."""
    tpm = place.tpm()
    with place.broker() as broker:
        with brokers.Host(broker, lambda _, message: message) as host:
            assert_counts(run(place.image, place.disk, tpm=tpm,
                              extra=broker.port(host.path)), 1)
        old = host.seen
        with brokers.Host(broker, lambda number, message:
                          old[number] if number in again else message) as host:
            result = run(place.image, place.disk, tpm=tpm,
                         extra=broker.port(host.path))
    assert_refused(result, NO_KEY + "the answer is not signed for this boot "
                   "and volume" + ASK)


def test_no_port(place, run):
    """The VM has no way to a broker."""
    assert_refused(
        run(place.image, place.disk, tpm=place.tpm()),
        "init: volumes: cannot find the broker's port org.example.keys: "
        "Operation timed out; give the VM such a virtio-serial port, and "
        "load virtio_console")


def test_nobody_at_the_other_end(place, run):
    """The port is there, and no broker."""
    words = ("-device", "virtio-serial-pci", "-chardev",
             f"socket,id=keys,path={place.short}/n,server=on,wait=off",
             "-device", f"virtserialport,chardev=keys,name={brokers.PORT}")
    assert_refused(run(place.image, place.disk, tpm=place.tpm(), extra=words),
                   NO_KEY + "the broker hung up" + ASK)


@pytest.fixture
def place(desk, builder, with_volume, series, tmp_path):
    """See Place."""
    def make_image(broker_conf, **changes):
        return with_volume(
            state=f"uuid = {UUID}\nmount = /data\nkey = delivered",
            broker=broker_conf,
            modules=modules(series, "volume") + CONSOLE[series], **changes)
    return Place(desk, builder, make_image, tmp_path)


class Place:
    """What each scenario has: an image, its disk, a maker of TPMs."""

    def __init__(self, desk, builder, make_image, short,
                 at=f"virtio-serial:{brokers.PORT}"):
        self.folder = desk.folder
        self.short = short
        self.cvmctl = builder.cvmctl
        self.make_image = make_image
        self.maker = brokers.Maker(self.folder / "maker")
        key = brokers.Broker.prepare(self.folder / "broker")
        self.broker_conf = (f"at = {at}\nkey = {key}\n"
                            f"timeout = {TIMEOUT}")
        self.image = self.build()
        self.disk = self.format()

    def build(self, **changes):
        """An image whose boot.conf asks the broker."""
        return self.make_image(self.broker_conf, **changes)

    def format(self):
        """The disk, its key in the broker's store."""
        disk = self.folder / "state.img"
        done = subprocess.run(
            [self.cvmctl, "seal", "--format", "--size", "64M", "--image",
             self.image.folder, "--key-store",
             self.folder / "broker" / "store", disk],
            capture_output=True, text=True, check=False)
        if done.returncode:
            raise vm.HarnessError(done.stderr)
        return vm.Disk(disk)

    def tpm(self):
        """A TPM of the maker's."""
        return self.maker.tpm(self.folder / "tpm")

    def broker(self, folder=None, image=None):
        """The broker, which believes the maker, for the image."""
        # the file is there when it has made one TPM
        self.maker.tpm(self.folder / "first")
        return brokers.Broker(
            self.cvmctl, folder or self.folder / "broker",
            image or self.image,
            ("--ek-ca", self.maker.certificates(), "--without-hardware",
             "--apps-only"))

    def srk(self, tpm):
        """A TPM's storage root key, as messages have it."""
        path = self.folder / "srk.pub"
        with seal.served(tpm) as words:
            subprocess.run([self.cvmctl, "srk", "--tpm", words, "--output",
                            path], check=True, capture_output=True)
        return base64.b64encode(path.read_bytes()).decode()

    @staticmethod
    def opened(result):
        """Whether an app saw its data."""
        return "counts" in result.serial
