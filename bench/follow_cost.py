#!/usr/bin/env python3
"""Measures what following others' writes costs those who write.

    bench/follow_cost.py [--rounds 5] [--seconds 4] [--clients 4] [--idle 20] [--modes off auto]

In each round, one after the other: nobody follows; PostgreSQL's log is followed; triggers are. Each
time POST /add/ is asked of one instance by so many clients, and then so many psql insert orders of
their own, a transaction each. Printed are the medians of what each did a second, and of the ratios
to the same round's `off`. Before that, once for each mode: the share of a core that the process of
an instance takes, and all processes of its PostgreSQL, while nobody asks or writes anything; and how
many bytes of log a changed row writes with and without the replica identity that `setup` sets.
Everything listens on loopback and ends with the script. Start it when build/release/orders is built
(./run build).
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time

from foreign_writes import ORDERS, cpu_of, free_port, tool

ORDER = json.dumps({"orderdate": "2024-01-01", "customerid": 9999, "netamount": 1, "tax": 0,
                    "totalamount": 1})
INSERT = ("INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
          " VALUES ('2024-01-01', {}, 1, 0, 1);\n")


def together(clients, work, seconds):
    """What all did a second; work(number, until) says how much one did."""
    done, until = [0] * clients, time.perf_counter() + seconds
    def run(i):
        done[i] = work(i, until)
    threads = [threading.Thread(target=run, args=(i,)) for i in range(clients)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return sum(done) / seconds


def post(port):
    request = (f"POST /add/ HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
               f"content-length: {len(ORDER)}\r\n\r\n{ORDER}").encode()
    def work(_, until):
        n = 0
        with socket.create_connection(("127.0.0.1", port)) as connection:
            while time.perf_counter() < until:
                connection.sendall(request)
                answer = b""
                while not answer.endswith(b"}}"):
                    answer += connection.recv(4096)
                assert answer.startswith(b"HTTP/1.1 200"), answer
                n += 1
        return n
    return work


def insert(uri):
    def work(number, until):
        n = 0
        with subprocess.Popen(["psql", "-X", "-q", uri], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True, bufsize=1) as psql:
            while time.perf_counter() < until:
                psql.stdin.write(INSERT.format(number + 1) + "\\echo done\n")
                psql.stdout.readline()
                n += 1
            psql.stdin.close()
        return n
    return work


@contextlib.contextmanager
def instance(environment, mode):
    """One that serves in this mode; its port and its process."""
    settings = environment | {"CACHE_FOLLOW": mode}
    if mode != "off":
        subprocess.run([ORDERS, "follow", "setup"], env=settings, check=True, capture_output=True)
    port = free_port()
    service = subprocess.Popen([ORDERS, "serve", "--port", str(port), "--workers", "1",
                                "--log-level", "warning"], env=settings)
    try:
        time.sleep(1.5)
        yield port, service.pid
    finally:
        service.terminate()
        service.wait()
    subprocess.run([ORDERS, "follow", "drop"], env=settings, check=True, capture_output=True)


def with_children(pid):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {pid, *map(int, children)}


def cpu_seconds(pids):
    all_of_them = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            all_of_them += sum(cpu_of(pid))
    return all_of_them


def idle(args, environment, postmaster):
    for mode in args.modes:
        with instance(environment, mode) as (_, pid):
            time.sleep(3)
            servers = with_children(postmaster)
            before = cpu_seconds([pid]), cpu_seconds(servers)
            time.sleep(args.idle)
            after = cpu_seconds([pid]), cpu_seconds(servers)
        of_a_core = [100 * (b - a) / args.idle for a, b in zip(before, after)]
        print(f"idle, {mode}: the instance {of_a_core[0]:.2f} % of a core, its PostgreSQL"
              f" {of_a_core[1]:.2f} %")


def log_of_a_row(uri):
    """Bytes of log for each of 2,000 rows that one statement changes, by the table's identity."""
    def ask(sql):
        return subprocess.run(["psql", "-XAtqc", sql, uri], check=True, capture_output=True,
                              text=True).stdout.strip()
    def written(statement):
        # No page is written whole into the log: all were since the last checkpoint.
        ask("UPDATE orders SET tax = tax WHERE orderid <= 4000")
        before = ask("SELECT pg_current_wal_insert_lsn()")
        ask(statement)
        return int(ask(f"SELECT pg_current_wal_insert_lsn() - '{before}'")) / 2000
    for identity in ("DEFAULT", "FULL"):
        ask(f"ALTER TABLE orders REPLICA IDENTITY {identity}")
        ask("VACUUM orders")
        update = written("UPDATE orders SET tax = tax + 1 WHERE orderid <= 2000")
        delete = written("BEGIN; DELETE FROM orders WHERE orderid <= 2000; ROLLBACK")
        print(f"log of a row, REPLICA IDENTITY {identity}: UPDATE {update:.0f} bytes,"
              f" DELETE {delete:.0f}")
    ask("ALTER TABLE orders REPLICA IDENTITY DEFAULT")


def one_round(args, environment, uri):
    figures = {}
    for mode in args.modes:
        with instance(environment, mode) as (port, _):
            figures[mode] = (together(args.clients, post(port), args.seconds),
                             together(args.clients, insert(uri), args.seconds))
    return figures


def measure(args, folder):
    environment = {"PATH": os.environ["PATH"],
                   "PG_SERVICE_URI": tool("postgres", "start", str(folder / "postgres")),
                   "VALKEY_SERVICE_URI": tool("valkey", "start", str(folder / "valkey"))}
    subprocess.run([ORDERS, "load-sample"], env=environment, check=True, capture_output=True)
    uri = environment["PG_SERVICE_URI"].replace("/postgres?", "/dellstore?")
    log_of_a_row(uri)
    if args.idle > 0:
        idle(args, environment, int(tool("postgres", "pid", str(folder / "postgres"))))
    rounds = [one_round(args, environment, uri) for _ in range(args.rounds)]
    for place, what in enumerate(("POST", "psql INSERT")):
        for mode in args.modes if rounds else ():
            rate = statistics.median(one[mode][place] for one in rounds)
            ratios = sorted(one[mode][place] / one["off"][place] for one in rounds)
            print(f"{what}, {mode}: {rate:.0f}/s, {statistics.median(ratios):.2f} of off"
                  f" ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--idle", type=int, default=20, help="seconds; 0: not measured")
    parser.add_argument("--modes", nargs="+", choices=("off", "auto", "trigger"),
                        default=("off", "auto", "trigger"), help="`off` is to be among them")
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="larder-bench-"))
    folder.chmod(0o755)
    try:
        measure(args, folder)
    finally:
        tool("postgres", "stop", str(folder / "postgres"))
        tool("valkey", "stop", str(folder / "valkey"))
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
