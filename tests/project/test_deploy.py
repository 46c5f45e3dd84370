"""What is written for those who deploy: the units of systemd."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import PROJECT

UNITS = sorted((PROJECT / "docs" / "deploy").glob("*.service"))
# "OK" ends at 4.
MOST_EXPOSED = 1.5

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="LEFT OUT: there is no systemd here")


def analyze(*arguments: str) -> str:
    """What it says, warnings too."""
    run = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)
    return run.stdout + run.stderr


def test_systemd_understands_the_units(tmp_path):
    for unit in UNITS:
        here = unit.read_text().replace("/srv/extender/app/.venv/bin", str(Path(sys.executable).parent))
        (tmp_path / unit.name).write_text(here)
    assert analyze("verify", "--recursive-errors=no", *map(str, tmp_path.iterdir())) == ""


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_it_finds_little_that_a_unit_exposes(unit):
    said = analyze("security", "--offline=true", str(unit))
    assert float(re.search(r"Overall exposure level for .*: ([\d.]+)", said)[1]) <= MOST_EXPOSED
