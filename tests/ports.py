"""Ports of loopback for servers that are started by number, and may be started again."""

import random
import socket
from contextlib import suppress

HOST = "127.0.0.1"
# Below those that Linux gives to whoever does not mind (32768 and up): such a one, free when it was looked for,
# may be the near end of somebody's connection by the time a server wants it, or wants it back.
_PORTS = iter(random.sample(range(15_000, 32_000), 17_000))


def free_port() -> int:
    """A port that nobody listens at, and that this process has not given to anybody before."""
    for port in _PORTS:
        with suppress(OSError), socket.create_server((HOST, port)):
            return port
    raise OSError("no port of loopback is free")
