# SPDX-License-Identifier: MIT
"""Tokens in both directions: what systemd-cryptenroll writes, cvmctl unseals
by the code that init uses; what cvmctl seal writes, systemd opens.

Most cases need no VM; see interop.py. systemd 252 is Debian 12's; it knows no
storage root key, so it writes tokens that do not name one, and cannot open
ours.
"""

import hashlib
import json

import interop
import pytest
import seal

SINCE_SRK = ("257", "newest")
PRIMARIES = ("ecc", "rsa")
SEAL = ("seal", "--apps-only", "--format", "--mkfs", "none")
KERNEL = b"what systemd-measure takes for a kernel"


@pytest.fixture
def bench(request, tpm, builder):
    """A disk, a TPM whose PCR 14 has seen one event, cvmctl, and the systemd
    of the case's version."""
    root = interop.root_of(request.param)
    if not root:
        pytest.skip(f"systemd {request.param} could not be fetched")
    with interop.bench(tpm, builder.cvmctl, root) as made:
        made.measure()
        yield made


def with_systemd(*versions):
    """The case runs with each of these versions."""
    return pytest.mark.parametrize("bench", versions, indirect=True)


def assert_released(bench, *options,
                    reason="PCR 14 differs from the policy it was sealed "
                           "under; seal it again for these apps with cvmctl "
                           "seal"):
    """cvmctl gets a key that opens the disk, and not in another state."""
    unseal = ("unseal", "--tpm", bench.words, *options, bench.disk)
    assert bench.opens(bench.cvmctl(*unseal))
    bench.measure()
    assert bench.cvmctl(*unseal, check=False) == (
        f"cvmctl: unseal: cannot unseal the key of volume {bench.disk}: "
        f"{reason}")


def assert_systemd_opens(bench):
    """systemd gets the key, and not in another state of PCR 14."""
    assert bench.opens(bench.unlock())
    bench.measure()
    assert not bench.unlock()


def assert_refused(bench, reason):
    """Nobody asks the TPM: cvmctl says by name what the token needs."""
    assert bench.tokens() == [{"token": 0, "refused": reason}]
    assert bench.cvmctl("unseal", "--tpm", bench.words, bench.disk,
                        check=False) == (
        f"cvmctl: unseal: cannot read token 0 of volume {bench.disk}: "
        f"{reason}; seal the key with cvmctl seal")


def export_srk(bench):
    """What cvmctl srk writes for the TPM."""
    bench.cvmctl("srk", "--tpm", bench.words, "--output", bench.folder / "srk")
    return bench.folder / "srk"


def make_srk(bench, primary):
    """The storage root key of that kind, as others make it."""
    context = bench.folder / "primary"
    bench.tpm2("tpm2_createprimary", "-Q", "-C", "o", "-G", primary, "-c",
               context)
    bench.tpm2("tpm2_evictcontrol", "-Q", "-C", "o", "-c", context,
               "0x81000001")
    bench.tpm2("tpm2_flushcontext", "-t")


# Sealed by systemd.

@with_systemd(*SINCE_SRK)
def test_literal(bench):
    """On the TPM, to the PCR as it is."""
    bench.format()
    bench.enroll("--tpm2-pcrs=14")
    (token,) = bench.tokens()
    assert (token["form"], token["pcrs"]) == ("online", [14])
    assert_released(bench)


@with_systemd(*SINCE_SRK)
def test_expected_value(bench):
    """To a value that the PCR does not have now."""
    bench.format()
    before = bench.pcr_14
    bench.measure()
    bench.enroll(f"--tpm2-pcrs=14:sha256={before}")
    assert "PCR 14 differs" in bench.cvmctl(
        "unseal", "--tpm", bench.words, bench.disk, check=False)
    bench.enroll("--wipe-slot=tpm2", f"--tpm2-pcrs=14:sha256={bench.pcr_14}")
    assert_released(bench)


@with_systemd("252")
def test_before_srk(bench):
    """The parent is made anew at each use."""
    bench.format()
    bench.enroll("--tpm2-pcrs=14")
    (token,) = bench.tokens()
    assert token["form"] == "legacy" and "srk-name" not in token
    assert bench.cvmctl("unseal", "--tpm", bench.words, bench.disk,
                        check=False) == (
        f"cvmctl: unseal: cannot unseal the key of volume {bench.disk}: its "
        "token does not name the storage root key, and nothing else does; "
        "set [tpm] srk in boot.conf, or seal it again with cvmctl seal")
    assert_released(bench, "--srk", export_srk(bench))


@pytest.mark.parametrize("primary", PRIMARIES)
@with_systemd(*SINCE_SRK)
def test_away_from_tpm(bench, primary):
    """Without the TPM, for its storage root key."""
    make_srk(bench, primary)
    bench.format()
    export_srk(bench)
    bench.systemd("systemd-cryptenroll", "--unlock-key-file=/mnt/rescue",
                  "--tpm2-device-key=/mnt/srk",
                  f"--tpm2-pcrs=14:sha256={bench.pcr_14}", "/mnt/disk")
    assert bench.tokens()[0]["form"] == "offline"
    assert_released(bench)


@with_systemd(*SINCE_SRK)
def test_lists_of_one(bench):
    """A list with one shard means the same as the shard."""
    bench.format()
    bench.enroll("--tpm2-pcrs=14")
    bench.change_token(lambda token: {
        **token, "tpm2-blob": [token["tpm2-blob"]],
        "tpm2-policy-hash": [token["tpm2-policy-hash"]]})
    assert bench.opens(bench.unlock())
    assert_released(bench)


@with_systemd("252", *SINCE_SRK)
def test_pin(bench):
    """A PIN, whatever the version's fields for it."""
    bench.format()
    bench.enroll("--tpm2-pcrs=14", "--tpm2-with-pin=yes", NEWPIN="1234")
    assert_refused(bench, "it needs a PIN")


@with_systemd("257")
def test_pcrlock(bench):
    """A policy in the TPM's memory, which systemd-pcrlock changes."""
    bench.format()
    bench.enroll("--tpm2-pcrs=14", f"--tpm2-pcrlock={bench.lock_pcrs()}")
    assert_refused(bench, "it needs a pcrlock policy")


@with_systemd("257")
def test_shards(bench):
    """A key in two parts, one for a release key and one for pcrlock."""
    seal.make_key(bench.folder)
    bench.format()
    bench.enroll("--tpm2-pcrs=14", f"--tpm2-pcrlock={bench.lock_pcrs()}",
                 "--tpm2-public-key=/mnt/release.pub",
                 "--tpm2-public-key-pcrs=14")
    assert_refused(bench, "its key is in several shards")


# Sealed to a release key.

NO_SIGNATURE = ("PCR 14 differs from what its release key signed; sign the "
                "PCR values of this image with cvmctl sign")


def sign(bench):
    """cvmctl signs PCR 14 as it is, where systemd looks for it."""
    path = bench.folder / "prediction"
    path.write_text(json.dumps({
        "pcr": 14, "banks": {"sha256": {"measured": bench.pcr_14}}}))
    signatures = bench.folder / "signatures"
    signatures.write_bytes(bench.cvmctl(
        "sign", "--key", bench.folder / "release.pem", "--prediction", path))
    return signatures


@with_systemd("252", *SINCE_SRK)
def test_signed(bench):
    """The key that systemd seals is released to the signature of cvmctl,
    which systemd tries when it seals, and later."""
    seal.make_key(bench.folder)
    signatures = sign(bench)
    bench.format()
    bench.enroll("--tpm2-pcrs=", "--tpm2-public-key=/mnt/release.pub",
                 "--tpm2-public-key-pcrs=14",
                 "--tpm2-signature=/mnt/signatures")
    (token,) = bench.tokens()
    assert (token["pcrs"], token["signed-pcrs"]) == ([], [14])
    srk = () if "srk-name" in token else ("--srk", export_srk(bench))
    if not srk:
        assert bench.opens(bench.unlock())
    assert_released(bench, "--signatures", signatures, *srk,
                    reason=NO_SIGNATURE)


@with_systemd("257")
def test_signed_by_systemd_measure(bench):
    """The signature is systemd's, over PCR 11; PCR 14 is literal."""
    seal.make_key(bench.folder)
    (bench.folder / "kernel").write_bytes(KERNEL)
    signatures = bench.folder / "signatures"
    signatures.write_bytes(bench.systemd(
        "systemd-measure", "sign", "--linux=/mnt/kernel", "--bank=sha256",
        "--phase=enter-initrd", "--private-key=/mnt/release.pem",
        "--public-key=/mnt/release.pub"))
    bench.format()
    bench.enroll("--tpm2-pcrs=14", "--tpm2-public-key=/mnt/release.pub",
                 "--tpm2-public-key-pcrs=11")
    assert "PCR 11 differs" in bench.cvmctl(
        "unseal", "--tpm", bench.words, "--signatures", signatures,
        bench.disk, check=False)
    for event in (b".linux\0", KERNEL, b"enter-initrd"):
        bench.extend(11, hashlib.sha256(event).hexdigest())
    assert_released(bench, "--signatures", signatures)


@with_systemd(*SINCE_SRK)
def test_ours_signed(bench):
    """Sealed and signed by cvmctl; the next signature opens it as well."""
    seal.make_key(bench.folder)
    bench.cvmctl(*SEAL, "--tpm", bench.words, "--signed-by",
                 bench.folder / "release.pub", "--signed-pcrs", "14",
                 bench.disk)
    for _ in range(2):
        assert not bench.unlock()
        sign(bench)
        assert bench.opens(bench.unlock())
        bench.measure()


# Sealed by cvmctl.

@pytest.mark.parametrize("primary", PRIMARIES)
@with_systemd(*SINCE_SRK)
def test_ours(bench, primary):
    """On the TPM."""
    make_srk(bench, primary)
    bench.cvmctl(*SEAL, "--tpm", bench.words, "--pcr", f"14={bench.pcr_14}",
                 bench.disk)
    assert_systemd_opens(bench)


@with_systemd(*SINCE_SRK)
def test_ours_legacy(bench):
    """On the TPM, in the form for systemd that knows no storage root key."""
    bench.cvmctl(*SEAL, "--legacy", "--tpm", bench.words, "--pcr",
                 f"14={bench.pcr_14}", bench.disk)
    assert bench.tokens()[0]["form"] == "legacy"
    assert bench.opens(bench.cvmctl("unseal", "--tpm", bench.words, "--srk",
                                    export_srk(bench), bench.disk))
    assert_systemd_opens(bench)


@pytest.mark.parametrize("primary", PRIMARIES)
@with_systemd(*SINCE_SRK)
def test_ours_away_from_tpm(bench, primary):
    """Without the TPM."""
    make_srk(bench, primary)
    bench.cvmctl(*SEAL, "--srk", export_srk(bench), "--pcr",
                 f"14={bench.pcr_14}", bench.disk)
    assert bench.tokens()[0]["form"] == "offline"
    assert_systemd_opens(bench)


@with_systemd(*SINCE_SRK)
def test_beside_each_other(bench):
    """One volume, keys of both, added in turn; each finds its own or the
    other's."""
    bench.cvmctl(*SEAL, "--tpm", bench.words, "--pcr", f"14={'00' * 32}",
                 "--key-file", bench.rescue, bench.disk)
    bench.enroll("--tpm2-pcrs=14")
    assert [token["token"] for token in bench.tokens()] == [0, 1]
    assert bench.opens(bench.cvmctl("unseal", "--tpm", bench.words,
                                    bench.disk))
    bench.cvmctl("seal", "--replace", "--apps-only", "--token", "1", "--srk",
                 export_srk(bench), "--pcr", f"14={bench.pcr_14}",
                 "--key-file", bench.rescue, bench.disk)
    assert_systemd_opens(bench)
