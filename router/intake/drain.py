"""Drain: claim recorded items, understand them, accept them. One bad item in a batch of fifty stops no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_, select, update
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Session, col

from router import accounts
from router.context import App
from router.db import table
from router.intake.accept import accept
from router.intake.drafts import Plan
from router.intake.understand import Item, Understood, Unreadable, understand
from router.models import Inbound, InboundState
from router.models.inbound import RECORDED

log = logging.getLogger(__name__)

BATCH = 50
# A worker that died lets its items go after this. One that is merely slow may be overtaken: the keys of what both
# write exist once, and an item ends once.
LEASE_SECONDS = 60
# A mail that was begun so often and never finished kills its worker: a person must look at it (X4).
TRIES = 3


_inbound = table(Inbound)
_FREE = or_(_inbound.c.lease_until.is_(None), _inbound.c.lease_until < bindparam("b_now"))


def _claiming(which: ColumnElement[bool]) -> ReturningUpdate[Any]:
    waiting = (
        select(_inbound.c.id)
        .where(RECORDED.holds(), _FREE, which)
        .order_by(_inbound.c.id)
        .limit(bindparam("b_limit"))
        .with_for_update(skip_locked=True)
    )
    claim = update(_inbound).where(_inbound.c.id.in_(waiting))
    return claim.values(attempts=_inbound.c.attempts + 1, lease_until=bindparam("b_until")).returning(_inbound)


_CLAIM_FRESH, _CLAIM_SUSPECT = _claiming(_inbound.c.attempts == 0), _claiming(_inbound.c.attempts > 0)
_GIVE_BACK = (
    update(_inbound)
    .where(_inbound.c.id == bindparam("b_id"), _inbound.c.state == InboundState.RECORDED)
    .values(attempts=_inbound.c.attempts - 1, lease_until=None)
)


@dataclass(slots=True)
class Counts:
    """What became of the items of one or more batches."""

    tickets: int = 0
    replies: int = 0
    duplicates: int = 0
    quarantined: int = 0
    reports: int = 0
    left: int = 0

    @property
    def items(self) -> int:
        return self.tickets + self.replies + self.duplicates + self.quarantined + self.reports

    def add(self, plan: Plan) -> None:
        for ending in plan.endings:
            if ending.state == InboundState.DUPLICATE:
                self.duplicates += 1
            elif ending.state == InboundState.QUARANTINED:
                self.quarantined += 1
            elif ending.code == "delivery_report":
                self.reports += 1
            elif ending.joined:
                self.replies += 1
            else:
                self.tickets += 1


def drain(app: App, now: Callable[[], datetime], limit: int = BATCH) -> Counts:
    """Work through everything that is recorded, `limit` items a transaction, oldest first."""
    total = Counts()
    while True:
        counts = drain_batch(app, now, limit)
        for field in fields(Counts):
            setattr(total, field.name, getattr(total, field.name) + getattr(counts, field.name))
        if not counts.items:
            # Nothing was there, or all of it was put back for later: going on would claim nothing new.
            return total


def drain_batch(app: App, now: Callable[[], datetime], limit: int = BATCH) -> Counts:
    """One batch: claim, understand, accept. Its counts are zero when nothing waits."""
    counts = Counts()
    items = claim(app, now(), limit)
    if items:
        accept_items(app, items, now, counts)
    return counts


def claim(app: App, now: datetime, limit: int) -> list[Item]:
    """Take up to `limit` items for this worker. An item that was begun before comes alone: it may be the one that kills
    its worker, and must not take others with it."""
    with app.db.begin() as session:
        connection = session.connection()
        asked = {"b_now": now, "b_until": now + timedelta(seconds=LEASE_SECONDS)}
        rows = connection.execute(_CLAIM_FRESH, {**asked, "b_limit": limit}).all()
        if not rows:
            rows = connection.execute(_CLAIM_SUSPECT, {**asked, "b_limit": 1}).all()
        found = [(row, accounts.name_of(app, session, row.account_id)) for row in sorted(rows, key=lambda row: row.id)]
        app.reach("claiming")
    if found:
        app.reach("claimed")
    return [_item(app, row, account) for row, account in found]


def accept_items(app: App, items: Sequence[Item], now: Callable[[], datetime], counts: Counts) -> None:
    """Understand and accept `items`; when the batch fails as a whole, each of them by itself.

    Raises what disk or database say when it is they that fail: then no item is to blame, and none has used up a try.
    """
    read: list[Understood | Unreadable] = []
    try:
        read += [_read(app, item) for item in items]
        counts.add(_accept(app, read, now()))
    except Exception as error:
        if _not_the_items_fault(error):
            _give_back(app, items)
            raise
        log.warning("batch failed", exc_info=len(read) == 1, extra={"items": len(read)})
        for one in read:
            _accept_alone(app, one, now, counts)


def _not_the_items_fault(error: Exception) -> bool:
    return isinstance(error, OSError | OperationalError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )


def _give_back(app: App, items: Sequence[Item]) -> None:
    with suppress(SQLAlchemyError), app.db.begin() as session:
        session.connection().execute(_GIVE_BACK, [{"b_id": item.inbound_id} for item in items])


def release_claims(app: App) -> None:
    """Let go of every claim. Only for a start at which no other worker of this desk can be alive."""
    with app.db.begin() as session:
        session.execute(update(Inbound).where(col(Inbound.state) == InboundState.RECORDED).values(lease_until=None))


def _read(app: App, item: Item) -> Understood | Unreadable:
    if item.envelope.get("fetch_failed"):
        return Unreadable(
            item, "not_fetched", "the mail server did not hand it over in five tries; read it in the mailbox"
        )
    if not item.raw:
        return Unreadable(item, "lost", "its bytes are not in the file store; look for them in a backup of it")
    if item.attempts > TRIES:
        return Unreadable(
            item, "poison", f"reading it failed {TRIES} times without a word; its worker died or was stopped"
        )
    return understand(app, item)


def _accept(app: App, read: Sequence[Understood | Unreadable], now: datetime) -> Plan:
    with app.db.begin() as session:
        understood = [one for one in read if isinstance(one, Understood)]
        unreadable = [one for one in read if isinstance(one, Unreadable)]
        plan = accept(app, session, understood, unreadable, now)
        app.reach("accepting")
    app.reach("accepted")
    return plan


def _accept_alone(app: App, one: Understood | Unreadable, now: Callable[[], datetime], counts: Counts) -> None:
    try:
        counts.add(_accept(app, [one], now()))
    except Exception as error:
        if _not_the_items_fault(error):
            raise
        log.exception("item failed", extra={"inbound": one.item.inbound_id})
        if one.item.attempts < TRIES:
            _put_back(app, one.item, now())
            counts.left += 1
        else:
            reason = f"it could not be stored: {type(error).__name__}"
            counts.add(_accept(app, [Unreadable(one.item, "not_stored", reason)], now()))


def _put_back(app: App, item: Item, now: datetime) -> None:
    with app.db.begin() as session:
        later = now + timedelta(seconds=2**item.attempts)
        _set_lease(session, item.inbound_id, later)


def _set_lease(session: Session, inbound_id: int, until: datetime) -> None:
    session.execute(update(Inbound).where(col(Inbound.id) == inbound_id).values(lease_until=until))


def _item(app: App, row: Any, account: str) -> Item:
    return Item(
        inbound_id=row.id,
        account_id=row.account_id,
        account=account,
        received_at=row.received_at,
        envelope=row.envelope,
        raw=row.raw if row.raw is not None else _kept_bytes(app, row),
        attempts=row.attempts,
        released=row.released,
    )


def _kept_bytes(app: App, row: Any) -> bytes:
    try:
        return app.files.get(row.raw_key or "")
    except OSError:
        log.exception("file store lost an item", extra={"inbound": row.id})
        return b""
