"""Opens addresses by `open_clip()` in a process whose resolver is scripted and whose every connection is recorded.

`python -m tests.network.connection_probe` reads a job as JSON and writes JSON; use `probe()`. It connects to nothing
but the sandbox and a proxy: Python's own audit sees each connection just before it leaves, notes it and stops it.
"""

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from typing import Any, NamedTuple

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
    }
    ended = subprocess.run(
        [sys.executable, "-m", "tests.network.connection_probe"],
        cwd=PROJECT,
        env={**os.environ, **(environment or {})},
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return [Opened(*row) for row in json.loads(ended.stdout)]


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
    from django.conf import settings

    job = json.load(sys.stdin)
    settings.configure(SANDBOX=bool(job["sandbox"]), APIFRAME_BASE_URL=job["apiframe"], ARCHIVE_MAX_MB=1)
    network = Network(job["answers"], job["sandbox"], job["proxy"])
    from extender.archive.fetching import open_clip
    from extender.network.errors import Unavailable

    opened = []
    for url in job["urls"]:
        network.connections, asked = [], network.asked.total()
        try:
            with open_clip(url) as stream:
                outcome = "Opened" if b"".join(stream) else "Empty"
        except Unavailable as error:
            outcome = type(error).__name__
        opened.append(Opened(outcome, network.connections, network.asked.total() - asked))
    json.dump(opened, sys.stdout)


if __name__ == "__main__":
    main()
