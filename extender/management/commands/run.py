"""`manage.py run`: everything on this machine, in one terminal; `make run` calls it."""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from argparse import ArgumentTypeError
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from extender.management.commands import seed
from extender.models import Member

HOST = "127.0.0.1"
WEB_PORT = 8000
SANDBOX_PORT = 8791
PORTS = 1 << 16
PORTS_TRIED = 50
BACKLOG = 128
START_SECONDS = 60
STOP_SECONDS = 10
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

    def handle(self, *args: object, **options: object) -> None:
        self._lock = lock_directory(settings.VAR_DIR / "run.lock")
        self.house = House()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.house.close_door)
        try:
            self._start(int(str(options["port"])))
            self.house.wait()
        except Stopped:
            pass
        finally:
            # Who read our words may be gone; what was started must end all the same.
            with suppress(OSError):
                self.stdout.write("\nStopping…")
            self.house.end()
            self.stdout.write("Stopped.")

    def _start(self, wanted_port: int) -> None:
        listener = self._listen(wanted_port, "web server")
        address = address_of(listener)
        public = settings.PUBLIC_URL if settings.HTTPS else address
        self._lock.write(public)
        self._lock.flush()
        environment: dict[str, str] = {}
        if settings.SANDBOX:
            # The sandbox reaches loopback, so its webhooks arrive. APIFRAME itself does not.
            environment["PUBLIC_URL"] = settings.PUBLIC_URL or address
            environment["APIFRAME_BASE_URL"] = self._start_sandbox()
        self._say("Preparing the database and the static files")
        self.house.do(["migrate", "-v0"], environment)
        self.house.do(["collectstatic", "--no-input", "-v0"], environment)
        if settings.SANDBOX:
            self._say("Making the demo (the first time, the sandbox paints eight clips: about 20 s)")
            self.house.do(["seed"], environment)
        else:
            refuse_demo()
        self._say("Starting the web server and the worker")
        self.house.start("worker", ["worker"], environment)
        self.house.start("web", web_command(listener), environment, listener)
        self._await_answer(f"{address}/healthz")
        self._say_where(public)

    def _start_sandbox(self) -> str:
        kept = settings.VAR_DIR / "sandbox-port"
        wanted = int(kept.read_text()) if kept.exists() else SANDBOX_PORT
        listener = self._listen(wanted, "sandbox")
        address = address_of(listener)
        self._say("Starting the sandbox, a pretend APIFRAME: nothing is paid for (the real one: APIFRAME_API_KEY)")
        directory = settings.VAR_DIR / "sandbox"
        arguments = ["sandbox", "--fd", str(listener.fileno()), "--dir", str(directory)]
        self.house.start("sandbox", arguments, {}, listener)
        self._await_answer(f"{address}/_sandbox/originals")
        # The next start takes the same port if it can: the addresses of finished clips name it.
        kept.write_text(address.rpartition(":")[2])
        return address

    def _listen(self, wanted: int, whose: str) -> socket.socket:
        """Listens for `whose`, who takes the socket over later: until then nobody else can have its port."""
        for port in range(wanted, min(wanted + PORTS_TRIED, PORTS)):
            try:
                listener = socket.create_server((HOST, port), backlog=BACKLOG)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise CommandError(f"The {whose} cannot listen at port {port}: {error.strerror}.") from None
                continue
            if port != wanted:
                self._say(f"Port {wanted} is in use, so the {whose} takes {port}")
            return listener
        raise CommandError(f"The ports {wanted} to {port} are all in use.")

    def _await_answer(self, url: str) -> None:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            self.house.check()
            with suppress(requests.RequestException):
                if requests.get(url, timeout=2, headers={"X-Forwarded-Proto": "https"}).ok:
                    return
            time.sleep(0.1)
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
    """An open, empty file to write our address to, which is locked until this process ends.

    `CommandError` where another process has locked it, with the address that it has written.
    """
    path.parent.mkdir(exist_ok=True)
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with file:
            file.seek(0)
            address = file.read()
        where = f", at {address}" if address else ""
        raise CommandError(f"Extender already runs in this directory{where}.", returncode=ALREADY_RUNS) from None
    file.truncate(0)
    return file


def refuse_demo() -> None:
    """Stops where the demo's well-known password would open an installation that spends money."""
    demo = Member.objects.filter(username=seed.NAME, is_active=True).first()
    if demo and demo.check_password(seed.PASSWORD):
        raise CommandError(f"The member “{seed.NAME}” still has the demo's password: change it, then start again.")


class Stopped(Exception):
    """Somebody asked for the end."""


class House:
    """The processes that were started, and their common end."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._closing = threading.Event()
        self._starting = False

    def close_door(self, number: int, frame: FrameType | None) -> None:
        """Ends the house (a signal handler). A second signal while it is ending changes nothing."""
        if self._closing.is_set():
            return
        self._closing.set()
        # What is just being started is not among the running yet, and would be left behind: start() raises it then.
        if not self._starting:
            raise Stopped

    def do(self, arguments: list[str], environment: dict[str, str]) -> None:
        """Runs one of our commands to its end."""
        name = arguments[0]
        self.start(name, arguments, environment)
        code = self._running[name].wait()
        del self._running[name]
        if code:
            raise CommandError(f"`manage.py {name}` failed; what it said stands above.")

    def start(self, name: str, arguments: list[str], environment: dict[str, str], *given: socket.socket) -> None:
        """Starts one of our commands, or a program given by its path, in a process group of its own.

        Ctrl-C in a terminal goes to a whole group: so it reaches us alone, and the end has one order.
        The sockets `given` are its own from then on: its end is theirs.
        """
        own = Path(arguments[0]).is_absolute()
        command = arguments if own else [sys.executable, "manage.py", *arguments]
        self._starting = True
        try:
            self._running[name] = subprocess.Popen(  # noqa: S603, our own programs
                command,
                cwd=settings.BASE_DIR,
                env={**os.environ, **environment},
                pass_fds=[each.fileno() for each in given],
                start_new_session=True,
            )
        finally:
            self._starting = False
        if self._closing.is_set():
            raise Stopped
        for each in given:
            each.close()

    def check(self) -> None:
        """Raises `CommandError` where a process has ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise CommandError(f"The {name} has ended (exit code {process.returncode}), so everything ends.")

    def wait(self) -> None:
        """Until somebody asks for the end, or a process ends by itself."""
        while True:
            self.check()
            time.sleep(0.5)

    def end(self) -> None:
        """Ends every process that was started: asks first, insists after ten seconds."""
        self._closing.set()
        for process in self._running.values():
            self._signal(process, signal.SIGTERM)
        ends = time.monotonic() + STOP_SECONDS
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, ends - time.monotonic()))
            self._signal(process, signal.SIGKILL)

    def _signal(self, process: subprocess.Popen[bytes], number: int) -> None:
        # The whole group, so that a web server's own processes end with it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def port_number(text: str) -> int:
    """A port to listen at, 1 to 65535; `ArgumentTypeError` for anything else."""
    if not text.isdecimal() or not 0 < int(text) < PORTS:
        raise ArgumentTypeError(f"a port is a number from 1 to {PORTS - 1}")
    return int(text)


def address_of(listener: socket.socket) -> str:
    """Where a browser finds whoever accepts at this socket."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


def web_command(listener: socket.socket) -> list[str]:
    """Gunicorn, as it is deployed too, on loopback."""
    gunicorn = Path(sys.executable).with_name("gunicorn")
    return [str(gunicorn), "project.wsgi", "--bind", f"fd://{listener.fileno()}", "--log-level", "warning"]
