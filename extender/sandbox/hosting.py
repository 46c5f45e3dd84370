"""The clips' host, and every way it can fail whoever fetches a clip."""

import gzip
import random
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import SplitResult, urlsplit

from extender.sandbox import answers, delivery, misbehaviour, videos, wire
from extender.sandbox.answers import Answer
from extender.sandbox.service import Service

HUGE_BYTES = 1 << 30
LATE_TURNS = 3
SLOW_SECONDS, SLOW_PIECES = 5.0, 50
INSIDE = ("http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:1/")  # of an even clip, of an odd one
BODIES = {
    f"clip-{name}"
    for name in ("drip", "stall", "truncated", "cut", "wrong-length", "huge", "endless", "slow", "gzip")
}

_NOISE = random.Random(7).randbytes(100_000)  # noqa: S311
_PAGE = "<!doctype html><title>One moment, please</title><h1>Checking your browser</h1>"
_MISSIGNED = '<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code></Error>'
_EXPIRED = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'


def serve(handler: BaseHTTPRequestHandler, service: Service, target: str) -> tuple[int, str | None]:
    """Answers GET or HEAD for the clip at `target`, a path with its query; returns the status and the fault."""
    parts = urlsplit(target)
    match = videos.PATH.fullmatch(parts.path)
    task = service.store.task(match[1]) if match else None
    word = misbehaviour.clip_fault(task.words + service.options.misbehave) if task else None
    if task and "clips-signed" in task.words and parts.query != wire.SIGNATURE:
        delivery.send(handler, Answer(403, _MISSIGNED.encode(), "application/xml"))
        return 403, "clips-signed"
    if not task or not word:
        return videos.serve(handler, service.render_queue.videos, parts.path), None
    answer = _instead(service, word, task.task_id, parts, handler.headers.get("User-Agent", ""))
    if answer:
        delivery.send(handler, answer)
        return answer.status, word
    clip = videos.opened(service.render_queue.videos, parts.path) if word in BODIES else None
    if not clip:
        return videos.serve(handler, service.render_queue.videos, parts.path), None
    with clip:
        _send_badly(handler, service, word, clip.read())
    return 200, word


def _instead(service: Service, word: str, task_id: str, target: SplitResult, agent: str) -> Answer | None:
    """What is answered instead of the file; None where the file comes, well or badly."""
    memory, path, query = service.memory, target.path, target.query
    match word:
        case "clip-404-once" if query != "fresh":
            memory.expire(task_id)
            return answers.refused(404, "Video not found")
        case "clip-500-once" if memory.turn(path) == 1:
            return answers.of(500, {})
        case "clip-late" if memory.turn(path) <= LATE_TURNS:
            return answers.refused(404, "Video not found")
        case "clip-403":
            return Answer(403, _EXPIRED.encode(), "application/xml")
        case "clip-browsers-only" if not agent.startswith("Mozilla/"):
            return Answer(403, _PAGE.encode(), "text/html; charset=utf-8")
        case "clip-410":
            return answers.refused(410, "Video removed")
        case "clip-html":
            return Answer(200, _PAGE.encode(), "text/html; charset=utf-8")
        case "clip-not-video":
            return Answer(200, _NOISE, "video/mp4")
        case "clip-gzip-bomb":
            return Answer(200, b"  ", "video/mp4", delivery=answers.GZIP_BOMB)
        case "clip-br":
            return Answer(200, _NOISE, "video/mp4", headers={"Content-Encoding": "br"})
        case "clip-redirect" if query != "redirected":
            return Answer(302, headers={"Location": f"{path}?redirected"})
        case "clip-redirect-loop":
            return Answer(302, headers={"Location": path})
        case "clip-redirect-inside":
            return Answer(302, headers={"Location": INSIDE[int(path[-5], 36) % 2]})
    return None


def _send_badly(handler: BaseHTTPRequestHandler, service: Service, word: str, clip: bytes) -> None:
    """Sends the headers, and a body that is not what they promise, or not when."""
    lengths = {"clip-wrong-length": len(clip) // 2, "clip-huge": HUGE_BYTES, "clip-endless": None, "clip-cut": None}
    handler.close_connection = True
    packing = {}
    if word == "clip-gzip":
        clip, packing = gzip.compress(clip), {"Content-Encoding": "gzip"}
    delivery.head(
        handler, Answer(200, type=videos.type_of(handler.path), headers=packing), lengths.get(word, len(clip))
    )
    if handler.command == "HEAD":
        return
    for piece, seconds in _pieces(word, clip, service.options.stall):
        handler.wfile.write(piece)
        handler.wfile.flush()
        if seconds and service.stopping.wait(seconds):
            return


def _pieces(word: str, clip: bytes, stall: float) -> Iterator[tuple[bytes, float]]:
    """The pieces of the body, each with how many seconds follow it."""
    half = clip[: len(clip) // 2]
    match word:
        case "clip-drip":
            yield from ((bytes((byte,)), delivery.DRIP_SECONDS) for byte in clip)
        case "clip-stall":
            yield half, stall
        case "clip-truncated" | "clip-cut":
            yield half, 0
        case "clip-slow":
            step = len(clip) // SLOW_PIECES + 1
            yield from ((clip[at : at + step], SLOW_SECONDS / SLOW_PIECES) for at in range(0, len(clip), step))
        case "clip-huge" | "clip-endless":
            sent = 0
            while word == "clip-endless" or sent < HUGE_BYTES:
                yield _NOISE[: HUGE_BYTES - sent] if word == "clip-huge" else _NOISE, 0
                sent += len(_NOISE)
        case _:
            yield clip, 0
