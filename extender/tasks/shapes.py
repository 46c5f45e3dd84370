"""What shape a video gets: Midjourney keeps that of its start picture, as nearly as it can."""

from dataclasses import dataclass
from math import sqrt

# Of its videos the sizes 832 × 464 (from 16:9) and 624 × 624 (from 1:1) are known: so many pixels at most, and sides
# that are multiples of 16. Larger ones have the same shapes.
MOST_PIXELS = 832 * 480
MULTIPLE = 16
NAMED = ((21, 9), (16, 9), (3, 2), (4, 3), (1, 1), (3, 4), (2, 3), (9, 16))
ALIKE = 0.05  # a share of the ratio


@dataclass(frozen=True)
class VideoShape:
    """About how large a video becomes, in pixels."""

    width: int
    height: int

    @classmethod
    def of(cls, width: int, height: int) -> "VideoShape":
        """What becomes of a start picture of this size."""
        scale = sqrt(MOST_PIXELS / (width * height))
        return cls(*(max(MULTIPLE, int(side * scale) // MULTIPLE * MULTIPLE) for side in (width, height)))

    @property
    def words(self) -> str:
        """What people call it: "wide, about 16:9", "square", "upright, about 9:16"."""
        ratio = self.width / self.height
        named = next((pair for pair in NAMED if abs(ratio * pair[1] / pair[0] - 1) < ALIKE), None)
        if named == (1, 1):
            return "square"
        name = f"{named[0]}:{named[1]}" if named else f"{ratio:.1f}:1" if ratio > 1 else f"1:{1 / ratio:.1f}"
        return f"{'wide' if ratio > 1 else 'upright'}, about {name}"
