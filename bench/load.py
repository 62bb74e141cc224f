"""What asks the servers: wrk and pgbench as fast as they can, bench/rate.cpp at a fixed rate."""

import dataclasses
import json
import os
import re
import subprocess

from peers import ROOT, Failure, program


@dataclasses.dataclass
class Load:
    """What came of one turn."""
    requests: int
    rate: float  # a second
    cpu: dict  # by server: microseconds of its CPU time, of all its processes, a request


def under(servers, act):
    """What act() has done, with the CPU time that the servers took for it."""
    before = [one.cpu_seconds() for one in servers]
    requests, rate = act()
    if requests == 0:
        raise Failure("nothing was answered")
    after = [one.cpu_seconds() for one in servers]
    return Load(requests, rate, {one.name: (b - a) / requests * 1e6
                                 for one, a, b in zip(servers, before, after)})


def run(command, **more):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise Failure(f"{command[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def whole(seconds):
    """wrk and pgbench know no parts of a second."""
    return max(1, round(seconds))


def wrk(url, connections, seconds, threads=1, lua=None, header=None):
    """Closed loop: the requests that were answered, and how many a second. LUA is a script."""
    more = (["-s", lua] if lua else []) + (["-H", header] if header else [])
    out = run([program("wrk"), f"-t{min(threads, connections)}", f"-c{connections}",
               f"-d{whole(seconds)}s", "--timeout", "20s", *more, url])
    if "Non-2xx" in out or "Socket errors" in out:
        raise Failure(f"wrk met errors at {url}:\n{out}")
    return (int(re.search(r"(\d+) requests in", out)[1]),
            float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]))


def pgbench(uri, script, clients, seconds, threads=1, **variables):
    """The transactions of SCRIPT that so many connections made with prepared statements."""
    out = run([program("pgbench"), "-n", "-M", "prepared", "-f", script, "-c", clients,
               "-j", min(threads, clients), "-T", whole(seconds),
               *(f"-D{name}={value}" for name, value in variables.items()), uri])
    failed = re.search(r"number of failed transactions: (\d+)", out)
    if failed and failed[1] != "0":
        raise Failure(f"pgbench met errors:\n{out}")
    return (int(re.search(r"actually processed: (\d+)", out)[1]),
            float(re.search(r"tps = ([\d.]+) \(without", out)[1]))


def fixed_rate(port, connections, rate, seconds, request):
    """Open loop, for half as long as the others' turns: a dict with p50, p99 and p999 in
    microseconds, each from when the request was meant to leave, and `late`, the median of how long
    after that it left."""
    out = run([generator(), port, connections, rate, seconds / 2], input=request.decode())
    return json.loads(out)


def generator():
    """bench/rate.cpp, compiled."""
    source, binary = ROOT / "bench/rate.cpp", ROOT / "build/bench-rate"
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        new = binary.with_suffix(f".{os.getpid()}")
        run([program("g++"), "-std=c++20", "-O2", source, "-o", new])
        new.rename(binary)
    return binary
