"""The paths that are measured, by name, and what their functions share. A path's function is told
its variant, and gives what the columns of a table are called and its rows."""

import contextlib
import dataclasses
import os
import sys
import time
from collections.abc import Callable

from load import fixed_rate
from peers import Failure, Lab, answer, request
from report import Figure, Section

CPU = "server CPU, µs a request"
RATE = "requests/s"
CORES = len(os.sched_getaffinity(0))


@dataclasses.dataclass
class Path:
    name: str
    variants: dict  # by name, the function's arguments
    needs: tuple  # programs
    is_default: bool
    measure: Callable

    def title(self):
        return self.measure.__doc__.split("\n\n", maxsplit=1)[0].replace("\n    ", " ").rstrip(".")


PATHS = {}


def path(name, variants=None, needs=(), is_default=True):
    def add(function):
        PATHS[name] = Path(name, variants or {"": ()}, needs, is_default, function)
        return function
    return add


@dataclasses.dataclass
class Run:
    """Where a path is measured, how often and for how long."""
    at: Lab
    rounds: int
    seconds: float
    orders: int  # of the path `big`

    def alternate(self, ours, theirs):
        """Calls both in each round, first the one and then the other; what each returned."""
        found = [], []
        for number in range(self.rounds):
            for which in (0, 1) if number % 2 == 0 else (1, 0):
                found[which].append((ours, theirs)[which]())
        return found

    def lua(self, text):
        """A script for wrk, with random numbers that are other ones in each of its threads."""
        file = self.at.folder / "wrk.lua"
        file.write_text('function setup(thread) n = (n or 0) + 1; thread:set("seed", n) end\n'
                        "function init(args) math.randomseed(seed)\n" + text)
        return file


def compare(loads, other, cpu=None, rate=None, what=CPU, server=0):
    """The rows that nearly all paths have, of the loads of both."""
    def cost(all_of_them, which):
        return [list(one.cpu.values())[which] for one in all_of_them]
    return [Figure(what, cost(loads, server), cost(other, 0), cpu),
            Figure(RATE, [one.rate for one in loads], [one.rate for one in other], rate)]


def warm(server, what=request()):
    fixed_rate(server.port, 8, 1000, 0.4, what)


def expect(server, words, what=request()):
    """That an answer is what is to be measured: its head has these words. Not at once, as a worker
    that is late asks Valkey."""
    for _ in range(200):
        head = answer(server.port, what)[0]
        if words in head:
            return
        time.sleep(0.01)
    raise Failure(f"this is not what is to be measured, as it lacks {words}:\n{head}")


@contextlib.contextmanager
def beside_nginx(run, workers, tier="local", **variables):
    """orders, and nginx with the same body, both warm."""
    with run.at.serve(workers, **variables) as ours:
        warm(ours)
        expect(ours, f"detail={tier}")
        with run.at.nginx(workers, answer(ours.port, request())[1]) as theirs:
            warm(theirs)
            yield ours, theirs


def sections(run, selected):
    """Measures, one variant after the other: a Section each. SELECTED is a list of paths and of
    their variants' names. One that fails says so, and there is none of it."""
    for name, variants in selected:
        one = PATHS[name]
        for variant in variants:
            try:
                ours, theirs, figures = one.measure(run, *one.variants[variant])
            except Failure as e:
                print(f"bench/run: {name}: {e}", file=sys.stderr, flush=True)
                continue
            title = one.title() + (f"; {variant}" if variant else "")
            yield Section(name, variant, title, ours, theirs, figures)
