"""Joins parts of files that are coded alike, packet by packet: nothing is encoded anew."""

from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from typing import Any

from extender.video.footage import quarter_turns
from extender.video.source import TICKS, Source

KIND = ("h264", "yuv420p")  # what every browser plays, and so in what a film comes


def can_join(sources: list[Source]) -> bool:
    """Whether the files agree in all that a player is told once, and each part can be taken out as it is coded.

    Two pictures at one moment are left to those who decode: they give each a moment of its own.
    """
    agreed = sources[0].survey.parameters
    return (
        agreed[:2] == KIND
        and all(source.survey.parameters == agreed for source in sources)
        and all(_run(source) and len(set(_ticks(source))) == len(_run(source)) for source in sources)
        and not any(quarter_turns(source.first) for source in sources)
    )


def join(container: Any, sources: list[Source], tell: Callable[[float], None]) -> tuple[int, int]:
    """Writes the parts in order; tells how many seconds are there. Returns how many pictures, and ticks, they are."""
    # Of pictures that lean on later ones the coded order runs ahead; a film has one delay for all its parts.
    delay = max(max(map(int.__sub__, sorted(ticks := _ticks(source)), ticks)) for source in sources)
    stream, count, offset = None, 0, 0
    for source in sources:
        run, ticks = _run(source), _ticks(source)
        order = sorted(ticks)
        ends = dict(zip(order, [*order[1:], order[-1] + source.last_ticks], strict=True))
        with source.open() as footage:
            stream = stream or container.add_stream_from_template(footage.stream)
            packets = islice((packet for packet in footage.packets() if packet.size), run.start, run.stop)
            for packet, shown, coded in zip(packets, ticks, order, strict=True):
                packet.stream, packet.time_base = stream, Fraction(1, TICKS)
                packet.pts, packet.dts = offset + shown - order[0], offset + coded - order[0] - delay
                packet.duration = ends[shown] - shown
                container.mux(packet)
                tell(packet.pts / TICKS)
        count, offset = count + len(run), offset + ends[order[-1]] - order[0]
    return count, offset


def _ticks(source: Source) -> list[int]:
    """The moments of its pictures, in the order in which they are coded."""
    return [source.tick(source.survey.packets[number].seconds or 0.0) for number in _run(source)]


def _run(source: Source) -> range:
    """The numbers of the packets that are the part; none where they cannot be decoded by themselves."""
    packets = source.survey.packets
    held = [n for n, packet in enumerate(packets) if packet.seconds is not None and source.holds(packet.seconds)]
    if not held:
        return range(0)
    run = range(held[0], held[-1] + 1)
    leans_back = any((packets[n].seconds or 0.0) < (packets[run.start].seconds or 0.0) for n in run)
    return run if list(run) == held and packets[run.start].is_key and not leans_back else range(0)
