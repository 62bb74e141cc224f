"""The paths that PostgreSQL decides: a miss, a write, and a hit while others write."""

import contextlib
import random
import subprocess
import threading
import time

from counts import callgrind
from load import fixed_rate, pgbench, under, wrk
from paths import CORES, compare, expect, path, warm
from peers import Failure, program, request
from report import Figure, Goal

CUSTOMERS = 20_000  # of the sample


def connections_of(run):
    """How many connections to PostgreSQL orders has for requests; one more hears announcements."""
    return max(1, int(run.at.sql("SELECT count(*) - 1 FROM pg_stat_activity"
                                 " WHERE datname = 'dellstore' AND application_name = 'larder'")))


def against_pgbench(run, ours, clients, url, lua, sql, least, what):
    """Rows of orders, asked by so many clients, and of pgbench, which runs the same statement over
    as many connections to PostgreSQL as orders has in the same round, though never more than there
    are clients."""
    script = run.at.folder / "pgbench.sql"
    script.write_text(f"\\set customer random(1, {CUSTOMERS})\n{sql};\n")
    servers = [ours, run.at.postgres, run.at.valkey]
    used = []

    def load():
        return under(servers, lambda: wrk(url, clients, run.seconds, CORES, lua))

    def transact():
        used.append(min(clients, connections_of(run)))
        return under([run.at.postgres], lambda: pgbench(
            run.at.database(), script, used[-1], run.seconds, CORES,
            day="2024-01-01", net="23.00", tax="2.00", total="25.00"))
    load()
    loads, other = run.alternate(load, transact)
    figures = [Figure(f"{what}s/s", [one.rate for one in loads], [one.rate for one in other],
                      Goal(least=least))]
    for server in servers:
        cost = [one.cpu[server.name] for one in loads]
        theirs = [one.cpu["PostgreSQL"] for one in other] if server is run.at.postgres else None
        figures.append(Figure(f"CPU of {server.name}, µs a {what}", cost, theirs))
    several = "–".join(map(str, sorted({min(used), max(used)})))
    return "orders", f"pgbench, {several} connection{'' if several == '1' else 's'}", figures


@path("miss", needs=("wrk", "pgbench", "psql"))
def miss(run):
    """A count of one customer, loaded anew at the client's word (`cache-control: no-cache`, 32
    connections, random customers, so that loads are hardly ever shared), against pgbench with the
    same SELECT, prepared."""
    asks = f'wrk.format("GET", "/count?customerid=" .. math.random(1, {CUSTOMERS}))'
    script = run.lua('end\nwrk.headers["cache-control"] = "no-cache"\n'
                     f"function request() return {asks} end\n")
    with run.at.serve(CORES) as ours:
        expect(ours, "fwd=", request("/count?customerid=77", cache_control="no-cache"))
        return against_pgbench(
            run, ours, 32, ours.url(), script,
            "SELECT count(*) FROM orders WHERE customerid = :customer", 0.9, "request")


@path("post", {str(clients): (clients,) for clients in (1, 8, 32, 128)},
      needs=("wrk", "pgbench", "psql"))
def post(run, clients):
    """POST /add/, a durable commit, by so many clients for random customers, against pgbench with
    the same INSERT, prepared."""
    order = ('{"orderdate":"2024-01-01","customerid":\' .. math.random(1, ' + str(CUSTOMERS) +
             ') .. \',"netamount":23.00,"tax":2.00}')
    script = run.lua('end\nwrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\n'
                     f"function request() return wrk.format(nil, nil, nil, '{order}') end\n")
    with run.at.serve(CORES) as ours:
        return against_pgbench(
            run, ours, clients, ours.url("/add/"), script,
            "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
            " SELECT :day::date, :customer, :net, :tax, :total"
            " WHERE :day::date BETWEEN '0001-01-01' AND '9999-12-31'", 0.8, "POST")


@path("instructions", needs=("valgrind",))
def instructions(run):
    """What Callgrind counts of what is no local hit, asked by eight connections at a time: a miss
    and a POST of random customers, and a hit of the shared tier with the local tier off."""
    number = 1_600
    chance = random.Random(1)

    def customer():
        return chance.randint(1, CUSTOMERS)

    def order():
        body = f'{{"orderdate":"2024-01-01","customerid":{customer()},"netamount":23.00,"tax":2.00}}'
        return ("POST /add/ HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\n\r\n{body}").encode()
    with callgrind(run.at) as ours:
        miss = ours.together(number, lambda: request(f"/count?customerid={customer()}",
                                                     cache_control="no-cache"))
        write = ours.together(number, order)
    with callgrind(run.at, CACHE_LOCAL_BYTES="0") as ours:
        shared = ours.together(number, request)
    return "orders", "", [
        Figure(f"{of}, {what}", [found[which]])
        for of, found in (("a shared hit", shared), ("a miss", miss), ("a POST", write))
        for which, what in enumerate(("instructions in user mode", "heap allocations"))]


ASKED = 9_999  # the customer that is counted; the others get the orders


class Inserter:
    """A psql that inserts so many orders a second from begin() to end()."""

    def __init__(self, run, database, rate):
        self.psql = subprocess.Popen(
            [program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", run.at.database(database)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            bufsize=1, start_new_session=True)
        self.rate, self.ends, self.number = rate, threading.Event(), 0
        self.begun = time.monotonic()
        self.thread = threading.Thread(target=self.insert, daemon=True)
        self.thread.start()

    def insert(self):
        def left():
            return max(0, self.begun + self.number / self.rate - time.monotonic())
        while not self.ends.wait(left()):
            self.number += 1
            self.psql.stdin.write(
                "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount) VALUES"
                f" ('2024-01-01', {self.number % (ASKED - 1) + 1}, 1, 0, 1);\n")

    def end(self):
        """How many it inserted a second."""
        self.ends.set()
        self.thread.join()
        said = self.psql.communicate(timeout=60)[1]
        if self.psql.returncode != 0:
            raise Failure(f"psql failed: {said.strip()}")
        return self.number / (time.monotonic() - self.begun)

    def kill(self):
        self.ends.set()
        self.psql.kill()
        self.psql.wait()


@contextlib.contextmanager
def inserting(run, database, rate, clients=4):
    """Several psql insert so many orders a second together; a list of their rates, at the end."""
    rates, all_of_them = [], [Inserter(run, database, rate / clients) for _ in range(clients)]
    try:
        yield rates
        rates += [one.end() for one in all_of_them]
    finally:
        for one in all_of_them:
            one.kill()


@path("big", needs=("wrk", "psql", "g++"))
def big(run):
    """A hit of the local tier with very many orders in the database, while psql inserts 500 a
    second of other customers and orders follows PostgreSQL's log, against the same with 12,000.

    Both instances run all the time; psql inserts where the turn is."""
    with contextlib.ExitStack() as both:
        pair = []
        for database, number in (("big", run.orders), ("small", 12_000)):
            settings = {"PG_DATABASE": database, "CACHE_PREFIX": database, "CACHE_FOLLOW": "on"}
            run.at.command("load-sample", "--orders", str(number), **settings)
            run.at.command("follow", "setup", **settings)
            pair.append((database, both.enter_context(run.at.serve(1, **settings))))

        def turn(database, server):
            where = f"/count?customerid={ASKED}"
            warm(server, request(where))
            with inserting(run, database, 500) as inserted:
                expect(server, "detail=local", request(where))
                load = under([server], lambda: wrk(server.url(where), 32, run.seconds))
                tail = fixed_rate(server.port, 32, 5_000, run.seconds, request(where))
            return load, tail, sum(inserted)
        turns = run.alternate(*(lambda one=one: turn(*one) for one in pair))
    figures = compare(*([load for load, _, _ in some] for some in turns),
                      cpu=Goal(most=1.05, text="the same (≤ 1.05×)"))
    figures += [Figure(f"{name} at 5,000/s, µs",
                       *([tail[name] for _, tail, _ in some] for some in turns))
                for name in ("p50", "p99")]
    figures.append(Figure("inserts/s meanwhile",
                          *([inserted for *_, inserted in some] for some in turns)))
    return f"{run.orders:,} orders", "12,000 orders", figures
