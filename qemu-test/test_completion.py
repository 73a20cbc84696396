# SPDX-License-Identifier: MIT
"""cvmctl's completion in bash offers what --help says, and values of options.
No VM is booted."""

import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CVMCTL = HERE.parent / "build" / "out" / "cvmctl"
COMMANDS = ("build", "predict", "seal", "sign", "srk", "unseal", "evidence",
            "challenge", "verify", "broker", "inspect", "diff", "explain",
            "timeline", "check")
SCRIPT = """
. "$1"
COMP_WORDS=("${@:2}")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_cvmctl
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(*words, cwd=None):
    """What is offered for the last of these words."""
    done = subprocess.run(
        ["bash", "-c", SCRIPT, "bash", HERE.parent / "cvmctl/completion.bash",
         CVMCTL, *words], capture_output=True, text=True, check=True, cwd=cwd)
    return done.stdout.split()


def said(pattern, *words):
    """What stands so in lines of --help."""
    done = subprocess.run([CVMCTL, *words, "--help"], capture_output=True,
                          text=True, check=True)
    return re.findall(pattern, done.stdout, re.M)


def test_commands():
    """All of them, and this list of them."""
    assert said(r"^  (\w+) ") == list(COMMANDS)
    assert sorted(offered("")) == sorted((*COMMANDS, "--help", "--version"))
    assert offered("ti") == ["timeline"]


@pytest.mark.parametrize("command", COMMANDS)
def test_options(command):
    """Each of them, whole."""
    options = said(r"^  (--[^ ]+)", command)
    assert "--help" in options
    assert sorted(offered(command, "--")) == sorted(options)


def test_values(tmp_path):
    """Folders where a folder is wanted, files where a file is; words."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    assert offered("verify", "--snp-certs", "f", cwd=tmp_path) == ["folder"]
    assert sorted(offered("verify", "--ek", "f", cwd=tmp_path)) == [
        "file", "folder"]
    assert sorted(offered("predict", "--bank", "sha")) == [
        "sha1", "sha256", "sha384", "sha512"]
    assert offered("verify", "--tdx-rtmr0", "") == []
