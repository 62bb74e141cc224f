#!/usr/bin/env python3
"""Counts the instructions of a hit in the local tier, with and without metrics.

    bench/metrics_cost.py [--batches 20] [--rounds 3] [--program build/release/orders]

Callgrind counts what the whole process executes in user mode while a client asks for batches of
1,000 hits, one after the other, over one connection; processors that are busy or slow make no
difference. With metrics on, --admin-port is given. The access log is off in both, as it takes the
time of a request, too. valgrind comes from Debian (tools/install bench).
"""

import argparse
import pathlib
import statistics
import sys

from counts import callgrind
from peers import RELEASE, Failure, lab


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--program", type=pathlib.Path, default=RELEASE)
    args = parser.parse_args()
    found = {(): [], ("--admin-port", "0"): []}
    with lab(args.program) as at:
        for number in range(args.rounds):
            for flags in list(found)[:: 1 if number % 2 == 0 else -1]:
                with callgrind(at, *flags) as orders:
                    found[flags].append(orders.hit(args.batches)[0])
            without, with_metrics = (some[-1] for some in found.values())
            print(f"round {number + 1}: {without:.0f} without, {with_metrics:.0f} with metrics: "
                  f"{with_metrics / without - 1:+.2%}", flush=True)
    a, b = map(statistics.median, found.values())
    print(f"instructions of a hit: {a:.0f} without metrics, {b:.0f} with: {b / a - 1:+.2%}")


if __name__ == "__main__":
    try:
        main()
    except Failure as e:
        sys.exit(f"bench/metrics_cost.py: {e}")
