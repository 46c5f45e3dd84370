"""The one command: what it says, what a second one does, and that one Ctrl-C ends everything."""

import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
from django.db import connection

from tests.browser.conftest import House, bring_static_files, fresh_copy
from tests.ports import free_port

# Pages show where clips lie at the sandbox until these are here. No disk has that much room.
NOTHING_COPIED = {"ARCHIVE_KEEP_FREE_MB": "1000000000"}


@pytest.fixture
def open_house() -> Iterator[Callable[..., House]]:
    """Starts houses for one test. What it has not ended itself is ended after it, also where it fails."""
    opened: list[House] = []

    def open_one(*arguments: object, **environment: str) -> House:
        opened.append(House(*arguments, **environment))
        opened[-1].await_open()
        return opened[-1]

    yield open_one
    for house in opened:
        if house.process.poll() is None:
            house.end()


def bring_tables(copy: Path, name: str) -> None:
    """Else it would take seconds to make them; that it does is what the first of these tests shows."""
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as made:
        made.execute("VACUUM INTO ?", [str(copy / "var" / name)])


def processes_in(directory: Path) -> list[str]:
    """The command lines of all processes that work in `directory`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == directory:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def test_it_starts_beside_others_and_one_ctrl_c_ends_everything(open_house, tmp_path):
    copy = fresh_copy(tmp_path / "copy")
    bring_static_files(copy)
    collected = (copy / "var" / "static" / "staticfiles.json").stat().st_mtime_ns
    with socket.create_server(("127.0.0.1", 0)) as web, socket.create_server(("127.0.0.1", 0)) as sandbox:
        taken = web.getsockname()[1]
        (copy / "var" / "sandbox-port").write_text(str(sandbox.getsockname()[1]))
        other = open_house(copy, "--port", str(taken), **NOTHING_COPIED)
    assert re.search(rf"Port {taken} is in use, so the web server takes \d+", other.said)
    assert "in use, so the sandbox takes" in other.said
    assert "Sign in as demo" in other.said
    # A second time would take seconds, and make the same.
    assert (copy / "var" / "static" / "staticfiles.json").stat().st_mtime_ns == collected
    assert not other.url.endswith(f":{taken}")
    a_second_start_says_where_the_first_one_is(copy, other)
    assert requests.get(f"{other.url}/healthz", timeout=120).text == "ok"
    assert len(processes_in(copy)) >= 5
    assert other.end() == 0
    assert processes_in(copy) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(other.url.rpartition(":")[2]))) != 0

    with (copy / "static" / "css" / "shared" / "base.css").open("a") as style:
        style.write(".changed-since { color: red }")
    kept = int((copy / "var" / "sandbox-port").read_text())
    with socket.create_server(("127.0.0.1", kept)):
        again = open_house(copy, "--port", str(free_port()), **NOTHING_COPIED)
    moved = int((copy / "var" / "sandbox-port").read_text())
    assert moved != kept, "somebody else had its port"
    with requests.Session() as demo:
        demo.get(f"{again.url}/login/", timeout=120)
        token = demo.cookies["csrftoken"]
        fields = {"username": "demo", "password": "demo", "csrfmiddlewaretoken": token}
        page = demo.post(f"{again.url}/login/", fields, timeout=120).text
    assert f"http://127.0.0.1:{moved}/videos/" in page, "clips must be found where the sandbox is now"
    assert f":{kept}/videos/" not in page
    style = re.search(r'href="(/static/css/shared/base[^"]+)"', page)[1]
    assert ".changed-since" in requests.get(f"{again.url}{style}", timeout=120).text
    assert again.end() == 0
    assert processes_in(copy) == []


def a_second_start_says_where_the_first_one_is(directory, first):
    command = [sys.executable, "manage.py", "run", "--port", str(free_port())]
    ended = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60)
    assert ended.stderr == f"CommandError: Extender already runs in this directory, at {first.url}.\n"
    assert (ended.returncode, ended.stdout) == (3, "")


def test_ports_are_held_from_the_moment_they_are_chosen_and_a_ctrl_c_ends_what_prepares(tmp_path):
    copy, web, sandbox = fresh_copy(tmp_path), free_port(), free_port()
    (copy / "var").mkdir()
    (copy / "var" / "sandbox-port").write_text(str(sandbox))
    house = House(copy, "--port", str(web))
    try:
        house.await_words("Starting the sandbox")
        for held in (web, sandbox):
            with pytest.raises(OSError, match="in use"):
                socket.create_server(("127.0.0.1", held))
        house.await_words("Preparing the database")
    finally:
        assert house.end() == 0
    assert processes_in(copy) == []


def test_one_ctrl_c_ends_everything_while_it_makes_the_demo(db, tmp_path):
    copy = fresh_copy(tmp_path)
    bring_static_files(copy)
    bring_tables(copy, "sandbox.sqlite3")
    house = House(copy, "--port", str(free_port()))
    house.await_words("Making the demo")
    assert house.end() == 0
    assert processes_in(copy) == []


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_there_is_not_is_a_sentence(tmp_path, port):
    command = [sys.executable, "manage.py", "run", "--port", port]
    ended = subprocess.run(command, cwd=fresh_copy(tmp_path), capture_output=True, text=True, timeout=60)
    assert "a port is a number from 1 to 65535" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_with_a_key_there_is_no_sandbox_and_no_demo(db, open_house, tmp_path):
    copy = fresh_copy(tmp_path)
    bring_static_files(copy)
    bring_tables(copy, "extender.sqlite3")
    real = open_house(
        copy,
        "--port",
        str(free_port()),
        APIFRAME_API_KEY="a-key-of-theirs",
        APIFRAME_BASE_URL="https://api.apiframe.invalid",
        SECRET_KEY="x" * 60,
    )
    assert "https://api.apiframe.invalid" in real.said
    assert "cost money" in real.said
    assert "demo with the password" not in real.said
    assert not any("sandbox" in line for line in processes_in(copy))
    wrong = requests.get(f"{real.url}/login/", timeout=120)
    assert wrong.ok
    assert real.end() == 0
