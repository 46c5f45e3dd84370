"""How static files are kept: compressed, and under names that change with what they hold."""

import re
from collections.abc import Callable
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

LEFT_OUT = ""


class Storage(CompressedManifestStaticFilesStorage):
    """Renames what our modules import as well: else a browser goes on with an old one behind a new page.

    (Django's own switch for that reads other people's modules too, and stops at what one leaves to a bundler.)
    Comments stay here (in scripts, those that have a line of their own): every visitor would load them.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        (
            "js/*.js",
            (
                (r"""(?P<matched>\bfrom "(?P<url>\.{1,2}/[^"]+)")""", 'from "%(url)s"'),
                (r"(?m)^[ \t]*//.*\n", LEFT_OUT),
            ),
        ),
        ("css/*.css", ((r"/\*[\s\S]*?\*/\n?", LEFT_OUT),)),
    )

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[re.Match[str]], str]:
        """What takes the place of a match: a new address as a rule, nothing where that is the template."""
        if template == LEFT_OUT:
            return lambda match: ""
        replace: Any = super().url_converter(name, hashed_files, template)
        return replace
