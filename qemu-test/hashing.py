# SPDX-License-Identifier: MIT
"""How fast the content of files is hashed, for bench: content_digest of init
and of cvmctl, by tests/bench-hash, against what is possible.

In the page cache, on this machine: against `openssl speed` of the same digests
on as many CPUs. One file has no more to share between CPUs than its digests.
Small files must be opened and read as well, which takes the same CPUs: what
that takes by itself, and what ratio it leaves, is shown for them.
Times are compared, and CPU time for itself, since other work on the machine
takes time and openssl speed counts CPU time only.

From this machine's disk, with nothing in the page cache: against reading the
same files one after the other.

Cold, under dm-verity, in a VM: against dd from the verity device in the same
VM, each with empty caches. Sizes are what QEMU's TCG can bear. There the
digest is slower than any disk, and has to share the emulated CPUs with
dm-verity's own; what it comes to in the page cache is therefore shown, too.
With SHA instructions the disk is what is slow, as it is here with a limit:
that shows whether it is kept busy while the digests are made.
"""

import io
import json
import os
import re
import shutil
import statistics
import subprocess
import tarfile
import time
from pathlib import Path

import image as images
import vm

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build"
HOST_HASH = BUILD / "bench" / "hash"
GUEST_HASH = BUILD / "bench" / "guest-hash"
KIB, MIB = 1 << 10, 1 << 20
ROUNDS = 3
WARM_GOAL, COLD_GOAL = 0.95, 0.90

# name, number of files, bytes of each
WARM = (("1 GiB in 64 files", 64, 16 * MIB),
        ("20,000 files of 16 KiB", 20000, 16 * KIB),
        ("one file of 2 GiB", 1, 2048 * MIB))
COLD = (("many", 6, 4 * MIB), ("small", 1000, 8 * KIB), ("one", 1, 24 * MIB))
PLAIN = 24 * MIB
LIMITS = (0, 3 * MIB)  # bytes in a second, 0 for none
DIGESTS = (("sha256",), ("sha1", "sha256"))
BOOT_SECONDS = 600

CONFIG = """[boot]
on-failure = power-off
allow-cmdline = no_timer_check
[tpm]
require = any
banks = sha256
[modules]
load = virtio_pci virtio_blk sha256-ssse3 dm-verity erofs
[ima]
policy = none
[root]
fs = erofs
[overlay]
mode = none
[workload]
mode = supervise
"""

APPS = """[app bench]
exec = /bin/sh /bench.sh
""" + "".join(f"measure = /{name}\n" for name, _, _ in COLD)

SCRIPT = f"""cold() {{ echo 3 > /proc/sys/vm/drop_caches; }}
now() {{ read -r up rest < /proc/uptime; echo "$up"; }}
for round in {" ".join(map(str, range(ROUNDS)))}; do
	for case in {" ".join(name for name, _, _ in COLD)}; do
		cold
		began=$(now)
		dd if=/dev/dm-0 of=/dev/null bs=1M count={PLAIN // MIB} 2> /dev/null
		echo "bench: dd $case $began $(now)"
		cold
		echo "bench: cold $case $(/bench-hash 1 sha256 /$case)"
		echo "bench: warm $case $(/bench-hash 1 sha256 /$case)"
	done
done
cat /run/cvm-init/report.json
echo
"""


def say(name, rate, limit, ratio, rest):
    """One line of a table."""
    print(f"  {name:<48}{rate / 1e6:>8.1f}{limit / 1e6:>9.1f}{ratio:>7.2f}"
          f"  {rest}", flush=True)


# -- on this machine ------------------------------------------------------------

def openssl_speed(digest, cpus):
    """Bytes in a second on that many CPUs."""
    words = ["openssl", "speed", "-seconds", "1", "-bytes", str(MIB),
             "-evp", digest, *(("-multi", str(cpus)) if cpus > 1 else ())]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return 1000 * float(re.findall(r"([0-9.]+)k$", done.stdout, re.M)[-1])


def possible_seconds(size, files, digests, cpus):
    """What openssl speed's rates come to: in time, and in CPU time."""
    alone = [size / openssl_speed(digest, 1) for digest in digests]
    spread = sum(size / openssl_speed(digest, cpus) for digest in digests)
    return max(spread, 0 if files > 1 else max(alone)), sum(alone)


def write_files(folder, files, size):
    """Files that are not in the page cache: what is there when they have been
    read is not what is there when they were just written."""
    folder.mkdir(parents=True)
    for number in range(files):
        with (folder / f"file{number}").open("wb") as file:
            for _ in range(0, size, MIB):
                file.write(os.urandom(min(MIB, size)))
            file.flush()
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_all(folder):
    """Read all files, into the page cache, and say how long it took."""
    began = time.monotonic()
    for path in sorted(folder.iterdir()):
        with path.open("rb", buffering=0) as file:
            while file.read(MIB):
                pass
    return time.monotonic() - began


def drop_all(folder):
    """Take all files out of the page cache."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def run_hash(folder, digests):
    """Seconds, seconds of CPU time, bytes, and the KiB that it grew by."""
    done = subprocess.run([HOST_HASH, "1", ",".join(digests) or "none", folder],
                          capture_output=True, text=True, check=True)
    return map(float, done.stdout.split())


def warm_case(name, folder, files, digests):
    """Measure and print one line."""
    cpus = len(os.sched_getaffinity(0))
    rates, limits, ratios, cpu_ratios, grown = [], [], [], [], []
    for _ in range(ROUNDS):
        read_all(folder)
        seconds, cpu_seconds, size, kib = run_hash(folder, digests)
        possible, cpu_possible = possible_seconds(size, files, digests, cpus)
        rates.append(size / seconds)
        limits.append(size / possible)
        ratios.append(possible / seconds)
        cpu_ratios.append(cpu_possible / cpu_seconds)
        grown.append(kib)
    say(f"{name}, {' and '.join(digests)}", statistics.median(rates),
        statistics.median(limits), statistics.median(ratios),
        f"{statistics.median(cpu_ratios):>4.2f}  {WARM_GOAL:.2f}"
        f"{max(grown) / 1024:>5.1f} MiB")


def small_case(name, folder, files):
    """The same without a digest, and what is possible with each."""
    cpus = len(os.sched_getaffinity(0))
    rates, ratios = [], {digests: [] for digests in DIGESTS}
    for _ in range(ROUNDS):
        read_all(folder)
        seconds, _, size, _ = run_hash(folder, ())
        rates.append(size / seconds)
        for digests, found in ratios.items():
            possible, _ = possible_seconds(size, files, digests, cpus)
            found.append(possible / (possible + seconds))
    print(f"  {name + ', opened and read':<48}"
          f"{statistics.median(rates) / 1e6:>8.1f}  leaves a ratio of",
          " and ".join(f"{statistics.median(found):.2f} ({'+'.join(digests)})"
                       for digests, found in ratios.items()), flush=True)


def disk_case(name, folder):
    """The same from the disk."""
    rates, limits = [], []
    for _ in range(ROUNDS):
        drop_all(folder)
        plain = read_all(folder)
        drop_all(folder)
        seconds, _, size, _ = run_hash(folder, ("sha256",))
        rates.append(size / seconds)
        limits.append(size / plain)
    say(f"{name}, sha256, from the disk", statistics.median(rates),
        statistics.median(limits),
        statistics.median(a / b for a, b in zip(rates, limits)),
        f"      {COLD_GOAL:.2f}")


def on_host(work):
    """All that this machine can say."""
    print(f"\n  {'hashing':<48}{'MB/s':>8}{'possible':>9}{'ratio':>7}"
          "   CPU  goal   memory")
    for name, files, size in WARM:
        folder = work / "warm"
        write_files(folder, files, size)
        for digests in DIGESTS:
            warm_case(name, folder, files, digests)
        if size < MIB:
            small_case(name, folder, files)
        disk_case(name, folder)
        shutil.rmtree(folder)


# -- cold, under dm-verity ----------------------------------------------------

def add_bytes(tar, name, data, mode=0o644):
    """Add a file to the archive."""
    member = tarfile.TarInfo(f"./{name}")
    member.size = len(data)
    member.mode = mode
    tar.addfile(member, io.BytesIO(data))


def root_for_cold(target):
    """The tiny root, what measures, and what is measured."""
    shutil.copyfile(BUILD / "rootfs" / "tiny.tar", target)
    with tarfile.open(target, "a") as tar:
        add_bytes(tar, "bench.sh", SCRIPT.encode())
        add_bytes(tar, "bench-hash", GUEST_HASH.read_bytes(), 0o755)
        for name, files, size in COLD:
            folder = tarfile.TarInfo(f"./{name}")
            folder.type = tarfile.DIRTYPE
            folder.mode = 0o755
            tar.addfile(folder)
            for number in range(files):
                add_bytes(tar, f"{name}/{number}", os.urandom(size))
    return target


def build(work, cvmctl, kernel, cmdline):
    """The image to boot."""
    (work / "cold.conf").write_text(CONFIG)
    (work / "cold-apps.conf").write_text(APPS)
    root = root_for_cold(work / "cold.tar")
    images.run([cvmctl, "build", "--root", root,
                "--kernel", kernel / "vmlinuz", "--modules", kernel / "modules",
                "--init", BUILD / "out" / "init",
                "--config", work / "cold.conf", "--cmdline", cmdline,
                "--apps", work / "cold-apps.conf", "--output", work / "cold"])
    root.unlink()
    return images.Image(work / "cold")


def cold_rates(serial):
    """{(what, case): [bytes in a second, ...]} of the script's lines."""
    rates = {}
    for what, case, said in re.findall(r"^bench: (\w+) (\w+) (.*)$", serial,
                                       re.M):
        words = [float(word) for word in said.split()]
        rate = (PLAIN / (words[1] - words[0]) if what == "dd"
                else words[2] / words[0])
        rates.setdefault((what, case), []).append(rate)
    return rates


def boot(image, work, limit):
    """What cold_rates() says of a boot, and the bytes that the stage measure
    hashed in a second."""
    disk = vm.Disk(image.root, snapshot=True, bytes_per_second=limit)
    machine = image.machine(cpus=2, accel="tcg-multi").replace(disks=(disk,))
    with vm.Vm(machine, work / "cold-boot", vm.Swtpm(work / "cold-tpm"),
               seconds_max=BOOT_SECONDS) as running:
        result = running.wait()
    rates = cold_rates(result.serial)
    report = re.search(r'^\{"version".*\}', result.serial, re.M)
    if len(rates) != 3 * len(COLD) or not report:
        raise vm.HarnessError("the boot failed:\n" + result.tail())
    size = sum(files * size for _, files, size in COLD)
    return rates, 1e6 * size / next(
        stage["duration_us"] for stage in json.loads(report[0])["stages"]
        if stage["name"] == "measure")


def cold_table(rates, stage_rate, limit):
    """Print what boot() has found."""
    title = "cold, under dm-verity, TCG, " + (
        f"a disk of {limit / 1e6:.1f} MB/s" if limit else "any disk")
    print(f"\n  {title:<48}{'MB/s':>8}{'dd':>9}{'ratio':>7}"
          "  in the page cache  goal")
    for name, files, size in COLD:
        middle = {what: statistics.median(rates[what, name])
                  for what in ("cold", "dd", "warm")}
        ratio = statistics.median(
            a / b for a, b in zip(rates["cold", name], rates["dd", name]))
        say(f"{files} of {size // KIB} KiB, sha256", middle["cold"],
            middle["dd"], ratio,
            f"{middle['warm'] / 1e6:>17.1f}  {COLD_GOAL:.2f}")
    plain = statistics.median(
        rate for name, _, _ in COLD for rate in rates["dd", name])
    say("these three by the stage measure", stage_rate, plain,
        stage_rate / plain, f"{'':>17}  {COLD_GOAL:.2f}")


def in_vm(work, cvmctl, kernel, cmdline):
    """All that is on a verity device, and the stage itself."""
    image = build(work, cvmctl, kernel, cmdline)
    for limit in LIMITS:
        cold_table(*boot(image, work, limit), limit)
    shutil.rmtree(work / "cold")
