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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.ports import free_port

POOLER = """
[databases]
* = host=127.0.0.1 port={server_port} user=extender
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
server_reset_query_always = 1
"""


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


def find_pgbouncer() -> str | None:
    """Debian puts it where only root looks."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def pgbouncer(url: str, directory: Path) -> Iterator[str]:
    """A pooler in transaction mode before the server of `url`, for its time; gives the address of the same database.

    After each transaction it forgets whatever belonged to a session, so that nobody gets it back by chance.
    """
    assert find_pgbouncer(), "no pgbouncer is installed (apt-get install pgbouncer)"
    parts, port = urlsplit(url), free_port()
    config = directory / "pgbouncer.ini"
    config.write_text(POOLER.format(server_port=parts.port, port=port))
    # As PostgreSQL does, it refuses to run as root.
    options = {"user": "nobody"} if os.geteuid() == 0 else {}
    command = [str(find_pgbouncer()), "-q", "/dev/stdin"]
    with config.open() as told:
        pooler = subprocess.Popen(
            command, stdin=told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
        )
    try:
        pooled = f"postgresql://extender@127.0.0.1:{port}{parts.path}"
        _await_server(pooled)
        yield pooled
    finally:
        pooler.terminate()
        pooler.wait(20)


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
