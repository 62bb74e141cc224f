"""The paths of a cached GET: hits of both tiers, a 304, pipelined ones, what a hit is made of."""

import statistics

from counts import callgrind, system_calls
from load import fixed_rate, under, wrk
from paths import beside_nginx, compare, expect, path, warm
from peers import answer, request
from report import Figure, Goal


@path("hit", {f"{workers}x{connections}": (workers, connections)
              for workers in (1, 2) for connections in (32, 256)}, needs=("wrk", "nginx", "g++"))
def hit(run, workers, connections):
    """A hit of the local tier against a constant of nginx (workers × connections).

    Both have so many workers. The times are those at half of what the slower of the two did."""
    with beside_nginx(run, workers) as pair:
        loads = run.alternate(*(lambda one=one: under([one], lambda: wrk(
            one.url(), connections, run.seconds, workers)) for one in pair))
        rate = min(statistics.median(one.rate for one in all_of_them) for all_of_them in loads) / 2
        tails = run.alternate(*(lambda one=one: fixed_rate(
            one.port, connections, rate, run.seconds, request()) for one in pair))
        memory = [[one.memory_bytes() / 1e6] for one in pair]
    figures = compare(*loads, cpu=Goal(most=1))
    for name, title in (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9")):
        figures.append(Figure(f"{title} at {rate:.0f}/s, µs",
                              *([one[name] for one in tail] for tail in tails),
                              goal=Goal(most=1.2) if name == "p99" else None))
    figures.append(Figure("resident memory, MB", *memory))
    return "orders, a hit", "nginx, a constant", figures


@path("pipelined", needs=("wrk", "nginx", "g++"))
def pipelined(run):
    """16 pipelined requests at a time, over 32 connections, one worker, against nginx."""
    script = run.lua("  local all = {}\n  for i = 1, 16 do all[i] = wrk.format() end\n"
                     "  together = table.concat(all)\nend\n"
                     "function request() return together end\n")
    with beside_nginx(run, 1) as pair:
        loads = run.alternate(*(lambda one=one: under([one], lambda: wrk(
            one.url(), 32, run.seconds, lua=script)) for one in pair))
    return "orders, hits", "nginx, a constant", compare(*loads, rate=Goal(least=3))


@path("not_modified", needs=("wrk", "g++"))
def not_modified(run):
    """A 304 of the local tier against a hit of the same process, 32 connections, one worker."""
    with run.at.serve(1) as ours:
        warm(ours)
        head = answer(ours.port, request())[0]
        tag = head.split("\r\netag: ")[1].split("\r\n")[0]
        warm(ours, request(if_none_match=tag))
        expect(ours, " 304 ", request(if_none_match=tag))
        headers = f"if-none-match: {tag}", None
        loads = run.alternate(*(lambda header=header: under([ours], lambda: wrk(
            ours.url(), 32, run.seconds, header=header)) for header in headers))
    return "a 304", "a hit", compare(*loads, cpu=Goal(most=1))


@path("constant", needs=("wrk", "g++"))
def constant(run):
    """A hit of the local tier against a constant of the same process, GET /health/live."""
    with run.at.serve(1, "--health") as ours:
        warm(ours)
        loads = run.alternate(*(lambda where=where: under([ours], lambda: wrk(
            ours.url(where), 32, run.seconds)) for where in ("/count", "/health/live")))
    return "a hit", "a constant of orders", compare(*loads, cpu=Goal(most=1.02))


@path("calls", needs=("wrk", "nginx", "strace", "g++"))
def calls(run):
    """System calls a request, of all threads, for a hit and for nginx's constant: one worker, 32
    connections, once, by strace."""
    with beside_nginx(run, 1) as pair:
        counted = []
        for one in pair:
            found, (requests, _) = system_calls(
                one, lambda one=one: wrk(one.url(), 32, run.seconds))
            counted.append({name: count / requests for name, count in found.items()})
    most = {name: max(one.get(name, 0) for one in counted) for name in counted[0] | counted[1]}
    figures = [Figure("all", *([sum(one.values())] for one in counted),
                      goal=Goal(most=4, of_ratio=False))]
    figures += [Figure(f"`{name}`", *([one.get(name, 0)] for one in counted))
                for name in sorted(most, key=most.get, reverse=True) if most[name] >= 0.05]
    return "orders, a hit", "nginx, a constant", figures


@path("allocations", needs=("valgrind",))
def allocations(run):
    """What Callgrind counts of a hit of the local tier, asked one after the other over one
    connection, less what the process does in as long a time when nobody asks."""
    with callgrind(run.at) as ours:
        instructions, allocated = ours.hit(5)
    return "orders, a hit", "", [
        Figure("heap allocations a request", [allocated],
               goal=Goal(most=0.05, of_ratio=False, text="0 (less than 0.05)")),
        Figure("instructions a request, in user mode", [instructions])]


@path("shared", needs=("wrk", "nginx", "g++"))
def shared(run):
    """A hit of the shared tier, with the local tier off, against a constant of nginx: 32
    connections, one worker."""
    with beside_nginx(run, 1, tier="shared", CACHE_LOCAL_BYTES="0") as (ours, theirs):
        loads = run.alternate(
            lambda: under([ours, run.at.valkey], lambda: wrk(ours.url(), 32, run.seconds)),
            lambda: under([theirs], lambda: wrk(theirs.url(), 32, run.seconds)))
    figures = compare(*loads, cpu=Goal(most=1.25))
    figures.append(Figure("CPU of Valkey, µs a request", [one.cpu["Valkey"] for one in loads[0]]))
    return "orders, a shared hit", "nginx, a constant", figures
