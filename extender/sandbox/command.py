"""The command line: its options, and the process's start and end."""

import argparse
import fcntl
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from extender.sandbox import misbehaviour, options
from extender.sandbox.options import Options
from extender.sandbox.server import Handler, Server
from extender.sandbox.service import Service

HELP = "A pretend APIFRAME on this machine: same calls, nothing to pay."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = misbehaviour.explained()
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--port", type=int, default=8791, help="0 takes any free port (default: %(default)s)")
    add("--fd", type=int, help="a socket to accept at, inherited from whoever listens already; instead of a port")
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--dir", type=Path, default=Path("var/sandbox"), help="where videos and state are kept (%(default)s)")
    add("--seconds", type=_reader(options.seconds), default=20.0, help="how long a render takes (%(default)s)")
    add("--misbehave", type=_reader(options.words), default=(), metavar="WORD[,WORD]", help="see below")
    add("--credits", type=_reader(options.credit), default=1000, help="what the account holds (%(default)s)")
    add("--key", default="sandbox", help="the API key that is accepted (%(default)s)")
    add("--tiny", action="store_true", help="copy one tiny video instead of painting: for tests")
    add(
        "--stall",
        type=_reader(options.seconds),
        default=30.0,
        help="how long a stall lasts, in seconds (%(default)s)",
    )
    add(
        "--finished",
        type=_reader(options.shape),
        default="status",
        help='"status" says "status": "finished" beside the clips, as APIFRAME\'s SDK expects;'
        ' "bare" leaves it out, as in the documented example (%(default)s)',
    )


def _reader(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def run(chosen: argparse.Namespace) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code, 1 where it cannot start."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    directory = chosen.dir.resolve()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = _locked(directory)
    except OSError as error:
        print(f"The sandbox cannot use {directory}: {error.strerror or error}.", file=sys.stderr)
        return 1
    try:
        server = Server((chosen.host, chosen.port), Handler, chosen.fd)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        print(f"The sandbox cannot listen on {chosen.host}:{chosen.port}: {reason}.", file=sys.stderr)
        return 1
    with lock:
        _serve(server, chosen, directory, ended)
    return 0


def _serve(server: Server, chosen: argparse.Namespace, directory: Path, ended: threading.Event) -> None:
    host = "127.0.0.1" if chosen.host in ("", "0.0.0.0") else chosen.host  # noqa: S104
    origin = f"http://{host}:{server.server_address[1]}"
    start = Options(chosen.seconds, chosen.misbehave, chosen.tiny, chosen.credits, chosen.stall, chosen.finished)
    server.service = Service(directory, start, chosen.key, origin)
    server.service.start()
    threading.Thread(target=server.serve_forever, name="server", daemon=True).start()
    print(f"sandbox ready at {origin}", flush=True)
    ended.wait()
    server.service.stop()


def _locked(directory: Path) -> IO[str]:
    """An open file that keeps a second sandbox out of the directory; OSError if there is one already."""
    lock = (directory / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise OSError("another sandbox is using it") from None
    return lock
