"""The image and compose.yaml: what they start is there, may do little, and serves. None of it needs Docker here."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
import yaml
from django.core.management import get_commands
from django.db import connection

from tests.helpers import database_url
from tests.paths import PROJECT
from tests.ports import free_port
from tests.project.test_docs import settings_read
from tests.servers import DEPLOYED, Server, find_nginx, nginx_as_deployed
from tests.sizes import TORTURE

DEPLOY = PROJECT / "docs" / "deploy"
COMPOSED = (DEPLOY / "compose.yaml").read_text()
SERVICES = yaml.safe_load(COMPOSED)["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "extender"}
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
APP, USER = "/srv/extender/app", 10001
GIVEN = {
    "APIFRAME_API_KEY": "x",
    "SECRET_KEY": "y" * 50,
    "PUBLIC_URL": "https://127.0.0.1",
    "POSTGRES_PASSWORD": "z",
}


def said(instruction: str) -> str:
    """What the last such line of the Dockerfile says."""
    return re.findall(rf"^{instruction} (.*)$", DOCKERFILE, re.MULTILINE)[-1]


def command_of(service: str) -> list[str]:
    return SERVICES[service].get("command") or json.loads(said("CMD"))


def unit(name: str) -> str:
    """Of systemd; both kinds of process are told to end, and granted files, as it tells them."""
    return (DEPLOY / f"extender-{name}.service").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_may_do_little(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    user = said("USER") if name in OURS else service["user"]
    assert not user.startswith(("0", "root"))


def test_nginx_alone_is_reached_and_it_reaches_only_the_site():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    shared = {
        name for name, service in SERVICES.items() if set(service["networks"]) & set(SERVICES["nginx"]["networks"])
    }
    assert shared == {"nginx"}
    assert yaml.safe_load(COMPOSED)["networks"]["database"]["internal"] is True
    listens = [option for option in command_of("web") if option.startswith("--bind=")]
    assert listens == ["--bind=unix:/srv/extender/socket/site", "--bind=127.0.0.1:8000"]


def test_what_is_started_is_there():
    started = {name: command_of(name) for name in OURS}
    assert started.pop("web")[:2] == ["gunicorn", "project.wsgi"]
    for python, manage, command in started.values():
        assert (python, manage, command in get_commands()) == ("python", "manage.py", True)


@pytest.mark.parametrize("name", OURS)
def test_each_variable_is_one_of_ours_and_none_that_it_needs_may_be_missing(name):
    assert set(OURS[name]["environment"]) <= settings_read()
    assert set(GIVEN) == set(re.findall(r"\$\{(\w+):\?[^}]+\}", COMPOSED))
    assert set(re.findall(r"\$\{(\w+)", COMPOSED)) - set(GIVEN) == {"PINS"}


@pytest.mark.parametrize("name", ["web", "worker"])
def test_it_ends_and_opens_files_as_by_systemd(name):
    assert said("STOPSIGNAL") == "SIGTERM"
    assert OURS[name]["stop_grace_period"] == re.search(r"^TimeoutStopSec=(\d+)$", unit(name), re.MULTILINE)[1] + "s"
    assert OURS[name]["ulimits"]["nofile"] == int(re.search(r"^LimitNOFILE=(\d+)$", unit("web"), re.MULTILINE)[1])


@pytest.mark.parametrize("name", SERVICES)
def test_what_lasts_is_in_a_volume_with_a_name(name):
    named = yaml.safe_load(COMPOSED)["volumes"]
    for source, target, *options in (volume.split(":") for volume in SERVICES[name].get("volumes", [])):
        if name == "nginx":
            assert options[0].startswith("ro")
        assert source in named or source == target or (DEPLOY / source).exists()


def test_each_list_of_packages_that_a_build_may_name_is_seen_by_it(tmp_path):
    lists = {path.stem for path in (context(tmp_path) / ".pins").iterdir()}
    assert OURS["web"]["build"]["args"] == {"PINS": "${PINS:-site}"}
    assert said("ARG") == "PINS=site"
    assert lists == {"site", *re.findall(r"`PINS=(\w+)`", (PROJECT / "docs/deploy.md").read_text())}


def as_another() -> list[str]:
    """What a command begins with that another user runs, who writes nothing but what is theirs.

    They may read all: Python itself may lie where root alone comes.
    """
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return []
    readers = "+dac_read_search"
    who = [f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    return ["setpriv", *who, f"--inh-caps={readers}", f"--ambient-caps={readers}"]


def context(folder: Path) -> Path:
    """Copies into it what the Dockerfile sees of the project."""
    for name in re.findall("^!(.*)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (PROJECT / name).is_dir() else shutil.copy2)(PROJECT / name, folder / name)
    return folder


class Image:
    """What image.sh makes of what the Dockerfile sees: `place("/srv/extender/app")` is where that lies here.

    Root has taken it all, and given back what compose.yaml lets the site write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.app = self.place(APP)
        self.app.mkdir(parents=True)
        (root / "tmp").mkdir()
        for volume in ("media", "socket"):
            self.place(f"/srv/extender/{volume}").mkdir()
        self._give(self.app)
        ready = {} if TORTURE else {"ENVIRONMENT": sys.prefix}
        script = context(root / "project") / "docs/deploy/image.sh"
        self.run([str(script), str(self.app)], PATH=os.environ["PATH"], **ready).check_returncode()
        self._take(root)
        for there in [each.split(":")[0] for each in OURS["web"]["tmpfs"]]:
            self._give(self.place(there))
        for volume in OURS["web"]["volumes"]:
            self._give(self.place(volume.split(":")[1]))

    def place(self, there: str) -> Path:
        return self.root / there[1:]

    def run(self, command: list[str], **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [*as_another(), *command], cwd=self.root, env=environment, timeout=600, capture_output=True, text=True
        )

    def _give(self, to: Path) -> None:
        if as_another():
            os.chown(to, USER, USER)

    def _take(self, root: Path) -> None:
        if as_another():
            for path in (root, *root.rglob("*")):
                os.chown(path, 0, 0, follow_symlinks=False)


@pytest.fixture
def image() -> Iterator[Image]:
    # The address of a socket is short, and a test's own folder is not.
    with tempfile.TemporaryDirectory(prefix="image-") as root:
        Path(root).chmod(0o755)
        yield Image(Path(root))


@pytest.fixture
def database(db, image) -> str:
    """The tests' own tables for the site, without a row."""
    if connection.vendor != "sqlite":
        return database_url()
    copy = image.place("/tmp") / "tables.sqlite3"
    with (
        closing(sqlite3.connect(connection.settings_dict["NAME"])) as theirs,
        closing(sqlite3.connect(copy)) as ours,
    ):
        theirs.backup(ours)
    if as_another():
        os.chown(copy, USER, USER)
    return f"sqlite:///{copy}"


@pytest.mark.skipif(find_nginx() is None, reason="LEFT OUT: there is no nginx to put before it")
def test_what_the_image_holds_serves_another_user_who_may_not_change_it(image, database, tmp_path):
    port, at = free_port(), free_port()
    here = {"127.0.0.1:8000": f"127.0.0.1:{at}", "/srv/extender": str(image.place("/srv/extender"))}

    def placed(text: str) -> str:
        for theirs, ours in here.items():
            text = text.replace(theirs, ours)
        return text

    environment = {name: placed(value) for name, value in OURS["web"]["environment"].items()} | GIVEN
    environment |= {"DATABASE_URL": database, "PUBLIC_URL": f"https://127.0.0.1:{port}", "METRICS_TOKEN": "m"}
    environment |= {"PATH": f"{image.app}/.venv/bin:/usr/bin:/bin", "TMPDIR": str(image.place("/tmp"))}
    clean = ["env", "-i", f"--chdir={image.app}", *(f"{name}={value}" for name, value in environment.items())]
    command = [*clean, *as_another(), *map(placed, command_of("web"))]
    changed = dict(re.findall(r"s\|(.*?)\|(.*?)\|", SERVICES["nginx"]["command"][-1]))
    assert all(what in DEPLOYED.read_text() for what in changed)
    with Server(command, at, tmp_path / "log") as site:
        behind = [placed(changed["127.0.0.1:8000"])]
        with nginx_as_deployed(tmp_path / "nginx", behind, image.place("/srv/extender/media"), port) as front:
            answer = requests.get(f"{front.url}/readyz", verify=str(front.certificate), timeout=120)
            assert (answer.status_code, "writes ok" in answer.text) == (200, True), site.log.read_text()
            page = requests.get(f"{front.url}/login/", verify=str(front.certificate), timeout=120)
            style = re.search(r'href="(/static/[^"]+\.css)"', page.text)[1]
            assert requests.get(front.url + style, verify=str(front.certificate), timeout=120).ok
        is_healthy = json.loads(said("HEALTHCHECK").partition(" CMD ")[2])
        assert image.run([placed(word) for word in is_healthy], **environment).returncode == 0
        if as_another():
            assert image.run(["touch", str(image.app / "project" / "new.py")]).returncode != 0
    assert site.process.returncode == 0
    assert image.run([placed(word) for word in is_healthy], **environment).returncode != 0
