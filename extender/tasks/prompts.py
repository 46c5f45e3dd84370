"""What a prompt says besides its words."""

import re
import unicodedata

# Letters and marks by their kind that show nothing: fillers of Hangul, a blank of Braille, joiners and selectors.
UNSEEN = {"\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\u034f", "\u17b4", "\u17b5"}

# Of four bytes each at most, and a file's name has 255 of them.
MAX_FILE_WORDS = 60

# Midjourney's parameters for videos, after the dash that many keyboards make of two.
DASHED = re.compile(r"(?<!\S)-*[\u2010-\u2015\u2212][-\u2010-\u2015\u2212]*(?=(?:motion|raw|loop|end|bs)\b)")
MOTION = re.compile(r"(?<!\S)--motion\s+(low|high)\b", re.IGNORECASE)
BATCH = re.compile(r"(?<!\S)--bs\s+([124])\b")


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
    is_odd = character in UNSEEN or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return is_odd or unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"}
