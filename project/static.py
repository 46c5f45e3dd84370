"""How static files are kept: compressed, and under names that change with what they hold."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):
    """Renames what our modules import as well: else a browser goes on with an old one behind a new page.

    (Django's own switch for that reads other people's modules too, and stops at what one leaves to a bundler.)
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((r"""(?P<matched>\bfrom "(?P<url>\./[^"]+)")""", 'from "%(url)s"'),)),
    )
