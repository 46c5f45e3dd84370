"""Opens addresses by `open_clip()` in a process whose resolver is scripted and whose every connection is recorded.

`python -m tests.network.connection_probe` reads jobs and answers each with what came of it, a line of JSON each; use
`probe()`. Each job is done by a fork of it, which connects to nothing but the sandbox and a proxy: Python's own audit
sees each connection just before it leaves, notes it and stops it.
"""

import json
import os
import socket
import subprocess
import sys
import traceback
from collections import Counter
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings

from extender.archive.fetching import open_clip
from extender.network.errors import Unavailable
from tests.paths import PROJECT


class Opened(NamedTuple):
    """What opening an address came to."""

    outcome: str  # the error's class, or "Opened"
    connections: list[str]  # the numbers that were to be connected to, sandbox and proxy aside
    lookups: int  # how often the resolver was asked for a name


def probe(
    urls: list[str],
    answers: dict[str, list[list[str]]] | None = None,
    *,
    sandbox: str | None = None,
    apiframe: str = "https://api.apiframe.pro",
    proxy: int | None = None,
    environment: dict[str, str] | None = None,
) -> list[Opened]:
    """Opens `urls` one after another. `answers`: by name, what the resolver says at each look-up (the last for ever).

    `sandbox`: the origin of a sandbox that listens; without one there is none, and `apiframe` is the real one's.
    `proxy`: the port of one on loopback that may be connected to. `environment`: variables to add.
    """
    job = {
        "urls": urls,
        "answers": answers or {},
        "sandbox": sandbox,
        "apiframe": sandbox or apiframe,
        "proxy": proxy,
        "environment": environment or {},
    }
    process = _process()
    process.stdin.write(json.dumps(job) + "\n")
    process.stdin.flush()
    opened = json.loads(process.stdout.readline())
    assert isinstance(opened, list), opened
    return [Opened(*row) for row in opened]


@cache
def _process() -> "subprocess.Popen[str]":
    """One for all tests: to start it takes as long as ten jobs. It ends with whoever started it."""
    command = [sys.executable, "-m", "tests.network.connection_probe"]
    return subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


class Network:
    """The process's way to the world: a scripted resolver, and a record of connections."""

    def __init__(self, answers: dict[str, list[list[str]]], sandbox: str | None, proxy: int | None) -> None:
        self.answers, self.asked = answers, Counter[str]()
        self.connections: list[str] = []
        ports = [sandbox and int(sandbox.rpartition(":")[2]), proxy]
        self.open = [("127.0.0.1", port) for port in ports if port]
        self._real = socket.getaddrinfo
        socket.getaddrinfo = self._resolve
        sys.addaudithook(self._record)

    def _record(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in ("socket.connect", "socket.sendto", "socket.gethostbyname"):
            return
        address = arguments[1] if event != "socket.gethostbyname" else arguments
        if event == "socket.connect" and address in self.open:
            return
        self.connections.append(str(address[0]))
        raise ConnectionRefusedError("noted, and not made")

    def _resolve(self, host: str, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        try:
            # The system itself reads numbers, odd ones such as 0x7f.1 too.
            return self._real(host, port, family, type, proto, flags | socket.AI_NUMERICHOST)
        except socket.gaierror:
            name = host.lower().removesuffix(".")
            if name not in self.answers:
                raise
        self.asked[name] += 1
        script = self.answers[name]
        numbers = script[min(self.asked[name], len(script)) - 1]
        return [entry for number in numbers for entry in self._real(number, port, 0, type, proto)]


def main() -> None:
    for line in sys.stdin:
        if not os.fork():
            answer(json.loads(line))
            os._exit(0)
        os.wait()


def answer(job: dict[str, Any]) -> None:
    """Writes what came of the job: a list, or why there is none."""
    try:
        came: object = work(job)
    except Exception:
        came = traceback.format_exc()
    print(json.dumps(came), flush=True)


def work(job: dict[str, Any]) -> list[Opened]:
    os.environ.update(job["environment"])
    settings.configure(SANDBOX=bool(job["sandbox"]), APIFRAME_BASE_URL=job["apiframe"], ARCHIVE_MAX_MB=1)
    network = Network(job["answers"], job["sandbox"], job["proxy"])
    opened = []
    for url in job["urls"]:
        network.connections, asked = [], network.asked.total()
        try:
            with open_clip(url) as stream:
                outcome = "Opened" if b"".join(stream) else "Empty"
        except Unavailable as error:
            outcome = type(error).__name__
        opened.append(Opened(outcome, network.connections, network.asked.total() - asked))
    return opened


if __name__ == "__main__":
    main()
