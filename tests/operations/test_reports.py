"""What browsers report that they kept from our pages: counted for staff; it fills no disk, and leaves no secret."""

import json

import pytest
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from extender.operations import reports
from extender.operations.models import MOST_VIOLATIONS, Violation
from tests.helpers import queries

TOKEN = "a-guests-own-secret"
OLD = {
    "csp-report": {
        "document-uri": f"https://extender.example/s/{TOKEN}/?v=3",
        "violated-directive": "script-src-elem 'self'",
        "blocked-uri": f"https://cdn.example/{TOKEN}.js",
        "script-sample": TOKEN,
    }
}
NEW = [
    {
        "type": "csp-violation",
        "url": f"https://extender.example/s/{TOKEN}/",
        "body": {
            "documentURL": f"https://extender.example/s/{TOKEN}/",
            "effectiveDirective": "script-src-elem",
            "blockedURL": f"https://cdn.example/{TOKEN}.js",
        },
    }
]


@pytest.fixture(autouse=True)
def _allowed(monkeypatch, db):
    monkeypatch.setattr(reports, "BODIES", reports.Allowance(60))


def report(guest, body: object, kind: str = "application/csp-report"):
    response = guest.generic("POST", "/csp-reports/", body if isinstance(body, bytes) else json.dumps(body), kind)
    assert (response.status_code, response.content) == (204, b"")


def about(directive: str = "img-src", blocked: str = "inline", page: str = "https://x/tasks/") -> dict:
    return {"csp-report": {"document-uri": page, "effective-directive": directive, "blocked-uri": blocked}}


def test_a_report_is_counted_in_either_form_and_keeps_no_secret(guest, staff, log):
    report(guest, OLD)
    report(guest, NEW, "application/reports+json")
    (kind,) = Violation.objects.values("directive", "blocked", "page", "times")
    assert kind == {
        "directive": "script-src-elem",
        "blocked": "https://cdn.example",
        "page": "s/<str:token>/",
        "times": 2,
    }
    page = staff.get("/team/").content.decode()
    assert "https://cdn.example" in page
    assert "2 times" in page
    assert TOKEN not in page + log.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 10_000,
        b"\xff\xfe",
        b'{"csp-report": {"effective-directive": "img-src"}, "more": "' + b"x" * reports.MAX_BYTES + b'"}',
        [],
        [1, None, "x", {"body": 3}, {"csp-report": []}],
        {"csp-report": {}},
        about("made-up-src"),
        about("img-src\0"),
        about("<script>"),
    ],
)
def test_what_is_no_report_leaves_nothing(body, guest):
    report(guest, body)
    assert not Violation.objects.exists()


@pytest.mark.parametrize(
    ("blocked", "kept"),
    [
        ("inline", "inline"),
        ("eval", "eval"),
        ("data", "data"),
        ("data:text/html,secret", "data"),
        ("https://mira:secret@evil.example:8443/secret?secret", "https://evil.example"),
        ("https://x\ud800/", "https://x"),
        ("https://[", "unreadable"),
        ("<b>bold</b>", "unreadable"),
        (None, "unreadable"),
        ({"a": 1}, "unreadable"),
        ("https://" + "x" * 500, "https://" + "x" * 92),
    ],
)
def test_of_what_was_kept_out_the_origin_is_told(blocked, kept, guest):
    report(guest, about(blocked=blocked))
    assert Violation.objects.get().blocked == kept


@pytest.mark.parametrize("page", ["https://x/nowhere/secret", "no address", None, "https://[", 3, "about:blank"])
def test_a_page_that_is_none_of_ours_is_elsewhere(page, guest):
    report(guest, about(page=page))
    assert Violation.objects.get().page == "elsewhere"


def test_strangers_make_few_rows_and_few_reports_are_read(guest):
    for number in range(MOST_VIOLATIONS + 5):
        report(guest, about(blocked=f"https://{number}.example"))
    assert Violation.objects.count() == MOST_VIOLATIONS
    report(guest, [{"body": {"effectiveDirective": "img-src", "blockedURL": "https://1.example"}}] * 50)
    assert Violation.objects.count() == MOST_VIOLATIONS
    assert not Violation.objects.filter(blocked="https://0.example").exists(), "the rarest made room"
    for _ in range(60):
        report(guest, about(blocked="https://0.example"))
    assert queries(lambda: report(guest, about(blocked="https://0.example"))) == 0


def test_a_large_body_is_not_read_whole(guest, monkeypatch):
    """Nor does a file in it reach the disk: nothing here reads a form."""
    monkeypatch.setattr(TemporaryFileUploadHandler, "new_file", None)
    body = b"--x\r\n" + b"x" * 3_000_000
    assert guest.post("/csp-reports/", body, content_type="multipart/form-data; boundary=x").status_code == 413
    assert not Violation.objects.exists()
