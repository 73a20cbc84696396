# SPDX-License-Identifier: MIT
"""A key by vsock: from the host, as a VMM brings it there, and from within the
VM, where the kernel's vsock_loopback is between init and a broker that a
program before init has started. So each end meets a kernel's vsock.
"""

import json
import re
from pathlib import Path

import broker as brokers
import pytest
import vsock
from bootconf import modules
from initramfs import read
from preinit import preinit
from refusal import assert_refused
from rootfile import host_program
from test_broker import ASK, NO_KEY, SILENT, TIMEOUT, Place, cut, empty
from volume import UUID, assert_counts

PORT = 7000
LOCAL = 1                        # VMADDR_CID_LOCAL
HOST = 2                         # VMADDR_CID_HOST
CVMCTL = "/host/ld.so --library-path /host /host/cvmctl"
DRIVER = "vmw_vsock_virtio_transport"
NOBODY = f"; start the broker, give the VM a vsock, and load {DRIVER}"
# Each after those that it needs.
VSOCK = ("vsock", "vmw_vsock_virtio_transport_common", "vsock_loopback")


@pytest.fixture
def make_place(desk, builder, with_volume, series, tmp_path):
    """make_place(cid, module): a Place whose image asks for its key there,
    and whose init loads MODULE."""
    def make(cid=LOCAL, module="vsock_loopback"):
        def make_image(broker_conf, **changes):
            return with_volume(
                state=f"uuid = {UUID}\nmount = /data\nkey = delivered",
                broker=broker_conf, modules=modules(series, "volume")
                + f"\nload = {module}", **changes)
        return Place(desk, builder, make_image, tmp_path,
                     f"vsock:{cid}:{PORT}")
    return make


def with_peer(place, *acts, files=None):
    """The image, in which others are at the port before init begins. It
    loads the modules itself, since init does so when it runs."""
    paths = {Path(name).stem: name for name in read(place.image.initramfs)}
    loads = (f"load /{paths[module]}" for module in VSOCK)
    return preinit(place.image, place.folder / "image", *loads, *acts,
                   files=files)


def with_broker(place):
    """The image, in which the broker is at the port, its audit log on the
    console."""
    # its certificates are there when it has made one TPM
    place.maker.tpm(place.folder / "first")
    broker = place.folder / "broker"
    files = {path[1:]: data for path, data in
             host_program(place.cvmctl).items()}
    files["broker/key"] = ((broker / "broker.key").read_bytes(), 0o600)
    files["broker/ca"] = place.maker.certificates().read_bytes()
    files["broker/image/manifest.json"] = (
        place.image.folder / "manifest.json").read_bytes()
    for key in (broker / "store").iterdir():
        files[f"broker/store/{key.name}"] = (key.read_bytes(), 0o600)
    return with_peer(
        place, f"start {CVMCTL} broker --listen vsock:{PORT} --store "
        "/broker/store --key /broker/key --audit /dev/console --ek-ca "
        "/broker/ca --without-hardware --apps-only /broker/image",
        files=files)


def audit(result):
    """The broker's decisions."""
    return [json.loads(line) for line in
            re.findall(r'^{ *"time".*}$', result.serial, re.M)]


def test_delivered(make_place, run, series):
    """On every kernel: request, challenge, evidence and key go over it, and
    the broker knows by which CID it was asked."""
    assert series
    place = make_place()
    result = run(with_broker(place), place.disk, tpm=place.tpm())
    assert f"cvmctl: broker: listening at vsock:{PORT}\n" in result.serial
    assert_counts(result, 1)
    decision, = audit(result)
    assert decision["decision"] == "delivered"
    assert (decision["peer"], decision["uuid"]) == (f"vsock:{LOCAL}", UUID)


def test_no_key_for_the_volume(make_place, run):
    """The broker's refusal comes over it, too."""
    place = make_place()
    for key in (place.folder / "broker" / "store").iterdir():
        key.rename(key.with_name("other.key"))
    result = run(with_broker(place), place.disk, tpm=place.tpm())
    decision, = audit(result)
    assert (decision["decision"], decision["peer"]) == (
        "refused", f"vsock:{LOCAL}")
    assert "there is none" in decision["reason"]
    assert_refused(result,
                   f"{NO_KEY}the broker says: {decision['reason']}{ASK}")


@pytest.mark.parametrize("manner, words", [
    ("silent", SILENT),
    ("hangs-up", "the broker hung up" + ASK),
])
def test_no_answer(make_place, run, manner, words):
    """Somebody takes the request, and says nothing; or begins to."""
    place = make_place()
    image = with_peer(place, f"peer {PORT} {manner}")
    result = run(image, place.disk, tpm=place.tpm())
    assert f"pre-init: peer {PORT} {manner}: done\n" in result.serial
    assert_refused(result, NO_KEY + words)


@pytest.mark.parametrize("cid, module, reason", [
    (LOCAL, "vsock_loopback", "Connection reset by peer"),
    (HOST, DRIVER, "No such device"),
    (HOST, "virtio_blk", "Address family not supported by protocol"),
], ids=["nobody listens", "no device", "no driver"])
def test_nobody_there(make_place, run, cid, module, reason):
    """The loopback has no such port; there is no host; there is no vsock."""
    place = make_place(cid, module)
    assert_refused(
        run(place.image, place.disk, tpm=place.tpm()),
        f"init: volumes: cannot reach the broker at vsock:{cid}:{PORT}: "
        f"{reason}{NOBODY}")


@pytest.fixture
def place(make_place):
    """One whose VM asks the host."""
    if not vsock.PROGRAM.is_file():
        pytest.skip("vhost-device-vsock could not be fetched")
    return make_place(HOST, DRIVER)


def run_beside(run, place, path):
    """How a boot went whose vsock leads to the UNIX socket PATH."""
    with vsock.Device(PORT, path) as device:
        return run(place.image, place.disk, tpm=place.tpm(),
                   extra=device.words(512))


def test_from_the_host(place, run, series):
    """On every kernel, through the driver that VMs have."""
    assert series
    with place.broker() as broker:
        assert_counts(run_beside(run, place, broker.socket), 1)
        decision, = broker.audit()
    assert (decision["decision"], decision["uuid"]) == ("delivered", UUID)


@pytest.mark.parametrize("change, words", [
    (cut, SILENT),
    (empty, "the broker's answer has a length that no answer has" + ASK),
], ids=["cut", "empty"])
def test_changed_answer_of_the_host(place, run, change, words):
    """The host has the messages in its hand."""
    with place.broker() as broker:
        with brokers.Host(broker, lambda number, message:
                          change(message) if number == 3 else message) as host:
            result = run_beside(run, place, host.path)
    assert_refused(result, NO_KEY + words)


def test_no_broker_on_the_host(place, run):
    """The vsock is there, and the host does not even refuse."""
    result = run_beside(run, place, place.short / "nobody")
    assert_refused(
        result, "init: volumes: cannot reach the broker at "
        f"vsock:{HOST}:{PORT}: Operation timed out{NOBODY}")
    # not after the 2 s that the kernel would wait
    off, = re.findall(r"^\[ *(\d+)\.\d+\] reboot: Power down", result.serial,
                      re.M)
    assert int(off) >= TIMEOUT
