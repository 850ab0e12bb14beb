"""Replay: read a stored item again and compare with what became of it. Nothing is written.

What is compared: that it can (still not) be read; the message's own fields; and the decision, made again by the
rulebook of that day from the facts of that day and the words of today's reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from router import accounts
from router.context import App
from router.errors import PlainError
from router.intake.judge import RULE_TEXT
from router.intake.understand import Item, Understood, Unreadable, understand
from router.models import Event, EventKind, Inbound, InboundState, Message, Ticket
from rules.engine import decide
from rules.facts import Facts

_PAGE = 200


class ReplayError(PlainError):
    """What was asked for cannot be replayed."""


@dataclass(frozen=True, slots=True)
class Replay:
    """How one item came out. `ref` is the ticket that it belongs to, or empty."""

    inbound_id: int
    ref: str
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        return not self.differences


def replays(app: App, *, ids: Sequence[int] = (), since: datetime | None = None) -> Iterator[Replay]:
    """Replay the items of `ids`, or those received `since`, or all. Raises ReplayError for an unknown id."""
    last, seen = 0, 0
    while True:
        with app.db.read() as session:
            rows = _page(session, last, ids, since)
            results = [_replay(app, session, row) for row in rows]
        if not rows:
            break
        last, seen = results[-1].inbound_id, seen + len(results)
        yield from results
    if seen < len(set(ids)):
        raise ReplayError("Some of these items do not exist.")


def _page(session: Session, last: int, ids: Sequence[int], since: datetime | None) -> list[Inbound]:
    query = select(Inbound).where(col(Inbound.id) > last).order_by(col(Inbound.id)).limit(_PAGE)
    if ids:
        query = query.where(col(Inbound.id).in_(ids))
    if since:
        query = query.where(col(Inbound.received_at) >= since)
    return list(session.execute(query).scalars())


def _replay(app: App, session: Session, row: Inbound) -> Replay:
    ticket = session.get(Ticket, row.ticket_id) if row.ticket_id else None
    assert row.id is not None
    raw = row.raw if row.raw is not None else app.files.get(row.raw_key or "")
    account = accounts.names(session)[row.account_id]
    found = understand(app, Item(row.id, row.account_id, account, row.received_at, row.envelope, raw))
    return Replay(row.id, ticket.ref if ticket else "", tuple(_differences(app, session, row, found)))


def _differences(app: App, session: Session, row: Inbound, found: Understood | Unreadable) -> Iterator[str]:
    unreadable_then = row.state == InboundState.QUARANTINED and row.message_id is None
    if isinstance(found, Unreadable):
        if row.state == InboundState.ACCEPTED or row.reason_code != found.code:
            yield f"cannot be read now: {found.code}"
        return
    if row.state == InboundState.QUARANTINED and row.reason_code in _READING_FAILED:
        yield f"can be read now; it was {row.reason_code}"
        return
    message = session.get(Message, row.message_id) if row.message_id else None
    if message is None or unreadable_then or found.parsed.report is not None:
        return
    yield from _message_differences(message, found)
    if row.state == InboundState.ACCEPTED:
        yield from _decision_differences(app, session, message, found)


_READING_FAILED = ("unreadable", "too_slow", "too_large", "reader_failed", "poison")


def _message_differences(message: Message, found: Understood) -> Iterator[str]:
    parsed = found.parsed
    then_and_now: dict[str, tuple[Any, Any]] = {
        "sender": (message.sender_address, parsed.sender.address[:320]),
        "subject": (message.subject, parsed.subject[:998]),
        "text": (message.text, parsed.text),
        "new text": (message.new_text, parsed.new_text),
        "html": (message.html, parsed.html),
        "language": (message.language, found.language),
        "identity": (message.dedupe_key, parsed.dedupe_key),
        "machine marks": (message.machine, list(parsed.machine)),
    }
    return (f"{name} is read differently" for name, (then, now) in then_and_now.items() if then != now)


def _decision_differences(app: App, session: Session, message: Message, found: Understood) -> Iterator[str]:
    decided = col(Event.message_id) == message.id, col(Event.kind) == EventKind.DECIDED
    event = session.execute(select(Event).where(*decided)).scalars().first()
    if event is None:
        yield "no decision is on record"
        return
    words = {"subject": found.parsed.subject, "text": found.parsed.new_text[:RULE_TEXT]}
    facts = Facts.from_json({**event.data["facts"], **words})
    again = decide(app.rulebooks.version(session, event.data["rulebook"]), facts).to_json()
    then = event.data["decision"]
    changed = [name for name in again if again[name] != then.get(name)]
    if changed:
        yield f"decided differently: {', '.join(changed)}"
