#!/usr/bin/env python3
"""Measures how soon orders that psql inserts are counted, on several instances that follow.

    bench/foreign_writes.py [--seconds 10] [--rate 500] [--instances 3] [--follow auto|trigger]

For each order and each instance: the time from when psql was told of the commit to the first answer
that counts it; what an answer counted before psql was told is no lag. One reader an instance asks
again a millisecond after each answer, so that what is measured is not who has a processor. Everything listens on loopback and ends with the script. Start it when
build/release/orders is built (./run build).
"""

import argparse
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ORDERS = ROOT / "build/release/orders"
INSERT = ("INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
          " VALUES ('2024-01-01', 9999, 1, 0, 1);\n")


def tool(name, *words):
    return subprocess.run([ROOT / "tools" / name, *words], check=True, capture_output=True,
                          text=True).stdout.strip()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Reader(threading.Thread):
    """Asks one instance again and again, and keeps when it first answered each count."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.first_seen, self.answers, self.ends = port, [], 0, False

    def run(self):
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            request = f"GET /count?customerid=9999 HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\n\r\n"
            while not self.ends:
                connection.sendall(request.encode())
                answer = b""
                while not answer.endswith(b"}"):
                    answer += connection.recv(4096)
                now = time.perf_counter()
                count = int(answer[answer.rindex(b":") + 1:-1])
                self.answers += 1
                while len(self.first_seen) < count:
                    self.first_seen.append(now)
                time.sleep(0.001)


def write(args, uri, database):
    """Inserts at the rate; when psql was told of each."""
    psql = subprocess.Popen(["psql", "-X", "-q", uri.replace("/postgres?", f"/{database}?")],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    told, begin = [], time.perf_counter()
    for number in range(args.seconds * args.rate):
        ahead = begin + number / args.rate - time.perf_counter()
        if ahead > 0:
            time.sleep(ahead)
        psql.stdin.write(INSERT + "\\echo done\n")
        psql.stdout.readline()
        told.append(time.perf_counter())
    psql.stdin.close()
    psql.wait()
    return told


def measure(args, folder, started):
    environment = {"PATH": os.environ["PATH"], "CACHE_FOLLOW": args.follow,
                   "PG_SERVICE_URI": tool("postgres", "start", str(folder / "postgres")),
                   "VALKEY_SERVICE_URI": tool("valkey", "start", str(folder / "valkey"))}
    for command in ("load-sample", "follow setup"):
        subprocess.run([ORDERS, *command.split()], env=environment, check=True,
                       capture_output=True)
    subprocess.run(["psql", "-X", "-q", environment["PG_SERVICE_URI"].replace(
        "/postgres?", "/dellstore?"), "-c", "DELETE FROM orders WHERE customerid = 9999"],
        check=True, capture_output=True)
    readers = []
    for _ in range(args.instances):
        port = free_port()
        started.append(subprocess.Popen(
            [ORDERS, "serve", "--port", str(port), "--workers", "1", "--log-level", "warning"],
            env=environment))
        readers.append(Reader(port))
    time.sleep(2)
    cpu = [sum(cpu_of(one.pid)) for one in started]
    time.sleep(3)
    idle = [(sum(cpu_of(one.pid)) - before) / 3 for one, before in zip(started, cpu)]
    for reader in readers:
        reader.start()
    time.sleep(1)
    told = write(args, environment["PG_SERVICE_URI"], "dellstore")
    time.sleep(2)
    for reader in readers:
        reader.ends = True
        reader.join()
    lags = sorted(max(0.0, seen - at) * 1000 for reader in readers
                  for seen, at in zip(reader.first_seen, told))
    missing = sum(len(told) - len(reader.first_seen) for reader in readers)
    print(f"{len(told)} orders at {args.rate}/s, {args.instances} instances, by {args.follow}, "
          f"{sum(reader.answers for reader in readers)} answers")
    print("commit to first right answer, ms: "
          f"p50 {statistics.median(lags):.1f}, p99 {lags[int(len(lags) * 0.99)]:.1f}, "
          f"worst {lags[-1]:.1f}; never counted: {missing}")
    print("idle, of a core: " + ", ".join(f"{100 * one:.2f} %" for one in idle))


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return [int(fields[11]) / os.sysconf("SC_CLK_TCK"), int(fields[12]) / os.sysconf("SC_CLK_TCK")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--instances", type=int, default=3)
    parser.add_argument("--follow", choices=("auto", "trigger"), default="auto")
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="larder-bench-"))
    folder.chmod(0o755)
    started = []
    try:
        measure(args, folder, started)
    finally:
        for one in started:
            one.terminate()
            one.wait()
        tool("postgres", "stop", str(folder / "postgres"))
        tool("valkey", "stop", str(folder / "valkey"))
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
