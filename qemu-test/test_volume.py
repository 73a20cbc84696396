# SPDX-License-Identifier: MIT
"""The data disk: its key comes out of the TPM for the apps that it was sealed
for, on the machine that it was sealed on, or it stays sealed.

The host keeps the disk, and may change, swap, copy or take it away.
"""

import hashlib
import hmac
import json
import re
import subprocess

import image as images
import pytest
import seal
import vm
from bootconf import actor
from initramfs import rewritten
from refusal import assert_refused, assert_went_well
from volume import APPS, BY_UUID, FILES, UUID, assert_counts

OTHER_UUID = "00000000-6d1f-4c8e-9f3b-0a1d2c3b4e5f"
MIB = 1 << 20
BY_DEVICE = "device = /dev/vdb\nmount = /data"


def test_opens_again(with_volume, builder, sealed, run):
    """Two boots with one TPM and one disk. What is sealed stays so: when the
    workload runs, PCR 14 is no longer what the key was sealed to."""
    image = with_volume()
    disk = sealed(image)
    for count in (1, 2):
        result = run(image, disk)
        assert_counts(result, count)
        (pcr,) = re.findall(r"^actor: PCR 14 sha256 (\w+)$", result.serial,
                            re.M)
        assert pcr == builder.predicted(image)["sha256"]
        assert pcr != builder.predicted(image, "measured")["sha256"]


def test_order_of_disks(with_volume, sealed, run):
    """A disk that is found by UUID may be anywhere."""
    image = with_volume()
    assert_counts(run(image, first=(sealed(image),)), 1)


def test_built_again(with_volume, builder, sealed, run, desk):
    """An image built elsewhere from the same files opens the disk: nothing
    but them is in the prediction, nor in any file of the image."""
    image = with_volume()
    disk = sealed(image)
    elsewhere = images.Builder(builder.cvmctl.parent, desk.folder / "again")
    again = with_volume(by=elsewhere)
    assert again.folder != image.folder
    for file in image.folder.iterdir():
        assert (again.folder / file.name).read_bytes() == file.read_bytes()
    assert_counts(run(again, disk), 1)


SEALED_FOR_OTHERS = (
    "init: volumes: cannot unseal the key of volume state: PCR 14 differs "
    "from the policy it was sealed under; seal it again for these apps with "
    "cvmctl seal")


@pytest.mark.parametrize("change", [
    {"files": {"/app/data": b"just as it waS"}},
    {"files": {"/app/data": b"just as it was."}},
    {"files": {"/app/data": (b"just as it was", 0o755)}},
    {"files": {"/app/renamed": b"just as it was"}},
    {"files": {}},
    {"files": {**FILES, "/app/added": b""}},
    {"apps": APPS.replace("pcr 14", "pcr 15")},
    {"apps": "# a comment\n" + APPS},
    {"apps": APPS + actor("two", "exit 0")},
], ids=["one_byte", "longer", "mode", "renamed", "removed", "added",
        "argument", "comment", "second_app"])
def test_changed_app(with_volume, sealed, run, change):
    """Whatever is changed of what is measured, the key stays sealed."""
    disk = sealed(with_volume())
    assert_refused(run(with_volume(**change), disk), SEALED_FOR_OTHERS)


def test_changed_elsewhere(with_volume, sealed, run):
    """What is not measured into PCR 14 may change, though the root hash does
    too."""
    disk = sealed(with_volume())
    changed = with_volume(files={**FILES, "/etc/motd": b"hello"})
    assert_counts(run(changed, disk), 1)


def test_another_tpm(with_volume, sealed, run, desk):
    """The disk moved to another machine, or the TPM was made anew."""
    image = with_volume()
    result = run(image, sealed(image), tpm=vm.Swtpm(desk.folder / "other"))
    assert_refused(
        result, "init: volumes: cannot unseal the key of volume state: it was "
        "sealed by another TPM, or before this one was cleared; seal it again "
        "on this TPM with cvmctl seal")


# What the host may do with the disk. Each takes the disk and gives back what
# it attaches instead.

def nothing(_):
    """Keep it."""
    return ()


def both(disk):
    """Attach it and a copy."""
    copy = disk.path.with_suffix(".copy")
    copy.write_bytes(disk.path.read_bytes())
    return (disk, vm.Disk(copy))


def blanked(disk):
    """Write zeroes over all of it."""
    disk.path.write_bytes(bytes(disk.path.stat().st_size))
    return (disk,)


def forged(disk):
    """Garbage behind a LUKS2 magic and the right UUID."""
    data = bytearray(b"garbage " * (MIB // 8))
    data[:8] = b"LUKS\xba\xbe\0\2"
    data[168:208] = UUID.encode().ljust(40, b"\0")
    disk.path.write_bytes(data)
    return (disk,)


def unreadable(at=None):
    """Answer with an error for the sector at the byte AT, or for each."""
    return lambda disk: (vm.Unreadable(disk.path, at),)


def cut(size):
    """Keep the first SIZE bytes of it."""
    def shorten(disk):
        with open(disk.path, "r+b") as file:
            file.truncate(size)
        return (disk,)
    return shorten


NONE_OF = ("init: volumes: cannot find volume state: none of {} disks is "
           f"LUKS2 with UUID {UUID}; attach the disk that cvmctl seal prepared")
NOT_AT = ("init: volumes: cannot find volume state at /dev/vdb: Operation "
          "timed out; attach the disk, or check its device in boot.conf")
RESTORE = "attach the whole disk, or restore it from a copy"
NO_HEADER = ("init: volumes: cannot use volume /dev/vdb: it has no valid "
             f"LUKS2 header; {RESTORE}")
NO_DATA = ("init: volumes: cannot use volume /dev/vdb: it ends before its "
           f"data begin; {RESTORE}")
NO_FILE_SYSTEM = ("init: volumes: cannot mount volume state on /data: "
                  f"Invalid argument; {RESTORE}")


WORKS = "attach a disk that works"
EIO = f"I/O error; {WORKS}"
KEYSLOT = 32 * 1024              # where the area of the first one begins


@pytest.mark.parametrize("volume, host, line", [
    (BY_UUID, nothing, NONE_OF.format(1)),
    (BY_DEVICE, nothing, NOT_AT),
    (BY_UUID, both, "init: volumes: cannot choose volume state: several disks "
     "have its UUID; attach one of them"),
    (BY_UUID, blanked, NONE_OF.format(2)),
    (BY_DEVICE, blanked, NO_HEADER),
    (BY_UUID, unreadable(), "init: volumes: cannot find volume state: none of "
     f"2 disks is LUKS2 with UUID {UUID}, but 1 cannot be read; {WORKS}"),
    (BY_DEVICE, unreadable(),
     f"init: volumes: cannot read volume /dev/vdb: {EIO}"),
    (BY_UUID, unreadable(KEYSLOT),
     f"init: volumes: cannot open volume /dev/vdb: {EIO}"),
    (BY_UUID, forged, NO_HEADER),
    (BY_DEVICE, forged, NO_HEADER),
    (BY_UUID, cut(512), NONE_OF.format(2)),
    (BY_UUID, cut(4096), NO_HEADER),
    (BY_UUID, cut(MIB), NO_HEADER),
    (BY_UUID, cut(16 * MIB), NO_DATA),
    (BY_UUID, cut(16 * MIB + 4096), NO_FILE_SYSTEM),
    (BY_UUID, cut(40 * MIB), NO_FILE_SYSTEM),
], ids=["none", "none-by-device", "twice", "blank", "blank-by-device",
        "unreadable", "unreadable-by-device", "unreadable-keyslot", "forged",
        "forged-by-device", "cut-512", "cut-4K", "cut-1M",
        "cut-16M", "cut-16M-4K", "cut-40M"])
def test_host_changes_disk(with_volume, sealed, run, volume, host, line):
    """The disk is not what was sealed."""
    image = with_volume(state=volume)
    options = ("--uuid", UUID) if volume == BY_DEVICE else ()
    assert_refused(run(image, *host(sealed(image, *options))), line)


def test_without_dm_crypt(with_volume, sealed, run, desk):
    """The key came out of the TPM, but the kernel has nothing to use it."""
    image = rewritten(with_volume(), desk.folder / "image", " dm-crypt", "")
    assert_refused(
        run(image, sealed(image)),
        "init: volumes: cannot open volume /dev/vdb: the device mapper "
        "refuses it; check that dm-crypt and its ciphers are loaded")


def test_by_device(with_volume, sealed, run):
    """A device path means that device, or none: the second disk only."""
    image = with_volume(state=BY_DEVICE)
    disk = sealed(image)
    assert_counts(run(image, disk), 1)


def test_disk_of_another_image(with_volume, sealed, run):
    """Sealed on this TPM, but for other apps; and one with another UUID."""
    other = with_volume(apps=actor("other", "exit 0"))
    image = with_volume()
    assert_refused(run(image, sealed(other)), SEALED_FOR_OTHERS)
    disk = sealed(image, "--uuid", OTHER_UUID, name="other.img")
    assert_refused(run(image, disk), NONE_OF.format(2))


def volume_key(disk, key_file):
    """What the disk is encrypted with, as cryptsetup tells it."""
    out = key_file.with_suffix(".volume")
    images.run(["cryptsetup", "luksDump", "--batch-mode", "--dump-volume-key",
                "--key-file", key_file, "--volume-key-file", out, disk.path])
    return out.read_bytes()


def test_measured_key(with_volume, sealed, run, desk):
    """PCR 15 is as after systemd-cryptsetup with tpm2-measure-pcr=yes, in
    every bank."""
    banks = ("sha256", "sha384")
    tpm = vm.Swtpm(desk.folder / "two", banks)
    rescue = desk.folder / "rescue"
    rescue.write_bytes(b"not for the VM")
    image = with_volume(apps=actor("one", "pcr 15", measure="/app"),
                        state=f"{BY_UUID}\nmeasure-key = yes")
    disk = sealed(image, "--key-file", rescue, tpm=tpm)
    key = volume_key(disk, rescue)
    result = run(image, disk, tpm=tpm)
    for bank in banks:
        event = hmac.digest(key, f"cryptsetup:state:{UUID}".encode(), bank)
        pcr = hashlib.new(bank, bytes(len(event)) + event).hexdigest()
        assert_went_well(result, f"actor: PCR 15 {bank} {pcr}")


AGAIN = "seal it again with cvmctl seal --image"


def test_key_without_pcr_14(with_volume, sealed, run):
    """A key that PCR 14 does not guard would be released to the workload."""
    image = with_volume()
    disk = sealed(image)
    words = ("--token-id", "0", disk.path)
    token = json.loads(images.run(["cryptsetup", "token", "export", *words]))
    token["tpm2-pcrs"] = [16]
    subprocess.run(["cryptsetup", "token", "import", "--token-replace",
                    *words], input=json.dumps(token), text=True, check=True)
    assert_refused(run(image, disk),
                   "init: volumes: cannot use the key of volume state: its "
                   f"token leaves out PCR 14; {AGAIN}")


def test_key_of_inactive_bank(with_volume, desk, sealed, run):
    """A TPM leaves PCRs of a bank that is switched off out of a policy."""
    tpm = vm.Swtpm(desk.folder / "two-banks", banks=("sha1", "sha256"))
    image = with_volume()
    disk = sealed(image, "--bank", "sha1", tpm=tpm)
    subprocess.run(["swtpm_setup", "--tpm2", "--tpmstate", tpm.state_dir,
                    "--reconfigure", "--pcr-banks", "sha256"], check=True,
                   capture_output=True)
    assert_refused(run(image, disk, tpm=tpm),
                   "init: volumes: cannot use the key of volume state: its "
                   f"token is for a PCR bank that is not active; {AGAIN}")


def test_sealed_away(with_volume, builder, desk, tpm, run):
    """Who knows the public part of the TPM's storage root key can seal a disk
    of his own for it: init opens such a one when boot.conf says so."""
    image = with_volume(state=f"{BY_UUID}\nimport = yes")
    srk, disk = desk.folder / "srk", desk.folder / "away.img"
    with seal.served(tpm) as words:
        images.run([builder.cvmctl, "srk", "--tpm", words, "--output", srk])
    images.run([builder.cvmctl, "seal", "--format", "--size", "64M", "--image",
                image.folder, "--apps-only", "--srk", srk, disk])
    assert_refused(run(with_volume(), vm.Disk(disk)),
                   "init: volumes: cannot use volume state: its key was sealed "
                   "away from this TPM; seal it on this TPM, or set import = "
                   "yes in its [volume]")
    assert_counts(run(image, vm.Disk(disk)), 1)


@pytest.mark.parametrize("mount, measured, way", [
    ("/app", "/app/actor", "content"),
    ("/app/inside", "/app", "content"),
    ("/app/inside", "/app", "verity"),
    ("/srv/releases", "/srv/current/words", "content"),
    ("/srv/link", "/srv/current/words", "content"),
], ids=["over", "inside", "inside-by-verity", "behind-a-link",
        "links-on-both-sides"])
def test_mount_on_measured(with_volume, sealed, run, desk, mount, measured,
                           way):
    """PCR 14 vouches for files that a volume would hide or add to; who builds
    such an image is told so."""
    apps = (f"{APPS}\nmeasure = {measured}\n" if measured.startswith("/srv")
            else f"{APPS}\n") + f"measure-by = {way}\n"
    files = {**FILES, "/app/inside/file": b"hidden",
             "/srv/releases/7/words": b"measured",
             "/srv/current": "releases/7", "/srv/link": "releases"}
    line = (f"cannot mount volume state over {measured}: it would hide or "
            "change what was measured; mount it elsewhere")
    with pytest.raises(vm.HarnessError) as caught:
        with_volume(apps=apps, files=files,
                    state=f"uuid = {UUID}\nmount = {mount}")
    assert str(caught.value).splitlines()[-1] == f"cvmctl: build: {line}"
    image = rewritten(with_volume(apps=apps, files=files),
                      desk.folder / "image", "mount = /data",
                      f"mount = {mount}")
    assert_refused(run(image, sealed(image)), f"init: volumes: {line}")
