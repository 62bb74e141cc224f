#!/usr/bin/env python3
"""Measures a cached GET /count against nginx that returns the same bytes as a constant.

    bench/cached_get.py [--rounds 7] [--seconds 4] [--connections 32] [--before PROGRAM]

Both run with one worker, in turns, so that each ratio compares neighbours in time. What counts is
the ratio and the CPU time per request of the server; absolute rates are the machine's. With
--before, another build of orders takes its turns, too, with a Valkey of its own. wrk and nginx come from Debian (tools/install bench). Everything listens on loopback and ends with the script.
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
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
ORDERS = ROOT / "build/release/orders"

NGINX_CONF = """
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /count {{ default_type application/json; return 200 '{body}'; }}
    }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(url, deadline=10):
    end = time.monotonic() + deadline
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def cpu_seconds(pid):
    """User and system time of a process and of its children that still run."""
    ticks = 0
    pids = [pid]
    while pids:
        one = pids.pop()
        stat = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(stat[11]) + int(stat[12])
        for task in pathlib.Path(f"/proc/{one}/task").iterdir():
            pids += [int(child) for child in (task / "children").read_text().split()]
    return ticks / os.sysconf("SC_CLK_TCK")


class Contestant:
    def __init__(self, name, pid, url):
        self.name, self.pid, self.url = name, pid, url
        self.rates, self.cpu, self.p50, self.p99 = [], [], [], []

    def run(self, seconds, connections, also=None):
        """One turn of wrk. `also` is another process whose CPU time is wanted."""
        before, also_before = cpu_seconds(self.pid), cpu_seconds(also) if also else 0
        out = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", self.url],
            check=True, capture_output=True, text=True).stdout
        if "Non-2xx" in out or "Socket errors" in out:
            raise SystemExit(f"{self.name} gave errors:\n{out}")
        requests = int(re.search(r"(\d+) requests in", out)[1])
        self.rates.append(float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]))
        self.cpu.append((cpu_seconds(self.pid) - before) / requests * 1e6)
        # From the start of a line: above them wrk prints other percentages, such as 82.50%.
        self.p50.append(microseconds(re.search(r"^ +50% +(\S+)", out, re.M)[1]))
        self.p99.append(microseconds(re.search(r"^ +99% +(\S+)", out, re.M)[1]))
        return (cpu_seconds(also) - also_before) / requests * 1e6 if also else 0


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


def tool(name, *args):
    return subprocess.run([ROOT / "tools" / name, *args], check=True, capture_output=True,
                          text=True, stdin=subprocess.DEVNULL).stdout.strip()


def row(label, values):
    return f"| {label} | " + " | ".join(values) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--before", metavar="PROGRAM", help="an older build of orders")
    args = parser.parse_args()
    if not ORDERS.exists():
        raise SystemExit("build/release/orders is missing: call ./run build once")
    for needed in ("wrk", "nginx"):
        if not shutil.which(needed):
            raise SystemExit(f"{needed} is missing: call tools/install bench once")

    folder = pathlib.Path(tempfile.mkdtemp(prefix="larder-bench."))
    folder.chmod(0o755)
    started = []
    try:
        measure(args, folder, started)
    finally:
        for process in reversed(started):
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
        tool("postgres", "stop", str(folder / "postgres"))
        tool("valkey", "stop", str(folder / "valkey"))
        if args.before:
            tool("valkey", "stop", str(folder / "valkey-before"))
        shutil.rmtree(folder)


def measure(args, folder, started):
    environment = {
        "PATH": os.environ["PATH"],
        "PG_SERVICE_URI": tool("postgres", "start", str(folder / "postgres")),
        "VALKEY_SERVICE_URI": tool("valkey", "start", str(folder / "valkey")),
    }
    valkey = int(tool("valkey", "pid", str(folder / "valkey")))
    subprocess.run([ORDERS, "load-sample"], env=environment, check=True, capture_output=True)

    port = free_port()
    orders = subprocess.Popen([ORDERS, "serve", "--port", str(port), "--workers", "1",
                               "--log-level", "warning"], env=environment)
    started.append(orders)
    url = f"http://127.0.0.1:{port}/count"
    body = wait_for(url)

    nginx_port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(NGINX_CONF.format(folder=folder, port=nginx_port, body=body))
    nginx = subprocess.Popen(["nginx", "-e", folder / "error.log", "-c", conf, "-g", "daemon off;"])
    started.append(nginx)
    nginx_url = f"http://127.0.0.1:{nginx_port}/count"
    assert wait_for(nginx_url) == body, "both have to answer the same bytes"

    pair = [Contestant("nginx", nginx.pid, nginx_url), Contestant("orders", orders.pid, url)]
    if args.before:
        port = free_port()
        own = environment | {
            "VALKEY_SERVICE_URI": tool("valkey", "start", str(folder / "valkey-before"))}
        before = subprocess.Popen([args.before, "serve", "--port", str(port), "--workers", "1",
                                   "--log-level", "warning"], env=own)
        started.append(before)
        url = f"http://127.0.0.1:{port}/count"
        assert wait_for(url) == body, "both have to answer the same bytes"
        pair.append(Contestant("before", before.pid, url))
    for contestant in pair:
        contestant.run(1, args.connections)  # to warm up
        contestant.__init__(contestant.name, contestant.pid, contestant.url)
    valkey_cpu = []
    for number in range(args.rounds):
        turn = pair if number % 2 == 0 else pair[::-1]
        for contestant in turn:
            is_orders = contestant.name == "orders"
            cost = contestant.run(args.seconds, args.connections, valkey if is_orders else None)
            if is_orders:
                valkey_cpu.append(cost)
        print(f"round {number + 1}: " + ", ".join(
            f"{c.name} {c.rates[-1]:.0f}/s {c.cpu[-1]:.1f} us CPU" for c in pair), flush=True)
    report(args, pair[:2], valkey_cpu)
    for before in pair[2:]:
        ratio = [a / b for a, b in zip(pair[1].cpu, before.cpu)]
        print(f"\nserver CPU of a hit before: {statistics.median(before.cpu):.1f} us a request; "
              f"now / before: {statistics.median(ratio):.3f} ({min(ratio):.3f}–{max(ratio):.3f})")


def report(args, pair, valkey_cpu):
    nginx, orders = pair

    def spread(values, form):
        return f"{statistics.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"

    rate = [o / n for o, n in zip(orders.rates, nginx.rates)]
    cpu = [o / n for o, n in zip(orders.cpu, nginx.cpu)]
    print(f"\n{args.rounds} rounds of {args.seconds} s, {args.connections} connections, one worker "
          "each; median (least–most)\n")
    print(row("", ["nginx, a constant", "orders, a hit", "orders / nginx"]))
    print(row("---", ["---"] * 3))
    print(row("server CPU, µs a request", [spread(nginx.cpu, ".1f"), spread(orders.cpu, ".1f"),
                                           spread(cpu, ".2f")]))
    print(row("requests/s", [spread(nginx.rates, ".0f"), spread(orders.rates, ".0f"),
                             spread(rate, ".2f")]))
    for label in ("p50", "p99"):
        ours, theirs = getattr(orders, label), getattr(nginx, label)
        ratio = [o / n for o, n in zip(ours, theirs)]
        print(row(f"{label}, µs", [spread(theirs, ".0f"), spread(ours, ".0f"),
                                   spread(ratio, ".2f")]))
    print(row("Valkey's CPU, µs a request", ["–", spread(valkey_cpu, ".1f"), "–"]))


if __name__ == "__main__":
    main()
