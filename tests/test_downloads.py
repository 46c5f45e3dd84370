"""Downloads of clips: the file under a sensible name, nothing from inside, and no place lost."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

import pytest
import requests
from django.core.signals import request_finished

from extender.archive.serving import downloads
from extender.network import stream as remote
from extender.network.errors import Unavailable
from extender.tasks.models import Task
from extender.tasks.slots import Slots
from tests.helpers import age, make_task

CLIP = b"0123456789" * 1000


class Listener:
    """A port of loopback that takes connections, says nothing, and counts them."""

    def __init__(self, family: int = socket.AF_INET) -> None:
        host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
        self.socket = socket.create_server((host, 0), family=family)
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]

    def connections(self) -> int:
        """How many have connected by now; the system takes them in before anybody accepts."""
        count = 0
        while True:
            try:
                self.socket.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


class Host:
    """A clips' host of our own, in the sandbox's place: `/clip`, `/to/<address>`, `/drip`, `/slow`, `/odd`."""

    def __init__(self) -> None:
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/to/"):
                    self.send_response(302)
                    self.send_header("Location", self.path.removeprefix("/to/"))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                if self.path == "/slow":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    self._drip()
                    return
                self.send_response(200)
                if self.path == "/clip":
                    self.send_header("Content-Length", str(len(CLIP)))
                if self.path == "/odd":
                    self.send_header("Content-Type", "text/html")
                    self.send_header("Set-Cookie", "theirs=1")
                    self.send_header("Content-Disposition", "inline")
                self.end_headers()
                if self.path == "/drip":
                    self._drip()
                else:
                    self.wfile.write(CLIP)

            def _drip(self) -> None:
                try:
                    while not host.over.wait(0.05):
                        self.wfile.write(b"x")
                except OSError:
                    pass

            def log_message(self, *_: object) -> None:
                pass

        self.over = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def host(settings) -> Iterator[Host]:
    with Host() as host:
        settings.APIFRAME_BASE_URL = host.url
        settings.SANDBOX = True
        yield host


@pytest.fixture(autouse=True)
def places(monkeypatch) -> Slots:
    """Two slots for downloads, all of them free."""
    places = Slots(2, "Too many downloads are running. Try again in a moment.")
    # Else a test that leaves a response open would take a slot from the next.
    monkeypatch.setattr(downloads, "DOWNLOADS", places)
    return places


def end(response) -> None:
    """Closes a download as the web server does, without ending the test's own transaction."""
    with mock.patch.object(request_finished, "send"):
        response.close()


def free(places: Slots) -> int:
    return places._free._value


def at(member, url: str, **fields) -> Task:
    """A task whose clip 2 lies at `url`."""
    return make_task(member, urls=["https://clips.example/1.mp4", url], **fields)


def download(web, task: Task):
    return web.get(f"/tasks/{task.pk}/clips/2/download/")


def test_a_download_is_the_clips_bytes_under_the_prompts_name(web, original):
    age(original, prompt="A cat, dancing!\nall night")
    clip = original.clip(2)
    response = download(web, original)
    assert response.status_code == 200
    body = b"".join(response.streaming_content)
    assert body == requests.get(clip.source_url, timeout=10).content
    assert response["Content-Disposition"] == 'attachment; filename="a-cat-dancing-2.mp4"'
    assert (response["Content-Type"], response["Content-Length"]) == ("video/mp4", str(len(body)))
    assert "private" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ('"; filename="evil.exe', "filenameevilexe-2.mp4"),
        ("a\tb\r\nX-Evil: yes", "a-b-2.mp4"),
        ("../../etc/passwd", "etcpasswd-2.mp4"),
        ("雪が降る", "clip-2.mp4"),
        ("word " * 100, None),
    ],
)
def test_a_name_is_short_and_plain_whatever_the_prompt(web, member, host, prompt, name):
    response = download(web, at(member, host.url + "/clip", prompt=prompt))
    given = re.fullmatch(r'attachment; filename="([\w-]{1,62}\.mp4)"', response["Content-Disposition"], re.ASCII)[1]
    assert given == (name or given)
    assert "X-Evil" not in response.headers
    end(response)


def test_nothing_but_the_bytes_comes_from_the_clips_host(web, member, host):
    response = download(web, at(member, host.url + "/odd"))
    assert b"".join(response.streaming_content) == CLIP
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "theirs" not in response.cookies


def test_a_clip_that_did_not_come_is_not_found(web, member):
    task = make_task(member, urls=[None, "https://clips.example/2.mp4"])
    for index in (0, 1, 3, 4, 5, 99999999999999999999):
        assert web.get(f"/tasks/{task.pk}/clips/{index}/download/").status_code == 404


def test_a_clip_that_is_gone_leads_to_its_own_address(web, member, sandbox):
    task = at(member, f"{sandbox.url}/videos/gone.mp4")
    response = download(web, task)
    assert (response.status_code, response["Location"]) == (302, task.clip(2).source_url)


def test_a_host_that_cannot_be_reached_leads_to_the_clips_own_address(web, member, settings):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.APIFRAME_BASE_URL = f"http://127.0.0.1:{closed.getsockname()[1]}"
        settings.SANDBOX = True
        task = at(member, f"{settings.APIFRAME_BASE_URL}/1.mp4")
        response = download(web, task)
    assert (response.status_code, response["Location"]) == (302, task.clip(2).source_url)


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1:{port}/",
        "https://localhost:{port}/",
        "https://127.1:{port}/",
        "https://2130706433:{port}/",
        "https://0.0.0.0:{port}/",
        "https://[::ffff:127.0.0.1]:{port}/",
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "ftp://127.0.0.1:{port}/",
    ],
)
@pytest.mark.parametrize("way", ["at once", "by a redirect"])
def test_an_address_that_leads_inside_is_never_connected_to(web, member, host, address, way):
    with Listener() as inside:
        url = address.format(port=inside.port)
        response = download(web, at(member, url if way == "at once" else f"{host.url}/to/{url}"))
        # Django refuses to redirect a browser to anything but http, https and ftp.
        assert response.status_code == 302
        assert inside.connections() == 0


def test_nor_one_that_leads_inside_over_the_newer_internet_protocol(web, member, host):
    try:
        listener = Listener(socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with listener as inside:
        url = f"https://[::1]:{inside.port}/"
        for way in (url, f"{host.url}/to/{url}"):
            assert download(web, at(member, way)).status_code == 302
        assert inside.connections() == 0


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1"])
def test_a_private_address_is_not_tried(web, member, host, monkeypatch, address):
    connected = []
    monkeypatch.setattr(
        "urllib3.util.connection.create_connection", lambda *args, **more: connected.append(args) or 1 / 0
    )
    assert download(web, at(member, f"https://{address}/1.mp4")).status_code == 302
    assert connected == []
    # A public one is: so this test would see it.
    with pytest.raises(ZeroDivisionError):
        download(web, at(member, "https://93.184.215.14/1.mp4"))


def test_the_sandbox_is_no_way_in_where_the_real_apiframe_is_used(web, member, settings):
    settings.SANDBOX = False
    with Listener() as inside:
        settings.APIFRAME_BASE_URL = f"http://127.0.0.1:{inside.port}"
        response = download(web, at(member, f"{settings.APIFRAME_BASE_URL}/1.mp4"))
        assert response.status_code == 302
        assert inside.connections() == 0


def test_redirects_within_the_hosts_origin_are_followed_a_few_times(web, member, host):
    once = f"{host.url}/to/{host.url}/clip"
    assert b"".join(download(web, at(member, once)).streaming_content) == CLIP
    often = f"{host.url}/to/" * 5 + f"{host.url}/clip"
    assert download(web, at(member, often)).status_code == 302


@pytest.mark.parametrize("url", ["https://" + "a" * 64 + ".example/", "https://a..b/", "https://xn--/"])
def test_an_address_that_is_none_breaks_nothing_and_costs_no_place(web, member, host, places, url):
    assert download(web, at(member, url)).status_code == 302
    assert free(places) == 2


def test_places_are_given_back_however_a_download_ends(web, member, host, places):
    good, gone = at(member, host.url + "/clip"), at(member, "https://127.0.0.1/")
    for _ in range(3):
        response = download(web, good)
        assert free(places) == 1
        assert b"".join(response.streaming_content) == CLIP
        end(response)
        end(download(web, good))
        begun = download(web, good)
        next(iter(begun.streaming_content))
        end(begun)
        assert download(web, gone).status_code == 302
        assert free(places) == 2


def test_closing_a_download_twice_gives_back_one_place(web, member, host, places):
    task = at(member, host.url + "/clip")
    first, second = download(web, task), download(web, task)
    end(first)
    end(first)
    assert free(places) == 1
    end(second)
    assert free(places) == 2


def test_where_no_place_is_free_the_browser_fetches_the_clip_itself(web, member, host, places):
    task = at(member, host.url + "/clip")
    taken = [download(web, task), download(web, task)]
    response = download(web, task)
    assert (response.status_code, response["Location"]) == (302, task.clip(2).source_url)
    for download_ in taken:
        end(download_)
    response = download(web, task)
    assert response.status_code == 200
    end(response)


def test_a_clip_that_is_too_large_breaks_off_with_an_error(web, member, host, places, settings):
    settings.ARCHIVE_MAX_MB = 0
    response = download(web, at(member, host.url + "/odd"))
    with pytest.raises(Unavailable):
        b"".join(response.streaming_content)
    end(response)
    assert free(places) == 2


@pytest.mark.alone
def test_a_clip_that_drips_is_cut_at_the_deadline(web, member, host, monkeypatch):
    monkeypatch.setattr(remote, "MAX_SECONDS", 0.3)
    response = download(web, at(member, host.url + "/drip"))
    # Should the deadline not hold, the host ends the clip itself, so that this test ends too.
    threading.Timer(2, host.over.set).start()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        b"".join(response.streaming_content)
    assert time.monotonic() - began < 1.5
    end(response)


@pytest.mark.alone
def test_a_host_that_drips_its_headers_is_cut_at_the_deadline(web, member, host, places, monkeypatch):
    monkeypatch.setattr(remote, "MAX_SECONDS", 0.3)
    threading.Timer(2, host.over.set).start()
    began = time.monotonic()
    assert download(web, at(member, host.url + "/slow")).status_code == 302
    assert time.monotonic() - began < 1.5
    assert free(places) == 2
