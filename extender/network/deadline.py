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

from extender.network.proxies import authorities, proxies_for


class CuttableAdapter(HTTPAdapter):
    """One way out that can be cut while it is read from, and that knows whether anything went out by it."""

    connected = False
    """Whether a connection ever stood, TLS included: before that no byte of a request can have left."""

    _is_cut = False
    _socket: socket.socket | None = None
    _line: socket.socket | None = None  # the same one, and ours: TLS takes the other over, from the handshake on

    def exchange(self, prepared: PreparedRequest, timeout: tuple[float, float]) -> Response:
        """Sends `prepared` and returns the answer, its body unread. Follows no redirect and reads nothing of one.

        By the proxy of the environment, if it names one: then within TLS from here to the server.

        `requests.Session` reads a redirect's body whole and unfolds it, however large, even if it is not to follow.
        """
        proxies = proxies_for(str(prepared.url))
        return self.send(prepared, stream=True, timeout=timeout, verify=authorities(), proxies=proxies)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        adapter = self

        class Watched(self.kind_of(pool.ConnectionCls)):  # type: ignore[misc]
            def _new_conn(self) -> socket.socket:
                made: socket.socket = super()._new_conn()
                adapter._hold(made.dup())
                if adapter._is_cut:
                    made.close()
                    raise ConnectTimeoutError(self, "The deadline came before the connection.")
                return made

            def connect(self) -> None:
                super().connect()
                adapter.connected = True
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
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Lets every connection go."""
        super().close()
        self._hold(None)

    def _hold(self, line: socket.socket | None) -> None:
        held, self._line = self._line, line
        if held is not None:
            held.close()


def cut_in(seconds: float, *adapters: CuttableAdapter) -> threading.Timer:
    """Cuts what runs over `adapters` after `seconds`, unless the timer that this returns is cancelled."""

    def cut() -> None:
        for adapter in adapters:
            adapter.cut()

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    return timer
