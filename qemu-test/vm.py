# SPDX-License-Identifier: MIT
"""A virtual machine with a TPM, from its first instruction to its end.

    tpm = Swtpm(work / "tpm", banks=("sha256", "sha384"))
    with Vm(Machine(kernel=k, initrd=i, append="console=ttyS0"), work, tpm) as vm:
        vm.wait_for("service: ready")
        vm.power_button()
        result = vm.wait()
    assert result.powered_off

A Machine is what the host would put together, a Vm is one boot of it, a
Result is how that boot went. The TPM's state stays in its folder, so several
boots can share one TPM. Every boot has a hard time bound, and no process
outlives the one that started it.

One thread per Vm reads the serial console and QEMU's control channel (QMP) as
they speak; everybody else waits for it on a condition. Channels are socket
pairs handed to the processes, so there is no path to wait for and nothing
that another VM could meet.
"""

import contextlib
import dataclasses
import json
import os
import re
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

QEMU = "qemu-system-x86_64"
OVMF = Path("/usr/share/OVMF")
TPM_DEVICES = {"crb": "tpm-crb", "tis": "tpm-tis"}
FIRMWARES = ("seabios", "ovmf")
# What qemu-test/firmware has fetched: more firmware, by the folder's name.
FETCHED = Path(__file__).resolve().parent.parent / "build/firmware"

# Two faults of QEMU 7.2's emulation decide here; each made about one boot in
# twenty die in the kernel. After cmpxchg16b it leaves rubbish in EFLAGS,
# sometimes the NT flag; without CX16 the kernel takes another way. And two
# threads may run stale code after the kernel has patched itself, hence one
# thread for all CPUs, which costs nothing when boots run side by side.
# tcg-multi is for measuring, and so is tcg-count, for one CPU: an instruction
# is a nanosecond of the guest's time.
ACCELS = {
    "kvm": ("-accel", "kvm", "-cpu", "host"),
    "tcg": ("-accel", "tcg,thread=single", "-cpu", "max,-cx16"),
    "tcg-multi": ("-accel", "tcg,thread=multi", "-cpu", "max,-cx16"),
    "tcg-count": ("-accel", "tcg,thread=single", "-icount", "shift=0",
                  "-cpu", "max,-cx16"),
}

# Under TCG on a busy machine a boot with OVMF takes up to half of this.
BOOT_SECONDS_MAX = 60


class HarnessError(Exception):
    """The harness or its tools failed; nothing is known about the guest."""


def start(words, log, fds=(), **streams):
    """Start a process that dies with us and has exactly these FDS.

    setpriv replaces itself by the program, so the pid is the program's own.
    """
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "--", *map(str, words)],
        pass_fds=[fd.fileno() for fd in fds], stderr=log, **streams)


class Swtpm:
    """One software TPM. Its state lives in a folder; a process lives for one
    boot, since swtpm ends when QEMU lets go of it."""

    def __init__(self, state_dir, banks=("sha256",), maker=None):
        # swtpm answers "failure mode" to everything with a relative folder.
        self.state_dir = Path(state_dir).absolute()
        self.banks = banks
        self.maker = maker           # folder with setup.conf: see broker.py
        self.process = None

    def manufacture(self):
        """Make a new TPM, unless the folder holds one."""
        if (self.state_dir / "tpm2-00.permall").exists():
            return
        self.state_dir.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["swtpm_setup", "--tpm2", "--tpmstate", self.state_dir,
             "--pcr-banks", ",".join(self.banks),
             *(("--create-ek-cert", "--config", self.maker / "setup.conf")
               if self.maker else ())],
            capture_output=True, text=True, check=False)
        if done.returncode:
            raise HarnessError(f"cannot make a TPM in {self.state_dir}:\n"
                               + done.stdout + done.stderr)

    def start(self, control, log):
        """Run the TPM for one boot, served on the socket CONTROL."""
        self.manufacture()
        self.process = start(
            ["swtpm", "socket", "--tpm2",
             "--tpmstate", f"dir={self.state_dir}",
             "--ctrl", f"type=unixio,clientfd={control.fileno()}",
             "--flags", "not-need-init"],
            log, fds=[control])

    def stop(self):
        """After QEMU: let the TPM write its state, or kill it."""
        if self.process:
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


@dataclasses.dataclass(frozen=True)
class Disk:
    """A raw disk. With SNAPSHOT the guest may write, and the file stays.
    With FIRST the firmware tries it before all others. It reads at most
    BYTES_PER_SECOND, if that is not 0."""
    path: Path
    serial: str = ""
    readonly: bool = False
    snapshot: bool = False
    first: bool = False
    bytes_per_second: int = 0

    def options(self, number):
        """QEMU's words for the disk that the guest sees at this place."""
        drive = f"id=disk{number},if=none,format=raw,file={self.path}"
        drive += ",readonly=on" if self.readonly else ""
        drive += ",snapshot=on" if self.snapshot else ""
        if self.bytes_per_second:
            drive += f",throttling.bps-read={self.bytes_per_second}"
        device = f"virtio-blk-pci,drive=disk{number}"
        device += f",serial={self.serial}" if self.serial else ""
        device += ",bootindex=0" if self.first else ""
        return ["-drive", drive, "-device", device]


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """A disk that cannot be written, and whose sector at the byte AT, or each
    sector, is an I/O error: QEMU's docs/devel/blkdebug.txt."""
    path: Path
    at: int | None = None

    def options(self, number):
        """As of a Disk."""
        rule = {"event": "none", "iotype": "read", "errno": 5}
        if self.at is not None:
            rule["sector"] = self.at // 512
        words = [f"id=disk{number},if=none,driver=raw,readonly=on",
                 "file.driver=blkdebug,file.image.driver=file",
                 f"file.image.filename={self.path}",
                 *(f"file.inject-error.0.{key}={value}"
                   for key, value in rule.items())]
        return ["-drive", ",".join(words),
                "-device", f"virtio-blk-pci,drive=disk{number}"]


@dataclasses.dataclass(frozen=True)
class Machine:
    """Everything that the host decides."""
    kernel: Path | None              # none: the firmware boots from a disk
    initrd: Path | None = None
    append: str = "console=ttyS0"
    disks: tuple = ()                # of Disk; the guest's vda, vdb, ...
    tpm: str = "crb"                 # crb, tis, none
    firmware: str = "seabios"        # or ovmf, or a name of FETCHED
    machine: str = "pc"              # pc, q35
    qemu: str | Path = QEMU
    memory_mib: int = 1024
    cpus: int = 1
    forwards: tuple = ()             # of (host port, guest port)
    network: bool = False            # implied by forwards
    accel: str = "tcg"               # one of ACCELS; see accel.py
    extra: tuple = ()                # further words for QEMU

    def replace(self, **changes):
        """The same machine, but for these."""
        return dataclasses.replace(self, **changes)

    def options(self, work):
        """QEMU's words, without the channels that only a Vm knows."""
        words = [
            "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-m", self.memory_mib, "-smp", self.cpus,
            "-machine", self.machine, *self._accel(),
            *self._firmware(work), *self._kernel()]
        for number, disk in enumerate(self.disks):
            words += disk.options(number)
        return [str(w) for w in (*words, *self._network(), *self.extra)]

    def _accel(self):
        return list(ACCELS[self.accel])

    def _kernel(self):
        words = []
        if self.kernel:
            words += ["-kernel", self.kernel]
            words += ["-append", self.append] if self.append else []
            words += ["-initrd", self.initrd] if self.initrd else []
        return words

    def _firmware(self, work):
        if self.firmware == "seabios":
            return []
        folder = OVMF if self.firmware == "ovmf" else FETCHED / self.firmware
        # The variables are the machine's memory: a fresh copy each boot.
        variables = Path(work) / "ovmf-vars.fd"
        shutil.copyfile(folder / "OVMF_VARS_4M.fd", variables)
        code = folder / "OVMF_CODE_4M.fd"
        return ["-drive", f"if=pflash,format=raw,readonly=on,file={code}",
                "-drive", f"if=pflash,format=raw,file={variables}"]

    def _network(self):
        if not (self.network or self.forwards):
            return []
        net = "user,id=net0,restrict=on" + "".join(
            f",hostfwd=tcp:127.0.0.1:{host}-:{guest}"
            for host, guest in self.forwards)
        # The option ROM would only make the firmware try to boot from it.
        return ["-netdev", net, "-device", "virtio-net-pci,netdev=net0,romfile="]


@dataclasses.dataclass(frozen=True)
class Result:
    """How a boot went.

    ENDING is QEMU's reason for its end: guest-shutdown and guest-reset are
    the guest's own doing, host-qmp-quit ours. "timeout" is ours too: the time
    bound. "crashed" means that QEMU itself died; see qemu.log in WORK.
    """
    serial: str
    ending: str
    seconds: float
    work: Path
    tpm_state: Path | None

    @property
    def powered_off(self):
        """The guest powered off, on its own."""
        return self.ending == "guest-shutdown"

    @property
    def rebooted(self):
        """The guest reset the machine, on its own."""
        return self.ending == "guest-reset" and not self.panicked

    @property
    def panicked(self):
        """The kernel gave up (and reset, if it was told panic=-1)."""
        return "Kernel panic - not syncing" in self.serial

    def tail(self, lines=30):
        """The end of the serial console."""
        return "\n".join(self.serial.splitlines()[-lines:])


def plain(raw):
    """Serial bytes as text: no carriage returns, no escape sequences, which
    SeaBIOS and OVMF write in plenty."""
    text = raw.decode("utf-8", "replace").replace("\r", "")
    return re.sub(r"\x1b(\[[0-9;?=]*[A-Za-z]|c)", "", text)


class Vm:
    """One boot of a MACHINE, with its files in WORK; see the module."""

    def __init__(self, machine, work, tpm=None, seconds_max=BOOT_SECONDS_MAX,
                 on_terminal=False):
        self.machine = machine
        self.work = Path(work).absolute()
        self.tpm = tpm if machine.tpm != "none" else None
        self.seconds_max = seconds_max
        self.on_terminal = on_terminal
        self._changed = threading.Condition()
        self._raw = b""
        self._ending = None
        self._closed = False
        self._result = None
        if machine.tpm != "none" and not tpm:
            raise HarnessError("a machine with a TPM needs a Swtpm")

    def __enter__(self):
        self._open()
        return self

    def __exit__(self, *_):
        self.kill()

    # What a test does with a running machine.

    def wait_for(self, pattern, seconds=None):
        """Wait until the serial console matches; the match. It is an error
        when the machine ends first, or the time."""
        found = self._wait(lambda: re.search(pattern, self.serial, re.M),
                           seconds)
        if not found:
            raise AssertionError(f"the serial console never said {pattern!r}")
        return found

    def wait(self):
        """Wait for the machine's end, at most until its time bound."""
        if not self._wait(lambda: self._closed):
            self._ending = "timeout"
        return self._finish()

    def kill(self):
        """Pull the plug, if it is still in."""
        if not self._result:
            if not self._closed:
                self._ending = self._ending or "killed"
            self._finish()
        return self._result

    def power_button(self):
        """Press it: ACPI's request to shut down."""
        self.command("system_powerdown")

    def command(self, name, **arguments):
        """Send a QMP command. Its answer is not waited for."""
        message = {"execute": name, "arguments": arguments}
        with contextlib.suppress(BrokenPipeError):
            self._qmp.sendall(json.dumps(message).encode())

    @property
    def serial(self):
        """What the serial console said so far."""
        return plain(self._raw)

    # From here on: how it is done.

    def _open(self):
        self.work.mkdir(parents=True, exist_ok=True)
        self._log = open(self.work / "qemu.log", "wb")
        self._serial_log = open(self.work / "serial.log", "wb")
        words = [str(self.machine.qemu), *self.machine.options(self.work),
                 *self._serial_words()]
        with contextlib.ExitStack() as theirs:
            self._qmp, qmp = socket.socketpair()
            theirs.enter_context(qmp)
            fds = [qmp]
            words += ["-chardev", f"socket,id=qmp,fd={qmp.fileno()}",
                      "-mon", "chardev=qmp,mode=control"]
            if self.tpm:
                fds.append(self._open_tpm(theirs))
                words += self._tpm_words(fds[-1])
            (self.work / "command").write_text(shlex.join(words) + "\n")
            self._began = time.monotonic()
            streams = {} if self.on_terminal else {
                "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
            self._process = start(words, None if self.on_terminal
                                  else self._log, fds=fds, **streams)
        self.command("qmp_capabilities")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _serial_words(self):
        return ["-chardev", "stdio,id=serial", "-serial", "chardev:serial"]

    def _open_tpm(self, theirs):
        tpm_end, qemu_end = socket.socketpair()
        theirs.enter_context(qemu_end)
        with tpm_end:
            self.tpm.start(tpm_end, self._log)
        return qemu_end

    def _tpm_words(self, control):
        return ["-chardev", f"socket,id=tpm,fd={control.fileno()}",
                "-tpmdev", "emulator,id=tpm0,chardev=tpm",
                "-device", f"{TPM_DEVICES[self.machine.tpm]},tpmdev=tpm0"]

    def _read(self):
        """The reader thread: until both channels are at their end."""
        selector = selectors.DefaultSelector()
        selector.register(self._qmp, selectors.EVENT_READ, self._on_qmp)
        if not self.on_terminal:
            selector.register(self._process.stdout, selectors.EVENT_READ,
                              self._on_serial)
        self._qmp_text = b""
        while selector.get_map():
            for key, _ in selector.select():
                if not key.data(self._receive(key.fd)):
                    selector.unregister(key.fileobj)
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @staticmethod
    def _receive(fd):
        try:
            return os.read(fd, 1 << 16)
        except ConnectionResetError:
            return b""

    def _on_serial(self, data):
        self._serial_log.write(data)
        with self._changed:
            self._raw += data
            self._changed.notify_all()
        return data

    def _on_qmp(self, data):
        *lines, self._qmp_text = (self._qmp_text + data).split(b"\n")
        for line in filter(None, lines):
            message = json.loads(line)
            if message.get("event") == "SHUTDOWN":
                self._ending = message["data"]["reason"]
        return data

    def _wait(self, condition, seconds=None):
        """True (or what CONDITION gave), or false when the machine's or the
        caller's time is over, or the machine is."""
        left = self._began + self.seconds_max - time.monotonic()
        seconds = left if seconds is None else min(left, seconds)
        with self._changed:
            self._changed.wait_for(lambda: self._closed or condition(),
                                   max(seconds, 0))
            return condition()

    def _finish(self):
        if self._result:
            return self._result
        if not self._closed:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        seconds = time.monotonic() - self._began
        self._qmp.close()
        if self.tpm:
            self.tpm.stop()
        self._serial_log.close()
        self._log.close()
        self._result = Result(
            serial=self.serial, ending=self._ending or self._how_qemu_died(),
            seconds=seconds, work=self.work,
            tpm_state=self.tpm.state_dir if self.tpm else None)
        return self._result

    def _how_qemu_died(self):
        status = self._process.returncode
        if status in (-signal.SIGINT, -signal.SIGTERM):
            return "killed"
        return "crashed"


def boot(machine, work, tpm=None, **options):
    """A whole boot, to its end."""
    with Vm(machine, work, tpm, **options) as vm:
        return vm.wait()


def free_port():
    """A TCP port of this host that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
