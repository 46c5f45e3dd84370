"""A deadline for a whole HTTP exchange, whatever dribbles in.

A timeout of `requests` bounds each read, not their sum: a server that sends a byte a second would hold a thread for
hours. So the socket is shut at the deadline from outside, whatever is being read from it.
"""

import socket
import threading
from contextlib import suppress
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError


class CuttableAdapter(HTTPAdapter):
    """One way out that can be cut while it is read from, and that knows whether anything went out by it."""

    _is_cut = False
    _socket: socket.socket | None = None

    @property
    def connected(self) -> bool:
        """Whether a connection ever stood, TLS included: before that no byte of a request can have left."""
        return self._socket is not None

    def exchange(self, prepared: PreparedRequest, timeout: tuple[float, float]) -> Response:
        """Sends `prepared` and returns the answer, its body unread. Follows no redirect and reads nothing of one.

        `requests.Session` reads a redirect's body whole and unfolds it, however large, even if it is not to follow.
        """
        return self.send(prepared, stream=True, timeout=timeout, proxies={})

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        adapter = self

        class Watched(self.kind_of(pool.ConnectionCls)):  # type: ignore[misc]
            def connect(self) -> None:
                super().connect()
                if adapter._is_cut:
                    self.close()
                    raise ConnectTimeoutError(self, "The deadline came before the connection.")
                # The connection itself forgets its socket as soon as an answer says that it is the last one.
                adapter._socket = self.sock

        pool.ConnectionCls = Watched
        return pool

    def kind_of(self, connection: Any) -> Any:
        """The class of this way's connections, made of urllib3's for http or https."""
        return connection

    def wait_at_most(self, seconds: float) -> None:
        """Shortens how long each further read waits for a byte."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.settimeout(seconds)

    def cut(self) -> None:
        """Ends the exchange now, or before it begins; the thread that reads sees the connection end."""
        self._is_cut = True
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
