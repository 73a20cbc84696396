#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The demo's workload: a web service with a memory.

    GET  /        {"counter": N}, N = how often the service was started
    GET  /health  ok
    GET  /pcr14   {"sha256": "...", ...}, PCR 14 as the TPM has it, by bank
    GET  /report  report.json of cvm-init
    GET  /log     the event log behind PCR 14, which tpm2_eventlog reads
    POST /stop    ends the service

The counter lives in $DATA_DIR/counter, on the volume that only this
application can read. With NET=qemu the service configures eth0 by itself, for
QEMU's user network, since cvm-init leaves the network to the workload.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer

ADDRESS = "10.0.2.15/24"
GATEWAY = "10.0.2.2"
FROM_INIT = Path("/run/cvm-init")
FILES = {"/report": "report.json", "/log": "measurements.bin"}


def network_up():
    """What a network manager would do in a larger system."""
    for words in ("link set lo up", "link set eth0 up",
                  f"address add {ADDRESS} dev eth0",
                  f"route add default via {GATEWAY}"):
        subprocess.run(["ip", *words.split()], check=True)


def count_start(folder):
    """Add one to the counter, on the disk and not only in its cache."""
    path = folder / "counter"
    counter = int(path.read_text()) + 1 if path.exists() else 1
    fresh = folder / "counter.new"
    with open(fresh, "w") as file:
        print(counter, file=file)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    os.sync()
    return counter


def pcr14():
    """PCR 14 in every bank, read from the TPM by the kernel."""
    banks = Path("/sys/class/tpm/tpm0").glob("pcr-*/14")
    return {path.parent.name.removeprefix("pcr-"):
            path.read_text().strip().lower() for path in banks}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self):
        """The counter, or a sign of life."""
        if self.path == "/":
            self.answer(200, json.dumps({"counter": self.server.counter}))
        elif self.path == "/health":
            self.answer(200, "ok")
        elif self.path == "/pcr14":
            self.answer(200, json.dumps(pcr14()))
        elif self.path in FILES:
            self.send((FROM_INIT / FILES[self.path]).read_bytes())
        else:
            self.answer(404, "no such page")

    def do_POST(self):
        """Stop the service."""
        if self.path == "/stop":
            self.answer(200, "stopping")
            stop(self.server)
        else:
            self.answer(404, "no such page")

    def answer(self, status, text):
        """Send TEXT, a line."""
        self.send((text + "\n").encode(), status)

    def send(self, body, status=200):
        """Send BODY as it is."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """The console is for more important things."""


class Server(ThreadingTCPServer):
    """The service."""
    allow_reuse_address = True
    daemon_threads = True
    counter = 0


def stop(server):
    """From any thread but the one that serves."""
    threading.Thread(target=server.shutdown).start()


def port_of(words):
    """The value of --port."""
    return int(words[words.index("--port") + 1]) if "--port" in words else 8080


def main():
    """Count, listen, serve until SIGTERM."""
    if os.environ.get("NET") == "qemu":
        network_up()
    counter = count_start(Path(os.environ.get("DATA_DIR", "/data")))
    with Server(("", port_of(sys.argv)), Handler) as server:
        server.counter = counter
        signal.signal(signal.SIGTERM, lambda *_: stop(server))
        print(f"service: ready counter={counter}", flush=True)
        server.serve_forever()
    print("service: stopped", flush=True)


if __name__ == "__main__":
    main()
