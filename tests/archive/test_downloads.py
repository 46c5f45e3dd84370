"""Downloads of clips: the file under a sensible name, nothing from inside, and no place lost."""

import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest
import requests

from extender.network.errors import Unavailable
from extender.tasks.models import Task
from tests.archive.places import end, free
from tests.helpers import age, make_task

CLIP = b"0123456789" * 1000
pytestmark = pytest.mark.usefixtures("places")


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
                """For a minute, should nobody leave."""
                try:
                    for _ in range(1200):
                        self.wfile.write(b"x")
                        if host.over.wait(0.05):
                            return
                except OSError:
                    host.left.set()

            def log_message(self, *_: object) -> None:
                pass

        self.over, self.left = threading.Event(), threading.Event()
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
    assert body == requests.get(clip.source_url, timeout=120).content
    assert response["Content-Disposition"] == 'attachment; filename="a-cat-dancing-2.mp4"'
    assert (response["Content-Type"], response["Content-Length"]) == ("video/mp4", str(len(body)))
    assert "private" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ('"; filename="evil.exe', "filenameevilexe-2.mp4"),
        ("a\tb\r\nX-Evil: yes", "a-b-2.mp4"),
        ("../../etc/passwd", "etcpasswd-2.mp4"),
        ("word " * 100, None),
        ("COM¹.", "com1-clip-2.mp4"),
    ],
)
def test_a_name_is_short_and_plain_whatever_the_prompt(web, member, host, prompt, name):
    response = download(web, at(member, host.url + "/clip", prompt=prompt))
    given = re.fullmatch(r'attachment; filename="([\w-]{1,62}\.mp4)"', response["Content-Disposition"], re.ASCII)[1]
    assert given == (name or given)
    assert "X-Evil" not in response.headers
    end(response)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("雨が降る", "雨が降る"),
        ("Дождь, опять", "дождь-опять"),
        ("🎬🔥", "🎬🔥"),
        ("\N{HEBREW LETTER SHIN}\u202e/cod.exe", "\N{HEBREW LETTER SHIN}codexe"),
        ("雨" * 300, "雨" * 60),
        ("🎬" * 60, "🎬" * 47),
    ],
)
def test_a_name_has_the_prompts_words_in_their_own_script(web, member, host, prompt, words):
    response = download(web, at(member, host.url + "/clip", prompt=prompt))
    shown = re.fullmatch(
        r"attachment; filename=\"(clip-[0-9a-f]{8}\.mp4)\"; filename\*=UTF-8''([\w.%-]+)",
        response["Content-Disposition"],
        re.ASCII,
    )
    assert unquote(shown[2]) == f"{words}-2.mp4"
    end(response)
    other = download(web, at(member, host.url + "/clip", prompt=f"{prompt[:9]}雪"))
    assert shown[1] not in other["Content-Disposition"], "their names in ASCII differ as well"
    end(other)


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
        "https://localhost:{port}/",
        "https://[::ffff:127.0.0.1]:{port}/",
        "http://127.0.0.1:{port}/",
    ],
)
@pytest.mark.parametrize("way", ["at once", "by a redirect"])
def test_an_address_that_leads_inside_is_never_connected_to(web, member, host, address, way):
    """Every spelling of such an address that we know is in tests/network."""
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


def test_closing_a_download_twice_gives_back_one_place(web, member, browser_of, stranger, host, places):
    first = download(web, at(member, host.url + "/clip"))
    second = download(browser_of(stranger), at(stranger, host.url + "/clip"))
    end(first)
    end(first)
    assert free(places) == 1
    end(second)
    assert free(places) == 2


def test_where_no_place_is_free_the_browser_fetches_the_clip_itself(web, member, host, places):
    task = at(member, host.url + "/clip")
    with places.slot(), places.slot():
        response = download(web, task)
    assert (response.status_code, response["Location"]) == (302, task.clip(2).source_url)
    response = download(web, task)
    assert response.status_code == 200
    end(response)


def test_so_it_does_while_another_of_its_member_is_on_its_way(web, member, host, places):
    task = at(member, host.url + "/clip")
    begun = download(web, task)
    response = download(web, task)
    assert (response.status_code, response["Location"]) == (302, task.clip(2).source_url)
    assert free(places) == 1
    end(begun)


def test_a_clip_that_is_too_large_breaks_off_with_an_error(web, member, host, places, settings):
    settings.ARCHIVE_MAX_MB = 0
    response = download(web, at(member, host.url + "/odd"))
    with pytest.raises(Unavailable):
        b"".join(response.streaming_content)
    end(response)
    assert free(places) == 2


def test_a_clip_that_drips_is_cut_at_the_deadline(web, member, host, shorten):
    shorten("extender.network.stream.MAX_SECONDS", 0.3)
    response = download(web, at(member, host.url + "/drip"))
    with pytest.raises(Unavailable, match=r"^It took too long\.$"):
        b"".join(response.streaming_content)
    end(response)


def test_a_host_that_drips_its_headers_is_cut_at_the_deadline(web, member, host, places, shorten):
    shorten("extender.network.stream.MAX_SECONDS", 0.3)
    assert download(web, at(member, host.url + "/slow")).status_code == 302
    assert host.left.wait(30)
    assert free(places) == 2
