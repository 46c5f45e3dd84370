"""Looks: the light, colours and weather of a moment, as numbers that blend into one another."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

COLOURS = ("zenith", "middle", "horizon", "glow", "mist", "shade", "cloud_light", "cloud_shade")
ELEMENTS = ("rain", "snow", "birds", "boats", "lanterns", "motes", "aurora")


@dataclass(frozen=True)
class Look:
    """Colours are float32 inks (3, 1, 1), 0 to 1; the rest are floats, 0 (none) to 1 (plenty).

    The heights of sun and moon are fractions of the picture above the horizon, negative when set.
    """

    zenith: np.ndarray
    middle: np.ndarray
    horizon: np.ndarray
    glow: np.ndarray
    mist: np.ndarray
    shade: np.ndarray
    cloud_light: np.ndarray
    cloud_shade: np.ndarray
    sun: float = -0.3
    moon: float = -0.3
    stars: float = 0.0
    dark: float = 0.0
    clouds: float = 0.5
    haze: float = 0.4
    rain: float = 0.0
    snow: float = 0.0
    birds: float = 0.0
    boats: float = 0.0
    lanterns: float = 0.0
    motes: float = 0.0
    aurora: float = 0.0

    def blend(self, other: "Look", share: float) -> "Look":
        """This look with a share (0 to 1) of the other."""
        values = {name: getattr(self, name) * (1 - share) + getattr(other, name) * share for name in FIELDS}
        return Look(**values)

    def tinted(self, ink: np.ndarray, share: float) -> "Look":
        """This look with every colour leaning towards `ink`, its brightness kept."""
        tint = ink / ink.mean()
        return self.replaced(
            **{
                name: np.clip(getattr(self, name) * (1 + share * (tint - 1)), 0, 1).astype(np.float32)
                for name in COLOURS
            }
        )

    def replaced(self, **changes) -> "Look":
        return Look(**{name: changes.get(name, getattr(self, name)) for name in FIELDS})

    def written(self) -> dict:
        """Plain lists and numbers, for JSON."""
        return {
            name: [float(part) for part in getattr(self, name).ravel()]
            if name in COLOURS
            else float(getattr(self, name))
            for name in FIELDS
        }

    @classmethod
    def read(cls, written: dict) -> "Look":
        parts: dict[str, Any] = {name: _ink(*written[name]) if name in COLOURS else written[name] for name in FIELDS}
        return cls(**parts)


FIELDS = tuple(field.name for field in fields(Look))


def _ink(red: float, green: float, blue: float) -> np.ndarray:
    return np.array([red, green, blue], np.float32).reshape(3, 1, 1)


def _hex(code: str) -> np.ndarray:
    return _ink(*(part / 255 for part in bytes.fromhex(code)))


def _hour(codes: str, **weather) -> Look:
    """A look from eight hexadecimal colours in the order of COLOURS."""
    colours: dict[str, Any] = dict(zip(COLOURS, map(_hex, codes.split()), strict=True))
    return Look(**colours, **weather)


HOURS = {
    "dawn": _hour(
        "5a76a8 b7a3bf f6cfae ffdcae dcc3c6 3a4060 ffd6bc 8f88ac",
        sun=0.10, stars=0.05, dark=0.15, clouds=0.5, haze=0.75,
    ),
    "day": _hour(
        "3f7db8 86b4d6 d3e5ea fff6dc c3dae4 2a4a58 fffaf0 9cb4cc",
        sun=0.42, clouds=0.6, haze=0.4,
    ),
    "golden": _hour(
        "6b8fb0 d6b88f fbd08a ffe0a0 ecc698 54423f ffe2b0 b08c86",
        sun=0.2, dark=0.05, clouds=0.5, haze=0.55,
    ),
    "dusk": _hour(
        "2b3068 8a4f86 f08a5e ffb070 a8688a 1e1b36 ff9e78 5a4878",
        sun=0.05, stars=0.25, dark=0.55, clouds=0.55, haze=0.5,
    ),
    "night": _hour(
        "070d24 12244a 2c4c7c c4d8f4 2a4470 060a18 5f7aa8 141f40",
        moon=0.34, stars=1.0, dark=1.0, clouds=0.4, haze=0.4,
    ),
    "grey": _hour(
        "66768a 97a5b0 c6ced0 f0f0e6 b4bfc6 2c3842 d8dde0 7c8998",
        sun=0.3, dark=0.25, clouds=0.85, haze=1.0,
    ),
}  # fmt: skip

TINTS = tuple(map(_hex, ["ff7f6a", "ffb45a", "c8d060", "62cf9a", "58c0d8", "6a8cff", "a878ff", "f07ac0"]))
