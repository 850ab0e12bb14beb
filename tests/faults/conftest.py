"""Desks for the fault tests: with a source of mail, a way out that keeps a ledger, and lives that can be ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient
from services import dovecot as dovecot_service
from services import lives, sink
from services.lives import World

from router import config, context

ACCOUNT = """
[[accounts]]
name = "support"
kind = "email"
address = "support@localhost"
"""


def smtp_account(port: int, **more: Any) -> str:
    """The account of a desk whose mail leaves through the server on `port`."""
    lines = {"host": "127.0.0.1", "port": port, "tls": "none", "timeout": 5, **more}
    return f"{ACCOUNT}[accounts.smtp]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in lines.items())


def imap_account(smtp_port: int, imap_port: int, user: str) -> str:
    imap = {"host": "127.0.0.1", "port": imap_port, "tls": "none", "user": user, "password": dovecot_service.PASSWORD}
    lines = "".join(f"{key} = {_toml(value)}\n" for key, value in imap.items())
    return f"{smtp_account(smtp_port, sent_folder='Sent')}[accounts.imap]\n{lines}"


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


@pytest.fixture
def account_with_smtp() -> Callable[..., str]:
    return smtp_account


def _missing(words: str) -> None:
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture
def skip_or_fail() -> Callable[[str], None]:
    """For a service that this machine lacks: one clear line, or a failure where services are required."""
    return _missing


@pytest.fixture
def on_sqlite(tmp_path: Path) -> str:
    """A database for what does not depend on which it is."""
    return f"sqlite:///{tmp_path / 'desk.db'}"


@pytest.fixture
def mail_sink() -> Iterator[sink.Sink]:
    with sink.listening() as running:
        yield running


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lives.Runner]:
    with lives.runner(tmp_path_factory.mktemp("lives")) as running:
        yield running


@dataclass
class MakeWorld:
    make_desk: Callable[..., context.App]
    runner: lives.Runner
    folder: Path
    opened: list[IMAPClient] = field(default_factory=list)

    def into_folder(self, database_url: str) -> World:
        """Mail comes from a folder and leaves into one."""
        app = self.make_desk(database_url=database_url, toml=ACCOUNT)
        return self._world(app, sink.OutboxFolder(app.config.outbox_dir).ledger)

    def by_smtp(self, database_url: str, mail_sink: sink.Sink) -> World:
        app = self.make_desk(database_url=database_url, toml=smtp_account(mail_sink.port))
        return self._world(app, mail_sink.ledger)

    def from_imap(self, database_url: str, mail_sink: sink.Sink, server: dovecot_service.Dovecot) -> World:
        """Mail is pulled from a mailbox, and a copy of what leaves is kept in its Sent folder."""
        user = f"faults-{self.folder.name}@example.com"
        app = self.make_desk(database_url=database_url, toml=imap_account(mail_sink.port, server.port, user))
        person = server.client(user)
        self.opened.append(person)
        world = World(
            app, self.runner, environ_of(app), lambda _name, raw: person.append("INBOX", raw), mail_sink.ledger
        )
        # What lies there before the first look is not acknowledged: look once.
        world.recover()
        return world

    def _world(self, app: context.App, ledger: Callable[[], list[sink.Taken]]) -> World:
        source = self.folder / "source"
        source.mkdir()

        def put(name: str, raw: bytes) -> None:
            draft = source / f".{name}"
            draft.write_bytes(raw)
            draft.rename(source / f"{name}.eml")

        return World(app, self.runner, environ_of(app), put, ledger, source)


def environ_of(app: context.App) -> dict[str, str]:
    """What another process of this desk is told."""
    settings: config.Settings = app.config.settings
    return {
        "DATA_DIR": str(settings.data_dir),
        "SWITCHBOARD_CONFIG": str(settings.switchboard_config),
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
    }


@pytest.fixture
def environ() -> Callable[[context.App], dict[str, str]]:
    return environ_of


@pytest.fixture
def make_world(make_desk: Callable[..., context.App], runner: lives.Runner, tmp_path: Path) -> Iterator[MakeWorld]:
    make = MakeWorld(make_desk, runner, tmp_path)
    yield make
    for client in make.opened:
        client.shutdown()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[dovecot_service.Dovecot]:
    try:
        with dovecot_service.server() as running:
            yield running
    except dovecot_service.Missing as error:
        _missing(str(error))
