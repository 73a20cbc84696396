# SPDX-License-Identifier: MIT
"""Tokens in both directions, in a VM: init opens a disk that systemd sealed,
and systemd-cryptsetup one that cvmctl sealed.
"""

import shutil
import subprocess

import bootconf
import image as images
import interop
import pytest
import seal
import vm
from refusal import assert_said
from volume import assert_counts

# More than the programs need is in the way: it would be copied and hashed.
UNWANTED = ("./usr/share", "./usr/lib/udev", "./var", "./mnt/*", "./boot")


@pytest.fixture(params=("257", "newest"))
def systemd(request):
    """The root with that version of systemd."""
    root = interop.root_of(request.param)
    if not root:
        pytest.skip(f"systemd {request.param} could not be fetched")
    return root


@pytest.fixture
def enrolled(builder, desk, tpm, systemd):
    """enrolled(image, *options): a disk for this image, on which the key of
    systemd-cryptenroll has taken the place of cvmctl's. EVENTS are in PCR 14
    then, PUBLIC is a release key."""
    def make(image, *options, events=(), public=None):
        with interop.bench(tpm, builder.cvmctl, systemd) as bench:
            bench.disk.unlink()
            if public:
                shutil.copy(public, bench.folder)
            bench.cvmctl("seal", "--format", "--size", "64M", "--image",
                         image.folder, "--volume", "state", "--apps-only",
                         "--key-file", bench.rescue, "--tpm", bench.words,
                         bench.disk)
            bench.systemd("systemd-cryptenroll", "--wipe-slot=tpm2",
                          "/mnt/disk")
            assert bench.tokens() == []
            for digest in events:
                bench.extend(14, digest)
            bench.enroll(*options)
            return vm.Disk(shutil.move(bench.disk, desk.folder))
    return make


def test_literal(with_volume, builder, enrolled, run):
    """Sealed by systemd to the PCR 14 that cvmctl predicts."""
    image = with_volume()
    value = builder.predicted(image, "measured")["sha256"]
    disk = enrolled(image, f"--tpm2-pcrs=14:sha256={value}")
    assert_counts(run(image, disk), 1)
    assert_counts(run(image, disk), 2)


@pytest.mark.parametrize("systemd", ("252",), indirect=True)
def test_before_srk(with_volume, builder, desk, tpm, enrolled, run):
    """Sealed by a systemd that knows no storage root key, to the PCR 14 of
    then, which has seen the events that init measures."""
    with seal.served(tpm) as words:
        name = images.run([builder.cvmctl, "srk", "--tpm", words, "--output",
                           desk.folder / "srk"]).split()[-1]
    image = with_volume(tpm=f"require = any\nsrk = {name}")
    *events, _ = image.manifest["apps"]["events"]
    disk = enrolled(image, "--tpm2-pcrs=14", events=[
        digest["digest"] for event in events for digest in event["digests"]
        if digest["hashAlg"] == "sha256"])
    assert_counts(run(image, disk), 1)


def test_signed(with_volume, builder, desk, enrolled, run):
    """Sealed by systemd to a release key, which signs with cvmctl."""
    private, public = seal.make_key(desk.folder)
    image = with_volume().copy(desk.folder / "signed")
    disk = enrolled(image, "--tpm2-pcrs=", "--tpm2-public-key-pcrs=14",
                    f"--tpm2-public-key=/mnt/{public.name}", public=public)
    prediction = desk.folder / "prediction.json"
    prediction.write_text(images.run(
        [builder.cvmctl, "predict", "--image", image.folder, "--json"]))
    images.run([builder.cvmctl, "sign", "--key", private, "--prediction",
                prediction, "--image", image.folder])
    assert_counts(run(image, disk), 1)


@pytest.fixture
def with_systemd(systemd, builder, kernel, desk):
    """An image whose apps are systemd-cryptsetup, for the disks b, c and d."""
    root = desk.folder / "root.tar"
    subprocess.run(["tar", "-C", systemd, "-cf", root,
                    *(f"--exclude={path}" for path in UNWANTED), "."],
                   check=True)
    attach = "/usr/lib/systemd/systemd-cryptsetup attach"
    options = "tpm2-device=/dev/tpmrm0,headless=yes"
    return builder.image(images.Recipe(
        root=root, kernel=kernel, options=("--cmdline", bootconf.CMDLINE),
        config=bootconf.boot_conf(modules=bootconf.modules("6.1", "volume")),
        apps="".join(bootconf.app(name, f"{attach} {name} /dev/vd{name} - "
                                  f"{options}") for name in "bcde")))


@pytest.mark.parametrize("systemd, statuses", [
    ("252", (1, 1, 1, 0)),
    ("257", (0, 0, 1, 0)),
    ("newest", (0, 0, 1, 0)),
], indirect=["systemd"])
def test_cryptsetup(with_systemd, builder, desk, tpm, run, statuses):
    """systemd-cryptsetup opens disks that were sealed to the PCR 14 of now,
    on the TPM (b) and away from it (c), and none for another PCR 14 (d). The
    version that knows no storage root key opens only what was sealed for it
    (e)."""
    ready = builder.predicted(with_systemd)["sha256"]
    disks = {name: desk.folder / name for name in "bcde"}
    srk = desk.folder / "srk"
    with seal.served(tpm) as words:
        images.run([builder.cvmctl, "srk", "--tpm", words, "--output", srk])
        for name, where, value in (("b", ("--tpm", words), ready),
                                   ("c", ("--srk", srk), ready),
                                   ("d", ("--tpm", words), "11" * 32),
                                   ("e", ("--tpm", words, "--legacy"), ready)):
            images.run([builder.cvmctl, "seal", "--format", "--apps-only",
                        "--size", "64M", "--pcr", f"14={value}", *where,
                        disks[name]])
    result = run(with_systemd, *(vm.Disk(disks[name]) for name in "bcde"))
    for name, status in zip("bcde", statuses):
        assert_said(result, f"init: app {name}: exited with status {status}",
                    "init: done")
