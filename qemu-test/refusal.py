# SPDX-License-Identifier: MIT
"""How a boot may end that must not go on, and how one that may.

A refused boot says one line, the same that the manual explains, and is off.
"""

import re

PANIC = "Kernel panic - not syncing: "


def failures(text):
    """The failure lines of init, whole."""
    return [line for line in text.splitlines()
            if line.startswith("init: ") and " cannot " in line]


def assert_refused(result, line):
    """init said exactly LINE, nothing else went wrong, and it is off."""
    assert failures(result.serial) == [line], result.tail()
    assert result.powered_off and not result.panicked, result.ending
    assert "init: ready" not in result.serial
    assert not re.search(r"^actor: ", result.serial, re.M)


def assert_panicked(result, reason, after=""):
    """The kernel gave up for REASON, after the workload had said AFTER (or
    before it began), and nobody said anything from then on."""
    before, _, rest = result.serial.partition(PANIC + reason)
    assert rest, result.tail()
    assert result.ending == "guest-reset"
    assert not failures(result.serial)
    assert "init: " not in rest and "actor: " not in rest
    assert (after or "cvm-init ") in before
    if not after:
        assert "init: ready" not in before


def assert_went_well(result, *words):
    """The workload ran to its end, said all these WORDS, and it is off."""
    assert failures(result.serial) == [], result.tail()
    for word in words:
        assert f"\n{word}\n" in result.serial, result.tail()
    assert "\ninit: done\n" in result.serial, result.tail()
    assert result.powered_off, result.ending


def assert_said(result, *wanted):
    """Each of these lines is on the console, in this order."""
    lines = iter(result.serial.splitlines())
    for want in wanted:
        assert want in lines, f"missing or too early: {want}\n{result.tail()}"
