"""What is written for those who deploy: the commands of the three ways, and the units of systemd."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.browser.conftest import fresh_copy
from tests.helpers import eventually
from tests.paths import PROJECT
from tests.ports import free_port

UNITS = sorted((PROJECT / "docs" / "deploy").glob("*.service"))
# "OK" ends at 4.
MOST_EXPOSED = 1.5

FENCE = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
ONE, WITH_NGINX, SEVERAL = FENCE.findall((PROJECT / "docs" / "deploy.md").read_text())[:3]
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="LEFT OUT: there is no systemd here")


def commands(way: str) -> list[str]:
    """Its lines, without what explains them."""
    return [line for line in (re.sub(r"\s+# .*", "", line).strip() for line in way.splitlines()) if line]


def test_one_machine_is_set_up_by_the_commands_as_they_stand(tmp_path):
    copy, port = fresh_copy(tmp_path / "copy"), free_port()
    (copy / ".venv").symlink_to(PROJECT / ".venv")
    install, *prepare, web, worker = commands(ONE)
    assert install.startswith("python3 -m venv .venv && .venv/bin/pip install --require-hashes -r .pins/site.txt && ")
    hidden = dict.fromkeys(("DATABASE_URL", "PUBLIC_URL", "APIFRAME_BASE_URL"), None)
    given = {
        "APIFRAME_API_KEY": "x",
        "SECRET_KEY": "y" * 50,
        "GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{port}",
        "DJANGO_SUPERUSER_USERNAME": "mira",
        "DJANGO_SUPERUSER_EMAIL": "mira@example.org",
        "DJANGO_SUPERUSER_PASSWORD": "a long enough one",
        # Nobody is asked.
        "HTTPS_PROXY": "http://127.0.0.1:1",
    }
    how = {
        "cwd": copy,
        "env": {key: value for key, value in {**os.environ, **hidden, **given}.items() if value is not None},
        "stdout": subprocess.DEVNULL,
    }
    for command in prepare:
        asks_nobody = command.replace("createsuperuser", "createsuperuser --no-input")
        subprocess.run(asks_nobody, shell=True, check=True, timeout=120, **how)
    running = [subprocess.Popen(command.split(), **how) for command in (web, worker)]
    try:
        eventually(lambda: is_working(port))
    finally:
        for process in running:
            process.terminate()
    assert [process.wait(40) for process in running] == [0, 0]


def is_working(port: int) -> bool:
    """Whether the site and its worker are at work."""
    with suppress(requests.ConnectionError):
        return requests.get(f"http://127.0.0.1:{port}/workz", timeout=10).ok
    return False


@pytest.mark.parametrize("way", [WITH_NGINX, SEVERAL])
def test_what_the_other_ways_name_is_there(way):
    assert subprocess.run(["bash", "-n"], input=way, text=True, check=False).returncode == 0
    for command in commands(way):
        if found := re.match(r"cp (.+) \S+$", command):
            assert all((PROJECT / name).exists() for name in found[1].split())
        if found := re.match(r"systemctl enable --now ([\w -]+?)(?: &&|$)", command):
            assert {f"{name}.service" for name in found[1].split()} == {unit.name for unit in UNITS}


def analyze(*arguments: str) -> str:
    """What it says, warnings too."""
    run = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)
    return run.stdout + run.stderr


@needs_systemd
def test_systemd_understands_the_units(tmp_path):
    for unit in UNITS:
        here = unit.read_text().replace("/srv/extender/app/.venv/bin", str(Path(sys.executable).parent))
        (tmp_path / unit.name).write_text(here)
    assert analyze("verify", "--recursive-errors=no", *map(str, tmp_path.iterdir())) == ""


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_it_finds_little_that_a_unit_exposes(unit):
    said = analyze("security", "--offline=true", str(unit))
    assert float(re.search(r"Overall exposure level for .*: ([\d.]+)", said)[1]) <= MOST_EXPOSED
