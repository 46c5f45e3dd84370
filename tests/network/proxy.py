"""A proxy on loopback that leads every CONNECT to one server of ours, and remembers what it was asked."""

import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from pathlib import Path


def certificate(directory: Path, names: str) -> tuple[Path, Path]:
    """Files of a key and of a certificate by nobody's authority. `names`: "DNS:clips.example,IP:127.0.0.1"."""
    key, cert = directory / "key", directory / "cert"
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {key} -out {cert}"
        f" -days 1 -subj /CN=localhost -addext subjectAltName={names}".split(),
        check=True,
        capture_output=True,
    )
    return key, cert


class Proxy:
    """`asked`: the heads of all that came; `heard`: what came within TLS. Each connection is answered once.

    With an `answer` of its own it leads nowhere, and drips on.
    """

    def __init__(self, key: Path, cert: Path, answer: bytes = b"") -> None:
        self.cert, self.answer = cert, answer
        self.asked: list[bytes] = []
        self.heard: list[bytes] = []
        self.over = threading.Event()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(cert, key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://somebody:secret@127.0.0.1:{self.port}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=self._socket.accept()[:1], daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with suppress(OSError), line:
            head = line.recv(65536)
            self.asked.append(head)
            line.sendall(self.answer or b"HTTP/1.1 200 Connection established\r\n\r\n")
            while self.answer and not self.over.wait(0.05):
                line.sendall(b"x")
            if not self.answer:
                with self._tls.wrap_socket(line, server_side=True) as inner:
                    self.heard.append(inner.recv(65536))
                    inner.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                    # What is not read would break the line before the answer is through.
                    while inner.recv(65536):
                        pass

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
