#!/usr/bin/env python3
"""Counts the instructions of a hit in the local tier, with and without metrics.

    bench/metrics_cost.py [--requests 20000] [--rounds 3] [--program build/release/orders]

Callgrind counts what the whole process executes in user mode while a client asks for so many hits,
one after the other, over one connection; processors that are busy or slow make no difference. With
--metrics on, --admin-port is given. The access log is off in both, as it takes the time of a request, too.
valgrind comes from Debian (tools/install bench).
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

from cached_get import ROOT, free_port, tool, wait_for

REQUEST = b"GET /count HTTP/1.1\r\nhost: x\r\n\r\n"


BATCH = 1_000


def ask(connection, times):
    """How many answers came from the local tier."""
    local = 0
    for _ in range(times):
        connection.sendall(REQUEST)
        local += b"detail=local" in connection.recv(65536)
    return local


def instructions(program, environment, folder, requests, with_metrics):
    """Of a request, in the cheapest batch: under valgrind a worker is late now and then, and asks
    Valkey, and what it does beside requests takes its time as well."""
    port = free_port()
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.out",
               program, "serve", "--port", str(port), "--workers", "1", "--log-level", "warning"]
    if with_metrics:
        command += ["--admin-port", "0"]
    service = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, cwd=folder)

    def control(what):
        subprocess.run(["callgrind_control", what, str(service.pid)], check=True,
                       capture_output=True)

    counts = []
    try:
        wait_for(f"http://127.0.0.1:{port}/count", 60)
        with socket.create_connection(("127.0.0.1", port)) as connection:
            while ask(connection, BATCH) < 0.9 * BATCH:
                time.sleep(0.1)
            for _ in range(requests // BATCH):
                control("--zero")
                local = ask(connection, BATCH)
                control("--dump")
                dump = max(folder.glob("callgrind.out.*"), key=lambda one: int(one.suffix[1:]))
                total = re.search(r"^(?:totals|summary): (\d+)", dump.read_text(), re.M)[1]
                if local > 0.99 * BATCH:
                    counts.append(int(total) / BATCH)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(timeout=60)
    for one in folder.glob("callgrind.out*"):
        one.unlink()
    if not counts:
        raise SystemExit("the worker is late too often: is the machine busy?")
    return min(counts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--program", default=str(ROOT / "build/release/orders"))
    args = parser.parse_args()
    if not shutil.which("valgrind"):
        raise SystemExit("valgrind is missing: call tools/install bench once")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="larder-bench."))
    folder.chmod(0o755)
    try:
        environment = {
            "PATH": os.environ["PATH"],
            "PG_SERVICE_URI": tool("postgres", "start", str(folder / "postgres")),
            "VALKEY_SERVICE_URI": tool("valkey", "start", str(folder / "valkey")),
            "CACHE_TIMEOUT_SECONDS": "86400",
            "CACHE_DEADLINE_MS": "10000",
            "PG_DEADLINE_MS": "20000",
        }
        subprocess.run([args.program, "load-sample"], env=environment, check=True,
                       capture_output=True)
        without, with_metrics = [], []
        for number in range(args.rounds):
            for to, has in ((without, False), (with_metrics, True))[:: 1 if number % 2 == 0 else -1]:
                to.append(instructions(args.program, environment, folder, args.requests, has))
            print(f"round {number + 1}: {without[-1]:.0f} without, {with_metrics[-1]:.0f} with "
                  f"metrics: {with_metrics[-1] / without[-1] - 1:+.2%}", flush=True)
        a, b = statistics.median(without), statistics.median(with_metrics)
        print(f"instructions of a hit: {a:.0f} without metrics, {b:.0f} with: {b / a - 1:+.2%}")
    finally:
        tool("postgres", "stop", str(folder / "postgres"))
        tool("valkey", "stop", str(folder / "valkey"))
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
