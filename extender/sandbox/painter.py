"""Paints the sandbox's clips and pictures: a camera that moves calmly over a landscape.

The words choose the light: the hour that they name, or one by their hash. An extension goes on in its parent's
landscape, from its last picture and at its speed; when it ends, its colours are WARMTH warmer than its parent's were.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from extender.sandbox import encoding, opening
from extender.sandbox.landscape import BODIES, GRADE, REACH, Landscape, View, light, smooth

WARMTH = np.array([1.03, 1.0, 0.95], np.float32)  # by which each extension multiplies red, green and blue
RATE = 24  # pictures a second
AREA = 640 * 360  # pixels of a picture, whatever its shape

# How far a take travels (pixels aside, pixels up, zoom), how fast the world's clock runs, how far the light leans.
TRAVEL = {"low": (90.0, 24.0, 0.12), "high": (230.0, 46.0, 0.30)}
PACE = {"low": 1.0, "high": 2.6}
LEAN = {"low": 0.22, "high": 0.34}
MOVES = ((-1.0, 0.3, 0.3), (1.0, -0.2, 0.3), (0.4, 1.0, -0.2), (-0.25, -0.3, 1.0))
BOUNDS = np.array([(-REACH, -30.0, 1.0), (REACH, 50.0, 1.45)])  # of x, y and zoom

# In the order of a day: a take leans towards a neighbour.
HOURS = {
    "night": light("060c26 12244c 2a4a7a d8e6ff 263f68 24406c 050916 50709f", sun=-0.2, moon=0.34, stars=1.0),
    "dusk": light("2c3070 8a4f86 f4935f ffb878 b06f8c 7a4f80 17152e ff9f80", sun=0.11, stars=0.3),
    "golden": light("6f93b0 d8bc90 fbd593 ffe9b0 f0cfa0 c09a80 40332e ffe4bb", sun=0.22),
    "day": light("3f82c0 86b8dc d8ebee fff8e0 cfe2e6 8fb3c4 1f4448 ffffff", sun=0.38),
    "mist": light("7e909f a6b4bc d2dad9 f4f2e6 c4cfd2 9aabb3 2b3a40 e2e6e4", sun=0.28),
    "dawn": light("5f7fb4 b4b4cc f9d3b4 ffe3b8 e7cfd0 a9a0bd 2f3a55 ffdcc6", sun=0.16),
}
NAMES = {
    "night": "midnight moon moonlight moonlit stars starry dark",
    "dusk": "sunset evening twilight",
    "golden": "gold afternoon warm autumn amber",
    "day": "noon midday sunny bright summer",
    "mist": "misty fog foggy haze storm cloudy winter rain snow grey",
    "dawn": "sunrise morning daybreak first",
}


@dataclass(frozen=True)
class Shot:
    """One clip or picture to paint; `parent` is what `paint` returned for what it continues."""

    prompt: str
    motion: str  # "low" | "high"
    index: int  # 1..4, which of the four takes
    seed: int  # stable per task
    seconds: float  # 5.0 for a start clip, 4.0 for an extension, 0 for a picture
    parent: dict[str, Any] | None
    ratio: float = 16 / 9  # width over height; of no effect with a parent
    picture: str | None = None  # the file that a start clip begins with: its shape is the clip's


@dataclass(frozen=True)
class End:
    """Where a take begins or ends: (x, y, zoom, clock) as of View, their speeds per second, and the light."""

    place: np.ndarray
    speed: np.ndarray
    light: np.ndarray


@dataclass(frozen=True)
class Course:
    start: End
    end: End
    frames: int
    seconds: float  # from the first frame to the last

    def views(self) -> Iterator[View]:
        """The view of every frame; the first is the start's, the last the end's."""
        start, end = self.start, self.end
        for share in np.linspace(0, 1, self.frames):
            eased = float(smooth(0, 1, share))
            # A cubic curve through both ends that meets both speeds, so that nothing jerks where clips meet.
            leaving, arriving = share * (1 - share) ** 2, share**2 * (share - 1)
            place = start.place + eased * (end.place - start.place)
            place += self.seconds * (leaving * start.speed + arriving * end.speed)
            x, y, zoom, clock = place.tolist()
            light = (start.light + eased * (end.light - start.light)).astype(np.float32)
            yield View(x, y, zoom, clock, light)


def paint(shot: Shot, target: Path) -> dict[str, Any]:
    """Writes an MP4 at `target`, or a PNG if that is its name. Returns how it ends, JSON-serialisable: the
    `Shot.parent` of whatever continues it."""
    world, course = shot.parent["world"] if shot.parent else _world(shot), plot(shot)
    landscape = Landscape(world["seed"], *world["size"])
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if target.suffix == ".png":
            encoding.write_picture(landscape.picture(next(course.views())), draft)
        else:
            pictures: Iterator[np.ndarray] = map(landscape.picture, course.views())
            if shot.picture:
                pictures = opening.leave(Path(shot.picture), pictures, course.frames, shot.index)
            encoding.write_video(pictures, world["size"], RATE, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return {"world": world, "hour": _hour(shot), **{name: part.tolist() for name, part in vars(course.end).items()}}


def _world(shot: Shot) -> dict[str, Any]:
    """What never changes along a branch: the seed of the shapes, and the size in pixels."""
    ratio = opening.ratio(Path(shot.picture)) if shot.picture else shot.ratio
    height = 8 * round((AREA / ratio) ** 0.5 / 8)
    seed = (_key(shot.prompt) + 7919 * shot.seed + 104729 * shot.index) % 2**31
    return {"seed": seed, "size": [8 * round(height * ratio / 8), height]}


def _key(prompt: str) -> int:
    """A number that tells prompts apart."""
    return int.from_bytes(hashlib.sha256(prompt.encode("utf-8", "replace")).digest()[:6], "big")


def _hour(shot: Shot) -> str:
    """The hour that the words name, or else the parent's, or else one by their hash."""
    words = re.findall(r"[a-z]+", shot.prompt.lower())
    named = (hour for word in words for hour, names in NAMES.items() if word in (hour, *names.split()))
    inherited = shot.parent["hour"] if shot.parent else list(HOURS)[_key(shot.prompt) % len(HOURS)]
    return next(named, inherited)


def plot(shot: Shot) -> Course:
    """The course of a shot: a fresh one, or one that begins where its parent ended."""
    frames, pace, light = max(2, round(shot.seconds * RATE)), PACE[shot.motion], _light(shot)
    seconds = (frames - 1) / RATE
    if shot.parent:
        start = End(*(np.array(shot.parent[name]) for name in ("place", "speed", "light")))
    else:  # half of its way before the middle, and moving already
        middle = np.array([0.0, 0.0, 1.0 + TRAVEL[shot.motion][2] / 2])
        travel = _travel(shot, middle)
        first = np.append(np.clip(middle - travel / 2, *BOUNDS), shot.seed % 997 / 10)
        start = End(first, np.append(travel / seconds, pace), light)
    if not shot.seconds:  # a picture: it ends where it begins, at rest
        return Course(start, End(start.place, np.array([0, 0, 0, pace]), start.light), 1, 0)
    position = np.clip(start.place[:3] + _travel(shot, start.place[:3]), *BOUNDS)
    speed = np.append(0.7 * (position - start.place[:3]) / seconds, pace)
    clock = start.place[3] + seconds * (start.speed[3] + pace) / 2
    return Course(start, End(np.append(position, clock), speed, light), frames, seconds)


def _travel(shot: Shot, position: np.ndarray) -> np.ndarray:
    """This take's way (x, y, zoom). The four takes share out the four moves; one that has no room turns back."""
    order = np.random.default_rng([shot.seed % 2**31, _key(shot.prompt) % 2**31]).permutation(len(MOVES))
    travel = np.array(MOVES[order[(shot.index - 1) % 4]]) * TRAVEL[shot.motion]
    room = np.where(travel > 0, BOUNDS[1] - position, position - BOUNDS[0])
    return np.where(room < np.abs(travel) / 2, -travel, travel)


def _light(shot: Shot) -> np.ndarray:
    """The light in which a shot ends. Each take leans towards another hour: takes of the same words differ."""
    key, hour = _key(shot.prompt), list(HOURS).index(_hour(shot))
    chosen, away = list(HOURS.values())[hour].copy(), (1, -1, 2, -2)[(key + shot.index) % 4]
    lean = list(HOURS.values())[(hour + away) % len(HOURS)]
    chosen[:BODIES] *= (lean[:BODIES] / chosen[:BODIES]) ** LEAN[shot.motion]  # so that a night stays dark
    chosen[:BODIES] *= 1 + 0.05 * np.random.default_rng(key).uniform(-1, 1, 3)
    chosen[GRADE] = shot.parent["light"][GRADE] * WARMTH if shot.parent else 1
    return chosen
