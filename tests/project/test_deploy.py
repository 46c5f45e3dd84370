"""What is written for those who deploy: the commands of the three ways, and the units of systemd."""

import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.browser.conftest import bring_static_files, fresh_copy
from tests.helpers import eventually
from tests.paths import PROJECT
from tests.ports import free_port

UNITS = sorted((PROJECT / "docs" / "deploy").glob("*.service"))
# "OK" ends at 4.
MOST_EXPOSED = 1.5

FENCE = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
WAYS = FENCE.findall((PROJECT / "docs" / "deploy.md").read_text())[:5]
ONE, WITH_NGINX, IN_CONTAINERS, SEVERAL, OF_CONTAINERS = WAYS
# Stands in for what no test may do to a machine, and looks at what it is told: nothing is installed for all (nor, by
# checksums, for a minute), there are no new users and no databases of theirs, nothing starts at boot, nor in Docker.
STAND_INS = r"""
apt-get() { test "$1" = install; }
adduser() { test "$1" = --system || test "$2" = extender; }
runuser() { test "$1" = -u && test "$3" = -- && "${@:4}"; }
createuser() { test "$*" = extender; }
createdb() { test "$*" = "-O extender extender"; }
python3() { test "$*" = "-m venv .venv" && ln -s "$ENVIRONMENT" .venv; }
pip() {
  case $* in
    "install --require-hashes -r "*) test -f "$4" ;;
    *) test "$*" = "install --no-deps --no-build-isolation -e ." && test -f pyproject.toml ;;
  esac
}
install() {
  local kept=()
  while [ $# -gt 0 ]; do
    case $1 in -o | -g) shift ;; *) kept+=("$1") ;; esac
    shift
  done
  command install "${kept[@]}"
}
systemctl() {
  case $1 in enable | edit) ;; *) test "$*" = "reload nginx"; return ;; esac
  for unit in "${@:2}"; do
    test "$unit" = --now || test -f "$ROOT/etc/systemd/system/$unit.service" || return 1
  done
}
docker() {
  test "$1" = compose && test -f "$COMPOSE_FILE" && test -f "$COMPOSE_ENV_FILES" || return 1
  case $2 in
    up) ;;
    exec) grep -q "^  $3:$" "$COMPOSE_FILE" && "${@:4}" ;;
    run) test "$3 $4" = "--rm --volume" && grep -q "^  $6:$" "$COMPOSE_FILE" ;;
    *) false ;;
  esac
}
"""
# For what a comment says to put into `.env` without saying what it is.
SETTINGS = {
    "APIFRAME_API_KEY": "x",
    "SECRET_KEY": "0123456789" * 5,
    "PUBLIC_URL": "https://extender.example.org",
    "POSTGRES_PASSWORD": "z",
}
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="LEFT OUT: there is no systemd here")


def commands(way: str) -> list[str]:
    """Its lines, without what explains them."""
    return [line for line in (re.sub(r"\s+# .*", "", line).strip() for line in way.splitlines()) if line]


def settings(way: str) -> str:
    """What its comments say to put into `.env`."""
    said = " ".join(re.findall(r"\s# (.*)", way))
    named = re.findall(r"\b([A-Z]+(?:_[A-Z]+)+)\b(?:=(\S+))?", said)
    return "".join(f"{name}={value or SETTINGS[name]}\n" for name, value in named)


def go(root: Path, lines: list[str], **environment: str) -> str:
    """Runs the commands below `root`, where the project is in its place; returns what they said of themselves."""
    app = root / "srv/extender/app"
    script = [STAND_INS]
    for line in lines:
        here = (
            line.replace(".venv/bin/pip ", "pip ").replace("/srv/", f"{root}/srv/").replace("/etc/", f"{root}/etc/")
        )
        script.append(f"{here} || {{ echo 'in vain: {line}' >&2; exit 1; }}")
        if line.endswith(" .env"):
            script.append('cat "$ROOT/settings" >> .env')
    place = {"ROOT": str(root), "ENVIRONMENT": sys.prefix, "PATH": f"{sys.prefix}/bin:/usr/bin:/bin"}
    ran = subprocess.run(
        ["bash", "-uc", "\n".join(script)],
        cwd=app,
        env=place | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stderr


@pytest.fixture
def root(tmp_path) -> Path:
    """A machine's folders, with the project in its place."""
    fresh_copy(tmp_path / "srv/extender/app")
    for folder in ("etc/nginx/conf.d", "etc/systemd/system"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def test_one_machine_is_set_up_by_the_commands_as_they_stand(root):
    app, port = root / "srv/extender/app", free_port()
    (root / "settings").write_text(settings(ONE))
    *prepare, web, worker = commands(ONE)
    environment = {
        "GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{port}",
        "DJANGO_SUPERUSER_USERNAME": "mira",
        "DJANGO_SUPERUSER_EMAIL": "mira@example.org",
        "DJANGO_SUPERUSER_PASSWORD": "a long enough one",
        # Nobody is asked.
        "HTTPS_PROXY": "http://127.0.0.1:1",
    }
    # image.sh collects them, in a test of its own, for seconds of a processor.
    bring_static_files(app)
    shorter = {"collectstatic": "collectstatic --dry-run", "createsuperuser": "createsuperuser --no-input"}
    for command, shortened in shorter.items():
        prepare = [line.replace(command, shortened) for line in prepare]
    go(root, prepare, **environment)
    running = [
        subprocess.Popen(command.split(), cwd=app, env=environment, stdout=subprocess.DEVNULL)
        for command in (web, worker)
    ]
    try:
        eventually(lambda: is_working(port))
    finally:
        for process in running:
            process.terminate()
    assert [process.wait(40) for process in running] == [0, 0]


def is_working(port: int) -> bool:
    """Whether the site and its worker are at work."""
    with suppress(requests.ConnectionError):
        return requests.get(f"http://127.0.0.1:{port}/workz", timeout=120).ok
    return False


@pytest.mark.parametrize(
    "ways",
    [(WITH_NGINX, SEVERAL), (IN_CONTAINERS, OF_CONTAINERS)],
    ids=["nginx", "containers"],
)
def test_the_other_ways_can_be_gone_by_the_commands_as_they_stand(root, ways):
    (root / "settings").write_text(settings(ways[0]))
    done = [command for command in commands(ONE) if "manage.py" in command]
    warned = go(root, [line for way in ways for line in commands(way) if whoever(line) not in done])
    assert set(re.findall(r"\((\w+\.[WE]\d+)\)", warned)) <= {"operations.W001"}


def whoever(command: str) -> str:
    """The command as it is when nobody else, and no container, is to run it."""
    return re.sub("^docker compose exec web ", ".venv/bin/", re.sub("^runuser -u extender -- ", "", command))


def test_how_many_members_it_carries_is_what_the_bench_prints():
    called = re.search("`make bench` calls “(.*?)”", (PROJECT / "docs/deploy.md").read_text())[1]
    assert f'yield "{called}"' in (PROJECT / "tests/bench/serving.py").read_text()


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


@pytest.mark.parametrize(
    ("address", "counted"),
    [("/s/abc/1.mp4?y=%20", "abc"), ("/%73/abc/1.mp4", "%"), ("/s/%61bc/1.mp4", "%"), ("/tasks/?q=%20", "")],
)
def test_nginx_counts_a_link_however_its_address_is_spelt(address, counted):
    ways = re.findall(r'^    "~(.+)" (\S+);$', (PROJECT / "docs/deploy/nginx.conf").read_text(), re.MULTILINE)
    for pattern, key in ways:
        if found := re.search(pattern.replace("(?<", "(?P<"), address):
            assert (found[1] if key.startswith("$") else key.strip('"')) == counted
            return
    assert counted == ""
