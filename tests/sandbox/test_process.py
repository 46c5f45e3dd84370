"""The sandbox as a process: it starts with one line, ends at once, and goes on where it was."""

import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest
import requests

from tests.helpers import eventually
from tests.sandbox_process import PROJECT, Receiver, Sandbox

ALONE, IN_DJANGO = ("-m", "extender.sandbox"), ("manage.py", "sandbox")


def run(*arguments: object, by: tuple[str, str] = ALONE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *by, *map(str, arguments)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("by", [ALONE, IN_DJANGO])
def test_a_port_in_use_is_a_plain_sentence_and_exit_code_1(tmp_path, by):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("--port", port, "--dir", tmp_path, by=by)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == f"The sandbox cannot listen on 127.0.0.1:{port}: Address already in use.\n"


def test_a_second_sandbox_in_the_same_directory_is_refused(tmp_path):
    with Sandbox(tmp_path):
        ended = run("--port", 0, "--dir", tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "another sandbox is using it" in ended.stderr


@pytest.mark.parametrize("bad", [("--seconds", "-1"), ("--misbehave", "dance"), ("--credits", "many")])
def test_bad_options_are_named(bad):
    ended = run(*bad)
    assert ended.returncode == 2
    assert bad[0] in ended.stderr


def test_the_help_lists_every_misbehaviour():
    help_text = run("--help").stdout
    for word in ("stall", "gzip-bomb", "fetch-partial", "seconds-N"):
        assert f"  {word} " in help_text


def test_it_ends_while_a_request_stalls():
    with Sandbox(misbehave="stall", stall=3600) as sandbox:
        parent = sandbox.originals()[0]["task_id"]
        raised: list[BaseException] = []

        def submit() -> None:
            try:
                sandbox.extend(parent)
            except requests.ConnectionError as error:
                raised.append(error)

        thread = threading.Thread(target=submit)
        thread.start()
        while not sandbox.ledger()["bills"]:
            time.sleep(0.01)
        assert sandbox.end() == 0
        thread.join()
        assert raised


def test_tasks_the_ledger_and_the_credits_survive_a_crash():
    with Sandbox() as sandbox:
        first = sandbox.start_video()
        urls = sandbox.fetch(first)["video_urls"]
        sandbox.options(seconds=0.7)
        second = sandbox.extend(first, index="3")
        sandbox.kill()
        sandbox.restart()
        assert sandbox.fetch(first)["video_urls"] == urls
        assert sandbox.finished(second)["video_urls"]
        assert [bill["task_id"] for bill in sandbox.ledger()["bills"]] == [first, second]
        assert sandbox.get("/account").json()["credits"] == 984
        sandbox.end()
        sandbox.port = 0
        sandbox.start()  # at another port: the addresses of the clips follow
        moved = sandbox.fetch(first)["video_urls"]
        assert moved != urls
        assert requests.get(moved[0], timeout=120).ok


def test_a_webhook_due_while_it_was_down_is_sent_after_the_restart():
    with Receiver() as receiver, Sandbox() as sandbox:
        parent = sandbox.originals()[0]["task_id"]
        prompt = "[seconds-600] [webhook-early]"
        task_id = sandbox.extend(parent, prompt, webhook_url=receiver.url, webhook_secret="s")
        sandbox.kill()
        assert len(receiver.bodies(task_id)) >= 1
        # The life goes on by the clock on the wall, and ends.
        with closing(sqlite3.connect(sandbox.directory / "sandbox.sqlite3")) as database, database:
            assert database.execute("UPDATE tasks SET started = 0 WHERE task_id = ?", [task_id]).rowcount == 1
        sandbox.restart()
        bodies = receiver.wait(task_id)
        assert bodies[-1] == sandbox.fetch(task_id)
        sandbox.restart()
        sandbox.extend(parent, "[seconds-0] [webhook-result-early]", webhook_url=receiver.url)
        assert receiver.bodies(task_id) == bodies, "a result is announced once"


def test_half_a_request_is_none():
    with Sandbox() as sandbox:
        with socket.create_connection(("127.0.0.1", sandbox.port)) as line:
            line.sendall(
                b"POST /imagine-video-extend HTTP/1.1\r\nAuthorization: sandbox\r\nContent-Length: 100\r\n\r\n{"
            )
        eventually(lambda: "the client went away" in sandbox.log)
        assert sandbox.ledger()["requests"] == []


def test_it_ends_while_it_paints_the_originals():
    with Sandbox(tiny=False) as sandbox:
        one = sandbox.originals()[0]["task_id"]
        assert sandbox.fetch(one)["status"] == "processing"
        refusal = sandbox.post("/imagine-video-extend", {"parent_task_id": one, "index": "1", "prompt": "On"})
        assert refusal.json() == {"errors": [{"msg": "The parent task is not finished"}]}
        assert sandbox.end() == 0
        assert len(list(sandbox.directory.glob("videos/*/*.mp4"))) < 8
