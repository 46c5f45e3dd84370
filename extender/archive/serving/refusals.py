"""Why a file is not sent now: in words for what plays it, as a page for whoever pressed a button."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from extender.tasks.slots import TooMany


def in_words(error: Exception) -> HttpResponse:
    """The answer to a player, which shows nobody what it says."""
    return _later(error, HttpResponse(f"{error}\n", content_type="text/plain"))


def as_page(request: HttpRequest, error: Exception, back: str) -> HttpResponse:
    """The answer to a person, in place of a download; `back` is the address of the page that offered it."""
    context = {"heading": "Not now", "sentence": error, "back": back}
    return _later(error, render(request, "shared/refusal.html", context))


def _later(error: Exception, answer: HttpResponse) -> HttpResponse:
    answer.status_code, answer["Retry-After"] = (429, "5") if isinstance(error, TooMany) else (503, "10")
    return answer
