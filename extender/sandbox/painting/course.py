"""The course of a take: where it starts, where it eases to, and every moment in between."""

from dataclasses import dataclass

import numpy as np

from .canvas import Camera, smooth
from .film import RATE
from .looks import HOURS, TINTS, Look
from .words import Wish, understand

# How far a take travels: (pixels sideways, pixels up, zoom), and how fast the world's clock runs.
TRAVEL = {"low": (70.0, 26.0, 0.09), "high": (230.0, 62.0, 0.30)}
CHANGE = {"low": 0.55, "high": 0.92}  # how far the light goes towards another hour
DOWNPOUR = {"low": 0.5, "high": 1.0}
PACE = {"low": 1.0, "high": 2.6}
MOVES = ((-1.0, 0.15, 0.35), (1.0, -0.1, 0.35), (0.35, 1.0, 0.0), (-0.25, -0.2, 1.0))
ASIDE = {"street": 0.45}  # narrower than the open country: the nearest walls would fill the picture
BOUNDS = ((-240.0, 240.0), (-45.0, 65.0), (1.0, 1.45))

USUAL_HOURS = {
    "sea": ("dusk", "golden", "night"),
    "mountains": ("dawn", "golden", "grey"),
    "street": ("night", "dusk"),
    "meadow": ("golden", "day", "dawn"),
    "dunes": ("golden", "dusk", "day"),
    "forest": ("night", "dusk"),
    "clouds": ("dawn", "dusk", "golden"),
    "space": ("night",),
}
DARK_ELEMENTS = {"lanterns", "aurora"}  # only night shows them well
USUAL_ELEMENTS = {
    "sea": ("boats", "birds", "lanterns", "rain", "aurora"),
    "mountains": ("birds", "motes", "snow", "lanterns", "rain"),
    "street": ("rain", "lanterns", "snow", "motes"),
    "meadow": ("motes", "birds", "lanterns", "rain"),
    "dunes": ("birds", "motes", "lanterns", "aurora"),
    "forest": ("aurora", "motes", "snow", "lanterns"),
    "clouds": ("birds", "motes", "aurora", "lanterns"),
    "space": ("aurora", "motes"),
}


@dataclass(frozen=True)
class Moment:
    """All a scene needs to paint one picture; `clock` is the world's own time in seconds."""

    camera: Camera
    clock: float
    look: Look


@dataclass(frozen=True)
class World:
    """What never changes along a chain of clips: the kind of scene and the seed of its shapes."""

    kind: str
    seed: int
    features: tuple[str, ...]


@dataclass(frozen=True)
class Stance:
    """An end of a take: camera position (x, y, zoom), its speed per second, the clock, its pace, the look."""

    position: np.ndarray
    speed: np.ndarray
    clock: float
    pace: float
    look: Look


@dataclass(frozen=True)
class Course:
    world: World
    key: int
    start: Stance
    end: Stance
    frames: int

    def moments(self):
        """The moment of every frame; the first is the start, the last the end."""
        for frame in range(self.frames):
            share = frame / (self.frames - 1)
            x, y, zoom = self._position(share)
            look = self.start.look.blend(self.end.look, float(smooth(0, 1, share)))
            yield Moment(Camera(float(x), float(y), float(zoom)), self._clock(share), look)

    def _position(self, share: float) -> np.ndarray:
        """A cubic curve through both ends that meets both speeds, so that joined clips do not jerk."""
        square, cube, seconds = share**2, share**3, duration(self.frames)
        return (
            (2 * cube - 3 * square + 1) * self.start.position
            + (cube - 2 * square + share) * seconds * self.start.speed
            + (3 * square - 2 * cube) * self.end.position
            + (cube - square) * seconds * self.end.speed
        )

    def _clock(self, share: float) -> float:
        """The integral of a pace that eases from the start's to the end's."""
        eased = share**3 - share**4 / 2
        paced = self.start.pace * share + (self.end.pace - self.start.pace) * eased
        return self.start.clock + duration(self.frames) * paced

    def ending(self) -> dict:
        """The end as JSON, from which `resume` starts."""
        end = self.end
        return {
            "kind": self.world.kind,
            "seed": self.world.seed,
            "features": list(self.world.features),
            "key": self.key,
            "position": [float(part) for part in end.position],
            "speed": [float(part) for part in end.speed],
            "clock": self._clock(1.0),
            "pace": end.pace,
            "look": end.look.written(),
        }


def duration(frames: int) -> float:
    """Seconds from the first frame to the last."""
    return (frames - 1) / RATE


def plot(shot) -> Course:
    """The course of a shot: a fresh one, or one that resumes its parent's ending."""
    wish = understand(shot.prompt)
    frames = max(2, round(shot.seconds * RATE))
    return _resume(shot, wish, frames) if shot.parent else _begin(shot, wish, frames)


def _begin(shot, wish: Wish, frames: int) -> Course:
    """A start clip: its index gives another composition, and its hour a slightly different light."""
    world = World(wish.kind, (wish.key + 7919 * shot.seed + 104729 * shot.index) % 2**31, wish.features)
    rng = np.random.default_rng([shot.seed % 2**31, wish.key % 2**31])
    usual = USUAL_HOURS[wish.kind]
    hour = wish.hour or usual[wish.key % len(usual)]
    others = [name for name in rng.permutation(list(HOURS)) if name != hour]
    look = _lit(wish, hour).blend(_lit(wish, others[shot.index % len(others)]), 0.16)
    look = look.replaced(**_amounts(shot, wish.elements))
    if not wish.elements:
        look = look.replaced(**_amounts(shot, [USUAL_ELEMENTS[wish.kind][shot.index % 2]]))
    travel = _travel(shot, rng, wish.kind, 1.0)
    middle = np.array([0.0, 0.0, 1.0 + max(0.0, travel[2]) / 2])
    first, last = _bounded(middle - travel / 2), _bounded(middle + travel / 2)
    speed = (last - first) / duration(frames)
    start = Stance(first, speed, 20.0 + 40.0 * rng.random(), PACE[shot.motion], look)
    return Course(world, wish.key, start, Stance(last, speed * 0.8, 0.0, PACE[shot.motion], look), frames)


def _resume(shot, wish: Wish, frames: int) -> Course:
    """An extension: eases from the parent's ending towards this take's own move, light and element."""
    parent = shot.parent
    world = World(parent["kind"], parent["seed"], tuple(parent["features"]))
    start = Stance(
        np.array(parent["position"]),
        np.array(parent["speed"]),
        parent["clock"],
        parent["pace"],
        Look.read(parent["look"]),
    )
    rng = np.random.default_rng([shot.seed % 2**31, wish.key % 2**31, int(parent["clock"] * 1000) % 2**31])
    position = _bounded(start.position + _travel(shot, rng, world.kind, 1.2, start.position))
    speed = 0.6 * (position - start.position) / duration(frames)
    look = _destination(shot, wish, start.look, wish.key != parent["key"], world.kind, rng)
    return Course(world, wish.key, start, Stance(position, speed, 0.0, PACE[shot.motion], look), frames)


def _travel(shot, rng, kind: str, factor: float, position=(0.0, 0.0, 1.2)) -> np.ndarray:
    """This take's way (x, y, zoom). The four takes share out the four moves; one blocked turns back."""
    direction = np.array(MOVES[rng.permutation(len(MOVES))[(shot.index - 1) % 4]])
    travel = factor * direction * TRAVEL[shot.motion] * (ASIDE.get(kind, 1.0), 1.0, 1.0)
    for axis, (low, high) in enumerate(BOUNDS):
        room = high - position[axis] if travel[axis] > 0 else position[axis] - low
        if room < abs(travel[axis]) / 2:
            travel[axis] *= -1
    return travel


def _bounded(position: np.ndarray) -> np.ndarray:
    lows, highs = zip(*BOUNDS, strict=True)
    return np.clip(position, lows, highs)


def _destination(shot, wish: Wish, look: Look, changed: bool, kind: str, rng) -> Look:
    """The look an extension ends in: the new prompt's, or with the same prompt another hour per take."""
    brightness = _brightness(look)
    usual = list(rng.permutation(USUAL_ELEMENTS[kind]))
    arriving = _amounts(shot, [*wish.elements, usual[shot.index % len(usual)]])
    # The hours that would change the light most come first; the takes share them out.
    hours = sorted(HOURS, key=lambda name: -abs(_brightness(HOURS[name]) - brightness))[:5]
    hour = list(rng.permutation(hours))[shot.index % 4]
    if changed and wish.hour:
        target = _lit(wish, wish.hour).blend(_lit(wish, hour), 0.22)
    else:
        target = look.blend(_lit(wish, hour), CHANGE[shot.motion])
    if not wish.hour and not DARK_ELEMENTS.isdisjoint(arriving):
        target = look.blend(_lit(wish, "night" if shot.index % 2 else "dusk"), CHANGE[shot.motion])
    fading = {name: getattr(look, name) * 0.4 for name in USUAL_ELEMENTS[kind]}
    return target.replaced(**{**fading, **arriving})


def _amounts(shot, elements) -> dict[str, float]:
    """How much of each element: all of it, but rain and snow, which fill the picture, by the motion asked for."""
    return {name: DOWNPOUR[shot.motion] if name in ("rain", "snow") else 1.0 for name in elements}


def _brightness(look: Look) -> float:
    return float(look.horizon.mean() + look.zenith.mean())


def _lit(wish: Wish, hour: str) -> Look:
    """An hour's look, tinted as the prompt's hash has it."""
    return HOURS[hour].tinted(TINTS[wish.key % len(TINTS)], 0.10)
