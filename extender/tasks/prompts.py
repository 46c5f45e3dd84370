"""What a prompt says besides its words."""

import re
import unicodedata

# Letters and marks by their kind that show nothing: fillers of Hangul, a blank of Braille, joiners and selectors.
UNSEEN = {"\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\u034f", "\u17b4", "\u17b5"}

# Of four bytes each at most, and a file's name has 255 of them.
MAX_FILE_WORDS = 60


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
