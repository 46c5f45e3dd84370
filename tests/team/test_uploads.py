"""What comes in with forms: no file but where one is asked for, and nothing large is even read."""

import uuid
from io import BytesIO

from django.test import Client
from django.urls import get_resolver

from tests.project.routes import addresses


class Unread(BytesIO):
    """A body of which nobody may read anything."""

    def read(self, *_: int) -> bytes:
        raise AssertionError("it was read")


LARGE = {"CONTENT_TYPE": "multipart/form-data; boundary=x", "CONTENT_LENGTH": str(300 << 20), "wsgi.input": Unread()}
TAKING = {"new_video", "new", "look_up"}
WORDS = {"nonce": "a", "token": "a", **dict.fromkeys(("index", "share_pk", "member_pk"), 1)}
FILLED = dict.fromkeys(("pk", "root_pk", "export_pk"), uuid.uuid4()) | WORDS


def filled() -> dict[str, str]:
    """Every address of ours, by its name, about something that there is not."""
    return {name: route.format(**FILLED) for name, route in addresses(get_resolver())}


def test_a_large_body_is_refused_unread_at_every_address(web):
    for client in (web, Client(enforce_csrf_checks=True)):
        for name, address in filled().items():
            answer = client.post(address, **LARGE)
            assert answer.status_code == 413, name
    assert b"Nothing was sent or billed" in answer.content


def test_no_form_takes_a_file_save_those_that_say_so(member, web, settings, tmp_path):
    # Each file is for the disk, and whoever keeps one there raises.
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "nowhere"
    stranger, taking = Client(enforce_csrf_checks=True), set()
    # Else nobody would even look for the token in the form.
    stranger.cookies["csrftoken"] = "x" * 32
    member.is_staff = member.is_superuser = True
    member.save()
    for name, address in filled().items():
        stranger.post(address, {"file": BytesIO(b"a file")})
        # It may have been signed out.
        web.force_login(member)
        try:
            web.post(address, {"file": BytesIO(b"a file")})
        except FileNotFoundError:
            taking.add(name)
    assert taking == TAKING
    assert web.post("/password/", {"file": BytesIO(b"a file")}).status_code == 400
