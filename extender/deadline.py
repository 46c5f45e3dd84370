"""A deadline for a whole HTTP exchange, whatever dribbles in.

A timeout of `requests` bounds each read, not their sum: a server that sends a byte a second would hold a thread for
hours. So the socket is shut at the deadline from outside, whatever is being read from it.
"""

import socket
import threading
from contextlib import suppress
from typing import Any

from requests.adapters import HTTPAdapter


class CuttableAdapter(HTTPAdapter):
    """Remembers the socket that it opened last, so that it can be cut while it is read from."""

    _socket: socket.socket | None = None

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        adapter = self

        class Watched(pool.ConnectionCls):  # type: ignore[name-defined, misc]  # http or https
            def connect(self) -> None:
                super().connect()
                # The connection itself forgets its socket as soon as an answer says that it is the last one.
                adapter._socket = self.sock

        pool.ConnectionCls = Watched
        return pool

    def cut(self) -> None:
        """Ends the exchange now; the thread that reads sees the connection end."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def cut_in(seconds: float, *adapters: CuttableAdapter) -> threading.Timer:
    """Cuts what runs over `adapters` after `seconds`, unless the timer that this returns is cancelled."""

    def cut() -> None:
        for adapter in adapters:
            adapter.cut()

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    return timer
