"""Who may know whom: the imports of `extender` and `project`, held to the arrows of DESIGN section 3."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
OURS = {"extender", "project"}

# Every room, and the rooms that it may import from beside itself.
MAY_KNOW = {
    "extender.states": set(),
    "extender.addresses": set(),
    "extender.deadline": set(),
    "extender.apiframe": {"extender.addresses", "extender.deadline", "extender.states"},
    "extender.models": {"extender.states"},
    "extender.archive": {
        "extender.addresses",
        "extender.apiframe",
        "extender.deadline",
        "extender.following",
        "extender.models",
    },
    "extender.sandbox": set(),
    "extender.updates": {"extender.apiframe", "extender.models", "extender.states"},
    "extender.gate": {"extender.apiframe", "extender.models"},
    "extender.sending": {
        "extender.apiframe",
        "extender.gate",
        "extender.models",
        "extender.states",
        "extender.updates",
    },
    "extender.following": {
        "extender.apiframe",
        "extender.gate",
        "extender.models",
        "extender.states",
        "extender.updates",
    },
    "extender.sharing": {"extender.models"},
    "extender.lineage": {"extender.models"},
    "extender.access": {"extender.models", "extender.states"},
    "extender.forms": {"extender.models", "extender.states"},
    "extender.admin": {"extender.models", "extender.states"},
    "extender.apps": set(),
    "extender.templatetags": {"extender.lineage", "extender.models", "extender.states"},
    "extender.worker": {
        "extender.archive",
        "extender.following",
        "extender.gate",
        "extender.models",
        "extender.sending",
        "extender.states",
        "extender.updates",
    },
    "extender.views": {
        "extender.access",
        "extender.apiframe",
        "extender.archive",
        "extender.following",
        "extender.forms",
        "extender.gate",
        "extender.lineage",
        "extender.models",
        "extender.sending",
        "extender.sharing",
        "extender.states",
        "extender.updates",
        "project.request_id",
    },
    "extender.management": {
        "extender.archive",
        "extender.following",
        "extender.models",
        "extender.sandbox",
        "extender.sending",
        "extender.states",
        "extender.updates",
        "extender.worker",
    },
    "project.settings": {"project.addresses"},
    "project.urls": {"extender.forms", "extender.views"},
}
# One command starts the sandbox; everybody else reaches it by its address alone.
STARTS_THE_SANDBOX = "extender.management.commands.sandbox"


def room_of(module: str) -> str:
    """`extender.views.tasks` -> `extender.views`."""
    return ".".join(module.split(".")[:2])


def sources() -> Iterator[tuple[str, str]]:
    """Every module of ours, by its dotted name, with its text; migrations are Django's to write."""
    for path in sorted([*PROJECT.glob("extender/**/*.py"), *PROJECT.glob("project/**/*.py")]):
        parts = path.relative_to(PROJECT).with_suffix("").parts
        if "migrations" not in parts:
            yield ".".join(parts).removesuffix(".__init__"), path.read_text()


def imported(module: str, text: str, is_package: bool = False) -> set[str]:
    """The modules of ours that `text` imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                above = module.split(".")[: None if is_package and node.level == 1 else -node.level + is_package]
                source = ".".join([*above, *filter(None, [source])])
            # `from extender import sending` names a room, `from extender.models import Task` a thing in it.
            found |= {f"{source}.{name.name}" if "." not in source else source for name in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "import_module",
            "__import__",
        ):
            found |= {str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)}
    return {name for name in found if name.split(".")[0] in OURS}


def trespasses(module: str, text: str, is_package: bool = False) -> list[str]:
    """The imports of `text` that its room forbids."""
    room = room_of(module)
    allowed = {room} | MAY_KNOW.get(room, set())
    forbidden = [name for name in imported(module, text, is_package) if room_of(name) not in allowed]
    if module != STARTS_THE_SANDBOX and room != "extender.sandbox":
        forbidden += [name for name in imported(module, text, is_package) if room_of(name) == "extender.sandbox"]
    return sorted(set(forbidden))


def test_every_room_is_on_the_plan():
    rooms = {room_of(module) for module, _ in sources() if module not in OURS}
    # Whatever else is in `project` knows nothing of ours.
    assert {room for room in rooms if room.startswith("extender.")} | {"project.settings", "project.urls"} == set(
        MAY_KNOW
    )


@pytest.mark.parametrize("room", sorted({room_of(module) for module, _ in sources()}))
def test_a_room_imports_only_what_it_may_know(room):
    found = {
        module: wrong
        for module, text in sources()
        if room_of(module) == room
        and (wrong := trespasses(module, text, (PROJECT / module.replace(".", "/")).is_dir()))
    }
    assert found == {}


def test_the_room_that_opens_strangers_files_knows_nothing_else():
    """It starts as a process of its own: quickly, and with nothing at hand that a hostile file could want."""
    inner = "extender.archive.pictures"
    for module, text in sources():
        if module.startswith(inner):
            known = imported(module, text, (PROJECT / module.replace(".", "/")).is_dir())
            assert [name for name in known if not name.startswith(inner)] == [], module
            assert not re.search(r"^\s*(import|from) django", text, re.MULTILINE), module
        else:
            # Of what it holds, others get plain values alone; the decoders stay over there.
            drawn = re.findall(r"extender\.archive\.pictures(?:\.| import )(\w+)", text)
            assert set(drawn) <= {"facts", "layout"}, module


def test_the_plan_itself_has_no_circle():
    settled: set[str] = set()
    outside = {"project.addresses", "project.request_id"}
    while left := {room for room, known in MAY_KNOW.items() if room not in settled and known - outside <= settled}:
        settled |= left
    assert settled == set(MAY_KNOW)


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("extender.states", "from extender.models import Task"),
        ("extender.apiframe.client", "from extender.models import Task"),
        ("extender.apiframe.client", "import extender.models.tasks"),
        ("extender.apiframe.client", "from extender import models"),
        ("extender.apiframe.client", "def late():\n    from extender.models import Task"),
        ("extender.apiframe.client", "from ..models import Task"),
        ("extender.apiframe.client", "from .. import models"),
        ("extender.apiframe.client", "from importlib import import_module\nimport_module('extender.models')"),
        ("extender.models.tasks", "from extender.apiframe import Client"),
        ("extender.models.tasks", "from extender.views import tasks"),
        ("extender.updates", "from extender.sending import send"),
        ("extender.sending", "from extender.following import refresh"),
        ("extender.sending", "from extender.views.upstream import send_now"),
        ("extender.following", "from extender import sending"),
        ("extender.archive.remote", "from extender.views import clips"),
        ("extender.worker", "from extender.views.upstream import look_after"),
        ("extender.management.commands.seed", "from extender.views import tasks"),
        ("extender.management.commands.seed", "from extender.sandbox import originals"),
        ("extender.views.tasks", "from extender.sandbox import life"),
        ("extender.sandbox.life", "from extender.states import State"),
        ("extender.sandbox.life", "from project import settings"),
        ("extender.access", "from extender.views import errors"),
        ("project.request_id", "from extender.models import Task"),
        ("project.settings", "from extender.states import State"),
        ("extender.nowhere", "from extender.models import Task"),
    ],
)
def test_a_forbidden_import_would_be_seen(module, text):
    assert trespasses(module, text)


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("extender.views.tasks", "from extender.sending import enqueue\nfrom extender import sharing"),
        ("extender.sending", "from extender.models import Task\nimport json"),
        ("extender.sandbox.life", "from extender.sandbox import store\nfrom . import films\nfrom .store import x"),
        ("extender.models.tasks", "from extender.states import State\nfrom .events import Event"),
        (STARTS_THE_SANDBOX, "from extender.sandbox import command"),
    ],
)
def test_an_allowed_import_is_let_through(module, text):
    assert trespasses(module, text) == []
