"""An installation of its own for a test: database, sandbox, web servers and workers, each a process to be killed."""

import copy
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import requests

from project.threads import WEB_THREADS
from tests.faults.sizes import PATIENCE
from tests.helpers import eventually, form_of
from tests.ports import HOST, free_port
from tests.sandbox_process import Sandbox

PROJECT = Path(__file__).resolve().parents[2]
# What our settings read; whoever runs the tests may have them set for an installation of their own.
SECRET_KEY = "for a test of an hour at most, and for nothing else in the world"
OURS = ("APIFRAME_", "PUBLIC_URL", "DATABASE_URL", "SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "MEDIA_ROOT", "EXTENDER_")
# A browser keeps one for a year, so every form that a member ever opened bears the same.
CSRF_TOKEN = "c" * 32
# An SQLite file with all tables and no rows, once there is one.
TABLES: list[bytes] = []


class Process:
    """One program in a process group of its own. What it writes is in `<name>.log`."""

    def __init__(
        self,
        directory: Path,
        name: str,
        command: list[str],
        environment: dict[str, str],
        inherited: tuple[int, ...] = (),
    ) -> None:
        self.name = name
        self.starts = 0
        self._log = directory / f"{name}.log"
        self._command = command
        self._environment = environment
        self._inherited = inherited
        self._kept_alive: threading.Thread | None = None
        self._let_go = threading.Event()
        self._lock = threading.Lock()
        self._start()

    def _start(self) -> None:
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=PROJECT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=self._inherited,
            )
        self.starts += 1

    @property
    def log(self) -> str:
        return self._log.read_text()

    def keep_alive(self) -> None:
        """From now on it is started again at once whenever it ends, as a supervisor would."""
        self._kept_alive = threading.Thread(target=self._watch, daemon=True)
        self._kept_alive.start()

    def _watch(self) -> None:
        while True:
            self._process.wait()
            # What the dead one forked dies with it, and lets go of its port.
            self._signal()
            with self._lock:
                if self._let_go.is_set():
                    return
                self._start()

    def kill(self) -> None:
        """SIGKILL to it and to all that it has forked. Where it is kept alive, it starts again."""
        self._signal()
        if not self._kept_alive:
            self._process.wait()

    def kill_a_child(self, choice: int) -> None:
        """SIGKILL to one of the processes that it forked, if there are any; it starts another one."""
        pid = self._process.pid
        with suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if children:
                os.kill(int(children[choice % len(children)]), signal.SIGKILL)

    def freeze(self, may_sleep: Callable[[], bool]) -> None:
        """SIGSTOP at a moment when it `may_sleep`: it notices nothing of that until `thaw()`."""
        while True:
            self._signal(signal.SIGSTOP)
            eventually(self._sleeps, PATIENCE)
            if may_sleep():
                return
            self.thaw()
            time.sleep(0.01)

    def _sleeps(self) -> bool:
        status = Path(f"/proc/{self._process.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] == "T"

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def terminate(self) -> None:
        """SIGTERM to it alone, as a supervisor asks a program to end."""
        self._process.terminate()

    def code(self) -> int:
        """Its exit code, once it has ended."""
        return self._process.wait(PATIENCE)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """SIGKILL for good."""
        with self._lock:
            self._let_go.set()
            self._signal()
        self._process.wait()
        if self._kept_alive:
            self._kept_alive.join()

    def _signal(self, number: signal.Signals = signal.SIGKILL) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


class Web(Process):
    """A gunicorn: two processes, as it is deployed."""

    def __init__(self, directory: Path, name: str, port: int, environment: dict[str, str], app: str) -> None:
        self.port = port
        self.url = f"http://{HOST}:{port}"
        # Preloaded, so that a killed child costs a fork and not a second of imports.
        command = [sys.executable, "-m", "gunicorn", app, "--preload", "--bind", f"{HOST}:{port}"]
        command += ["--workers", "2", "--threads", str(WEB_THREADS), "--log-level", "warning"]
        super().__init__(directory, name, command, environment)

    def await_listening(self) -> None:
        """Waits until somebody listens at its port."""
        eventually(self._is_listening, PATIENCE)

    def _is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0


class Inside(Process):
    """`tests.faults.inside`, with the environment of an installation."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        with socket.create_server((HOST, 0)) as listening:
            self._address = listening.getsockname()
            number = listening.fileno()
            command = [sys.executable, "-m", "tests.faults.inside", str(number)]
            super().__init__(directory, "inside", command, environment, inherited=(number,))

    def begin(self, verb: str, arguments: dict[str, Any]) -> socket.socket:
        """Asks for a verb; the answer comes by what this returns."""
        asked = socket.create_connection(self._address, PATIENCE)
        asked.sendall(json.dumps([verb, arguments]).encode() + b"\n")
        return asked


class Installation:
    """`with Installation(directory, url) as site`: a database, a sandbox, members with a session and an original.

    Web servers and workers are opened by `start_web()` and `start_worker()`. Webhooks go to the first web server, or
    to `public_url`. Everything is ended at the end, whatever happened.
    """

    def __init__(
        self, directory: Path, database_url: str, *, members: int = 1, public_url: str = "", **sandbox_flags: Any
    ) -> None:
        self.directory = directory
        self.database_url = database_url
        self.processes: list[Process] = []
        self._inside: Inside | None = None
        self._helpers: list[Inside] = []
        self._member_count = members
        self._sandbox_flags = {"credits": 10**8, **sandbox_flags}
        self._ports = [free_port() for _ in range(4)]
        self._public_url = public_url or f"http://{HOST}:{self._ports[0]}"

    def addresses(self, count: int) -> list[str]:
        """Where the next `count` web servers will listen."""
        return [f"{HOST}:{port}" for port in self._ports[:count]]

    def __enter__(self) -> "Installation":
        with ExitStack() as stack:
            self.sandbox = stack.enter_context(Sandbox(self.directory / "sandbox", **self._sandbox_flags))
            stack.callback(self._end_all)
            self.environment = self._environment()
            originals = [each["task_id"] for each in self.sandbox.originals()]
            self._make_tables()
            self.members = self.inside("set_up", originals=originals, members=self._member_count)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _end_all(self) -> None:
        for process in [*self.processes, *self._helpers]:
            process.end()

    def _make_tables(self) -> None:
        """Those of SQLite are made once, and copied ever after."""
        if not self.database_url.startswith("sqlite"):
            self.manage("migrate", "-v0").check_returncode()
            return
        file = Path(urlsplit(self.database_url).path[1:])
        if not TABLES:
            self.manage("migrate", "-v0").check_returncode()
            TABLES.append(file.read_bytes())
        file.write_bytes(TABLES[0])

    def _environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return clean | {
            "DATABASE_URL": self.database_url,
            "APIFRAME_BASE_URL": self.sandbox.url,
            "PUBLIC_URL": self._public_url,
            "SECRET_KEY": SECRET_KEY,
            "MEDIA_ROOT": str(self.directory / "media"),
        }

    def beside(self, name: str, database_url: str) -> "Installation":
        """The same with another database, without tables, and another disk. What it starts ends with this one."""
        other = copy.copy(self)
        other.directory, other.database_url = self.directory / name, database_url
        other.directory.mkdir()
        other.environment, other._inside = other._environment(), None
        return other

    def start_web(self, *, failpoints: bool = False, **environment: str) -> Web:
        """Starts a web server; it may not listen yet."""
        app = "tests.faults.wsgi" if failpoints else "project.wsgi"
        port, name = self._ports.pop(0), f"web-{len(self.processes)}"
        web = Web(self.directory, name, port, self.environment | environment, app)
        self.processes.append(web)
        return web

    def restart_web(self, web: Web) -> Web:
        """Starts an ended web server again, without failpoints."""
        self._ports.insert(0, web.port)
        return self.start_web()

    def start_worker(self, *, failpoints: bool = False, **environment: str) -> Process:
        """Starts a worker."""
        command = ["-m", "tests.faults.worker"] if failpoints else ["manage.py", "worker", "--no-copies"]
        name = f"worker-{len(self.processes)}"
        worker = Process(self.directory, name, [sys.executable, *command], self.environment | environment)
        self.processes.append(worker)
        return worker

    def start_copier(self, *command: str, **environment: str) -> Process:
        """Starts a worker that copies clips too, or what `command` says in its place."""
        name = f"copier-{len(self.processes)}"
        chosen = [sys.executable, *(command or ("manage.py", "worker"))]
        worker = Process(self.directory, name, chosen, self.environment | {"ARCHIVE_KEEP_FREE_MB": "0"} | environment)
        self.processes.append(worker)
        return worker

    def freeze(self, process: Process) -> None:
        """Lets a process sleep, but not in the middle of a transaction: nobody else could write until it wakes."""
        process.freeze(self._is_nobody_writing)

    def _is_nobody_writing(self) -> bool:
        if self.database_url.startswith("sqlite"):
            try:
                with closing(self._open_file(timeout=0)) as connection, connection:
                    connection.execute("BEGIN IMMEDIATE")
                return True
            except sqlite3.OperationalError:
                return False
        others = "datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
        return not self.rows(f"SELECT 1 FROM pg_stat_activity WHERE {others}")

    def _open_file(self, timeout: float) -> sqlite3.Connection:
        return sqlite3.connect(urlsplit(self.database_url).path[1:], timeout=timeout)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs one command of `manage.py` to its end."""
        return subprocess.CompletedProcess(arguments, *self.inside("manage", arguments=arguments))

    def inside(self, verb: str, **arguments: Any) -> Any:
        """Does one of the verbs of `tests.faults.inside` on this site's database."""
        return answer_of(self.begin_inside(verb, **arguments))

    def begin_inside(self, verb: str, **arguments: Any) -> socket.socket:
        """Begins one, to be awaited by `answer_of`; all have the environment that the first one had."""
        if self._inside is None:
            self._inside = Inside(self.directory, self.environment)
            self._helpers.append(self._inside)
        return self._inside.begin(verb, arguments)

    def rows(self, statement: str) -> list[tuple]:
        """Asks the database directly."""
        return self._execute(statement).fetchall()

    def change(self, statement: str) -> int:
        """Changes the database directly; returns how many rows."""
        return self._execute(statement).rowcount

    def _execute(self, statement: str) -> Any:
        if self.database_url.startswith("sqlite"):
            with closing(self._open_file(timeout=PATIENCE)) as connection, connection:
                return _Result(connection.execute(statement))
        with psycopg.connect(self.database_url) as connection:
            return _Result(connection.execute(statement))

    def let_time_pass(self, state: str) -> None:
        """The next look of all tasks in this state is long due; where they are being sent, the lease has run out."""
        self.change(f"UPDATE tasks_task SET due_at = '2020-01-01 00:00:00' WHERE state = '{state}'")

    def count(self, condition: str) -> int:
        """How many paid tasks there are for which the SQL `condition` holds."""
        return self.rows(f"SELECT COUNT(*) FROM tasks_task WHERE kind <> 'original' AND ({condition})")[0][0]

    def states(self) -> dict[str, int]:
        """How many tasks there are in each state, originals too."""
        return dict(self.rows("SELECT state, COUNT(*) FROM tasks_task GROUP BY state"))

    def complaints(self) -> str:
        """What the processes wrote about errors, to be shown where a test fails."""
        lines = (f"{process.name}: {line}" for process in self.processes for line in process.log.splitlines())
        return "\n".join([line for line in lines if "ERROR" in line or "Error" in line][-30:])


class _Result:
    """What is left of a cursor when its connection is closed."""

    def __init__(self, cursor: Any) -> None:
        self.rowcount = cursor.rowcount
        self._rows = cursor.fetchall() if cursor.description else []

    def fetchall(self) -> list[tuple]:
        return self._rows


def answer_of(asked: socket.socket) -> Any:
    """What a verb begun by `begin_inside` answers."""
    with asked, asked.makefile() as said:
        answer = json.loads(said.read())
    assert "error" not in answer, answer["error"]
    return answer["answer"]


class Visitor:
    """A member's browser. What breaks off is tried again, as if somebody pressed Reload until an answer comes."""

    def __init__(self, web: Web, member: dict[str, str]) -> None:
        self.web = web
        self.member = member
        self.broken = 0
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set("sessionid", member["session"])
        self._session.cookies.set("csrftoken", CSRF_TOKEN)

    def form(self, prompt: str) -> dict[str, str]:
        """The filled-in form, with its nonce."""
        page = self.get(f"/tasks/new/?parent={self.member['original']}&index=2")
        assert page.status_code == 200, page.text[:500]
        return form_of(page) | {"prompt": prompt, "csrfmiddlewaretoken": CSRF_TOKEN}

    def video_form(self, prompt: str, picture: bytes) -> dict[str, Any]:
        """The filled-in form of a video that begins with `picture`."""
        return self._beginning(prompt) | {"motion": "low", "file": picture}

    def pictures_form(self, prompt: str) -> dict[str, Any]:
        """The filled-in form of four pictures."""
        return self._beginning(prompt) | {"aspect_ratio": "16:9"}

    def _beginning(self, prompt: str) -> dict[str, Any]:
        return {"nonce": str(uuid.uuid4()), "prompt": prompt, "csrfmiddlewaretoken": CSRF_TOKEN}

    def press(self, form: dict[str, Any]) -> str:
        """Posts the form, again and again where need be; returns the address of the task that came of it."""
        files = {"file": ("mine.jpg", form["file"])} if "file" in form else None
        address = "/new/video/" if files else "/new/pictures/" if "aspect_ratio" in form else "/tasks/new/"
        fields = {name: value for name, value in form.items() if name != "file"}
        while True:
            answer = self._until_answered("POST", address, data=fields, files=files, allow_redirects=False)
            # The page says so, and keeps what was typed.
            if "Too many pictures are being looked into" not in answer.text:
                break
            # Whoever presses at once keeps from their turn those who are looked into.
            time.sleep(0.5)
        assert answer.status_code == 302, f"{answer.status_code} {answer.text[:2000]}"
        assert answer.headers["Location"].startswith("/tasks/"), answer.headers
        return answer.headers["Location"]

    def get(self, path: str) -> requests.Response:
        """One page, however often it must be asked for."""
        return self._until_answered("GET", path)

    def _until_answered(self, method: str, path: str, **more: Any) -> requests.Response:
        while True:
            try:
                return self._session.request(method, self.web.url + path, timeout=(5, 60), **more)
            except requests.RequestException:
                self.broken += 1
                self.web.await_listening()


def until(site: Installation, check: Any, what: str) -> None:
    """Waits for `check`; where it does not come true, says what was awaited and what the processes complained of."""
    ends = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < ends, f"awaited in vain: {what}; {site.states()}\n{site.complaints()}"
        time.sleep(0.05)


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest of `values` that at least `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]
