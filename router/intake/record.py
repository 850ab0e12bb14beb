"""Record: the raw item is on disk, once, before anybody outside is told that we have it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from channels.base import Json, RawItem
from router import accounts
from router.bells import Bell
from router.context import App
from router.db import table
from router.models import Inbound, InboundState

# Above this a row would bloat the table that every claim reads; the file store keeps the bytes instead.
ROW_BYTES = 64 * 1024

_INSERT_SQLITE = sqlite.insert(table(Inbound)).on_conflict_do_nothing()
_INSERT_POSTGRESQL = postgresql.insert(table(Inbound)).on_conflict_do_nothing()


def record(
    app: App,
    account_name: str,
    items: Sequence[RawItem],
    now: datetime,
    *,
    cursor: Json | None = None,
    lease_owner: str = "",
) -> int:
    """Store `items` and, in the same transaction, the `cursor` behind them; return how many were new.

    An item that is already there (same account and external id) is left alone. Raises KeyError for an unknown account,
    LeaseLost when another poller took over, and whatever database or disk say: nothing is stored then.
    """
    rows = [_row(app, item) for item in items]
    app.reach("fetched")
    with app.db.begin() as session:
        account = accounts.account_id(app, session, account_name)
        stored = _insert(app, session, [{"account_id": account, **row} for row in rows])
        if cursor is not None:
            accounts.move_cursor(session, account, cursor, lease_owner, now)
        if stored:
            app.ring_after(session, Bell.INGEST)
        app.reach("recording")
    app.reach("recorded")
    return stored


def _row(app: App, item: RawItem) -> dict[str, Any]:
    small = len(item.raw) <= ROW_BYTES
    return {
        "external_id": item.external_id,
        "received_at": item.received_at,
        "envelope": item.envelope,
        "size": len(item.raw),
        "raw": item.raw if small else None,
        "raw_key": None if small else app.files.put(item.raw),
        "state": InboundState.RECORDED,
        "attempts": 0,
        "reason_code": "",
        "reason": "",
        "released": False,
    }


def _insert(app: App, session: Session, rows: list[dict[str, Any]]) -> int:
    if not rows:
        return 0
    statement = _INSERT_SQLITE if app.db.is_sqlite else _INSERT_POSTGRESQL
    return session.connection().execute(statement, rows, execution_options={"preserve_rowcount": True}).rowcount
