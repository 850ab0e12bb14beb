"""The pages for people tell all that there is, and nothing that is not. docs/rules.md has a test of its own beside the rules."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from pydantic import BaseModel, SecretStr

from channels.email import machine
from channels.email.settings import EmailSettings, Imap, Smtp
from router import config, context, gauges, replies
from router.cli import switchboard
from router.config import Settings
from router.intake import judge
from router.models import Agent, Role
from router.permissions import Action, may
from web import create_app
from web.guard import needed_action
from web.live import create_live_app
from web.metrics import _HELP as METRICS
from web.words import _WORDS as WORDS

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
}
OPERATIONS, CHANNELS, SECURITY = (PAGES[f"docs/{name}.md"] for name in ("operations", "channels", "security"))

# Variables that are not settings of the desk.
OTHER_VARIABLES = {"PYTHON", "VENV", "PATH", "PWD", "SUPPORT_PASSWORD", "REQUIRE_SERVICES"}


def shown(default: Any) -> str:
    """A default as the tables write it."""
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, float):
        return f"{default:g}"
    return str(default) if default not in ("", None) else "empty"


def first_cells(page: str) -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))


def code_of(page: str) -> str:
    """What stands in code blocks and between backticks."""
    blocks = re.findall(r"```.*?```", page, re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`[^`\n]+`", re.sub(r"```.*?```", "", page, flags=re.DOTALL))])


# Settings


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_table_with_its_default_and_meaning(name: str) -> None:
    field = Settings.model_fields[name]
    assert f"| `{name.upper()}` | {shown(field.get_default())} | {field.description} |" in OPERATIONS


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_setting_that_does_not_exist(page: str) -> None:
    code = code_of(PAGES[page])
    variables = set(re.findall(r"(?<![\w$-])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![\w-])", code))
    variables |= set(re.findall(r"(?:^|[\s`=])([A-Z][A-Z_]{2,})=", code))
    known = {name.upper() for name in Settings.model_fields} | OTHER_VARIABLES
    assert variables <= known


def account_settings() -> Iterator[tuple[str, str]]:
    for prefix, model in (("", EmailSettings), ("imap.", Imap), ("smtp.", Smtp)):
        yield from ((prefix + name, default_of(model, name)) for name in model.model_fields)


def default_of(model: type[BaseModel], name: str) -> str:
    field = model.model_fields[name]
    return "required" if field.is_required() else shown(field.get_default())


OF_EVERY_ACCOUNT = {
    "name": "required",
    "kind": "required",
    "address": "required",
    "aliases": "empty",
    "display_name": "empty",
}


@pytest.mark.parametrize(("key", "default"), [*OF_EVERY_ACCOUNT.items(), *account_settings()])
def test_every_account_setting_is_in_a_table_with_its_default(key: str, default: str) -> None:
    assert f"| `{key}` | {default} | " in CHANNELS


def test_the_tables_name_no_account_setting_that_does_not_exist() -> None:
    known = {key for key, _ in account_settings()} | set(OF_EVERY_ACCOUNT)
    named = {key for key in first_cells(CHANNELS) if key.startswith(("imap.", "smtp."))}
    assert named <= known


def test_the_example_of_the_accounts_file_has_every_key_and_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", OPERATIONS, re.DOTALL)
    path = tmp_path / "switchboard.toml"
    path.write_text(example, "utf-8")
    monkeypatch.setenv("SUPPORT_PASSWORD", "a password")
    (account,) = config.load({"SWITCHBOARD_CONFIG": str(path), "DATA_DIR": str(tmp_path)}).accounts
    assert account.settings.imap.secret() == "a password"
    written = tomllib.loads(example)["accounts"][0]
    expected = {key for key, _ in account_settings()} | set(OF_EVERY_ACCOUNT)
    given = set(written) | {f"{part}.{key}" for part in ("imap", "smtp") for key in written[part]}
    # A password is written or named by a variable, never both.
    assert expected - given == {"imap.password", "smtp.password"}


@pytest.mark.parametrize("name", ["Gmail", "QQ Mail", "163, 126 and yeah.net"])
def test_the_values_of_a_provider_make_an_account(name: str) -> None:
    section = re.split(r"^### .*$", CHANNELS.split(f"### {name}")[1], maxsplit=1, flags=re.MULTILINE)[0]
    rows = dict(re.findall(r"^\| `([^`]+)` \| ([^|]+?) \|$", section, re.MULTILINE))
    values: dict[str, Any] = {"plus_addressing": rows["plus_addressing"] == "true", "imap": {}, "smtp": {}}
    for key, value in rows.items():
        part, _, inner = key.partition(".")
        if inner and inner != "sent_folder":
            values[part][inner] = value.split(",")[0]
    assert EmailSettings.model_validate(values).imap.port == 993  # type: ignore[union-attr]


# Commands and processes


def commands(group: click.Group = switchboard, path: str = "switchboard") -> Iterator[tuple[str, click.Command]]:
    with click.Context(group) as context_:
        for name in group.list_commands(context_):
            command = group.get_command(context_, name)
            assert command is not None
            if isinstance(command, click.Group):
                yield from commands(command, f"{path} {name}")
            else:
                yield f"{path} {name}", command


COMMANDS = dict(commands())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_table_with_its_options(name: str) -> None:
    row = next(line for line in OPERATIONS.splitlines() if re.match(rf"\| `{name}[` ]", line))
    options = [
        opt for parameter in COMMANDS[name].params if isinstance(parameter, click.Option) for opt in parameter.opts
    ]
    missing = [
        option for option in options if option.startswith("--") and f"`{option}" not in row and f"{option}`" not in row
    ]
    assert not missing, f"{name} lacks {missing}"


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_command_that_does_not_exist(page: str) -> None:
    groups = {name.rpartition(" ")[0] for name in COMMANDS}
    for words in re.findall(r"(?<![\w/.])switchboard((?: [a-z][a-z-]*){1,2})", code_of(PAGES[page])):
        said = "switchboard" + words
        shorter = said.rpartition(" ")[0]
        assert said in COMMANDS or shorter in COMMANDS or said in groups, f"{page}: {said}"


def test_every_process_of_the_procfile_is_told() -> None:
    lines = (ROOT / "Procfile").read_text("utf-8").splitlines()
    assert {line.partition(":")[0] for line in lines} <= first_cells(OPERATIONS)


def test_every_gauge_and_every_reason_of_the_quarantine_is_told() -> None:
    told = first_cells(OPERATIONS)
    assert {f"switchboard_{METRICS[name][0]}" for name in gauges.Gauges.__dataclass_fields__} <= told
    assert set(WORDS["quarantine"]) <= told


# Pages of the desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> context.App:
    environ = {"DATA_DIR": str(tmp_path_factory.mktemp("docs")), "SECRET_KEY": "docs", "SWITCHBOARD_CONFIG": "none"}
    return context.build(config.load(environ), redis_url="")


def test_every_route_is_in_the_table_with_those_who_reach_it(desk: context.App) -> None:
    table = set(re.findall(r"^\| `(/[^`]*)` \| ([A-Z ]+) \| ([a-z ]+) \|$", SECURITY, re.MULTILINE))
    live = create_live_app(desk)
    routes = {("/live", "GET", "people of the desk"), *rows_of(create_app(desk))}
    assert table == routes
    assert {rule.rule for rule in live.url_map.iter_rules()} <= {address for address, _, _ in table}


def rows_of(pages: Flask) -> Iterator[tuple[str, str, str]]:
    methods: dict[tuple[str, str], set[str]] = {}
    for rule in pages.url_map.iter_rules():
        who = reached_by(needed_action(pages, rule.endpoint))
        methods.setdefault((rule.rule, who), set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})
    yield from ((address, " ".join(sorted(some)), who) for (address, who), some in methods.items())


def reached_by(action: Action | None) -> str:
    if action is None:
        return "anybody"
    agent = Agent(email="agent@example.com", name="Agent", role=Role.AGENT, created_at=context.utc_now())
    return "people of the desk" if may(agent, action) else "managers"


# Silence


def test_every_reason_for_silence_is_told_in_its_words() -> None:
    for code, words in replies.REASONS.items():
        assert f"| `{code}` | {words} |" in CHANNELS


@pytest.mark.parametrize(
    ("limit", "number"),
    [
        ("to one address, in 15 minutes", replies.ADDRESS_PER_15_MINUTES),
        ("to one address, in a day", replies.ADDRESS_PER_DAY),
        ("to one domain, in an hour (not counted for large public mail providers)", replies.DOMAIN_PER_HOUR),
        ("from one account, in 5 minutes", replies.ACCOUNT_PER_5_MINUTES),
        ("new tickets from one sender in an hour, before the rest is held in quarantine", judge.FLOOD_TICKETS),
    ],
)
def test_the_caps_are_told_with_their_numbers(limit: str, number: int) -> None:
    assert f"| {limit} | {number} |" in CHANNELS


def test_every_sign_of_a_machine_is_told() -> None:
    source = Path(machine.__file__).read_text("utf-8")
    codes = set(re.findall(r'f?"(A\d{1,2}) ', source))
    assert codes == {f"A{number}" for number in range(1, 11)}
    assert all(f"| {code} | " in CHANNELS for code in codes)


# All pages


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", PAGES[page], flags=re.DOTALL)):
        if not target.startswith("http"):
            name, _, anchor = target.partition("#")
            path = (ROOT / page).parent / name if name else ROOT / page
            assert path.exists(), f"{page}: {target}"
            assert not anchor or anchor in anchors(path.read_text("utf-8")), f"{page}: {target}"


def anchors(text: str) -> set[str]:
    """Names of headings as repositories' web pages make them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_place_of_somebodys_machine(page: str) -> None:
    assert not re.findall(r"(?:^|[\s`\"'(=])/(?:work|root|home|tmp|Users|mnt)(?:/|\b)", PAGES[page], re.MULTILINE)
