"""Alembic's entry: runs on the connection that router.migrate hands over, or on one of its own for `alembic` itself."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine
from sqlmodel import SQLModel

import router.models  # noqa: F401 - importing the tables is what fills the metadata


def _run(connection: Connection) -> None:
    # SQLite cannot alter a column: Alembic copies the table instead ("batch").
    context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with create_engine(context.config.get_main_option("sqlalchemy.url") or "").connect() as own:
        _run(own)
        own.commit()
