#!/usr/bin/env python3
"""Measures how fast a long transaction of others is read from PostgreSQL's log.

    bench/catch_up.py [--rows 1000000] [--rounds 3]

Each round inserts the rows in one transaction, and takes the time from when psql was told of the
commit to the first answer that counts them; then pg_recvlogical reads the same transaction from a
slot of its own, to nowhere. Everything listens on loopback and ends with the script. Start it when
build/release/orders is built (./run build).
"""

import argparse
import glob
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

from foreign_writes import ORDERS, free_port, tool

INSERT = ("SET session_replication_role = replica; INSERT INTO orders (orderdate, customerid,"
          " netamount, tax, totalamount) SELECT '2024-01-01', n % 20000 + 1, 1, 0, 1"
          " FROM generate_series(1, {}) n")


def count(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/count") as answer:
        return int(answer.read()[9:-1])


def one_round(args, uri, port, recvlogical):
    def sql(text):
        return subprocess.run(["psql", "-XAtq", uri, "-c", text], check=True, capture_output=True,
                              text=True).stdout.strip()
    sql("SELECT pg_create_logical_replication_slot('nowhere', 'pgoutput')")
    try:
        expected = count(port) + args.rows
        sql(INSERT.format(args.rows))
        told = time.perf_counter()
        end = sql("SELECT pg_current_wal_lsn()")
        while count(port) != expected:
            time.sleep(0.002)
        ours = args.rows / (time.perf_counter() - told)
        begun = time.perf_counter()
        subprocess.run([recvlogical, "-d", uri, "--slot", "nowhere", "--start", "-f", "/dev/null",
                        "--endpos", end, "-o", "proto_version=1", "-o", "publication_names=larder"],
                       check=True, capture_output=True)
        return ours, args.rows / (time.perf_counter() - begun)
    finally:
        sql("SELECT pg_drop_replication_slot('nowhere')")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    recvlogical = sorted(glob.glob("/usr/lib/postgresql/*/bin/pg_recvlogical"))[-1]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="larder-bench-"))
    folder.chmod(0o755)
    service = None
    try:
        environment = {"PATH": os.environ["PATH"], "CACHE_FOLLOW": "auto",
                       "CACHE_TIMEOUT_SECONDS": "86400",
                       "PG_SERVICE_URI": tool("postgres", "start", str(folder / "postgres")),
                       "VALKEY_SERVICE_URI": tool("valkey", "start", str(folder / "valkey"))}
        for command in ("load-sample", "follow setup"):
            subprocess.run([ORDERS, *command.split()], env=environment, check=True,
                           capture_output=True)
        uri = environment["PG_SERVICE_URI"].replace("/postgres?", "/dellstore?")
        port = free_port()
        service = subprocess.Popen([ORDERS, "serve", "--port", str(port), "--workers", "1",
                                    "--log-level", "warning"], env=environment)
        time.sleep(2)
        rounds = [one_round(args, uri, port, recvlogical) for _ in range(args.rounds)]
        ratios = sorted(ours / theirs for ours, theirs in rounds)
        print(f"{args.rows} rows in a transaction, {args.rounds} rounds")
        print(f"larder, to the first right answer: {statistics.median(r[0] for r in rounds):.0f} rows/s")
        print(f"pg_recvlogical to nowhere: {statistics.median(r[1] for r in rounds):.0f} rows/s")
        print(f"larder / pg_recvlogical: {statistics.median(ratios):.2f}"
              f" ({ratios[0]:.2f} to {ratios[-1]:.2f})")
    finally:
        if service:
            service.terminate()
            service.wait()
        tool("postgres", "stop", str(folder / "postgres"))
        tool("valkey", "stop", str(folder / "valkey"))
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
