"""Transactions: one place that commits, and nothing lost between processes that write at once."""

from __future__ import annotations

import multiprocessing

import pytest
from sqlalchemy import text

from router import db
from router.db import Database
from router.models import Account


def test_what_raises_is_rolled_back_and_rings_nothing(desk):
    rung = []
    with pytest.raises(ZeroDivisionError), desk.db.begin() as session:
        db.after_commit(session, lambda: rung.append(1))
        session.execute(text("UPDATE account SET address = 'changed'"))
        raise ZeroDivisionError
    with desk.db.read() as session:
        assert session.get(Account, 1).address == "support@localhost"
    assert not rung


def test_bells_ring_after_the_commit_and_their_failure_undoes_nothing(desk):
    seen = []

    def ring():
        assert not db.in_transaction()
        with desk.db.read() as session:
            seen.append(session.get(Account, 1).address)
        raise RuntimeError("the bell is broken")

    with desk.db.begin() as session:
        assert db.in_transaction()
        db.after_commit(session, ring)
        session.get(Account, 1).address = "new@localhost"
    assert seen == ["new@localhost"]


def _count_up(url: str, times: int) -> None:
    for _ in range(times):
        with Database(url).begin() as session:
            n = int(session.execute(text("SELECT last_error FROM account")).scalar_one() or 0)
            session.execute(text("UPDATE account SET last_error = :n"), {"n": str(n + 1)})


def test_processes_that_read_and_write_at_once_on_sqlite_lose_no_update(small_desk):
    spawn = multiprocessing.get_context("spawn")
    people = [spawn.Process(target=_count_up, args=(small_desk.db.url, 25)) for _ in range(4)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    with small_desk.db.read() as session:
        assert session.execute(text("SELECT last_error FROM account")).scalar_one() == "100"


def test_sqlite_writes_are_on_disk_before_a_commit_returns(small_desk):
    with small_desk.db.read() as session:
        pragmas = {
            p: session.execute(text(f"PRAGMA {p}")).scalar() for p in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_the_migrations_give_exactly_the_tables_that_the_models_describe(desk):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlmodel import SQLModel

    with desk.db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
