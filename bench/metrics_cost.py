#!/usr/bin/env python3
"""Counts the instructions of a hit in the local tier without metrics, with them, and with traces.

    bench/metrics_cost.py [--batches 20] [--rounds 3] [--program build/release/orders]

Callgrind counts what the whole process executes in user mode while a client asks for batches of
1,000 hits, one after the other, over one connection; processors that are busy or slow make no
difference. With metrics on, --admin-port is given. With traces on, too, there is a collector's
address, and the sampler lets no request be recorded. The access log is off in all, as it takes the
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
    metrics = ("--admin-port", "0")
    sampled_out = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
                   "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}
    ways = {"without metrics": ((), {}), "with metrics": (metrics, {}),
            "with traces, sampled out": (metrics, sampled_out)}
    found = {name: [] for name in ways}
    with lab(args.program) as at:
        for number in range(args.rounds):
            for name in list(ways)[:: 1 if number % 2 == 0 else -1]:
                flags, variables = ways[name]
                with callgrind(at, *flags, **variables) as orders:
                    found[name].append(orders.hit(args.batches)[0])
            print(f"round {number + 1}: {compared({name: some[-1] for name, some in found.items()})}",
                  flush=True)
    medians = {name: statistics.median(some) for name, some in found.items()}
    print(f"instructions of a hit: {compared(medians)}")


def compared(counts):
    """Each with how much more it is than the first one."""
    (first, least), *others = counts.items()
    return ", ".join([f"{least:.0f} {first}", *(f"{count:.0f} {name} ({count / least - 1:+.2%})"
                                                for name, count in others)])


if __name__ == "__main__":
    try:
        main()
    except Failure as e:
        sys.exit(f"bench/metrics_cost.py: {e}")
