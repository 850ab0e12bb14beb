"""Brings the database to the tables that this code knows, one process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from router.config import Config
from router.db import Database

# Any number that no other user of the same PostgreSQL server locks on: the letters "switchbo".
_ADVISORY_LOCK = 0x7377697463_68626F


def upgrade(config: Config) -> None:
    """Apply what is missing. Processes that start together take turns; the later ones find nothing to do."""
    db = Database(config.database_url)
    with _one_at_a_time(config, db), db.engine.connect() as connection:
        settings = _alembic(db)
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
        connection.commit()


def pending(db: Database) -> list[str]:
    """The revisions that the database lacks, oldest first. Changes nothing."""
    script = ScriptDirectory.from_config(_alembic(db))
    with db.engine.connect() as connection:
        have = MigrationContext.configure(connection).get_current_heads()
    return [step.revision for step in script.iterate_revisions(tuple(script.get_heads()), have)][::-1]


def _alembic(db: Database) -> AlembicConfig:
    settings = AlembicConfig()
    settings.set_main_option("script_location", "router:migrations")
    # Alembic reads this as a template, where a percent sign means a name.
    settings.set_main_option("sqlalchemy.url", db.url.replace("%", "%%"))
    return settings


@contextmanager
def _one_at_a_time(config: Config, db: Database) -> Iterator[None]:
    with _file_lock(config) if db.is_sqlite else _advisory_lock(db):
        yield


@contextmanager
def _file_lock(config: Config) -> Iterator[None]:
    config.data_dir.mkdir(parents=True, exist_ok=True)
    with (config.data_dir / "migrate.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _advisory_lock(db: Database) -> Iterator[None]:
    # A connection of its own: the lock lasts as long as the session does, across the commits of the migrations.
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
        session.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
        try:
            yield
        finally:
            session.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_LOCK})
