"""`pytest --postgres`: the same tests on a PostgreSQL of their own, started before Django reads its settings.

A plugin (see `addopts`), since a fixture would come too late: Django reads DATABASE_URL once, at its start.
"""

import atexit
import getpass
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from tests.ports import free_port


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres", action="store_true", help="run on a PostgreSQL of our own")
    # Before any plugin has looked at Django's settings.
    if "--postgres" in sys.argv:
        os.environ["DATABASE_URL"] = start_postgres()


def find_postgres() -> Path | None:
    """The directory of the newest PostgreSQL server programs on this machine, if there are any."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    found = shutil.which("initdb")
    places = [*reversed(debian), *([Path(found).resolve().parent] if found else [])]
    return next((place for place in places if (place / "initdb").exists()), None)


def start_postgres() -> str:
    """Starts a server in a temporary directory on a free port of loopback; returns its DATABASE_URL."""
    programs = find_postgres()
    if programs is None:
        raise pytest.UsageError("--postgres: no PostgreSQL server is installed (apt-get install postgresql)")
    directory = Path(tempfile.mkdtemp(prefix="extender-postgres-"))
    # PostgreSQL refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else getpass.getuser()
    shutil.chown(directory, user)
    port = free_port()
    data = directory / "data"
    run = {"user": user, "cwd": directory, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "extender", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        **run,
    )
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", directory, "-F"], **run
    )
    atexit.register(_stop, server, directory)
    url = f"postgresql://extender@127.0.0.1:{port}/postgres"
    _await_server(url)
    return url


def _await_server(url: str) -> None:
    """Until it accepts a connection: its port is open some time before that."""
    ends = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > ends:
                raise pytest.UsageError("--postgres: the server did not start") from error
            time.sleep(0.05)


def _stop(server: subprocess.Popen, directory: Path) -> None:
    server.terminate()
    server.wait(20)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(find_postgres() is None)
