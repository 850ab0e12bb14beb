"""What could not become a message by itself, with its reason: a person releases, retries or discards it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal, select
from sqlmodel import Session, col

from router.bells import Bell
from router.context import App
from router.models import Account, Agent, Event, EventKind, Inbound, InboundState

COUNT_UP_TO = 100


@dataclass(frozen=True, slots=True)
class HeldPage:
    """Newest first. `next` is the id to go on below, None at the end."""

    items: tuple[tuple[Inbound, str], ...]
    next: int | None


def page(session: Session, cursor: int | None = None, limit: int = 50) -> HeldPage:
    """Held items with the names of their accounts; the raw bytes are not read."""
    query = (
        select(Inbound, col(Account.name))
        .join(Account, col(Account.id) == col(Inbound.account_id))
        .where(col(Inbound.state) == InboundState.QUARANTINED)
        .order_by(col(Inbound.id).desc())
        .limit(limit + 1)
    )
    if cursor is not None:
        query = query.where(col(Inbound.id) < cursor)
    found = [(item, name) for item, name in session.execute(query)]
    return HeldPage(tuple(found[:limit]), found[limit - 1][0].id if len(found) > limit else None)


def count(session: Session) -> int:
    """How many items are held, counted up to COUNT_UP_TO."""
    held = select(literal(1)).select_from(Inbound).where(col(Inbound.state) == InboundState.QUARANTINED)
    n: int = session.execute(select(func.count()).select_from(held.limit(COUNT_UP_TO).subquery())).scalar_one()
    return n


def get(session: Session, inbound_id: int) -> Inbound | None:
    """One item, whatever became of it."""
    return session.get(Inbound, inbound_id)


def raw(app: App, inbound: Inbound) -> bytes:
    """The item as it arrived. Raises OSError when the file store has lost it."""
    return inbound.raw if inbound.raw is not None else app.files.get(inbound.raw_key or "")


def release(app: App, session: Session, agent: Agent, inbound: Inbound, now: datetime) -> bool:
    """A person says that it is a real message: it goes through the intake again, past the guards that held it.
    False when it is no longer held."""
    return _send_back(app, session, agent, inbound, now, released=True)


def retry(app: App, session: Session, agent: Agent, inbound: Inbound, now: datetime) -> bool:
    """Try again as if it had just arrived, for example after a mend. False when it is no longer held."""
    return _send_back(app, session, agent, inbound, now, released=False)


def discard(app: App, session: Session, agent: Agent, inbound: Inbound, now: datetime) -> bool:
    """Put it away; the bytes stay and `restore` brings it back. False when it is no longer held."""
    return _move(app, session, agent, inbound, now, InboundState.QUARANTINED, InboundState.DISCARDED, "discarded")


def restore(app: App, session: Session, agent: Agent, inbound: Inbound, now: datetime) -> bool:
    """Undo a discard. False when it was not discarded."""
    return _move(app, session, agent, inbound, now, InboundState.DISCARDED, InboundState.QUARANTINED, "restored")


def _send_back(app: App, session: Session, agent: Agent, inbound: Inbound, now: datetime, *, released: bool) -> bool:
    if inbound.state is not InboundState.QUARANTINED:
        return False
    inbound.attempts, inbound.lease_until, inbound.released = 0, None, released
    app.ring_after(session, Bell.INGEST)
    word = "released" if released else "retried"
    return _move(app, session, agent, inbound, now, InboundState.QUARANTINED, InboundState.RECORDED, word)


def _move(
    app: App,
    session: Session,
    agent: Agent,
    inbound: Inbound,
    now: datetime,
    was: InboundState,
    becomes: InboundState,
    word: str,
) -> bool:
    if inbound.state is not was:
        return False
    inbound.state = becomes
    data = {"inbound": inbound.id, "done": word}
    session.add(Event(agent_id=agent.id, kind=EventKind.QUARANTINED, at=now, data=data))
    app.ring_after(session)
    return True
