#!/usr/bin/env python3
"""What PostgreSQL takes for a SELECT that is sent alone, and for one of several in a pipeline.

    bench/pipeline_cost.py [--rounds 3] [--seconds 3] [--program build/release/orders]

pgbench counts the orders of random customers of the sample, prepared, by one client and by eight:
a statement at a time, and 4 and 16 with one sync behind them. The figures are the CPU time of the
server's processes, per statement. pgbench comes from Debian (tools/install bench).
"""

import argparse
import pathlib
import statistics
import sys

from load import pgbench, under
from paths import CORES
from peers import RELEASE, Failure, lab
from source import CUSTOMERS

DEPTHS = (1, 4, 16)
CLIENTS = (1, 8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--program", type=pathlib.Path, default=RELEASE)
    args = parser.parse_args()
    found = {(depth, clients): [] for depth in DEPTHS for clients in CLIENTS}
    with lab(args.program) as at:
        scripts = {depth: script_of(at, depth) for depth in DEPTHS}
        for _ in range(args.rounds):
            for (depth, clients), some in found.items():
                load = under([at.postgres], lambda: pgbench(
                    at.database(), scripts[depth], clients, args.seconds, min(clients, CORES)))
                some.append(load.cpu["PostgreSQL"] / depth)
    for (depth, clients), some in found.items():
        print(f"{depth:2} in a pipeline, {clients} at a time: {statistics.median(some):5.1f} µs of"
              f" PostgreSQL a statement ({min(some):.1f}–{max(some):.1f})")


def script_of(at, depth):
    """A file for pgbench."""
    select = f"\\set customer random(1, {CUSTOMERS})\n" \
             "SELECT count(*) FROM orders WHERE customerid = :customer;\n"
    text = select if depth == 1 else f"\\startpipeline\n{select * depth}\\endpipeline\n"
    file = at.folder / f"pipeline-{depth}.sql"
    file.write_text(text)
    return file


if __name__ == "__main__":
    try:
        main()
    except Failure as e:
        sys.exit(f"bench/pipeline_cost.py: {e}")
