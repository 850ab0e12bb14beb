"""Engine, pragmas and the only place that commits.

`begin()` writes, `read()` only reads. Both yield a Session; helpers take it and never commit. What must happen after the
commit (ring a bell) is handed to `after_commit`; it runs once the transaction is on disk, and its failure undoes nothing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlmodel import Session, SQLModel

log = logging.getLogger(__name__)

_open_transactions: ContextVar[int] = ContextVar("open_transactions", default=0)


@lru_cache(maxsize=4)
def engine_for(url: str) -> Engine:
    """The process's engine for `url`; made on first use, so that nothing connects before a fork."""
    sqlite = make_url(url).get_backend_name() == "sqlite"
    engine = create_engine(url, **({} if sqlite else {"pool_pre_ping": True, "pool_size": 5, "max_overflow": 20}))
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    # A forked child that used its parent's sockets would talk over it: seen with RQ's fork-a-job worker.
    os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        # NORMAL may lose rows that were already acknowledged to the outside when the machine dies.
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=15000",
        # For each connection, and a page server holds a dozen: 4 MiB each.
        "cache_size=-4096",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads and then writes loses to a concurrent writer, silently or with "locked".
    deferred = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")


class Database:
    """One database, by its URL. Cheap: the engine behind it is shared by the process."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def engine(self) -> Engine:
        return engine_for(self.url)

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A transaction that is committed when the block ends, and rolled back when it raises."""
        with self._session(self.engine) as session:
            yield session
            session.commit()
        for ring in session.info.get("after_commit", ()):
            _safely(ring)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that never waits for a writer on SQLite, and never commits."""
        with self._session(self.engine.execution_options(read_only=True)) as session:
            yield session

    @contextmanager
    def _session(self, bind: Engine) -> Iterator[Session]:
        token = _open_transactions.set(_open_transactions.get() + 1)
        try:
            with Session(bind, expire_on_commit=False) as session:
                yield session
        finally:
            _open_transactions.reset(token)


def table(model: type[SQLModel]) -> Table:
    """The table behind `model`, for the set-based statements of the intake."""
    return cast("Table", model.__table__)  # type: ignore[attr-defined]


def after_commit(session: Session, ring: Callable[[], object]) -> None:
    """Run `ring` when the transaction of `session` has been committed."""
    session.info.setdefault("after_commit", []).append(ring)


def in_transaction() -> bool:
    """Is a transaction open in this context? Whoever talks to the network asks, and refuses."""
    return _open_transactions.get() > 0


def _safely(ring: Callable[[], object]) -> None:
    try:
        ring()
    except Exception:
        log.warning("bell failed after commit", exc_info=True)
