"""The servers that are measured: orders, nginx, PostgreSQL and Valkey.

All are private, listen on loopback, keep their files in one folder below build/, and end with the
program that started them, also after Ctrl-C.
"""

import contextlib
import glob
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build/release/orders"

NGINX_CONF = """
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} reuseport;
        location / {{ default_type application/json; return 200 '{body}'; }}
    }}
}}
"""


class Failure(Exception):
    """What the user is told, in one sentence."""


def program(name):
    """Where a program is. Debian has nginx and PostgreSQL's beside what a user's PATH names."""
    places = [os.environ["PATH"], "/usr/sbin", *sorted(glob.glob("/usr/lib/postgresql/*/bin"))]
    found = shutil.which(name, path=os.pathsep.join(places))
    if not found:
        raise Failure(f"{name} is missing: run tools/install bench")
    return found


def tool(name, *words):
    """Runs tools/postgres or tools/valkey; what it prints."""
    done = subprocess.run([ROOT / "tools" / name, *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, start_new_session=True)
    if done.returncode != 0:
        raise Failure(done.stderr.strip() or f"tools/{name} {words[0]} failed")
    return done.stdout.strip()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def descendants(pid):
    """A process and all that it started and that still run."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        with contextlib.suppress(OSError):
            for task in pathlib.Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
            found.append(one)
    return found


def cpu_seconds(pid):
    """The CPU time of a process and of all that it started: of those which run by their clocks,
    which count nanoseconds, and of those which have ended by /proc/PID/stat, which adds them to
    their parent's."""
    seconds = 0.0
    for one in descendants(pid):
        with contextlib.suppress(OSError):  # it has ended just now
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
            ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
            seconds += ended + time.clock_gettime((~one << 3) | 2)  # clock_getcpuclockid(3)
    return seconds


class Server:
    """One that runs: what it is called, where it listens, and what it takes."""

    def __init__(self, name, pid, port=None):
        self.name, self.pid, self.port = name, pid, port

    def url(self, path="/count"):
        return f"http://127.0.0.1:{self.port}{path}"

    def cpu_seconds(self):
        return cpu_seconds(self.pid)

    def memory_bytes(self):
        """Resident, of all its processes."""
        pages = sum(int(pathlib.Path(f"/proc/{one}/statm").read_text().split()[1])
                    for one in descendants(self.pid))
        return pages * os.sysconf("SC_PAGE_SIZE")


def request(path="/count", **headers):
    """The bytes of a GET."""
    lines = [f"GET {path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def ask(connection, what):
    """The head and the body of the answer."""
    connection.sendall(what)
    return received(connection)


def received(connection):
    """The head and the body of one answer."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("the server closed the connection")
        answer += part
    head, body = answer.split(b"\r\n\r\n", 1)
    head = head.decode().lower()
    length = int(head.partition("\r\ncontent-length:")[2].split("\r\n")[0] or 0)
    while len(body) < length and " 304 " not in head.split("\r\n")[0] + " ":
        body += connection.recv(65536)
    return head, body.decode()


def answer(port, what):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        return ask(connection, what)


@contextlib.contextmanager
def running(name, command, port, log, environment=None, seconds=20):
    """A server that ends with this program. Its output goes to LOG, of which the last lines are in
    the failure if it does not answer GET /count."""
    with open(log, "ab") as output:
        process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *map(str, command)],
                                   env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=output, start_new_session=True)
    try:
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError):
                if " 200" in answer(port, request())[0].split("\r\n")[0]:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                said = " ".join(pathlib.Path(log).read_text(errors="replace").split("\n")[-4:])
                raise Failure(f"{name} did not start: {said.strip() or 'it says nothing'}")
            time.sleep(0.001)
        yield Server(name, process.pid, port)
    finally:
        end(process)


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Lab:
    """A folder, PostgreSQL and Valkey, and what is started with them."""

    def __init__(self, orders, folder, postgres, valkey):
        self.program, self.folder = orders, folder
        self.postgres, self.valkey = postgres, valkey
        self.uri = tool("postgres", "uri", str(folder / "postgres"))
        self.environment = {
            "PATH": os.environ["PATH"],
            "PG_SERVICE_URI": self.uri,
            "VALKEY_SERVICE_URI": tool("valkey", "uri", str(folder / "valkey")),
            "CACHE_TIMEOUT_SECONDS": "86400",  # what is measured as a hit does not expire meanwhile
        }

    def database(self, name="dellstore"):
        """The URI of one database."""
        return self.uri.replace("/postgres?", f"/{name}?")

    def command(self, *words, **variables):
        done = subprocess.run([self.program, *words], env=self.environment | variables,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"orders {' '.join(words)} failed: {done.stderr.strip()}")

    def sql(self, text, database="dellstore"):
        done = subprocess.run([program("psql"), "-XAtq", self.database(database), "-c", text],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failure(f"psql failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def serve(self, workers, *flags, name="orders", **variables):
        """orders, with so many workers."""
        port = free_port()
        return running(name, self.serving(port, workers, *flags), port, self.folder / "orders.log",
                       self.environment | variables)

    def serving(self, port, workers, *flags):
        return [self.program, "serve", "--port", port, "--workers", workers,
                "--log-level", "warning", *flags]

    def nginx(self, workers, body):
        """nginx, which answers everything with BODY, with as many workers."""
        port = free_port()
        conf = self.folder / "nginx.conf"
        conf.write_text(NGINX_CONF.format(folder=self.folder, port=port, workers=workers,
                                          body=body))
        return running("nginx", [program("nginx"), "-e", self.folder / "nginx.log", "-c", conf,
                                 "-g", "daemon off;"], port, self.folder / "nginx.log")


@contextlib.contextmanager
def lab(orders=RELEASE, number_of_orders=12_000):
    """The folder and both servers, with the sample of so many orders in the database dellstore."""
    if not pathlib.Path(orders).exists():
        raise Failure(f"{orders} is missing: run ./run build")
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"bench.{os.getpid()}.", dir=build))
    folder.chmod(0o755)
    try:
        for name in ("postgres", "valkey"):
            tool(name, "start", str(folder / name))
        servers = [Server(title, int(tool(name, "pid", str(folder / name))))
                   for name, title in (("postgres", "PostgreSQL"), ("valkey", "Valkey"))]
        at = Lab(pathlib.Path(orders).resolve(), folder, *servers)
        at.command("load-sample", "--orders", str(number_of_orders))
        yield at
    finally:
        for name in ("postgres", "valkey"):
            with contextlib.suppress(Failure):
                tool(name, "stop", str(folder / name))
        shutil.rmtree(folder, ignore_errors=True)
