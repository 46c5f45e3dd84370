"""What a prompt says besides its words."""

import re
import unicodedata

# What shows nothing although it is a letter, a mark or a picture by its kind, or no character yet (Unicode's
# Default_Ignorable_Code_Point): fillers, joiners, selectors, tags; and the blank of Braille.
UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)

# Of four bytes each at most, and a file's name has 255 of them.
MAX_FILE_WORDS = 60

# Midjourney's parameters for videos, after the dash that many keyboards make of two, or a wide one.
DASH = r"\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
DASHED = re.compile(rf"(?<!\S)-*[{DASH}][-{DASH}]*(?=(?:motion|raw|loop|end|bs)\b)", re.IGNORECASE)
MOTION = re.compile(r"(?<!\S)--motion(?:\s+|=)(low|high)\b", re.IGNORECASE)
BATCH = re.compile(r"(?<!\S)--bs(?:\s+|=)([124])\b", re.IGNORECASE)


def mended(text: str) -> str:
    """`text` with "--" before each parameter that a keyboard has given another dash."""
    return DASHED.sub("--", text)


def motion_of(text: str) -> str:
    """The motion that the words themselves ask for, "low" or "high"; "" where they ask for none."""
    return (MOTION.findall(text) or [""])[-1].lower()


def clips_of(text: str) -> int:
    """How many clips the words ask for: 4 where they say nothing of it."""
    return int((BATCH.findall(text) or ["4"])[-1])


def is_blank(text: str) -> bool:
    """Whether nothing of `text` can be seen."""
    return all(map(_is_unseen, text))


def file_words(text: str) -> str:
    """`text` as the name of a file on any system, in whatever script: "A cat, dancing!" -> "a-cat-dancing"."""
    kept = filter(_is_of_a_name, unicodedata.normalize("NFKC", text).lower())
    return re.sub(r"[-\s]+", "-", "".join(kept)).strip("-_")[:MAX_FILE_WORDS].strip("-_\u200d")


def _is_of_a_name(character: str) -> bool:
    if character.isalnum() or character.isspace() or character in "-_":
        return True
    # Vowels that are marks, and pictures: modified, or joined to one.
    is_mark = unicodedata.category(character) in {"Mn", "Mc", "Me", "So", "Sk"} or character == "\u200d"
    return is_mark and not character.isascii()


def _is_unseen(character: str) -> bool:
    # Spaces, controls, and what only says how its neighbours are shown.
    return bool(UNSEEN.match(character)) or unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"}
