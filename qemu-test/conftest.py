# SPDX-License-Identifier: MIT
"""What scenarios share: kernels, roots, images, and machines to boot.

    def test_changed_app(image, boot):
        result = boot(image.machine()).wait()
        assert result.powered_off

Every VM of a case works in build/qemu-test/cases/CASE/; when it fails,
that folder (serial.log, command, qemu.log, tpm/) moves to failed/CASE/.

A kernel or firmware that could not be fetched skips its cases; --series picks
kernels.
"""

import inspect
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import accel  # noqa: E402
import bootconf  # noqa: E402
import image as images  # noqa: E402
import rootfile  # noqa: E402
import seal  # noqa: E402
import vm  # noqa: E402
import volume  # noqa: E402

BUILD = HERE.parent / "build"
KERNELS = BUILD / "kernels"
ROOTS = BUILD / "rootfs"
OUTPUT = BUILD / "qemu-test"
SERIES = ("6.1", "6.12", "7.2")
SERIES_DEFAULT = "6.1"
TAIL_LINES = 30


# pytest's own hooks.

def pytest_addoption(parser):
    """Which kernels: all of them, or the ones named."""
    parser.addoption("--series", action="append", choices=SERIES,
                     help="boot only this kernel series (may repeat)")
    parser.addoption("--seed", type=int, metavar="NUMBER",
                     help="draw the fresh tree of test_random.py from this "
                          "one, as in the run that said it")


def pytest_configure(config):
    """A seed of this run's own, the same for all workers."""
    if hasattr(config, "workerinput"):
        config.option.seed = config.workerinput["seed"]
    elif config.option.seed is None:
        config.option.seed = random.randrange(10**9)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """What a worker hears, which has this module's defaults of its own."""
    node.workerinput["seed"] = node.config.option.seed


def pytest_report_header(config):
    """How to have the same again."""
    return f"fresh seed: --seed {config.option.seed}"


def pytest_sessionstart(session):
    """Fetch and build what is missing, once and not in each worker."""
    if hasattr(session.config, "workerinput"):
        return
    shutil.rmtree(OUTPUT / "failed", ignore_errors=True)
    if session.config.option.collectonly:
        return
    for tool in ("kernels", "firmware", "rootfs", "systemds", "tdx-module"):
        if subprocess.run([HERE / tool], check=False).returncode:
            pytest.exit(f"qemu-test/{tool} failed; see above", 1)


def pytest_generate_tests(metafunc):
    """A case that itself asks for `series` runs on each kernel."""
    asks = "series" in inspect.signature(metafunc.function).parameters
    if asks and not any("series" in mark.args[0] for mark in
                        metafunc.definition.iter_markers("parametrize")):
        metafunc.parametrize("series", metafunc.config.option.series or SERIES)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Tell fixtures how the case went; show where the machine stopped."""
    report = (yield).get_result()
    setattr(item, f"report_{report.when}", report)
    desk = item.funcargs.get("desk") if hasattr(item, "funcargs") else None
    if report.failed and desk:
        desk.failed = True
        for machine in desk.vms:
            report.sections.append(
                (f"serial console of {machine.work.name}", desk.tail(machine)))


class Desk:
    """Where one case works: its folder, its machines."""

    def __init__(self, name):
        self.name = name
        self.folder = OUTPUT / "cases" / name
        self.kept = OUTPUT / "failed" / name
        self.vms = []
        self.failed = False
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def tail(self, machine):
        """The last lines of a console, and where the rest is."""
        lines = machine.serial.splitlines()[-TAIL_LINES:]
        where = self.kept / machine.work.relative_to(self.folder)
        return "\n".join((*lines, f"all of it: {where / 'serial.log'}",
                          f"command:   {where / 'command'}"))

    def clear(self):
        """Stop what runs; keep the folder of a failure only."""
        for machine in self.vms:
            machine.kill()
        if self.failed:
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self.kept, ignore_errors=True)
            shutil.move(self.folder, self.kept)
        else:
            shutil.rmtree(self.folder)


# Fixtures.

@pytest.fixture
def desk(request):
    """The case's folder and machines."""
    desk = Desk(re.sub(r"[^\w.-]+", "_", request.node.name).strip("_"))
    yield desk
    desk.clear()


@pytest.fixture
def series():
    """The kernel series, for a case that does not run on each."""
    return SERIES_DEFAULT


@pytest.fixture
def kernel(series):
    """The folder of the case's kernel: vmlinuz, modules/, version."""
    folder = KERNELS / series
    if not (folder / "version").is_file():
        pytest.skip(f"Linux {series} could not be fetched")
    return folder


@pytest.fixture
def root():
    """root("tiny"): the tar file of a root."""
    return lambda name: ROOTS / f"{name}.tar"


@pytest.fixture(scope="session")
def builder():
    """Builds images, with the project's own tools."""
    builder = images.Builder(BUILD / "out", OUTPUT / "images")
    missing = ", ".join(str(tool) for tool in builder.missing())
    if missing:
        pytest.skip(f"not built yet: {missing}; run make")
    return builder


@pytest.fixture
def build(builder, kernel, root):
    """build("tiny", config, ...): an Image of that root and boot.conf."""
    def build_image(root_name, config, **options):
        return builder.image(images.Recipe(
            root=root(root_name), kernel=kernel, config=config, **options))
    return build_image


@pytest.fixture
def tiny(builder, kernel, root, desk):
    """tiny(overlay="mode = none", ...): an Image of the tiny root; sections
    as in bootconf.boot_conf. FILES are added to the root, or replaced;
    another builder may do it (BY)."""
    def build_tiny(apps="", ima_policy="", files=None, by=builder, **sections):
        tar = root("tiny")
        if files:
            tar = rootfile.changed(tar, desk.folder / "root.tar", files)
        return by.image(images.Recipe(
            root=tar, kernel=kernel, config=bootconf.boot_conf(**sections),
            apps=apps, ima_policy=ima_policy,
            options=("--cmdline", bootconf.CMDLINE)))
    return build_tiny


@pytest.fixture
def tpm(desk):
    """The case's TPM; its state lasts over several boots."""
    return vm.Swtpm(desk.folder / "tpm", banks=("sha256",))


@pytest.fixture
def boot(desk, tpm):
    """boot(machine, ...): a running Vm, which the case's end stops."""
    def start(machine, tpm=tpm, **options):
        choice = accel.choose(KERNELS / SERIES_DEFAULT / "vmlinuz",
                              machine.firmware, OUTPUT)
        work = desk.folder / f"boot{len(desk.vms) + 1}"
        started = vm.Vm(machine.replace(accel=choice), work, tpm, **options)
        desk.vms.append(started)
        return started.__enter__()
    return start


@pytest.fixture
def with_volume(tiny):
    """with_volume(...): a tiny image with the volume /data. Options as for
    tiny; another volume as STATE."""
    def build(apps=volume.APPS, files=None,
              state=volume.BY_UUID, **options):
        return tiny(apps=apps, files=volume.FILES if files is None else files,
                    **{"modules": bootconf.modules("6.1", "volume"),
                       "volume state": state, **options})
    return build


@pytest.fixture
def sealed(builder, desk, tpm):
    """sealed(image): a new disk, sealed for it and for the case's TPM."""
    def make(image, *options, name="state.img", tpm=tpm):
        return seal.format_disk(builder.cvmctl, image, desk.folder / name,
                                tpm, "--volume", "state", *options)
    return make


@pytest.fixture
def run(boot):
    """run(image, disk, ...): how that boot went. FIRST are disks before the
    root disk, EXTRA words for QEMU."""
    def run_image(image, *disks, first=(), extra=(), **options):
        machine = image.machine(disks=disks, memory_mib=512, extra=extra)
        machine = machine.replace(disks=(*first, *machine.disks))
        return boot(machine, **options).wait()
    return run_image
