"""A picture is given to APIFRAME, and whatever it answers is an address or an error that says what to do next."""

import pytest

from extender.apiframe import BadKey, Busy, Client, NotSent, NotUploaded, Refused
from extender.apiframe.addresses import picture_url_in
from tests.pictures import jpeg


def test_a_picture_lies_where_apiframe_says(sandbox):
    url = Client.from_settings().upload(jpeg())
    assert sandbox.get(url.removeprefix(sandbox.url)).content == jpeg()
    assert sandbox.ledger()["totals"]["bills"] == 0


@pytest.mark.parametrize(
    ("word", "error", "says"),
    [
        ("upload-400", Refused, "The request was refused"),
        ("upload-401", BadKey, "API key"),
        ("upload-429", Busy, "busy"),
        ("upload-500", NotUploaded, "could not be uploaded yet"),
        ("upload-html", NotUploaded, "could not be uploaded yet"),
        ("upload-hang-up", NotUploaded, "could not be uploaded yet"),
        ("upload-stall", NotUploaded, "could not be uploaded yet"),
    ],
)
def test_a_bad_answer_says_what_to_do_next(sandbox, shorten, word, error, says):
    sandbox.options(misbehave=[word])
    if word == "upload-stall":
        shorten("extender.apiframe.client.UPLOAD_SECONDS", 0.5)
    with pytest.raises(error, match=says) as raised:
        Client.from_settings().upload(jpeg())
    assert raised.type is error


def test_a_refusal_is_in_their_words(sandbox):
    with pytest.raises(Refused, match="image must not be larger than 2 MB"):
        Client.from_settings().upload(jpeg() + bytes(2 << 20))


def test_without_a_connection_the_gate_hears_of_it(settings):
    settings.APIFRAME_BASE_URL = "http://nowhere.invalid"
    with pytest.raises(NotSent):
        Client.from_settings().upload(jpeg())


@pytest.mark.parametrize(
    ("body", "url"),
    [
        ({"imageURL": "https://cdn.example/1.jpg"}, "https://cdn.example/1.jpg"),
        ({"data": {"image_url": " https://cdn.example/1.jpg"}}, "https://cdn.example/1.jpg"),
        ({"imageURL": "javascript:alert(1)"}, ""),
        ({"imageURL": 7}, ""),
        ({}, ""),
    ],
)
def test_the_address_is_found_however_it_is_spelt(body, url):
    assert picture_url_in(body) == url
