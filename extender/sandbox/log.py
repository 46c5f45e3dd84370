"""One short line on stderr, written whole."""

import contextlib
import os
import time


def line(words: str) -> None:
    """Writes one line to stderr. Control characters become "?", so that a request cannot forge a line.

    It bypasses sys.stderr: a daemon thread that holds that buffer's lock at exit would abort Python.
    """
    shown = "".join(letter if letter.isprintable() else "?" for letter in words)[:300]
    with contextlib.suppress(OSError):  # whoever read our stderr may be gone; the sandbox goes on
        os.write(2, f"{time.strftime('%H:%M:%S')} {shown}\n".encode("utf-8", "replace"))
