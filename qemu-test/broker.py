# SPDX-License-Identifier: MIT
"""The broker beside a VM, and the maker of TPMs whose word it takes.

    maker = Maker(folder)                  signs the EK of each of its TPMs
    with Broker(cvmctl, folder, image, maker) as broker:
        result = run(image, disk, tpm=maker.tpm(folder / "tpm"),
                     extra=broker.port())
    assert broker.audit()[-1]["decision"] == "delivered"
"""

import hashlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
from pathlib import Path

import vm

PORT = "org.example.keys"
LISTENING = "cvmctl: broker: listening at "


class Maker:
    """Who makes TPMs: a certificate authority of its own, by swtpm_localca."""

    def __init__(self, folder):
        self.folder = folder
        state = folder / "state"
        state.mkdir(parents=True)
        (folder / "localca.conf").write_text(
            f"statedir = {state}\nsigningkey = {state}/signkey.pem\n"
            f"issuercert = {state}/issuercert.pem\n"
            f"certserial = {state}/certserial\n")
        (folder / "localca.options").write_text(
            "--tpm-manufacturer id:00001014\n--tpm-model test\n"
            "--tpm-version 2.0\n--platform-manufacturer Test\n"
            "--platform-version 1\n--platform-model test\n")
        (folder / "setup.conf").write_text(
            "create_certs_tool = /usr/bin/swtpm_localca\n"
            f"create_certs_tool_config = {folder}/localca.conf\n"
            f"create_certs_tool_options = {folder}/localca.options\n")

    def tpm(self, state, banks=("sha256",)):
        """A new one."""
        made = vm.Swtpm(state, banks, self.folder)
        made.manufacture()
        return made

    def certificates(self):
        """A file with its certificates, once it has made a TPM."""
        path = self.folder / "ca.pem"
        path.write_text("".join(
            (self.folder / "state" / name).read_text() for name in
            ("issuercert.pem", "swtpm-localca-rootca-cert.pem")))
        return path


class Broker:
    """`cvmctl broker`, from its first word to its end."""

    def __init__(self, cvmctl, folder, image, trust, *options):
        self.folder = folder
        # A socket's path has at most 107 bytes: a short folder.
        self.short = tempfile.TemporaryDirectory(prefix="broker-")
        self.socket = Path(self.short.name) / "s"
        self.log = folder / "audit"
        self.store = folder / "store"
        self.words = [cvmctl, "broker", "--listen", f"unix:{self.socket}",
                      "--store", self.store, "--key", folder / "broker.key",
                      "--audit", self.log, *trust, *options, image.folder]
        self.process = None

    @staticmethod
    def prepare(folder):
        """The folder of a broker: its key and its store. The SHA-256 of the
        key, as boot.conf has it."""
        (folder / "store").mkdir(parents=True)
        key = folder / "broker.key"
        subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "EC",
                        "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key],
                       check=True)
        der = subprocess.run(["openssl", "pkey", "-in", key, "-pubout",
                              "-outform", "DER"], check=True,
                             capture_output=True).stdout
        return hashlib.sha256(der).hexdigest()

    def __enter__(self):
        with open(self.folder / "broker.log", "wb") as log:
            self.process = vm.start(self.words, log, stdout=subprocess.PIPE)
        ready, _, _ = select.select([self.process.stdout], [], [], 20)
        line = self.process.stdout.readline().decode() if ready else ""
        if not line.startswith(LISTENING):
            raise vm.HarnessError("the broker does not listen: "
                                  + (self.folder / "broker.log").read_text())
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.process.stdout.close()
        self.short.cleanup()

    def port(self, path=None):
        """QEMU's words for the port that leads to it, or to PATH."""
        return port(path or self.socket)

    def audit(self):
        """Its decisions so far."""
        if not os.path.exists(self.log):
            return []
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def port(path, name=PORT):
    """QEMU's words for a port of virtio-serial that leads to a socket."""
    return ("-device", "virtio-serial-pci",
            "-chardev", f"socket,id=keys,path={path}",
            "-device", f"virtserialport,chardev=keys,name={name}")


class Host:
    """The host between VM and broker: sees every message and may change it.

    CHANGE gets the number of the message (0 request, 1 challenge, 2 evidence,
    3 answer) and its bytes, and returns what goes on instead: bytes of a
    message, or RAW bytes without a length, or None for nothing at all.
    """

    def __init__(self, broker, change):
        self.broker = broker
        self.change = change
        self.seen = []
        self.short = tempfile.TemporaryDirectory(prefix="host-")
        self.path = Path(self.short.name) / "s"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen()

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.short.cleanup()

    def _serve(self):
        guest, _ = self.listener.accept()
        with guest, socket.socket(socket.AF_UNIX) as broker:
            broker.connect(str(self.broker.socket))
            ends = (guest, broker)
            number = 0
            while (message := receive(ends[number % 2])) is not None:
                self.seen.append(message)
                changed = self.change(number, message)
                if isinstance(changed, Raw):
                    ends[1 - number % 2].sendall(changed)
                elif changed is not None:
                    ends[1 - number % 2].sendall(
                        struct.pack(">I", len(changed)) + changed)
                number += 1


class Raw(bytes):
    """Bytes that are sent as they are."""


def receive(end):
    """One message, or None at the end."""
    def exactly(size):
        data = b""
        while len(data) < size and (more := end.recv(size - len(data))):
            data += more
        return data if len(data) == size else None
    header = exactly(4)
    return header and exactly(struct.unpack(">I", header)[0])
