"""Every ticket as plain values, for `switchboard tickets`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from router.db import Database
from router.models import Direction, Identity, Message, Priority, Ticket, TicketTag

_PAGE = 500


def export(db: Database) -> Iterator[dict[str, Any]]:
    """Tickets in the order of their making, a page at a time: a million need no more memory than 500."""
    last = 0
    while True:
        with db.read() as session:
            page = _page(session, last)
        if not page:
            return
        last = page[-1][0]
        yield from (row for _, row in page)


def _page(session: Session, after: int) -> list[tuple[int, dict[str, Any]]]:
    rows = list(
        session.execute(select(Ticket).where(col(Ticket.id) > after).order_by(col(Ticket.id)).limit(_PAGE)).scalars()
    )
    ids = [row.id for row in rows if row.id is not None]
    tags, addresses = _tags(session, ids), _addresses(session, [row.customer_id for row in rows])
    acked = _acked(session, ids)
    return [
        (row.id, _plain(row, tags[row.id], addresses.get(row.customer_id, ""), row.id in acked))
        for row in rows
        if row.id is not None
    ]


def _plain(ticket: Ticket, tags: list[str], customer: str, acked: bool) -> dict[str, Any]:
    return {
        "ref": ticket.ref,
        "subject": ticket.subject,
        "channel": ticket.channel,
        "status": ticket.status.value,
        "priority": Priority(ticket.priority).word,
        "topic": ticket.topic,
        "tags": sorted(tags),
        "language": ticket.language,
        "customer": customer,
        "messages": ticket.message_count,
        "acked": acked,
        "due_at": _iso(ticket.due_at),
        "created_at": _iso(ticket.created_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _tags(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    query = select(col(TicketTag.ticket_id), col(TicketTag.tag)).where(col(TicketTag.ticket_id).in_(ids))
    for ticket, tag in session.execute(query):
        found[ticket].append(tag)
    return found


def _addresses(session: Session, customers: Sequence[int]) -> dict[int, str]:
    """The first known address of each customer."""
    first = (
        select(func.min(col(Identity.id)))
        .where(col(Identity.customer_id).in_(customers))
        .group_by(col(Identity.customer_id))
    )
    query = select(col(Identity.customer_id), col(Identity.address)).where(col(Identity.id).in_(first))
    return {row.customer_id: row.address for row in session.execute(query)}


def _acked(session: Session, ids: Sequence[int]) -> set[int]:
    """Tickets with an automatic answer, sent or on its way."""
    query = select(col(Message.ticket_id)).where(
        col(Message.ticket_id).in_(ids), col(Message.direction) == Direction.OUT, col(Message.automatic).is_(True)
    )
    return set(session.execute(query).scalars())
