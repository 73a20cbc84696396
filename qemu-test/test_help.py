# SPDX-License-Identifier: MIT
"""What cvmctl says to who asks it for help, or mistypes. No VM is booted."""

import subprocess
from pathlib import Path

import pytest

CVMCTL = Path(__file__).resolve().parent.parent / "build/out/cvmctl"
UNKNOWN = ("cvmctl: cannot read the arguments: there is no command {}; see "
           "cvmctl help\n")


def said(*words):
    """Status, standard output and standard error."""
    done = subprocess.run([CVMCTL, *words], capture_output=True, text=True,
                          check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("words", [("--help",), ("-h",)])
def test_help(words):
    """All commands; and of each of them what it takes."""
    status, usage, _ = said("help")
    assert status == 0 and usage.startswith("usage: cvmctl COMMAND")
    assert said(*words) == (0, usage, "")
    status, options, _ = said("help", "build")
    assert status == 0 and options.startswith("usage: cvmctl build --root")
    assert said("build", *words) == (0, options, "")


def test_no_command():
    """Without a word all of them, and no success."""
    assert said() == (2, "", said("help")[1])


@pytest.mark.parametrize("words, wanted", [
    (("builx",), "builx, but build"), (("verifyx", "x"), "verifyx, but verify"),
    (("sgin",), "sgin, but sign"), (("help", "brokr"), "brokr, but broker"),
    (("frobnicate",), "frobnicate"), (("\x1b[1m",), r"\x1b[1m"),
    (("",), ""), (("--verbose",), "--verbose")])
def test_mistyped(words, wanted):
    """What is unknown is named, and one that is close."""
    assert said(*words) == (2, "", UNKNOWN.format(wanted))
