# SPDX-License-Identifier: MIT
"""Two data disks, both sealed on this TPM for this image: the host passes one
off as the other, by the UUID that it writes into the header.
"""

import image as images
import pytest
import seal
from bootconf import actor
from refusal import assert_refused, assert_went_well
from volume import FILES, UUID

LOG_UUID = "00000000-6d1f-4c8e-9f3b-0a1d2c3b4e5f"
APPS = actor("one", "count /data/counter count /log/counter", measure="/app")


@pytest.fixture
def image(with_volume):
    """An image with two volumes."""
    return with_volume(apps=APPS, files={**FILES, "/log/empty": b""},
                       **{"volume log": f"uuid = {LOG_UUID}\nmount = /log"})


@pytest.fixture
def disks(builder, desk, tpm, image):
    """A disk for each."""
    return [seal.format_disk(builder.cvmctl, image, desk.folder / name, tpm,
                             "--volume", name) for name in ("state", "log")]


def in_header(disk, uuid):
    """In both copies of it, which takes no key."""
    images.run(["cryptsetup", "luksUUID", "--batch-mode", "--uuid", uuid,
                disk.path])


def in_first_copy(disk, uuid):
    """Where the disk is searched by it. The checksum is wrong then, so the
    disk is opened by the second copy: as if exchanged in between."""
    with open(disk.path, "r+b") as file:
        file.seek(168)
        file.write(uuid.encode())


def test_both(image, disks, run):
    """Each is opened, wherever it is."""
    for order in (disks, disks[::-1]):
        result = run(image, *order)
        count = 1 if order is disks else 2
        assert_went_well(result, f"actor: /data/counter counts {count}")
        assert_went_well(result, f"actor: /log/counter counts {count}")


@pytest.mark.parametrize("write", [in_header, in_first_copy])
def test_exchanged(image, disks, run, write):
    """The headers tell a lie, the key does not."""
    state, log = disks
    write(state, LOG_UUID)
    write(log, UUID)
    assert_refused(
        run(image, *disks),
        "init: volumes: cannot use volume state: its key is for the volume "
        f"with UUID {LOG_UUID}; attach its own disk, or seal its key again "
        "with cvmctl seal")


def test_one_inside_the_other(with_volume, builder, desk, tpm, run):
    """By a link of the root: what an earlier boot left in the first would say
    where the second is mounted."""
    image = with_volume(apps=APPS, files={**FILES, "/log": "data/lost+found",
                                          "/data/lost+found/empty": b""},
                        **{"volume log": f"uuid = {LOG_UUID}\nmount = /log"})
    disks = [seal.format_disk(builder.cvmctl, image, desk.folder / name, tpm,
                              "--volume", name) for name in ("state", "log")]
    assert_refused(
        run(image, *disks),
        "init: volumes: cannot mount volume log on /log: another volume is "
        "there, above or below; mount it elsewhere")
