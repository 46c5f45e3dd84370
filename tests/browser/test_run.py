"""The one command: what it says, that a second one finds other ports, and that one Ctrl-C ends everything."""

import re
import socket
from pathlib import Path

import requests

from tests.browser.conftest import free_port, fresh_copy, take_sandbox_along


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


def test_a_second_start_is_quick_and_one_ctrl_c_ends_everything(house, directory, open_house, tmp_path):
    copy = fresh_copy(tmp_path / "second")
    take_sandbox_along(directory, copy)
    taken = int(house.url.rpartition(":")[2])
    other = open_house(copy, "--port", str(taken))
    assert re.search(rf"Port {taken} is in use, so the web server takes \d+", other.said)
    assert "in use, so the sandbox takes" in other.said
    assert "Sign in as demo" in other.said
    assert other.url != house.url
    assert requests.get(f"{other.url}/healthz", timeout=5).text == "ok"
    assert len(processes_in(copy)) >= 5
    assert other.end() == 0
    assert processes_in(copy) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(other.url.rpartition(":")[2]))) != 0

    kept = int((copy / "var" / "sandbox-port").read_text())
    with socket.create_server(("127.0.0.1", kept)):
        again = open_house(copy, "--port", str(free_port()))
    moved = int((copy / "var" / "sandbox-port").read_text())
    assert moved != kept, "somebody else had its port"
    with requests.Session() as demo:
        demo.get(f"{again.url}/login/", timeout=5)
        token = demo.cookies["csrftoken"]
        fields = {"username": "demo", "password": "demo", "csrfmiddlewaretoken": token}
        page = demo.post(f"{again.url}/login/", fields, timeout=5).text
    assert f"http://127.0.0.1:{moved}/videos/" in page, "clips must be found where the sandbox is now"
    assert f":{kept}/videos/" not in page
    assert again.end() == 0
    assert processes_in(copy) == []


def test_with_a_key_there_is_no_sandbox_and_no_demo(open_house, tmp_path):
    copy = fresh_copy(tmp_path)
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
    wrong = requests.get(f"{real.url}/login/", timeout=5)
    assert wrong.ok
    assert real.end() == 0
