"""How static files are kept: compressed, and under names that change with what they hold."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles import finders
from whitenoise.storage import CompressedManifestStaticFilesStorage

LEFT_OUT = ""
# Few ever load the admin's pages, and none of ours loads an extension of htmx: to compress those takes three times as
# long as all that visitors load.
NOT_COMPRESSED = ("admin/", "django_htmx/ext/")

# In STATIC_ROOT, once all is there: what it was made of.
MADE_OF = ".made-of"


def _sources() -> str:
    """What tells all static files, and what changes them here, from others."""
    collected: Any = apps.get_app_config("staticfiles")
    listed = (finder.list(collected.ignore_patterns) for finder in finders.get_finders())
    found = {path: storage.path(path) for files in listed for path, storage in files}
    told = hashlib.sha256(f"{version('django')} {version('whitenoise')}".encode())
    for path, place in [*sorted(found.items()), ("", __file__)]:
        told.update(f"\n{path} ".encode() + hashlib.sha256(Path(place).read_bytes()).digest())
    return told.hexdigest()


class Storage(CompressedManifestStaticFilesStorage):
    """Renames what our modules import as well: else a browser goes on with an old one behind a new page.

    (Django's own switch for that reads other people's modules too, and stops at what one leaves to a bundler.)
    Comments stay here (in scripts, those that have a line of their own), and so does what lines begin with to be
    read by people: every visitor would load them.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        (
            "js/*.js",
            (
                (r"""(?P<matched>\bfrom "(?P<url>\.{1,2}/[^"]+)")""", 'from "%(url)s"'),
                (r"(?m)^[ \t]*//.*\n", LEFT_OUT),
                (r"(?m)^[ \t]+", LEFT_OUT),
            ),
        ),
        ("css/*.css", ((r"/\*[\s\S]*?\*/\n?", LEFT_OUT), (r"(?m)^[ \t]+", LEFT_OUT))),
    )

    @cached_property
    def _urls(self) -> dict[str, str]:
        return {}

    def url(self, name: str, force: bool = False) -> str:
        """The address of a file. A page names thirty: each would be parsed, looked up and quoted for every reader."""
        if settings.DEBUG:
            return super().url(name, force)
        if name not in self._urls:
            self._urls[name] = super().url(name, force)
        return self._urls[name]

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[re.Match[str]], str]:
        """What takes the place of a match: a new address as a rule, nothing where that is the template."""
        if template == LEFT_OUT:
            return lambda match: ""
        replace: Any = super().url_converter(name, hashed_files, template)
        return replace

    def is_collected(self) -> bool:
        """Whether all is there that `collectstatic` would make of the files as they are now. That takes seconds."""
        try:
            is_as_made = Path(self.path(MADE_OF)).read_text() == _sources()
        except FileNotFoundError:
            return False
        hashed = self.load_manifest()[0].values()
        return is_as_made and bool(hashed) and all(map(self.exists, hashed))

    def post_process(self, *args: Any, **options: Any) -> Iterator[Any]:
        """Says what all was made of, once it is there."""
        if options.get("dry_run"):
            return
        made_of, sources = Path(self.path(MADE_OF)), _sources()
        made_of.unlink(missing_ok=True)
        yield from super().post_process(*args, **options)
        # Who has changed one meanwhile does not know which of both is in there.
        if sources == _sources():
            made_of.write_text(sources)

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yields each of `paths` that is worth it with the path of its compressed file."""
        compressed: Iterator[tuple[str, str]] = super().compress_files(
            path for path in paths if not path.startswith(NOT_COMPRESSED)
        )
        return compressed
