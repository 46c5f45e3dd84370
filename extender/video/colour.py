"""Colour as eyes weigh it: CIELAB (CIE 1976, D65) from sRGB, differences, and sharpness.

A difference ("delta E") of about 2.3 is the least that is noticed between two flat fields (Mahy et al., 1994).
"""

import numpy as np

from extender.video.facts import Tone

_CHANNEL = np.arange(256) / 255
_LINEAR = np.where(_CHANNEL <= 0.04045, _CHANNEL / 12.92, ((_CHANNEL + 0.055) / 1.055) ** 2.4).astype(np.float32)
# SMPTE ST 2084, and ITU-R BT.2408 for what counts as white.
_ROOT = _CHANNEL ** (1 / 78.84375)
_NITS = 10_000 * (np.maximum(_ROOT - 0.8359375, 0) / (18.8515625 - 18.6875 * _ROOT)) ** (1 / 0.1593017578125)
_PQ = (_NITS / 203).astype(np.float32)
_NARROWED = np.array(  # BT.2020 primaries to those of sRGB
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
).T
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
# Rows are scaled so that white is 1, 1, 1.
_TO_RELATIVE_XYZ = (_TO_XYZ / _TO_XYZ.sum(axis=1, keepdims=True)).T.astype(np.float32)


def lab(rgb: np.ndarray) -> np.ndarray:
    """sRGB, uint8 (..., 3), to L* a* b*, float32 (..., 3)."""
    xyz = _LINEAR[rgb] @ _TO_RELATIVE_XYZ
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + np.float32(16 / 116))
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def from_hdr(rgb: np.ndarray) -> np.ndarray:
    """BT.2020 in the curve of HDR10 to sRGB, uint8 (..., 3) each. Paper white becomes white; brighter is clipped."""
    linear = np.clip(_PQ[rgb] @ _NARROWED, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * curved).astype(np.uint8)


def difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mean delta E between pictures in Lab, (..., height, width, 3) each: (...)."""
    return np.sqrt(np.square(first - second).sum(axis=-1)).mean(axis=(-2, -1))


def tone(picture: np.ndarray) -> Tone:
    """Of a picture in Lab, (height, width, 3)."""
    chroma = np.hypot(picture[..., 1], picture[..., 2]).mean()
    values = [*picture.mean(axis=(0, 1)), picture[..., 0].std(), chroma]
    return Tone(*(round(float(value), 2) for value in values))


def sharpness(lightness: np.ndarray) -> float:
    """log2 of the variance of the Laplacian over the variance of `lightness` (height, width).

    Over the latter, so that a picture which only lost contrast, as in haze, is not called soft.
    """
    around = lightness[:-2, 1:-1] + lightness[2:, 1:-1] + lightness[1:-1, :-2] + lightness[1:-1, 2:]
    detail = around - 4 * lightness[1:-1, 1:-1]
    # The small number stands for the noise of 8 bits: a black picture is neither sharp nor soft.
    return float(np.log2((detail.var() + 0.1) / (lightness.var() + 0.1)))
