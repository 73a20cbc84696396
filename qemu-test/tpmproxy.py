# SPDX-License-Identifier: MIT
"""Somebody between a VM and its TPM: a Swtpm that hears and changes all that
passes.

    def swallow(proxy, command):
        if code(command) == PCR_EXTEND:
            return SUCCESS
        return proxy.ask(command)

    tpm = ProxiedTpm(desk.folder / "tpm", meddle=swallow)

QEMU speaks to swtpm on a control channel, over which it also hands out one
end of a socket pair for the TPM's commands (CMD_SET_DATAFD). The proxy keeps
that end and hands swtpm one of its own.
"""

import contextlib
import hashlib
import selectors
import socket
import struct
import threading
from dataclasses import dataclass

import vm

# swtpm's control commands (tpm_ioctl.h) and the TPM's (TCG Part 2, 6.5.2).
CMD_INIT = 2
CMD_SET_DATAFD = 16
STARTUP = 0x144
SHUTDOWN = 0x145
LOAD = 0x157
UNSEAL = 0x15E
CONTEXT_LOAD = 0x161
CONTEXT_SAVE = 0x162
START_AUTH_SESSION = 0x176
PCR_EXTEND = 0x182

CLEAR, STATE = 0, 1
BANKS = {0x4: "sha1", 0xB: "sha256", 0xC: "sha384", 0xD: "sha512"}
SILENCE = b""
SUCCESS = struct.pack(">HII", 0x8001, 10, 0)
PASSWORD = struct.pack(">IIHBH", 9, 0x40000009, 0, 0, 0)


def code(message):
    """A command's TPM_CC, an answer's TPM_RC; of SILENCE none."""
    return struct.unpack_from(">I", message, 6)[0] if message else None


def message(cc, body, tag=0x8001):
    """A command."""
    return struct.pack(">HII", tag, 10 + len(body), cc) + body


@dataclass(frozen=True)
class Extend:
    """A PCR_Extend: the digests of all banks, by name."""
    pcr: int
    digests: dict

    @staticmethod
    def of(command):
        """The extend that a command is, or None."""
        if code(command) != PCR_EXTEND:
            return None
        pcr, auth_size = struct.unpack_from(">II", command, 10)
        at = 18 + auth_size
        (count,) = struct.unpack_from(">I", command, at)
        at += 4
        digests = {}
        for _ in range(count):
            bank = BANKS[struct.unpack_from(">H", command, at)[0]]
            size = hashlib.new(bank).digest_size
            digests[bank] = command[at + 2:at + 2 + size].hex()
            at += 2 + size
        return Extend(pcr, digests)

    def command(self):
        """The same, under the empty password: who replays has no session."""
        numbers = {name: number for number, name in BANKS.items()}
        return message(PCR_EXTEND, tag=0x8002, body=b"".join((
            struct.pack(">I", self.pcr), PASSWORD,
            struct.pack(">I", len(self.digests)),
            *(struct.pack(">H", numbers[bank]) + bytes.fromhex(digest)
              for bank, digest in self.digests.items()))))


class ProxiedTpm(vm.Swtpm):
    """A TPM all of whose commands go through MEDDLE(self, command), which
    gives back the answer, or SILENCE. LOG has each command with its answer."""

    def __init__(self, state_dir, banks=("sha256",), meddle=None):
        super().__init__(state_dir, banks)
        self.meddle = meddle or (lambda proxy, command: proxy.ask(command))
        self.log = []
        self._qemu = self._tpm = None       # control channels
        self._qemu_data = self._tpm_data = None
        self._thread = None

    def start(self, control, log):
        self.log = []
        self._qemu = control.dup()
        self._tpm, theirs = socket.socketpair()
        with theirs:
            super().start(theirs, log)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        if self._thread:
            self._thread.join(timeout=5)
        super().stop()

    def extends(self, pcr):
        """What was extended into PCR, as far as the TPM said it was."""
        found = (Extend.of(command) for command, answer in self.log
                 if code(answer) == 0)
        return [extend for extend in found if extend and extend.pcr == pcr]

    # For MEDDLE.

    def ask(self, command):
        """The TPM's own answer."""
        self._tpm_data.sendall(command)
        return receive(self._tpm_data)

    def restart(self, down=CLEAR, up=CLEAR):
        """Cut the TPM's power and give it back."""
        self.ask(message(SHUTDOWN, struct.pack(">H", down)))
        self._tpm.sendall(struct.pack(">II", CMD_INIT, 0))
        if self._tpm.recv(4) != bytes(4):
            raise vm.HarnessError("swtpm does not take CMD_INIT")
        self.ask(message(STARTUP, struct.pack(">H", up)))

    def restart_in_place(self):
        """The same, but sessions and objects live on: only PCRs are lost."""
        handles = (0x02000000, 0x02000001, 0x03000001, 0x80000000)
        saved = [self.ask(message(CONTEXT_SAVE, struct.pack(">I", handle)))
                 for handle in handles]
        self.restart(STATE, CLEAR)
        for answer in saved:
            if code(answer) == 0:
                self.ask(message(CONTEXT_LOAD, answer[10:]))

    def replay(self):
        """Put back what was extended since the start, PCR by PCR."""
        for command, answer in list(self.log):
            extend = Extend.of(command)
            if extend and code(answer) == 0:
                self.ask(extend.command())

    # From here on: how it is done.

    def _run(self):
        selector = selectors.DefaultSelector()
        selector.register(self._qemu, selectors.EVENT_READ, self._on_control)
        self._selector = selector
        with contextlib.suppress(EOFError, OSError), selector:
            while True:
                for key, _ in selector.select():
                    key.data()
        for end in (self._qemu, self._tpm, self._qemu_data, self._tpm_data):
            if end:
                end.close()

    def _on_control(self):
        """QEMU asks swtpm something, and waits for the answer."""
        request, fds, _, _ = socket.recv_fds(self._qemu, 4096, 1)
        if not request:
            raise EOFError
        if struct.unpack_from(">I", request)[0] == CMD_SET_DATAFD:
            self._take_data(request, fds[0])
        else:
            self._tpm.sendall(request)
        self._qemu.sendall(self._tpm.recv(1 << 16))

    def _take_data(self, request, fd):
        self._qemu_data = socket.socket(fileno=fd)
        self._tpm_data, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._tpm, [request], [theirs.fileno()])
        self._selector.register(self._qemu_data, selectors.EVENT_READ,
                                self._on_command)

    def _on_command(self):
        command = receive(self._qemu_data)
        answer = self.meddle(self, command)
        self.log.append((command, answer))
        self._qemu_data.sendall(answer)  # nothing, if the TPM is silent


def receive(end):
    """One message, whose header says how long it is."""
    data = b""
    while len(data) < 10 or len(data) < struct.unpack_from(">I", data, 2)[0]:
        more = end.recv(4096)
        if not more:
            raise EOFError
        data += more
    return data
