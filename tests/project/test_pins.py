"""What is installed is pinned by its checksums, and from nowhere in particular."""

import re
import tomllib

import pytest

from tests.paths import PROJECT

PINNED = re.compile(r"^([a-z0-9-]+)==\S+(?: ; [^\\\n]+)? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", re.M)
ASKED = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
EXTRAS = {"site": ("postgres",), "s3": ("postgres", "s3"), "dev": ("postgres", "dev")}


def names(asked: list[str]) -> set[str]:
    return {re.match(r"[A-Za-z0-9_-]+", each)[0].lower().replace("_", "-") for each in asked}


@pytest.mark.parametrize("file", EXTRAS)
def test_every_file_that_is_installed_has_a_checksum(file):
    text = (PROJECT / ".pins" / f"{file}.txt").read_text()
    assert PINNED.sub("", text) == "", "what is left has no version, no checksum, or an address"
    extras = [each for extra in EXTRAS[file] for each in ASKED["optional-dependencies"][extra]]
    assert names([*ASKED["dependencies"], *extras, "setuptools"]) <= set(PINNED.findall(text))
