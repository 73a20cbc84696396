# SPDX-License-Identifier: MIT
"""The harness tells apart what scenarios must tell apart.

These cases boot a small init of the harness's own, so they need neither
cvm-init nor cvmctl: when they fail, no other result here means anything.
"""

import subprocess
from pathlib import Path

import pytest
import vm

HERE = Path(__file__).resolve().parent
MODULES = ("virtio", "virtio_ring", "virtio_pci_legacy_dev",
           "virtio_pci_modern_dev", "virtio_pci", "virtio_blk")
HANG_SECONDS = 15


@pytest.fixture
def harness(kernel, desk):
    """harness("reboot", **settings): a Machine whose init does as told."""
    tree = desk.folder / "initramfs"
    (tree / "dev").mkdir(parents=True)
    # Without it PID 1 has no stdout until it has mounted /dev itself.
    subprocess.run(["mknod", tree / "dev/console", "c", "5", "1"], check=True)
    subprocess.run(["musl-gcc", "-static", "-Os", "-o", tree / "init",
                    HERE / "harness-init/init.c"], check=True)
    for name in MODULES:
        for file in (kernel / "modules").rglob(f"{name}.ko"):
            (tree / file.name).write_bytes(file.read_bytes())
    initrd = desk.folder / "initramfs.img"
    subprocess.run(f"find . | cpio -o -H newc -R 0:0 --quiet > {initrd}",
                   shell=True, cwd=tree, check=True)

    def machine(*acts, **settings):
        settings = {"tpm": "none", "memory_mib": 512, **settings}
        return vm.Machine(
            kernel=kernel / "vmlinuz", initrd=initrd,
            append=" ".join(("console=ttyS0 panic=-1 --", *acts)), **settings)
    return machine


def test_powers_off(harness, boot, series):
    """On every kernel: the console speaks, the guest ends by itself."""
    result = boot(harness()).wait()
    assert "harness: began" in result.serial
    assert (result.powered_off, result.ending) == (True, "guest-shutdown")


def test_ovmf(harness, boot):
    """UEFI boots the same kernel and initramfs."""
    result = boot(harness("exists=/sys/firmware/efi", firmware="ovmf")).wait()
    assert "/sys/firmware/efi: there" in result.serial
    assert result.powered_off


def test_hang_is_cut_off(harness, boot):
    """A boot that never ends meets its bound and is no power-off."""
    result = boot(harness("hang"), seconds_max=HANG_SECONDS).wait()
    assert result.ending == "timeout"
    assert not result.powered_off
    assert HANG_SECONDS <= result.seconds < HANG_SECONDS + 3


def test_panic_is_no_power_off(harness, boot):
    """PID 1 exits: Linux panics and resets."""
    result = boot(harness("exit=3")).wait()
    assert result.panicked
    assert not result.powered_off and not result.rebooted


def test_reboot_is_no_power_off(harness, boot):
    """A reset without a panic is told apart from both."""
    result = boot(harness("reboot")).wait()
    assert result.rebooted
    assert not result.powered_off and not result.panicked


def test_plug_is_pulled(harness, boot):
    """A test may end a machine, and then it was not the guest."""
    machine = boot(harness("hang"))
    machine.wait_for("harness: began")
    assert machine.kill().ending == "killed"


def test_silence_is_noticed(harness, boot):
    """Waiting for words that never come ends when the machine does."""
    with pytest.raises(AssertionError, match="never said"):
        boot(harness()).wait_for("no such words")


@pytest.mark.parametrize("model, driver", [
    ("crb", "tpm_crb"),    # tpm_crb_acpi since 7.x
    ("tis", "tpm_tis"),
])
def test_tpm_models(harness, boot, series, model, driver):
    """The guest's driver follows from the model."""
    result = boot(harness("link=/sys/class/tpm/tpm0/device/driver",
                          "exists=/sys/class/tpm/tpm0/pcr-sha256",
                          tpm=model)).wait()
    assert f"/drivers/{driver}" in result.serial
    assert "pcr-sha256: there" in result.serial


def test_no_tpm(harness, boot):
    """A machine without a TPM."""
    result = boot(harness("exists=/sys/class/tpm/tpm0")).wait()
    assert "/sys/class/tpm/tpm0: absent" in result.serial


@pytest.mark.parametrize("banks", [
    ("sha256",), ("sha1", "sha256", "sha384"), ("sha384",),
])
def test_tpm_banks(harness, boot, desk, banks):
    """The banks asked for, and no other."""
    every = ("sha1", "sha256", "sha384")
    tpm = vm.Swtpm(desk.folder / "banks", banks=banks)
    result = boot(harness(
        *(f"exists=/sys/class/tpm/tpm0/pcr-{bank}" for bank in every),
        tpm="crb"), tpm=tpm).wait()
    for bank in every:
        state = "there" if bank in banks else "absent"
        assert f"pcr-{bank}: {state}" in result.serial


def test_tpm_survives_boots(harness, boot, tpm):
    """Two boots of one TPM: its state is there and valid again."""
    act = "exists=/sys/class/tpm/tpm0/pcr-sha256"
    for _ in range(2):
        result = boot(harness(act, tpm="crb"), tpm=tpm).wait()
        assert "pcr-sha256: there" in result.serial
    assert (result.tpm_state / "tpm2-00.permall").exists()


def disks(folder, *words):
    """One disk for each word, which it begins with."""
    for word in words:
        path = folder / word
        path.write_bytes(word.encode().ljust(1 << 20, b"\0"))
        yield vm.Disk(path, serial=f"serial-{word}", snapshot=True)


@pytest.mark.parametrize("order", [("red", "green"), ("green", "red")])
def test_disk_order(harness, boot, desk, order):
    """The first disk of a Machine is the guest's vda."""
    result = boot(harness(
        *(f"load=/{name}.ko" for name in MODULES),
        "head=/dev/vda", "head=/dev/vdb", "head=/sys/block/vda/serial",
        disks=tuple(disks(desk.folder, *order)))).wait()
    assert f"/dev/vda begins with {order[0]}\n" in result.serial
    assert f"/dev/vdb begins with {order[1]}\n" in result.serial
    assert f"serial-{order[0]}" in result.serial
