# SPDX-License-Identifier: MIT
"""Does KVM work here? Only a boot can tell: in a VM without reliable nested
virtualisation /dev/kvm opens, and the guest dies later."""

import fcntl
import os
from pathlib import Path

import vm

PROBE_SECONDS_MAX = 20


def choose(kernel, firmware, cache):
    """kvm when KERNEL boots with it under FIRMWARE, else tcg.

    The answer is kept in the folder CACHE; CVM_ACCEL overrides it with one
    of vm.ACCELS.
    """
    if os.environ.get("CVM_ACCEL"):
        return os.environ["CVM_ACCEL"]
    answer = Path(cache) / f"accel-{firmware}"
    answer.parent.mkdir(parents=True, exist_ok=True)
    with open(answer, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        accel = file.read()
        if not accel:
            works = kvm_works(kernel, firmware, answer.with_suffix(".probe"))
            accel = "kvm" if works else "tcg"
            file.write(accel)
    return accel


def kvm_works(kernel, firmware, work):
    """Boot a kernel that has nothing to start: it must panic, and reset."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    machine = vm.Machine(kernel=kernel, append="console=ttyS0 panic=-1",
                         tpm="none", firmware=firmware, accel="kvm")
    result = vm.boot(machine, work, seconds_max=PROBE_SECONDS_MAX)
    return result.ending == "guest-reset" and result.panicked
