"""Where APIFRAME says that clips and pictures lie, under whatever name and however listed."""

import json
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from extender.apiframe.finding import MAX_DEPTH, objects_in
from extender.apiframe.vocabulary import URLS, plainly, plainly_named, text_of
from extender.network.addresses import may_be_fetched

# Of a task that has finished, these can hardly be anything else.
URLS_OF_FINISHED = ("videos", "images", "output", "outputs", "result", "results", "urls", "data", "videourl", "video")
URL = ("url", "videourl", "video", "imageurl", "image", "uri", "href", "src", "link", "downloadurl", "fileurl")
NUMBERED = re.compile(r"(?:clip|video|image|url|videourl|imageurl|item|output|result|index|take)?(\d{1,3})")
MAX_URL = 8192
AROUND = "\"'<>\ufeff\u200b\u200e\u200f\u2060 \t\r\n\xa0"
MOST_CLIPS = 4


def clip_urls_in(
    task: dict[str, Any], usable: Callable[[str], bool], *, may_be_named_otherwise: bool
) -> tuple[str, tuple[str | None, ...]]:
    """Under which name the addresses of its clips stand, and these; "" and none where there are none."""
    names = (*URLS, *URLS_OF_FINISHED) if may_be_named_otherwise else URLS
    found = ((name, urls) for name in names if any(urls := _clip_urls(task.get(name), usable)))
    return next(found, ("", ()))


def picture_url_in(body: Any) -> str:
    """Where `body` says that an uploaded picture lies; "" where it does not."""
    texts = (
        text_of(fields.get(name)) for fields in map(plainly_named, objects_in(body)) for name in ("imageurl", "url")
    )
    return next((text for text in texts if re.match("https?://", text)), "")


def usable_clip_url(sandbox_origin: str | None) -> Callable[[str], bool]:
    """A rule for clips' addresses: public https, and anything of `sandbox_origin`, where there is one."""
    return partial(may_be_fetched, excepted_origin=sandbox_origin)


def _clip_urls(value: Any, usable: Callable[[str], bool]) -> tuple[str | None, ...]:
    """The first four addresses in their places; an unusable or repeated one leaves its place empty."""
    places: list[str | None] = []
    for entry in _listed(value)[:MOST_CLIPS]:
        found = (text for text in _spellings(_address_in(entry)) if len(text) <= MAX_URL and usable(text))
        text = next(found, None)
        places.append(text if text not in places else None)
    return tuple(places)


def _listed(value: Any, depth: int = MAX_DEPTH) -> list[Any]:
    """What `value` lists: a list itself, JSON of one as text, addresses in a row, an object by numbers or of one."""
    if not depth:
        return []
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):
            return _listed(json.loads(value), depth - 1)
        # Tried where a row of them begins alone: at each of a long one it would cost the square of its length.
        return re.split(r"(?<![\s,;|])[\s,;|]+(?=https?://)", value.strip())
    if isinstance(value, dict):
        return _numbered(value) or ([value] if _address_in(value) else _listed(_only(value.values()), depth - 1))
    if isinstance(value, list):
        return _by_index(value) or [each for entry in value for each in _entries(entry, depth)]
    return []


def _entries(entry: Any, depth: int) -> list[Any]:
    """What stands at one place of a list: an address, or several in a list or an object of its own."""
    is_more = isinstance(entry, list) or (isinstance(entry, dict) and not _address_in(entry))
    return (is_more and _listed(entry, depth - 1)) or [entry]


def _by_index(value: list[Any]) -> list[Any]:
    """The places of a list whose entries say at which each stands; [] where they do not."""
    indices = [str(plainly_named(entry).get("index")) for entry in value if isinstance(entry, dict)]
    is_said = len(set(indices)) == len(value) and all(re.fullmatch("[0-4]", index) for index in indices)
    return _numbered(dict(zip(indices, value, strict=True))) if is_said else []


def _only(values: Collection[Any]) -> Any:
    """The only list among `values`, or the only one of them: beside others an address may be of anything."""
    lists = [value for value in values if isinstance(value, list)]
    found = lists or values
    return next(iter(found)) if len(found) == 1 else None


def _numbered(value: dict[str, Any]) -> list[Any]:
    """The first places of an object whose names are their numbers, from 0 or from 1 on."""
    numbers = {int(found[1]): each for name, each in value.items() if (found := NUMBERED.fullmatch(plainly(name)))}
    first = min(1, *numbers) if numbers else 1
    return [numbers.get(first + place) for place in range(MOST_CLIPS)] if numbers else []


def _address_in(entry: Any, depth: int = MAX_DEPTH) -> str:
    """The address that `entry` is, or holds under a name for one."""
    if not isinstance(entry, dict) or not depth:
        return text_of(entry)
    fields = plainly_named(entry)
    return next((text for name in URL if (text := _address_in(fields.get(name), depth - 1))), "")


def _spellings(address: str) -> Iterator[str]:
    """`address` as it came, and as it would have to be written: bare, by https, without blanks, its host in ASCII."""
    yield address
    bare = address.replace("\\/", "/").strip(AROUND)
    plain = re.sub("^(http:)?//", "https://", bare, flags=re.IGNORECASE).replace(" ", "%20")
    yield plain
    with suppress(UnicodeError):
        yield re.sub("(?<=^https://)[^/?#]+", lambda host: host[0].encode("idna").decode(), plain)
