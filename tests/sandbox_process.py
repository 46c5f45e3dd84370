"""The sandbox as a process of its own, and a receiver for its webhooks: for fixtures."""

import gzip
import json
import os
import re
import selectors
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from tests.paths import PROJECT
from tests.ports import free_port

START_SECONDS = 180.0


class Sandbox:
    """`python -m extender.sandbox` at a free port, with tiny videos and lives of 0.4 s unless told otherwise.

    `with Sandbox() as sandbox: sandbox.url`, or stop() it.

    `Sandbox(seconds=2, misbehave="fetch-500", tiny=False)`; other keywords become flags of the command
    (`Sandbox(credits=8)`). Without `directory` it works in a temporary one, removed by stop(). What the
    process writes on stderr is in `<directory>/sandbox.log`.
    """

    def __init__(self, directory: Path | None = None, **flags: Any) -> None:
        self.directory = Path(directory or tempfile.mkdtemp(prefix="sandbox-"))
        self.directory.mkdir(parents=True, exist_ok=True)
        self._is_ours = directory is None
        self.port = free_port()
        self.flags = {"tiny": True, "seconds": 0.4, "key": "sandbox", **flags}
        self.key: str = self.flags["key"]
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.directory / "sandbox.log").read_text()

    def start(self) -> None:
        """Starts the process and returns once it listens; RuntimeError with its log if it does not."""
        command = [sys.executable, "-m", "extender.sandbox", f"--port={self.port}", f"--dir={self.directory}"]
        for name, value in self.flags.items():
            if value is True:
                command.append(f"--{name}")
            elif value is not False and value is not None:
                command.append(f"--{name}={value}")
        with (self.directory / "sandbox.log").open("a") as log:
            self.process = subprocess.Popen(
                command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
            )
        self.port = self._ready_port()

    def _ready_port(self) -> int:
        said, ends = b"", time.monotonic() + START_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in said and selector.select(max(0.0, ends - time.monotonic())):
                chunk = os.read(self.process.stdout.fileno(), 4096)
                if not chunk:
                    break
                said += chunk
        match = re.search(rb"sandbox ready at http://[^:\s]+:(\d+)", said)
        if not match:
            self.kill()
            raise RuntimeError(f"the sandbox did not start: {said!r} {self.log}")
        return int(match[1])

    def end(self) -> int:
        """SIGTERM, as a supervisor ends it; returns the exit code. The directory stays."""
        self.process.terminate()
        code = self.process.wait(timeout=120)
        self.process.stdout.close()
        return code

    def kill(self) -> None:
        """SIGKILL, as a crash. The directory stays, so restart() goes on from it."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def restart(self) -> None:
        """Starts again at the same port with the same directory, after ending the process if it runs."""
        if self.process.poll() is None:
            self.end()
        self.start()

    def stop(self) -> None:
        """Ends the process if it runs, and removes a temporary directory."""
        if self.process.poll() is None:
            self.end()
        if self._is_ours:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def post(self, path: str, body: Any = None, **more: Any) -> requests.Response:
        """One POST of `body` as JSON, with the key."""
        headers = {"Authorization": self.key, **more.pop("headers", {})}
        return requests.post(self.url + path, json=body, headers=headers, **{"timeout": 10, **more})

    def get(self, path: str, **more: Any) -> requests.Response:
        """One GET, with the key."""
        headers = {"Authorization": self.key, **more.pop("headers", {})}
        return requests.get(self.url + path, headers=headers, **{"timeout": 10, **more})

    def ledger(self) -> dict[str, Any]:
        return self.get("/_sandbox/ledger").json()

    def originals(self) -> list[dict[str, str]]:
        return self.get("/_sandbox/originals").json()

    def options(self, **changes: Any) -> dict[str, Any]:
        """Changes options until the process ends or reset(); AssertionError on a bad one. Returns all."""
        response = self.post("/_sandbox/options", changes)
        assert response.ok, response.text
        return response.json()

    def dictate(self, path: str, *bodies: bytes, **more: Any) -> None:
        """Has the next calls for `path` answered with `bodies`, one each; `more`: status, headers, cut."""
        listed = [{"body": b64encode(body).decode(), **more} for body in bodies]
        response = self.post("/_sandbox/answers", {path: listed})
        assert response.ok, response.text

    def reset(self) -> None:
        """Forgets all tasks but the originals, the ledger, and every change of options."""
        assert self.post("/_sandbox/reset").ok

    def fetch(self, task_id: str) -> dict[str, Any]:
        return self.post("/fetch", {"task_id": task_id}).json()

    def finished(self, task_id: str, within: float = 60.0) -> dict[str, Any]:
        """Waits until the task is finished or failed; returns its body. AssertionError after `within` s."""
        ends = time.monotonic() + within
        while time.monotonic() < ends:
            body = self.fetch(task_id)
            if "video_urls" in body or body.get("status") in ("failed", "error"):
                return body
            time.sleep(0.03)
        raise AssertionError(f"task {task_id} is still open after {within} s")

    def start_video(self, prompt: str = "A kite over a quiet beach", **more: Any) -> str:
        """Makes a finished start video and returns its task id. It is billed, and stands in the ledger."""
        body = {"prompt": prompt, "image_url": "https://example.com/start.jpg", **more}
        task_id = self.post("/imagine-video", body).json()["task_id"]
        assert "video_urls" in self.finished(task_id)
        return task_id

    def extend(self, parent_task_id: str, prompt: str = "It climbs", index: str = "1", **more: Any) -> str:
        """Submits an extension and returns its task id, without waiting for it."""
        body = {"parent_task_id": parent_task_id, "index": index, "prompt": prompt, **more}
        return self.post("/imagine-video-extend", body).json()["task_id"]


class Receiver:
    """A little server that keeps what is posted to it, to be a webhook_url: `with Receiver() as receiver`.

    It answers 204; below /slow/ only once `release` is set, below /elsewhere/ with a redirect.
    """

    def __init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.body()
                unpacked = gzip.decompress(raw) if "Content-Encoding" in self.headers else raw
                body = json.loads(unpacked.strip(b"\0"))
                if self.path == "/slow/":
                    receiver.release.wait(10)
                with receiver.changed:
                    receiver.posts.append((self.path, dict(self.headers.items()), body))
                    receiver.changed.notify_all()
                self.send_response(302 if self.path == "/elsewhere/" else 204)
                self.send_header("Location", "/never/")
                self.end_headers()

            def body(self) -> bytes:
                if "Content-Length" in self.headers:
                    return self.rfile.read(int(self.headers["Content-Length"]))
                chunks = b""
                while length := int(self.rfile.readline(), 16):
                    chunks += self.rfile.read(length + 2)[:-2]
                return chunks

            def log_message(self, *_: object) -> None:
                pass

        self.posts: list[tuple[str, dict, dict]] = []
        self.changed = threading.Condition()
        self.release = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def bodies(self, task_id: str) -> list[dict]:
        return [body for _, _, body in self.posts if body.get("task_id") == task_id]

    def wait(self, task_id: str, results: int = 1) -> list[dict]:
        """What was posted about a task, once that many results are among it."""
        with self.changed:
            assert self.changed.wait_for(lambda: self._results(task_id) >= results, 10), self.posts
        return self.bodies(task_id)

    def _results(self, task_id: str) -> int:
        return sum("video_urls" in body or body.get("status") in ("failed", "error") for body in self.bodies(task_id))

    def stop(self) -> None:
        self.release.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
