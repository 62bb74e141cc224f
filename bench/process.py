"""The paths of the process: with many connections, at its start, at rest, and how it is built."""

import contextlib
import os
import resource
import shutil
import socket
import subprocess
import time

from load import fixed_rate, under
from paths import CORES, CPU, expect, path, warm
from peers import ROOT, Failure, ask, free_port, request, running
from report import Figure, Goal

IDLE = 10_000


def possible(wanted):
    """How many connections one process may have, beside the files it needs otherwise."""
    return min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 300)


@contextlib.contextmanager
def idle_connections(server, number):
    """So many, over each of which one request was answered."""
    with contextlib.ExitStack() as all_of_them:
        for _ in range(number):
            one = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            ask(all_of_them.enter_context(one), request())
        yield


@path("idle", needs=("g++",))
def idle(run):
    """A hit of the local tier at 10,000/s, with 10,000 connections that are kept and say nothing,
    against an instance without them: one worker each, 32 connections."""
    number = possible(IDLE)
    flags = "--timeout-keep-alive", "86400"
    with run.at.serve(1, *flags) as ours, run.at.serve(1, *flags) as theirs:
        for one in ours, theirs:
            warm(one)
            expect(one, "detail=local")
        with idle_connections(ours, number):
            def turn(server):
                tail = {}
                def load():
                    tail.update(fixed_rate(server.port, 32, 10_000, run.seconds, request()))
                    return tail["requests"], tail["requests"] / tail["seconds"]
                return under([server], load).cpu["orders"], tail
            turns = run.alternate(lambda: turn(ours), lambda: turn(theirs))
            memory = [[one.memory_bytes() / 1e6] for one in (ours, theirs)]
    same = Goal(most=1.05, text="the same (≤ 1.05×)")
    figures = [Figure(CPU, *([cpu for cpu, _ in some] for some in turns), same)]
    for title, key in (("p50", "p50"), ("p99", "p99")):
        figures.append(Figure(f"{title}, µs", *([tail[key] for _, tail in some] for some in turns),
                              same if key == "p99" else None))
    figures.append(Figure("resident memory, MB", *memory, Goal(most=100, of_ratio=False)))
    why = "" if number == IDLE else f" (no more, as `ulimit -Hn` is {number + 300})"
    return f"{number:,} idle connections{why}", "none", figures


@path("rest")
def rest(run):
    """From the start of the process to its first answer, GET /count, with both servers up, and its
    memory one second later: all workers, nobody asks."""
    took, memory = [], []
    for _ in range(run.rounds):
        port = free_port()
        command, log = run.at.serving(port, CORES), run.at.folder / "orders.log"
        begun = time.monotonic()
        with running("orders", command, port, log, run.at.environment) as one:
            took.append((time.monotonic() - begun) * 1000)
            time.sleep(1)
            memory.append(one.memory_bytes() / 1e6)
    return "orders", "", [
        Figure("exec to first answer, ms", took, goal=Goal(most=100, of_ratio=False)),
        Figure("resident memory, MB", memory, goal=Goal(most=25, of_ratio=False))]


@path("build", is_default=False)
def build(run):
    """`./run build` in a copy of the checkout, from nothing, and once more after a line was added
    to apps/orders/orders.cpp, without ccache: once each."""
    copy = run.at.folder / "checkout"
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    (copy / ".deps").symlink_to(ROOT / ".deps")
    environment = {name: value for name, value in os.environ.items() if "LAUNCHER" not in name}

    def seconds():
        begun = time.monotonic()
        done = subprocess.run([copy / "run", "build"], env=environment | {"CCACHE_DISABLE": "1"},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"./run build failed: {(done.stderr or done.stdout)[-500:]}")
        return time.monotonic() - begun
    clean = seconds()
    with open(copy / "apps/orders/orders.cpp", "a", encoding="utf-8") as source:
        source.write("// changed\n")
    return "larder", "", [
        Figure("clean build, s", [clean], goal=Goal(most=180, of_ratio=False)),
        Figure("one changed source of apps/orders, s", [seconds()],
               goal=Goal(most=20, of_ratio=False))]
