"""Which machine and which versions the figures are of."""

import datetime
import os
import pathlib
import platform
import re
import socket
import subprocess

from peers import Failure, program


def first_line(*command):
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return (done.stdout or done.stderr).split("\n")[0].strip()


def version(name, *flags):
    """The number in what a program says of itself; empty if it is not there."""
    try:
        said = re.search(r"\d+\.\d+(\.\d+)?", first_line(program(name), *flags))
    except Failure:
        return ""
    return f"{name} {said[0]}" if said else name


def valkey_version(at):
    """By its word, as the program that runs may not be on the PATH."""
    _, _, port = at.environment["VALKEY_SERVICE_URI"].rpartition(":")
    with socket.create_connection(("127.0.0.1", int(port.split("/")[0])), timeout=5) as connection:
        connection.sendall(b"INFO server\r\n")
        said = re.search(rb"valkey_version:([0-9.]+)", connection.recv(65536))
    return said[1].decode() if said else "unknown"


def field(file, name):
    found = re.search(rf"^{name}\s*[:=]\s*\"?([^\"\n]*)", pathlib.Path(file).read_text(), re.M)
    return found[1].strip() if found else "unknown"


def about(at):
    memory = int(field("/proc/meminfo", "MemTotal").split()[0]) / 1024 ** 2
    programs = [version("nginx", "-v"), version("wrk", "-v"), version("g++", "--version"),
                f"PostgreSQL {at.sql('SHOW server_version').split()[0]}",
                f"Valkey {valkey_version(at)}"]
    return (f"{datetime.date.today()}, {first_line(at.program, '--version')}; {os.cpu_count()} × "
            f"{field('/proc/cpuinfo', 'model name')}, {memory:.0f} GB of memory; "
            f"{field('/etc/os-release', 'PRETTY_NAME')}, Linux {platform.release()}; "
            f"{', '.join(filter(None, programs))}. Clients, servers and peers share the "
            "processors, and nothing is pinned.")
