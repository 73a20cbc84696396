# SPDX-License-Identifier: MIT
"""The recipe of apps.conf(5), taken from the manual page and run as it stands:
it reaches what cvmctl predicts with sha256sum and tpm2_pcrextend alone.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import image as images
import model
import pytest
import seal
import test_random
import vm

MANUAL = Path(__file__).parents[1] / "docs" / "apps.conf.5"
PRINTABLE = bytes(set(range(0x20, 0x7f)) - set(b"/\\"))


def example(section):
    """The first display of a section of the manual page, as it is shown."""
    text = MANUAL.read_text().partition(section)[2]
    text = text.partition(".Bd -literal -offset indent\n")[2]
    text = text.partition("\n.Ed\n")[0]
    return text.replace("\\(dq", '"').replace("\\e", "\\") + "\n"


def reached(script, top, folder):
    """The values of PCR 16 that SCRIPT, run in TOP, reads."""
    with seal.served(vm.Swtpm(folder / "tpm")) as words:
        answer = subprocess.run(
            ["sh", "-euc", script], cwd=top, check=True, capture_output=True,
            text=True, env={**os.environ, "TPM2TOOLS_TCTI": words}).stdout
    return [value.lower() for value in re.findall("0x([0-9A-F]{64})", answer)]


def put(path, text, mode=0o644):
    """A file at PATH, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


@pytest.fixture
def top(desk):
    """A root that has what the manual's apps.conf names: a program behind a
    link, one with a capability, one with set-user-ID."""
    top = desk.folder / "root"
    put(top / model.APPS_CONF, example(".Sh EXAMPLES"))
    put(top / "usr/bin/python3.11", "a program", 0o755)
    (top / "usr/bin/python3").symlink_to("python3.11")
    os.setxattr(top / "usr/bin/python3.11", "security.capability",
                test_random.CAPABILITY)
    put(top / "app/main.py", "more than\n")
    put(top / "app/lib/data", "")
    (top / "app/link").symlink_to("/etc/nowhere")
    os.setxattr(top / "app/lib", "user.note", b"x")
    os.setxattr(top / "app/main.py", "security.capability",
                test_random.CAPABILITY)
    put(top / "etc/ssl/certs/ca-certificates.crt", "whom it trusts")
    put(top / "usr/local/bin/backup", "another", 0o4755)
    return top


def test_as_printed(builder, top, desk):
    """The whole of it, for the manual's own example."""
    answer = json.loads(images.run([builder.cvmctl, "predict", "--root", top,
                                    "--json"]))
    sha256 = answer["banks"]["sha256"]
    kinds = [event["content"]["kind"] for event in answer["events"]]
    assert kinds == ["apps.conf", "exec", "attributes", "directory", "file",
                     "exec", "attributes", "cap"]
    assert reached(example(".Ss By hand"), top, desk.folder) == [
        sha256["measured"], sha256["ready"]]


def recipe(apps):
    """The manual's functions, and their calls for the paths that APPS has."""
    functions = example(".Ss By hand").partition("\ntpm2_pcrreset")[0]
    calls = ["tpm2_pcrreset 16",
             'extend "$(hash < etc/cvm-init/apps.conf)"']
    for section in model.sections(apps):
        for key, value in section:
            if key == "exec":
                calls.append(f"file .{value.split()[0]}")
            if key == "measure":
                calls.append(f"if [ -d '.{value}' ]\nthen"
                             f" extend \"$(listing '.{value}' | hash)\"\n"
                             f"else file '.{value}'; fi")
    return "\n".join([functions, *calls, "tpm2_pcrread sha256:16"])


@pytest.mark.parametrize("seed", range(200, 204))
def test_random_trees(root, desk, seed):
    """Its functions, for random trees."""
    top = test_random.draw(desk.folder, root("tiny"), seed,
                           alphabet=PRINTABLE, ways=("content",),
                           linked=False)
    script = recipe((top / model.APPS_CONF).read_text())
    assert reached(script, top, desk.folder) == [model.pcr_14(top, "sha256")[0]]
