# SPDX-License-Identifier: MIT
"""PID 1 as the parent of the workload: it starts the apps as apps.conf says,
tells how they end, leaves nothing behind, and takes the VM down.

All on the tiny root, where test-app/actor.c plays the apps.
"""

import re
from dataclasses import dataclass

import pytest
import rootfile
import vm
from bootconf import actor, app
from initramfs import changed_values, rewritten
from refusal import (assert_refused, assert_said, assert_went_well,
                     failures)

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
EXEC_MODE = "mode = exec\nexec = /app/actor"


@pytest.fixture
def run(tiny, boot, desk):
    """run(apps, ...): how a boot with that apps.conf went. EXEC_MODE: build
    for the root's own init, for which cvmctl looks for no users."""
    def run_apps(apps, exec_mode=False, **options):
        if exec_mode:
            options["workload"] = EXEC_MODE
        image = tiny(apps=apps, **options)
        if exec_mode:
            image = rewritten(image, desk.folder / "image", EXEC_MODE,
                              "mode = supervise")
        return boot(image.machine(memory_mib=512)).wait()
    return run_apps


@dataclass(frozen=True)
class Case:
    """An apps.conf, and the lines that the console must show, in order."""
    name: str
    apps: str
    says: tuple


ENDS = (
    Case("ends_at_once", actor("one", "exit 0"),
         ("init: app one: exited with status 0", "init: done")),
    Case("fails", actor("one", "exit 3"),
         ("init: app one: exited with status 3", "init: done")),
    Case("dies_by_a_signal", actor("one", "die 11"),
         ("init: app one: ended by signal 11", "init: done")),
    Case("runs_as_root_by_default", actor("one", "identity -"),
         ("actor: uid 0 0 gid 0 0 groups", "init: done")),
    # The orphan is adopted and reaped while another app looks on, and a child
    # that would run for ever does not keep the VM alive.
    Case("orphans",
         actor("parent", "orphan - leave -") +
         actor("looks", "sleep 2 zombies -"),
         ("actor: orphan adopted by 1, reaped",
          "actor: left a child behind",
          "init: app parent: exited with status 0",
          "actor: 0 zombies",
          "init: app looks: exited with status 0", "init: done")),
    # Told to stop, an app that ignores it has its stop-timeout, no more. Who
    # sends the signal is stopped too, maybe before it can say so.
    Case("ignores_sigterm",
         actor("deaf", "stubborn -", stop_timeout=2) +
         actor("stops", "sleep 1 signal 15 stay -"),
         ("actor: stubborn",
          "init: app stops: ended by signal 15",
          "init: app deaf: did not stop within 2 s, killed",
          "init: app deaf: ended by signal 9", "init: done")),
    # What a workload may send to PID 1 besides does not harm it.
    Case("other_signals_do_nothing",
         actor("one", "signal 9 signal 1 signal 10 signal 11 exit 0"),
         ("actor: signal 9 to PID 1: sent", "actor: signal 1 to PID 1: sent",
          "actor: signal 10 to PID 1: sent",
          "actor: signal 11 to PID 1: sent",
          "init: app one: exited with status 0", "init: done")),
)


@pytest.mark.parametrize("case", ENDS, ids=lambda case: case.name)
def test_ends(run, case):
    """How the apps end is on the console; then the VM is off."""
    result = run(case.apps)
    assert_said(result, *case.says)
    assert_went_well(result)


def test_sigterm(run):
    """SIGTERM to PID 1 stops every app, whatever its restart says."""
    apps = {"never": "never", "failing": "on-failure", "always": "always"}
    result = run("".join(actor(name, "stay -", restart=restart)
                         for name, restart in apps.items()) +
                 actor("stops", "sleep 1 signal 15 stay -", restart="always"))
    for name in (*apps, "stops"):
        assert result.serial.count(
            f"init: app {name}: ended by signal 15\n") == 1
    assert result.serial.count("actor: staying\n") >= len(apps)
    assert_said(result, "init: done")
    assert result.powered_off


def test_file_order(run):
    """Apps start in the order of the file, and run side by side: none waits
    for the end of an earlier one."""
    names = ["zulu", "alpha", "mike", "bravo"]
    result = run("".join(actor(name, "pid - sleep 2") for name in names))
    assert_went_well(result)
    numbers = {name: int(number) for name, number in re.findall(
        r"^actor: (\w+) is process (\d+)$", result.serial, re.M)}
    assert sorted(numbers, key=numbers.get) == names
    first_end = result.serial.index("exited with status")
    assert "actor: " not in result.serial[first_end:]


def test_identity(run):
    """An app runs as its user with all of its groups, with the environment
    that apps.conf(5) promises and no more, nothing on stdin, in a session of
    its own, and with no descriptor of PID 1."""
    result = run(actor("who", "identity - fds -", user="web",
                     env=("LOG=info", "HOME=/data", "EMPTY=")) +
                 actor("root", "sleep 3 identity - fds -"))
    assert_said(
        result,
        "actor: uid 1000 1000 gid 1000 1000 groups 1000",
        "actor: stdin /dev/null", "actor: cwd /", "actor: session own",
        "actor: env LOG=info", "actor: env HOME=/data", "actor: env EMPTY=",
        f"actor: env PATH={PATH}", "actor: env APP=who",
        "actor: 0 descriptors beyond stdio",
        "actor: uid 0 0 gid 0 0 groups",
        "actor: stdin /dev/null", "actor: cwd /", "actor: session own",
        f"actor: env PATH={PATH}", "actor: env HOME=/", "actor: env APP=root",
        "actor: 0 descriptors beyond stdio", "init: done")
    assert result.serial.count("actor: env ") == 5 + 3
    assert result.powered_off


def run_times(result, count):
    """When the app ran, of which there are COUNT times."""
    times = re.findall(r"^actor: run at (\d+\.\d+)$", result.serial, re.M)
    assert len(times) == count
    return [float(time) for time in times]


def test_restart_on_failure(run):
    """A failed app is started again, with a wait that doubles; one that
    succeeds is not."""
    result = run(actor("flaky", "flaky 4", restart="on-failure") +
                 actor("fine", "exit 0", restart="on-failure"))
    times = run_times(result, 4)
    for wait, earlier, later in zip((1, 2, 4), times, times[1:]):
        assert wait <= later - earlier < wait + 1
    for status, count in ((1, 3), (0, 1)):
        assert result.serial.count(
            f"init: app flaky: exited with status {status}\n") == count
    assert result.serial.count(
        "init: app fine: exited with status 0\n") == 1
    assert result.powered_off


def test_restart_always(run):
    """A successful app is started again, until PID 1 is told to stop; an app
    that waits for its next start is not started then."""
    result = run(actor("again", "marker run", restart="always") +
                 actor("stops", "sleep 5 signal 15 stay -"))
    times = run_times(result, 3)
    assert [int(later - earlier)
            for earlier, later in zip(times, times[1:])] == [1, 2]
    assert_said(result, "init: app stops: ended by signal 15", "init: done")
    assert result.powered_off


NO_USER = ("init: workload: cannot run app one as user nobody-here: "
           "/etc/passwd does not know it; "
           "add the user to the root, or change user in apps.conf")


FILES = {"/app/script": (b"#!/no/such\n", 0o755),
         "/app/text": (b"not a program\n", 0o755),
         "/app/plain": (b"#!/bin/sh\n", 0o644)}
EXEC = "check exec and user in apps.conf"
NO_SCRIPT = ("init: workload: cannot execute /app/script of app one: "
             f"No such file or directory; {EXEC}")
FINE = actor("fine", "stay -")


def groups(count):
    """An /etc/group with user web in so many groups, one of them its own."""
    lines = ["web:x:1000:"]
    lines += [f"group{i}:x:{2000 + i}:web" for i in range(1, count)]
    return {"/etc/group": "".join(f"{line}\n" for line in lines).encode()}


@pytest.mark.parametrize("apps, line", [
    (app("one", "/app/script"), NO_SCRIPT),
    (app("one", "/app/text"),
     "init: workload: cannot execute /app/text of app one: "
     f"Exec format error; {EXEC}"),
    (actor("one", "stay -", user="nobody-here"), NO_USER),
    # The first app runs by then: it is ended too.
    (FINE + actor("one", "stay -", user="nobody-here"), NO_USER),
], ids=["no_interpreter", "no_program", "unknown_user", "second_app"])
def test_cannot_start(run, apps, line):
    """An app that cannot be started ends the boot."""
    result = run(apps, exec_mode=True, files=FILES)
    assert failures(result.serial) == [line]
    assert "exited with" not in result.serial
    assert result.powered_off, result.ending


CANNOT_MEASURE = [
    ("/app/none", "No such file or directory"),
    ("/app/plain", "it is not executable"),
    ("/app", "it is a directory"),
]
MEASURE_IDS = ["missing", "not_executable", "directory"]


@pytest.mark.parametrize("path, why", CANNOT_MEASURE, ids=MEASURE_IDS)
def test_build_refuses(tiny, path, why):
    """cvmctl build tells the builder of an app that cannot be run."""
    with pytest.raises(vm.HarnessError) as caught:
        tiny(apps=app("one", path), files=FILES)
    assert str(caught.value).splitlines()[-1] == (
        f"cvmctl: build: cannot measure {path}: {why}; "
        "check [app one] in apps.conf")


@pytest.mark.parametrize("path, why", CANNOT_MEASURE, ids=MEASURE_IDS)
def test_init_refuses(tiny, root, boot, desk, path, why):
    """A root disk that cvmctl did not build may have such an app."""
    tar = rootfile.changed(root("tiny"), desk.folder / "root.tar", {
        **FILES, "/etc/cvm-init/apps.conf": app("one", path).encode()})
    disk, values = rootfile.make_disk(tar, desk.folder)
    image = changed_values(tiny(), desk.folder / "image", values)
    machine = image.machine(memory_mib=512).replace(
        disks=(vm.Disk(disk, snapshot=True),))
    assert_refused(boot(machine).wait(),
                   f"init: measure: cannot measure {path}: {why}; "
                   "check [app one] in apps.conf")


def test_groups(run):
    """A user may be in 64 groups, and no more."""
    apps = actor("one", "identity -", user="web")
    result = run(apps, files=groups(64))
    assert_went_well(result)
    said = re.search(r"^actor: uid .* groups (.*)$", result.serial, re.M)
    assert len(said[1].split()) == 64
    result = run(apps, exec_mode=True, files=groups(65))
    assert failures(result.serial) == [
        "init: workload: cannot run app one as user web: it is in over 64 "
        "groups; put the user in fewer groups"]
    assert result.powered_off and "actor: " not in result.serial


@pytest.mark.parametrize("path, why", [
    ("/app/none", "No such file or directory"),
    ("/app/text", "Exec format error"),
    ("/app/plain", "Permission denied"),
    ("/app", "Permission denied"),
], ids=["missing", "no_program", "not_executable", "directory"])
def test_cannot_execute_init(run, path, why):
    """The root's own init cannot be executed: nothing else is tried."""
    result = run(actor("one", "exit 0"), files=FILES,
                 workload=f"mode = exec\nexec = {path}")
    assert failures(result.serial) == [
        f"init: workload: cannot execute {path}: {why}; "
        "check [workload] exec in boot.conf"]
    assert result.powered_off and "actor: " not in result.serial


@pytest.mark.parametrize("key", ["on-exit", "on-failure"])
def test_reboot(run, key):
    """boot.conf may ask for a reset instead of a power-off."""
    fails = key == "on-failure"
    result = run(app("one", "/app/script") if fails else
                 actor("one", "exit 0"), files=FILES, boot=f"{key} = reboot")
    assert_said(result, NO_SCRIPT if fails else "init: done")
    assert failures(result.serial) == [NO_SCRIPT] * fails
    assert result.rebooted, result.ending
