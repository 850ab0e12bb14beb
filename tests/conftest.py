"""Fixtures that every test may use: a desk of its own, on both databases, with a real queue."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from services import postgresql

from router import accounts, config, context, migrate, rulebooks, valkey
from router.db import engine_for

_numbers = itertools.count(1)


def missing(words: str) -> None:
    """One clear line for a service that this machine lacks; a failure where services are required."""
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    try:
        with postgresql.server() as address:
            yield address
    except postgresql.Missing as error:
        missing(str(error))


@pytest.fixture(scope="session")
def queue_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey for the whole run; each desk that uses it gets it empty."""
    server = valkey.start(tmp_path_factory.mktemp("queue"))
    yield f"unix://{server.socket}?db=0"
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'desk.db'}"
        return
    address = request.getfixturevalue("postgresql_server")
    with postgresql.database(address, f"desk_{os.getpid()}_{next(_numbers)}") as url:
        yield url
        engine_for(url).dispose()


MakeDesk = Callable[..., context.App]


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[MakeDesk]:
    """Make a prepared desk: `make_desk(database_url=…, redis_url=…, toml=…)`."""
    made: list[context.App] = []

    def make(database_url: str = "", redis_url: str = "", toml: str = "", **environ: str) -> context.App:
        folder = tmp_path / f"desk-{len(made)}"
        folder.mkdir()
        (folder / "switchboard.toml").write_text(toml, encoding="utf-8")
        given = {
            "DATA_DIR": str(folder / "data"),
            "SWITCHBOARD_CONFIG": str(folder / "switchboard.toml"),
            "DATABASE_URL": database_url,
            "SECRET_KEY": "a key for tests only",
            **environ,
        }
        loaded = config.load(given)
        migrate.upgrade(loaded)
        app = context.build(loaded, redis_url=redis_url)
        now = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
        rulebooks.ensure_starter(app.db, now)
        accounts.sync(app, now)
        made.append(app)
        return app

    yield make
    for app in made:
        app.db.engine.dispose()


@pytest.fixture
def desk(make_desk: MakeDesk, database_url: str) -> context.App:
    """A desk without a queue, once on each database."""
    return make_desk(database_url=database_url)


@pytest.fixture
def small_desk(make_desk: MakeDesk) -> context.App:
    """A desk without a queue on SQLite, for what does not depend on the database."""
    return make_desk()


@pytest.fixture
def queue_desk(make_desk: MakeDesk, queue_url: str) -> context.App:
    """A desk with an empty queue, on SQLite."""
    app = make_desk(redis_url=queue_url)
    app.bells.redis.flushall()
    return app
