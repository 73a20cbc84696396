# SPDX-License-Identifier: MIT
"""What the scenarios with a data disk have in common: the volume "state" of a
tiny image, on which an app keeps a counter."""

from bootconf import actor
from refusal import assert_went_well

UUID = "5e0cb7a4-6d1f-4c8e-9f3b-0a1d2c3b4e5f"
APPS = actor("one", "count /data/counter pcr 14", measure="/app")
FILES = {"/app/data": b"just as it was"}
BY_UUID = f"uuid = {UUID}\nmount = /data"


def assert_counts(result, count):
    """The workload found its data, for the COUNT-th time."""
    assert_went_well(result, f"actor: /data/counter counts {count}")
