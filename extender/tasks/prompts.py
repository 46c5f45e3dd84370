"""What a prompt says besides its words."""

import unicodedata

# Letters and marks by their kind that show nothing: fillers of Hangul, a blank of Braille, joiners and selectors.
UNSEEN = {"\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\u034f", "\u17b4", "\u17b5"}


def is_blank(text: str) -> bool:
    """Whether nothing of `text` can be seen."""
    return all(map(_is_unseen, text))


def _is_unseen(character: str) -> bool:
    # Spaces, controls, and what only says how its neighbours are shown.
    is_odd = character in UNSEEN or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return is_odd or unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"}
