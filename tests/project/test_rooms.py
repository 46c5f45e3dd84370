"""Who may import whom: the modules of `extender` and `project`, held to the arrows between the rooms."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.paths import PROJECT

OURS = {"extender", "project"}

# From the ground up. A room may import the rooms of the lines above it, and none of its own line.
LEVELS = [
    {"compiled", "metrics", "paging"},
    {"states", "keys", "network", "video", "team"},
    {"apiframe", "notices"},
    {"tasks"},
    {"lineage", "sharing"},
    {"archive", "workspace"},
    {"operations"},
    {"project"},
]
LEVEL_OF = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
# The sandbox stands aside: one command starts it, and everybody else reaches it by its address.
STARTS_THE_SANDBOX = "extender.operations.management.commands.sandbox"


def room_of(module: str) -> str:
    """`extender.tasks.models.clips` -> `tasks`; all of `project` is one room."""
    parts = module.split(".")
    return parts[1] if parts[0] == "extender" and len(parts) > 1 else parts[0]


def sources() -> Iterator[tuple[str, Path]]:
    """Every module of ours, by its dotted name; migrations are Django's to write."""
    for path in sorted([*PROJECT.glob("extender/**/*.py"), *PROJECT.glob("project/**/*.py")]):
        parts = path.relative_to(PROJECT).with_suffix("").parts
        if "migrations" not in parts:
            yield ".".join(parts), path


MODULES = dict(sources())


@cache
def parsed(module: str) -> ast.Module:
    """What stands in it. Not for all of them at once: each process that shares the tests imports this file."""
    return ast.parse(MODULES[module].read_text())


def at_runtime(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs: what stands under `if TYPE_CHECKING` is for the type checker alone."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"):
            yield node
            yield from at_runtime(node)


def imported(module: str, nodes: Iterator[ast.AST]) -> set[str]:
    """The modules of ours that `nodes` import, wherever in a function the import stands."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            source = ".".join([*above, *filter(None, [node.module])])
            found |= {as_module(source, name.name) for name in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "import_module",
            "__import__",
        ):
            found |= {str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)}
    return {name for name in found if name.split(".")[0] in OURS}


def as_module(source: str, name: str) -> str:
    """What `from source import name` names: a module `name`, or the module (or package) that holds it."""
    for candidate in (f"{source}.{name}", f"{source}.{name}.__init__", f"{source}.__init__"):
        if candidate in MODULES:
            return candidate
    return f"{source}.{name}" if source == "extender" else source


def trespasses(module: str, tree: ast.Module) -> list[str]:
    """The imports of `tree` that its room forbids."""
    room = room_of(module)
    below = {other for other, level in LEVEL_OF.items() if level < LEVEL_OF.get(room, 0)}
    allowed = {room} if room == "sandbox" else {room, *below}
    if module == STARTS_THE_SANDBOX:
        allowed |= {"sandbox"}
    return sorted(name for name in imported(module, ast.walk(tree)) if room_of(name) not in allowed)


def test_every_room_is_on_the_plan():
    rooms = {room_of(module) for module in MODULES} - {"extender"}
    assert rooms - set(LEVEL_OF) - {"__init__"} == {"sandbox"}


@pytest.mark.parametrize("room", sorted({room_of(module) for module in MODULES}))
def test_a_room_imports_only_what_is_below_it(room):
    found = {
        module: wrong
        for module in MODULES
        if room_of(module) == room and (wrong := trespasses(module, parsed(module)))
    }
    assert found == {}


def test_no_two_modules_import_each_other_by_any_way_round():
    known = {module: imported(module, at_runtime(parsed(module))) & set(MODULES) - {module} for module in MODULES}
    settled: set[str] = set()
    while free := {module for module, others in known.items() if module not in settled and others <= settled}:
        settled |= free
    assert set(known) - settled == set()


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("extender.states", "from extender.tasks.models import Task"),
        ("extender.apiframe.client", "from extender.tasks.models import Task"),
        ("extender.apiframe.client", "import extender.tasks.models.tasks"),
        ("extender.apiframe.client", "from extender import tasks"),
        ("extender.apiframe.client", "def late():\n    from extender.tasks.models import Task"),
        ("extender.apiframe.client", "from ..tasks import models"),
        ("extender.apiframe.client", "from .. import tasks"),
        ("extender.apiframe.client", "from importlib import import_module\nimport_module('extender.tasks')"),
        ("extender.network.addresses", "from extender.apiframe import Client"),
        ("extender.team.models", "from extender.states import State"),
        ("extender.tasks.access", "from extender.workspace import history"),
        ("extender.lineage.views", "from extender.sharing.links import share"),
        ("extender.workspace.detail", "from extender.archive import copying"),
        ("extender.workspace.detail", "from extender.sandbox import wire"),
        ("extender.operations.worker", "from project import settings"),
        ("extender.sandbox.wire", "from extender.states import State"),
        ("extender.sandbox.wire", "from project import settings"),
        ("extender.nowhere", "from extender.tasks.models import Task"),
    ],
)
def test_a_forbidden_import_would_be_seen(module, text):
    assert trespasses(module, ast.parse(text))


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("extender.workspace.compose", "from extender.tasks import submitting\nfrom extender.sharing import links"),
        ("extender.tasks.sending", "from extender.tasks.models import Task\nimport json"),
        ("extender.sandbox.wire", "from extender.sandbox import store\nfrom . import films\nfrom .store import x"),
        ("project.urls", "from extender.operations import views"),
        (STARTS_THE_SANDBOX, "from extender.sandbox import command"),
    ],
)
def test_an_allowed_import_is_let_through(module, text):
    assert trespasses(module, ast.parse(text)) == []


def test_the_room_that_opens_strangers_files_knows_nothing_else():
    """It starts as a process of its own: quickly, and with nothing at hand that a hostile file could want."""
    inner = "extender.video"
    for module in MODULES:
        text = MODULES[module].read_text()
        if module.startswith(inner):
            known = imported(module, ast.walk(parsed(module)))
            assert [name for name in known if not name.startswith(inner)] == [], module
            assert not re.search(r"^\s*(import|from) django", text, re.MULTILINE), module
        else:
            # Of what it holds, others get plain values alone; the decoders stay over there.
            drawn = re.findall(r"extender\.video(?:\.| import )(\w+)", text)
            assert set(drawn) <= {"cell", "cutlist", "facts", "layout", "process"}, module
