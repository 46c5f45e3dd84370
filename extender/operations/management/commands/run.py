"""`manage.py run`: everything on this machine, in one terminal; `make run` calls it."""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentTypeError
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any

import requests
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management.base import BaseCommand, CommandError, CommandParser

from extender.operations import demo

HOST = "127.0.0.1"
WEB_PORT = 8000
SANDBOX_PORT = 8791
PORTS = 1 << 16
PORTS_TRIED = 50
START_SECONDS = 60
STOP_SECONDS = 10
PAUSE_SECONDS = 0.1
# The exit code that tells "it runs already" from every other failure, which is 1.
ALREADY_RUNS = 3


class Command(BaseCommand):
    """Starts the sandbox (where there is no API key), the web server and the worker; one Ctrl-C ends them all."""

    help = (
        "Runs everything on this machine: sandbox, web server, worker. "
        f"Exits with {ALREADY_RUNS} where it already runs in the same directory."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=port_number, default=WEB_PORT, help="the web server's port, if it is free")
        parser.add_argument("--tiny", action="store_true", help="the sandbox paints nothing (its --tiny): for tests")

    def handle(self, *args: object, **options: object) -> None:
        self._lock = lock_directory(settings.VAR_DIR / "run.lock")
        self._processes = Processes()
        try:
            self._start(int(str(options["port"])), ["--tiny"] if options["tiny"] else [])
            while True:
                self._processes.check()
        except KeyboardInterrupt:
            pass
        finally:
            # Who read our words may be gone; what was started must end all the same.
            with suppress(OSError):
                self.stdout.write("\nStopping…")
            self._processes.end()
            self.stdout.write("Stopped.")

    def _start(self, wanted_port: int, sandbox_flags: list[str]) -> None:
        listener = self._listen(wanted_port, "web server")
        address = address_of(listener)
        public = settings.PUBLIC_URL if settings.HTTPS else address
        self._lock.write(public)
        self._lock.flush()
        if settings.SANDBOX:
            # The sandbox reaches loopback, so its webhooks arrive. APIFRAME itself does not.
            self._processes.environment["PUBLIC_URL"] = settings.PUBLIC_URL or address
            self._processes.environment["APIFRAME_BASE_URL"] = self._start_sandbox(sandbox_flags)
        self._say("Preparing the database and the static files")
        self._processes.run("migrate_once", "-v0")
        storage: Any = staticfiles_storage
        if not storage.is_collected():
            self._processes.run("collectstatic", "--no-input", "-v0")
        if settings.SANDBOX:
            self._say("Making the demo (the first time, the sandbox paints eight clips: about 20 s)")
            self._processes.run("seed")
        else:
            demo.refuse()
        self._say("Starting the web server and the worker")
        self._processes.start("worker", ["manage.py", "worker"])
        # As it is deployed too, but with a socket that is open already.
        gunicorn = ["-m", "gunicorn", "project.wsgi", "--bind", f"fd://{listener.fileno()}", "--log-level", "warning"]
        self._processes.start("web server", gunicorn, listener)
        self._await_answer(f"{address}/healthz")
        self._say_where(public)

    def _start_sandbox(self, flags: list[str]) -> str:
        kept = settings.VAR_DIR / "sandbox-port"
        wanted = int(kept.read_text()) if kept.exists() else SANDBOX_PORT
        listener = self._listen(wanted, "sandbox")
        address = address_of(listener)
        self._say("Starting the sandbox, a pretend APIFRAME: nothing is paid for (the real one: APIFRAME_API_KEY)")
        directory = str(settings.VAR_DIR / "sandbox")
        command = ["-m", "extender.sandbox", "--fd", str(listener.fileno()), "--dir", directory, *flags]
        self._processes.start("sandbox", command, listener)
        self._await_answer(f"{address}/_sandbox/originals")
        # The next start takes the same port if it can: the addresses of finished clips name it.
        kept.write_text(address.rpartition(":")[2])
        return address

    def _listen(self, wanted: int, whose: str) -> socket.socket:
        """Listens for `whose`, who takes the socket over later: until then nobody else can have its port."""
        for port in range(wanted, min(wanted + PORTS_TRIED, PORTS)):
            try:
                listener = socket.create_server((HOST, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    continue
                raise CommandError(f"The {whose} cannot listen at port {port}: {error.strerror}.") from None
            if port != wanted:
                self._say(f"Port {wanted} is in use, so the {whose} takes {port}")
            return listener
        raise CommandError(f"The ports {wanted} to {port} are all in use.")

    def _await_answer(self, url: str) -> None:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            self._processes.check()
            with suppress(requests.RequestException):
                if requests.get(url, timeout=2, headers={"X-Forwarded-Proto": "https"}).ok:
                    return
        raise CommandError(f"{url} does not answer.")

    def _say(self, sentence: str) -> None:
        self.stdout.write(f"· {sentence}")
        self.stdout.flush()

    def _say_where(self, address: str) -> None:
        if settings.SANDBOX:
            who = "Sign in as demo with the password demo."
        else:
            self._say(f"Requests go to {settings.APIFRAME_BASE_URL} and cost money. No demo account is made.")
            who = "Make an account for yourself: .venv/bin/python manage.py createsuperuser"
        self.stdout.write(f"\n  Extender is at {address}\n  {who}\n  Ctrl-C ends everything.\n")
        self.stdout.flush()


def lock_directory(path: Path) -> IO[str]:
    """The file at `path`, empty, to write our address to; it is locked until this process ends.

    `CommandError`, with the address that stands in it, where another process has locked it.
    """
    path.parent.mkdir(exist_ok=True)
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        address = path.read_text()
        where = f", at {address}" if address else ""
        raise CommandError(f"Extender already runs in this directory{where}.", returncode=ALREADY_RUNS) from None
    file.truncate(0)
    return file


class Processes:
    """What was started, and its common end.

    A signal is only noted, and heeded at the next pause: an exception between a process's start and its entry here
    would leave that process behind.
    """

    def __init__(self) -> None:
        self.environment = dict(os.environ)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._asked_to_end = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_end)

    def _ask_to_end(self, number: int, frame: FrameType | None) -> None:
        self._asked_to_end = True

    def run(self, *arguments: str) -> None:
        """Runs a command of `manage.py` to its end. `CommandError` where it fails; a signal as in `check()`."""
        name = arguments[0]
        self.start(name, ["manage.py", *arguments])
        while self._running[name].poll() is None:
            self._pause()
        if self._running.pop(name).returncode:
            raise CommandError(f"`manage.py {name}` failed; what it said stands above.")

    def start(self, name: str, arguments: list[str], listener: socket.socket | None = None) -> None:
        """Starts Python with `arguments`, and leaves `listener` to it.

        It has a process group of its own: Ctrl-C in a terminal goes to a whole group, so it reaches us alone.
        """
        self._running[name] = subprocess.Popen(  # noqa: S603, our own programs
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            pass_fds=[listener.fileno()] if listener else [],
            start_new_session=True,
        )
        if listener:
            listener.close()

    def check(self) -> None:
        """Takes a moment. Raises KeyboardInterrupt after a signal, `CommandError` where a process ended by itself."""
        self._pause()
        for name, process in self._running.items():
            if process.poll() is not None:
                raise CommandError(f"The {name} has ended (exit code {process.returncode}), so everything ends.")

    def _pause(self) -> None:
        time.sleep(PAUSE_SECONDS)
        if self._asked_to_end:
            raise KeyboardInterrupt

    def end(self) -> None:
        """Ends every process that was started: asks first, insists after ten seconds."""
        for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 0)):
            for process in self._running.values():
                # The whole group, so that a web server's own processes end with it.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
            ends = time.monotonic() + seconds
            for process in self._running.values():
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.1, ends - time.monotonic()))


def port_number(text: str) -> int:
    """A port to listen at, 1 to 65535; `ArgumentTypeError` for anything else."""
    if not text.isdecimal() or not 0 < int(text) < PORTS:
        raise ArgumentTypeError(f"a port is a number from 1 to {PORTS - 1}")
    return int(text)


def address_of(listener: socket.socket) -> str:
    """Where a browser finds whoever accepts at this socket."""
    return f"http://{HOST}:{listener.getsockname()[1]}"
