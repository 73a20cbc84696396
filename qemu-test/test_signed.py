# SPDX-License-Identifier: MIT
"""The data disk is sealed to a release key: applications that the key signed
open it, old and new, and no others, until a later release shuts them out.
"""

import json

import image as images
import pytest
import seal
from refusal import assert_refused
from volume import FILES, assert_counts

NEXT = {**FILES, "/app/data": b"the next release"}
SIGN = "sign the PCR values of this image with cvmctl sign"
CLOSED = "init: volumes: cannot unseal the key of volume state: "


@pytest.fixture
def release_key(desk):
    """The key that all but the impostors sign with."""
    return seal.make_key(desk.folder)


@pytest.fixture
def sign(builder, desk):
    """sign(image, key, *options): a copy of the image with signatures."""
    def sign_image(image, key, *options):
        copies = len(list(desk.folder.glob("signed-*")))
        copy = image.copy(desk.folder / f"signed-{copies}")
        prediction = copy.folder / "prediction.json"
        prediction.write_text(images.run(
            [builder.cvmctl, "predict", "--image", copy.folder, "--json"]))
        images.run([builder.cvmctl, "sign", "--key", key, "--prediction",
                    prediction, "--image", copy.folder, *options])
        return copy
    return sign_image


@pytest.fixture
def sealed_to(builder, desk, tpm):
    """sealed_to(image, public): a new disk, sealed to that release key."""
    def make(image, public):
        return seal.format_disk(builder.cvmctl, image,
                                desk.folder / "state.img", tpm,
                                "--signed-by", public, "--signed-pcrs", "14")
    return make


@pytest.mark.parametrize("algorithm", [
    ("rsa",), ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
], ids=["rsa", "ecdsa"])
def test_next_release(with_volume, desk, sign, sealed_to, run, algorithm):
    """One disk, sealed once; each signed version of the apps opens it."""
    private, public = seal.make_key(desk.folder, algorithm=algorithm)
    image = with_volume()
    disk = sealed_to(image, public)
    assert_counts(run(sign(image, private), disk), 1)
    assert_counts(run(sign(with_volume(files=NEXT), private), disk), 2)


def test_unsigned(with_volume, release_key, sealed_to, run):
    """No signature, no key."""
    image = with_volume()
    assert_refused(run(image, sealed_to(image, release_key[1])),
                   f"{CLOSED}there is no signature by its release key; {SIGN}")


def test_other_apps(with_volume, release_key, sign, sealed_to, run):
    """The signatures of another version, put on this one's disk."""
    image = with_volume()
    disk = sealed_to(image, release_key[1])
    signed = sign(image, release_key[0])
    other = with_volume(files=NEXT).copy(signed.folder.parent / "other")
    trailer = signed.root.read_bytes()[image.root.stat().st_size:]
    with open(other.root, "ab") as root:
        root.write(trailer)
    assert_refused(run(other, disk),
                   f"{CLOSED}PCR 14 differs from what its release key "
                   f"signed; {SIGN}")


def test_foreign_key(with_volume, release_key, desk, sign, sealed_to, run):
    """Signed by somebody else, who says that it was the right key."""
    image = with_volume()
    disk = sealed_to(image, release_key[1])
    private, _ = seal.make_key(desk.folder, "foreign")
    signed = sign(image, private)
    genuine = sign(image, release_key[0])
    size = image.root.stat().st_size
    forged = entries(signed.root, size)
    forged["sha256"][0]["pkfp"] = entries(genuine.root, size)["sha256"][0][
        "pkfp"]
    signed.root.write_bytes(image.root.read_bytes()
                            + json.dumps(forged).encode().ljust(4096, b"\0"))
    assert_refused(run(signed, disk),
                   f"{CLOSED}the signature of its release key is wrong; "
                   f"{SIGN}")


def entries(root, size):
    """The signatures behind the first SIZE bytes of a root disk."""
    return json.loads(root.read_bytes()[size:].rstrip(b"\0"))


def test_damaged_signatures(with_volume, release_key, sign, sealed_to, run):
    """What is behind the verified data is the host's to write."""
    image = with_volume()
    disk = sealed_to(image, release_key[1])
    signed = sign(image, release_key[0])
    with open(signed.root, "r+b") as root:
        root.seek(image.root.stat().st_size + 1)
        root.write(b"!")
    assert_refused(run(signed, disk),
                   "init: volumes: cannot read the signatures of PCR values: "
                   "they have not the form of tpm2-pcr-signature.json; sign "
                   "the PCR values again with cvmctl sign")


def test_old_release(with_volume, release_key, sign, sealed_to, run):
    """Release 2 raises the TPM's minimum, and release 1 is shut out for
    good, though its signature is still true."""
    first = with_volume(tpm="require = any\nminimum-release = 1")
    second = with_volume(tpm="require = any\nminimum-release = 2",
                         files=NEXT)
    disk = sealed_to(first, release_key[1])
    first = sign(first, release_key[0], "--release", "1")
    second = sign(second, release_key[0], "--release", "2")
    assert_counts(run(first, disk), 1)
    assert_counts(run(second, disk), 2)
    assert_counts(run(second, disk), 3)
    assert_refused(run(first, disk),
                   f"{CLOSED}the TPM opens keys from release 2 on, and this "
                   "one is 1; boot a later release, or sign this one with a "
                   "higher number")
