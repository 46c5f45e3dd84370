"""What the documents say is there: files, commands, addresses, settings, names, states; and they stay short."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from django.conf import settings
from django.core.management import call_command, get_commands, load_command_class
from django.urls import URLPattern, URLResolver, get_resolver

from extender.states import EXPORT_MOVES, FILE_MOVES, MOVES, State
from tests.helpers import make_task
from tests.operations.test_backup import lose_everything

PROJECT = settings.BASE_DIR
README, DESIGN, DEPLOY, SANDBOX = (
    PROJECT / name for name in ("README.md", "docs/design.md", "docs/deploy.md", "docs/sandbox.md")
)
DOCUMENTS = [README, *sorted((PROJECT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
FILE = re.compile(
    r"\.?[\w-][\w./-]*(\.(py|md|txt|toml|webp|sqlite3)|/)|\.env(\.example)?|LICENSE|(docs|tests|var)/[\w./-]+"
)
# Within a command as well.
PATH = re.compile(r"(?<![\w./])(?:docs|extender|project|static|templates|tests)/[\w./-]+")
MODULE = re.compile(r"(?:extender|project|tests)(?:\.\w+)+")
STARTED_MODULE = re.compile(r"python -m ([\w.]+)")
CALL = re.compile(r"(\w+)\(\)")
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+")
ADDRESS = re.compile(r"(?:(?:GET|POST) )?(/[^ ?]*)(?:\?\S*)?")
MAKE = re.compile(r"\bmake (\w+)")
# One command and what follows it in its line, up to a comment or the next command.
MANAGE = re.compile(r"manage\.py (\w+)([^#`\n&]*)")
OPTION = re.compile(r"(?<!\w)--[a-z-]+")
# What a run makes, or a person.
MADE_BY_A_RUN = ("var/", ".env")


def spans(text: str) -> list[str]:
    """What stands between back ticks within a line."""
    return SPAN.findall(FENCE.sub("", text))


def in_code(text: str) -> str:
    """What stands between back ticks and in fences, as one text."""
    return "\n".join(spans(text) + FENCE.findall(text))


@cache
def sources(*folders: str) -> str:
    """All of our own Python below these folders."""
    return "\n".join(path.read_text() for folder in folders for path in sorted((PROJECT / folder).rglob("*.py")))


def in_every_document(find: Callable[[str], Iterator[str] | list[str]]) -> list[tuple[str, str]]:
    """Whatever `find` finds in a document's text, with the document's name."""
    return [(path.name, found) for path in DOCUMENTS for found in find(path.read_text())]


def section(document, title: str) -> str:
    """What stands under a heading, up to the next one."""
    return re.split(r"^## ", document.read_text().partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]


def test_the_readme_is_short():
    assert len(README.read_text().splitlines()) <= 100


def test_the_glossary_is_short():
    lines = [line for line in section(DESIGN, "Glossary").splitlines() if line.strip()]
    assert 0 < len(lines) <= 20


def exists(name: str) -> bool:
    """Whether there is such a file: by its path, beside the documents, or anywhere by its bare name."""
    if name.startswith(MADE_BY_A_RUN):
        return True
    if "/" in name.rstrip("/"):
        return any((folder / name).exists() for folder in (PROJECT, PROJECT / "docs"))
    places = [PROJECT, PROJECT / "docs", PROJECT / "extender"]
    return any((place / name).exists() for place in places) or any((PROJECT / "tests").rglob(name))


@pytest.mark.parametrize(
    ("document", "name"),
    in_every_document(
        lambda text: [*filter(FILE.fullmatch, spans(text)), *PATH.findall(in_code(text)), *LINK.findall(text)]
    ),
)
def test_every_file_is_there(document, name):
    assert exists(name)


def anchor(heading: str) -> str:
    """How a link within its document names it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_heading_that_a_link_names_is_there(document):
    text = FENCE.sub("", document.read_text())
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= set(map(anchor, headings))


def is_named(name: str) -> bool:
    """Whether it is a module's dotted name, and no file's."""
    return bool(MODULE.fullmatch(name)) and not FILE.fullmatch(name)


@pytest.mark.parametrize(
    ("document", "name"),
    in_every_document(lambda text: [name for name in spans(text) if is_named(name)] + STARTED_MODULE.findall(text)),
)
def test_every_module_is_there(document, name):
    path = PROJECT.joinpath(*name.split("."))
    assert path.is_dir() or path.with_suffix(".py").exists()


@pytest.mark.parametrize(
    ("document", "name"), in_every_document(lambda text: [m[1] for m in map(CALL.fullmatch, spans(text)) if m])
)
def test_every_function_is_there(document, name):
    assert re.search(rf"\bdef {name}\(", sources("extender", "project"))


# Under these names `requests` looks for the way out.
WAY_OUT = {"HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"}


# Read by gunicorn itself, and by Docker's Compose.
OF_OTHERS = {"GUNICORN_CMD_ARGS", "COMPOSE_FILE", "COMPOSE_ENV_FILES", "POSTGRES_PASSWORD"}


def settings_read() -> set[str]:
    """The variables of the environment that are read."""
    tree = ast.parse((PROJECT / "project" / "settings.py").read_text())
    read = next(node for node in tree.body if isinstance(node, ast.Try))
    named = {node.value for node in ast.walk(read) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    beside = re.findall(r'os\.environ\.get\("(\w+)"', sources("project"))
    return {name for name in named if re.fullmatch("[A-Z][A-Z0-9_]+", name)} | set(beside) | WAY_OUT


def test_the_settings_are_seen():
    assert {"DEBUG", "APIFRAME_API_KEY", "DATABASE_URL", "S3_PREFIX", "AWS_ACCESS_KEY_ID"} <= settings_read()


@pytest.mark.parametrize("name", sorted(settings_read()))
def test_every_setting_is_explained(name):
    assert re.search(rf"^#?{name}=", (PROJECT / ".env.example").read_text(), re.MULTILINE)
    assert f"`{name}`" in section(DEPLOY, "Settings")


def test_the_example_holds_no_setting_that_nobody_reads():
    given = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)
    assert set(given) == settings_read()


@pytest.mark.parametrize(("document", "name"), in_every_document(lambda text: VARIABLE.findall(in_code(text))))
def test_every_variable_is_read(document, name):
    assert name in settings_read() | OF_OTHERS


def options_of(command: str) -> set[str]:
    parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
    return set(parser._option_string_actions)


def test_every_command_and_its_options_are_there():
    found = in_every_document(lambda text: MANAGE.findall(text))
    assert {command for _, (command, _) in found} >= {"worker", "archive", "sandbox", "migrate_once"}
    wrong = {
        (document, command, option)
        for document, (command, rest) in found
        for option in ["", *OPTION.findall(rest)]
        if command not in get_commands() or (option and option not in options_of(command))
    }
    assert wrong == set()


def options_in_tables(document) -> list[str]:
    return [
        option
        for line in document.read_text().splitlines()
        if line.startswith("| `--")
        for option in OPTION.findall(line.split("|")[1])
    ]


def test_every_option_in_a_table_is_there():
    assert set(options_in_tables(DEPLOY)) == {"--missing", "--verify", "--prune-temp"} <= options_of("archive")
    assert set(options_in_tables(SANDBOX)) <= options_of("sandbox")


@pytest.mark.parametrize(("document", "target"), in_every_document(lambda text: MAKE.findall(in_code(text))))
def test_every_target_of_make_is_there(document, target):
    assert re.search(rf"^{target}:", (PROJECT / "Makefile").read_text(), re.MULTILINE)


def addresses(resolver: URLResolver | None = None, before: str = "/") -> Iterator[str]:
    """Every address of the site, its variable parts as <>; of the admin its beginning alone."""
    for pattern in (resolver or get_resolver("tests.with_admin")).url_patterns:
        address = before + re.sub("<[^>]*>", "<>", str(pattern.pattern))
        if isinstance(pattern, URLPattern) or pattern.app_name == "admin":
            yield address
        else:
            yield from addresses(pattern, address)


def test_the_addresses_are_seen():
    assert {"/", "/tasks/<>/", "/s/<>/", "/admin/", "/healthz"} <= set(addresses())


@pytest.mark.parametrize(
    ("document", "address"),
    in_every_document(lambda text: [match[1] for match in map(ADDRESS.fullmatch, spans(text)) if match]),
)
def test_every_address_is_there(document, address):
    """An address of the site or the beginning of one, or one of APIFRAME's calls."""
    plain = re.sub("<[^>]*>", "<>", address)
    is_ours = any(known == plain or (plain != "/" and known.startswith(f"{plain}<")) for known in addresses())
    is_theirs = f'"{address}"' in sources("extender/apiframe", "extender/sandbox")
    assert is_ours or is_theirs


def tables_of_states() -> Iterator[dict[str, set[str]]]:
    """What each state in a table may become; of all tables in their order."""
    for table in section(DESIGN, "States").split("|---|---|---|\n")[1:]:
        rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| `")]
        yield {SPAN.findall(state)[0]: set(SPAN.findall(may)) for state, _, may in rows}


def test_the_tables_of_states_are_those_of_the_code():
    assert list(tables_of_states()) == [
        {str(state): {str(move) for move in new} for state, new in moves.items()}
        for moves in (MOVES, FILE_MOVES, EXPORT_MOVES)
    ]


def test_every_room_is_described():
    rooms = {f"extender/{path.name}/" for path in (PROJECT / "extender").iterdir() if (path / "__init__.py").exists()}
    assert set(re.findall(r"`(extender/\w+/)`", section(DESIGN, "Rooms"))) == rooms


def test_the_code_names_no_document_that_is_not_there():
    texts = sources("extender", "project", "tests") + "".join(
        (PROJECT / name).read_text() for name in ("pyproject.toml", ".env.example", "Makefile", "gunicorn.conf.py")
    )
    named = set(re.findall(r"[\w/-]+\.md\b", texts))
    assert {"README.md", "docs/deploy.md"} <= named
    assert {name for name in named if not exists(name)} == set()


@pytest.mark.django_db(transaction=True)
def test_the_commands_of_a_backup_do_what_is_said(member, settings, tmp_path):
    task = make_task(member, state=State.QUEUED)
    commands = [line.split()[2:] for line in "".join(FENCE.findall(section(DEPLOY, "Backups"))).splitlines()]
    assert [command for command, *_ in commands] == [
        "backup",
        "backup",
        "restore",
        "migrate_once",
        "archive",
        "export",
    ]
    for command in commands:
        if command[0] == "restore":
            lose_everything(settings)
        call_command(*(word.replace("/srv", str(tmp_path)) for word in command), verbosity=0)
    task.refresh_from_db()
    assert task.state == State.UNCONFIRMED
