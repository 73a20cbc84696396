# SPDX-License-Identifier: MIT
"""cvm-broker.service, as `make install` leaves it, under Debian's systemd in a
VM: it says why it does not start, then starts in its sandbox, and another VM
opens its disk with a key that was added while the broker ran.

The host gets into that VM by two sockets of its systemd: a shell for each
line, and a way to the broker's socket.
"""

import base64
import json
import socket
import struct
import subprocess
from pathlib import Path

import broker as brokers
import image as images
import pytest
import rootfile
import vm
from bootconf import CMDLINE, app, boot_conf, modules
from rootfile import host_program
from test_broker import CONSOLE, Place
from volume import UUID, assert_counts

REPO = Path(__file__).resolve().parent.parent
BOOT_SECONDS_MAX = 400           # systemd's, and another VM's meanwhile
EXPOSURE_MAX = 1.5               # of 10
KEY_HEAP = "VmLck:\t      64 kB\n"  # cvmctl/tool/key-memory.c
SHELL, WAY = 8081, 8082          # ports
UNIT = "cvm-broker.service"
INSTALLED = (f"/usr/lib/systemd/system/{UNIT}",
             "/usr/lib/sysusers.d/cvm-broker.conf")
OURS = "/etc/systemd/system"
SOCKET = "/run/cvm-broker/s"
NO_OPTIONS = ("cvmctl: broker: cannot read the arguments: --listen WHERE is "
              "missing; see cvmctl broker --help\n")
NO_KEY = ("cvmctl: broker: cannot read /etc/cvm-broker/broker.key: No such "
          "file or directory; check --key\n")
# Emulated, five starts take longer than the ten seconds of the default.
LIMIT = b"""[Unit]
StartLimitIntervalSec=60
"""
# Debian's libraries here need not be those in there.
CVMCTL = b"""#!/bin/sh
exec /host/ld.so --library-path /host /host/cvmctl "$@"
"""
UNITS = {
    "network.service": """
[Service]
Type=oneshot
ExecStart=/bin/ip link set eth0 up
ExecStart=/bin/ip address add 10.0.2.15/24 dev eth0
""",
    "shell.socket": f"""
[Socket]
ListenStream=0.0.0.0:{SHELL}
Accept=yes
""",
    "shell@.service": """
[Service]
ExecStart=/bin/sh -c 'read -r line; eval "$$line"'
StandardInput=socket
StandardOutput=socket
StandardError=socket
""",
    "way.socket": f"""
[Socket]
ListenStream=0.0.0.0:{WAY}
""",
    "way.service": f"""
[Service]
ExecStart=/lib/systemd/systemd-socket-proxyd {SOCKET}
""",
    "ready.service": f"""
[Unit]
After=network.service shell.socket way.socket {UNIT}
[Service]
ExecStart=/bin/echo host may come
StandardOutput=tty
TTYPath=/dev/console
""",
}
STARTED = ("network.service", "shell.socket", "way.socket", "ready.service",
           UNIT)


class Server:
    """The VM with the broker."""

    def __init__(self, machine, shell):
        self.machine = machine
        self.shell = shell
        machine.wait_for("host may come")

    def said(self, line):
        """What a line of shell says, line by line."""
        with socket.create_connection(("127.0.0.1", self.shell), 120) as shell:
            shell.sendall(f"{line}\n".encode())
            yield from shell.makefile()

    def sh(self, line):
        """All that it says, and its status."""
        text = "".join(self.said(f'{line}; echo "=$?"'))
        words, _, status = text.rpartition("=")
        return words, int(status)

    def done(self, line):
        """What it says, and it has to go well."""
        words, status = self.sh(line)
        assert status == 0, f"{line}: {words}"
        return words

    def journal_until(self, end):
        """What the unit said before and after, until it says this."""
        text = ""
        for line in self.said(
                f"exec journalctl -f -n all -o cat -u {UNIT}"):
            text += line
            if end in line:
                return text
        raise AssertionError(f"the journal never said {end!r}: {text}")

    def show(self, name):
        """A property of the unit."""
        return self.done(f"systemctl show -P {name} {UNIT}").strip()

    def assert_ended(self, end, line, status):
        """The unit has ended with that, and our LINE is in the journal."""
        assert line in self.journal_until(end)
        assert self.show("ActiveState") == "failed"
        assert self.show("ExecMainStatus") == str(status)
        self.done(f"systemctl reset-failed {UNIT}")


@pytest.fixture
def place(desk, builder, with_volume, series, tmp_path):
    """The VM that asks: its image, its disk, a maker of TPMs."""
    def make_image(broker_conf, **changes):
        return with_volume(
            state=f"uuid = {UUID}\nmount = /data\nkey = delivered",
            broker=broker_conf,
            modules=modules(series, "volume") + CONSOLE[series], **changes)
    return Place(desk, builder, make_image, tmp_path)


def installed(folder):
    """What make install leaves of the service."""
    subprocess.run(["make", "-s", "install", f"DESTDIR={folder}"], check=True,
                   cwd=REPO, stdout=subprocess.DEVNULL)
    return {name: (folder / name[1:]).read_bytes() for name in INSTALLED}


def asked_later(place):
    """In /root, what the host will install."""
    key, = (place.folder / "broker" / "store").iterdir()
    return {
        "/root/options": b"BROKER_OPTIONS=--ek-ca /etc/cvm-broker/makers.pem "
                         b"--without-hardware --apps-only --listen "
                         b"unix:" + SOCKET.encode() + b"\n",
        "/root/broker.key": (place.folder / "broker/broker.key").read_bytes(),
        f"/root/{key.name}": key.read_bytes()}


@pytest.fixture
def server(place, builder, root, kernel, series, boot):
    """The VM with the broker, booted, and the port that leads to it."""
    # the file is there when it has made one TPM
    place.maker.tpm(place.folder / "first")
    wants = {f"{OURS}/multi-user.target.wants/{name}":
             f"{OURS if name in UNITS else '/usr/lib/systemd/system'}/{name}"
             for name in STARTED}
    tar = rootfile.changed(root("systemd"), place.folder / "server.tar", {
        **installed(place.folder / "installed"), **asked_later(place),
        **host_program(builder.cvmctl), **wants,
        **{f"{OURS}/{name}": text.encode() for name, text in UNITS.items()},
        f"{OURS}/multi-user.target.wants/demo.service": None,
        "/usr/bin/cvmctl": (CVMCTL, 0o755),
        f"{OURS}/{UNIT}.d/limit.conf": LIMIT,
        "/etc/cvm-broker/makers.pem":
            place.maker.certificates().read_bytes(),
        "/etc/cvm-broker/image/manifest.json":
            (place.image.folder / "manifest.json").read_bytes()})
    image = builder.image(images.Recipe(
        root=tar, kernel=kernel, apps=app("shell", "/bin/sh"),
        config=boot_conf(modules=modules(series, "network"),
                         overlay="size = 64M",
                         workload="mode = exec\nexec = /sbin/init"),
        options=("--cmdline", CMDLINE)))
    shell, way = vm.free_port(), vm.free_port()
    machine = boot(image.machine(forwards=((shell, SHELL), (way, WAY))),
                   seconds_max=BOOT_SECONDS_MAX)
    return Server(machine, shell), way


def request():
    """Of a VM whose TPM we do not have."""
    keys = json.loads((REPO / "tests/corpus/identity/good").read_text())
    return json.dumps({
        "type": "cvm-init key request", "schema": 1, "volume": "state",
        "uuid": UUID, "fresh": "00" * 32,
        **{name: keys[name] for name in ("ek", "ak", "srk")}}).encode()


def assert_answers(server, way):
    """A request gets its challenge. The key that signs is locked in memory,
    in the process of that connection too."""
    with socket.create_connection(("127.0.0.1", way), 60) as end:
        message = request()
        end.sendall(struct.pack(">I", len(message)) + message)
        challenge = json.loads(brokers.receive(end))
        assert challenge["type"] == "cvm-init challenge"
        assert base64.b64decode(challenge["secret"])
        pid = server.show("MainPID")
        child = server.done(f"cat /proc/{pid}/task/{pid}/children").strip()
        for process in (pid, child):
            assert server.done(
                f"grep VmLck /proc/{process}/status") == KEY_HEAP


def assert_sandboxed(server):
    """What systemd itself thinks of the unit."""
    assert server.done(f"systemd-analyze verify --man=no {UNIT}") == ""
    words = server.done(f"systemd-analyze security --no-pager {UNIT}")
    told = words.splitlines()[-1]
    print(told)
    assert float(told.partition(f"{UNIT}: ")[2].split()[0]) <= EXPOSURE_MAX


def test_service(place, server, run):
    """From a machine on which nothing is set up to a VM with its disk, by the
    commands of cvmctl(1), FILES."""
    server, way = server
    server.assert_ended("Failed with result", NO_OPTIONS, 2)  # at boot

    server.done("install -m 0644 /root/options /etc/cvm-broker/")
    _, status = server.sh(f"systemctl start {UNIT}")
    assert status
    server.assert_ended("Start request repeated too quickly", NO_KEY, 1)

    server.done("install -o cvm-broker -g cvm-broker -m 0600 "
                "/root/broker.key /etc/cvm-broker/")
    server.done(f"systemctl start {UNIT}")
    assert_sandboxed(server)
    assert_answers(server, way)

    server.done("install -o cvm-broker -g cvm-broker -m 0600 "
                f"/root/{UUID}.*.key /var/lib/cvm-broker/keys/")
    words = ("-device", "virtio-serial-pci", "-chardev",
             f"socket,id=keys,host=127.0.0.1,port={way}",
             "-device", f"virtserialport,chardev=keys,name={brokers.PORT}")
    assert_counts(run(place.image, place.disk, extra=words,
                      tpm=place.maker.tpm(place.folder / "another")), 1)
    last = server.done("tail -n 1 /var/log/cvm-broker/audit")
    assert json.loads(last)["decision"] == "delivered"

    server.done(f"systemctl stop {UNIT}")
    assert server.show("Result") == "success"
    list(server.said("systemctl poweroff"))
    assert server.machine.wait().powered_off
