"""What is counted and not timed: instructions and allocations by Callgrind, calls by strace."""

import contextlib
import re
import signal
import socket
import subprocess
import time

from peers import (Failure, answer, ask, descendants, end, free_port, program, received,
                   request)

BATCH = 1_000
ALLOCATES = re.compile(r"(malloc|calloc|realloc|posix_memalign|aligned_alloc|memalign)$|operator new")


class Callgrind:
    """orders under Callgrind, with one worker."""

    def __init__(self, service, port, folder):
        self.service, self.port, self.folder = service, port, folder

    def counts(self, act):
        """The instructions in user mode of all that the process does during act(), its allocations,
        and what act() returned."""
        self.control("--zero")
        result = act()
        self.control("--dump")
        dump = max(self.folder.glob("callgrind.out.*.*"), key=lambda one: int(one.suffix[1:]))
        text = dump.read_text()
        dump.unlink()
        total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)[1]
        return int(total), allocations(text), result

    def control(self, what):
        subprocess.run([program("callgrind_control"), what, str(self.service.pid)], check=True,
                       capture_output=True)

    def hit(self, batches, batch=BATCH, what=request()):
        """Instructions and allocations of a hit in the local tier, asked one after the other, each
        of the cheapest batch: under Callgrind a worker is late now and then, and asks Valkey. A
        process that nobody asks works, too: what it did in as long a time is taken away."""
        found = []
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            def hits():
                return sum("detail=local" in ask(connection, what)[0] for _ in range(batch))
            while hits() < 0.9 * batch:
                time.sleep(0.1)
            for _ in range(batches):
                begun = time.monotonic()
                *busy, local = self.counts(hits)
                took = time.monotonic() - begun
                *idle, _ = self.counts(lambda: time.sleep(took))
                if local > 0.99 * batch:
                    found.append([max(0, a - b) / batch for a, b in zip(busy, idle)])
        if not found:
            raise Failure("the worker is late too often: is the machine busy?")
        return min(one[0] for one in found), min(one[1] for one in found)


    def together(self, number, what, connections=8):
        """Instructions and allocations of so many requests, of which as many as there are
        connections are asked at a time; what() gives the bytes of one. Less what the process does
        by itself."""
        with contextlib.ExitStack() as all_of_them:
            some = [all_of_them.enter_context(
                socket.create_connection(("127.0.0.1", self.port))) for _ in range(connections)]

            def requests(how_many):
                for _ in range(how_many // connections):
                    for one in some:
                        one.sendall(what())
                    for one in some:
                        if " 200 " not in received(one)[0].split("\r\n")[0]:
                            raise Failure("a request was not answered with 200")
            requests(400)
            begun = time.monotonic()
            *busy, _ = self.counts(lambda: requests(number))
            took = time.monotonic() - begun
            *idle, _ = self.counts(lambda: time.sleep(took))
        return tuple(max(0, a - b) / number for a, b in zip(busy, idle))


def allocations(dump):
    """How often something called malloc or its like, in the text of a Callgrind file: a function's
    name stands where its number comes first. What one of them calls is not counted again."""
    names, calls, called, calling = {}, 0, "", ""
    for line in dump.split("\n"):
        if match := re.match(r"(c?)fn=\((\d+)\)(?: (.*))?", line):
            names.setdefault(match[2], match[3])
            called = names[match[2]]
            if not match[1]:
                calling = called
        elif line.startswith("calls=") and ALLOCATES.match(called) and not ALLOCATES.match(calling):
            calls += int(line[6:].split()[0])
    return calls


@contextlib.contextmanager
def callgrind(at, *flags, **variables):
    port = free_port()
    patient = {"CACHE_DEADLINE_MS": "10000", "PG_DEADLINE_MS": "20000"}
    service = subprocess.Popen(
        [program("valgrind"), "--tool=callgrind",
         f"--callgrind-out-file={at.folder}/callgrind.out.%p",
         *map(str, at.serving(port, 1, *flags))], env=at.environment | patient | variables, cwd=at.folder,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True)
    try:
        wait_for_answer(service, port)
        yield Callgrind(service, port, at.folder)
    finally:
        end(service)


def wait_for_answer(service, port):
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError):
            answer(port, request())
            return
        if service.poll() is not None or time.monotonic() > deadline:
            raise Failure("orders does not answer under valgrind")
        time.sleep(0.02)


def system_calls(server, act):
    """How often each system call was made, by all of the server's threads and processes, during
    act(), and what that returned."""
    with attached(server) as strace:
        result = act()
        strace.send_signal(signal.SIGINT)
        said = strace.communicate(timeout=20)[1]
    rows = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?([a-z]\w*)$", said, re.M)
    return {name: int(calls) for calls, name in rows if name != "total"}, result


@contextlib.contextmanager
def attached(server):
    pids = descendants(server.pid)
    strace = subprocess.Popen([program("strace"), "-f", "-c", *(f"--attach={pid}" for pid in pids)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        for _ in pids:
            line = strace.stderr.readline()
            if "attached" not in line:
                raise Failure(f"strace may not look: {line.strip()}; as root, or with "
                              "kernel.yama.ptrace_scope=0, it may")
        yield strace
    finally:
        if strace.poll() is None:
            end(strace)

