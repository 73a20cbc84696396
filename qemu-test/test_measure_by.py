# SPDX-License-Identifier: MIT
"""measure-by in apps.conf: what PCR 14 depends on, and what the log says."""

import re

from bootconf import actor
from refusal import assert_went_well
from test_good import dumped

SHOWN = "pcr 14 dump /run/cvm-init/measurements.bin"
OTHER = {"/unrelated": b"on the root, and no part of any app"}


def apps(way):
    """One app that shows what was measured."""
    return actor("web", SHOWN, measure=("/app", "/bin/busybox"),
                 measure_by=way)


def shown(result):
    """PCR 14 in the SHA-256 bank, and the log, of a boot."""
    assert_went_well(result)
    return (re.search(r"^actor: PCR 14 sha256 (\w+)$", result.serial,
                      re.M).group(1),
            dumped(result.serial, "measurements.bin"))


def test_verity(builder, tiny, run):
    """It is bound to the root hash, the log says so, and cvmctl predicts it;
    with another root it is another."""
    image, other = tiny(apps=apps("verity")), tiny(apps=apps("verity"),
                                                   files=OTHER)
    pcr_14, log = shown(run(image))
    root_hash = image.manifest["root"]["verity"]["root-hash"]
    for line in ("exec\t/app/actor", "measure\t/app", "measure\t/bin/busybox"):
        path = line.partition("\t")[2]
        assert (f"verity web {path}\0cvm-init verity 1\n"
                f"root\tsha256\t{root_hash}\n{line}\n").encode() in log
    assert pcr_14 == builder.predicted(image)["sha256"]
    pcr_14, log = shown(run(other))
    assert root_hash.encode() not in log
    assert pcr_14 == builder.predicted(other)["sha256"]
    assert pcr_14 != builder.predicted(image)["sha256"]


def test_content(builder, tiny, run):
    """It is the same whatever else is on the root."""
    image, other = tiny(apps=apps("content")), tiny(apps=apps("content"),
                                                    files=OTHER)
    pcr_14, log = shown(run(other))
    assert b"verity" not in log
    assert pcr_14 == builder.predicted(image)["sha256"]
