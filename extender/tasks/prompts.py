"""What a prompt says besides its words."""

import re
import unicodedata

# What shows nothing although it is a letter, a mark or a picture by its kind, or no character yet (Unicode's
# Default_Ignorable_Code_Point): fillers, joiners, selectors, tags; and the blanks of Braille and of music.
UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U00016fe4\U0001d159\U000e0000-\U000e0fff]"
)

# A file's name has 255 bytes; what follows the words takes 60 of them at most.
MAX_FILE_WORDS, MAX_FILE_BYTES = 60, 190
# On Windows these are devices, whatever follows behind a dot.
DEVICES = re.compile(r"con|prn|aux|nul|(?:com|lpt)\d")

# Midjourney's parameters for videos, after the dash that many keyboards make of two, or what looks like one.
DASH = (
    r"\u02d7\u058a\u05be\u2010-\u2015\u2043\u2212\u2500\u2501\u2e3a\u2e3b\u30fc\ufe31\ufe32\ufe58\ufe63\uff0d\uff70"
)
# Behind a blank, or what is not seen: of a word before it a dash may be the end.
APART = r"(?<![^\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff])"
DASHED = re.compile(rf"{APART}-*[{DASH}][-{DASH}]*(?=(?:motion|raw|loop|end|bs)\b)", re.IGNORECASE)
MOTION = re.compile(rf"{APART}--motion(?:\s+|=)(low|high)\b", re.IGNORECASE)
BATCH = re.compile(rf"{APART}--bs(?:\s+|=)([124])\b", re.IGNORECASE)


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
    words = re.sub(r"[-\s]+", "-", "".join(kept)).strip("-_")[:MAX_FILE_WORDS]
    short = words.encode()[:MAX_FILE_BYTES].decode(errors="ignore").strip("-_\u200d")
    return f"{short}-clip" if DEVICES.fullmatch(short) else short


def _is_of_a_name(character: str) -> bool:
    if character.isalnum() or character.isspace() or character in "-_":
        return True
    # Vowels that are marks, and pictures: modified, or joined to one.
    is_mark = unicodedata.category(character) in {"Mn", "Mc", "Me", "So", "Sk"} or character == "\u200d"
    return is_mark and not character.isascii()


def _is_unseen(character: str) -> bool:
    # Spaces, controls, and what only says how its neighbours are shown.
    return bool(UNSEEN.match(character)) or unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"}
