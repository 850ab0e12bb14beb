"""What the pages read: the views of the inbox, their counts, and one conversation. Nothing here writes.

Every list is read along an index of its own, page by page from the last row's place (keyset), never by offset; counts
stop at a hundred, because nobody acts on the difference between 100 and 4,812.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, select, true, tuple_, union_all
from sqlmodel import Session, col

from router.models import (
    Account,
    Agent,
    Attachment,
    Clock,
    ClockState,
    Customer,
    Event,
    Identity,
    Message,
    Priority,
    Status,
    Ticket,
    TicketRead,
    TicketTag,
)
from router.models.ticket import OPEN_TICKETS

COUNT_UP_TO = 100
_OPEN = OPEN_TICKETS.holds()
_BY_PEOPLE = col(Ticket.machine).is_(False)


@dataclass(frozen=True, slots=True)
class View:
    """A named list. `order` names the column that sorts before the id: newest first, or the soonest promise first."""

    name: str
    where: tuple[ColumnElement[bool], ...]
    order: str = "last_message_at"
    ascending: bool = False
    mine: bool = False


VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        View("open", (_OPEN, _BY_PEOPLE)),
        View("mine", (_OPEN,), mine=True),
        View("unassigned", (_OPEN, _BY_PEOPLE, col(Ticket.assignee_id).is_(None))),
        View("due", (_OPEN, col(Ticket.due_at).is_not(None)), "due_at", ascending=True),
        View("priority", (_OPEN, _BY_PEOPLE, col(Ticket.priority) >= Priority.HIGH), "priority"),
        View("waiting", (col(Ticket.status) == Status.WAITING,)),
        View("resolved", (col(Ticket.status) == Status.RESOLVED,)),
        View("spam", (col(Ticket.status) == Status.SPAM,)),
        View("machine", (_OPEN, col(Ticket.machine) == true())),
    )
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list."""

    id: int
    ref: str
    subject: str
    sender: str
    snippet: str
    channel: str
    topic: str
    team: str
    priority: str
    status: str
    language: str
    created_at: datetime
    last_message_at: datetime
    due_at: datetime | None
    breached: bool
    assignee_name: str
    unread: bool
    has_attachments: bool
    messages: int


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a list. `next` is the cursor of the following one, None at the end."""

    rows: tuple[Row, ...]
    next: str | None


class UnknownView(LookupError):
    """There is no view of that name."""


class BadCursor(ValueError):
    """The cursor was not made by this view."""


def page(
    session: Session,
    agent: Agent,
    view: str,
    *,
    now: datetime,
    cursor: str | None = None,
    limit: int = 50,
    topic: str | None = None,
    team: str | None = None,
) -> Page:
    """One page of `view` for `agent`. Raises UnknownView or BadCursor."""
    chosen = _view(view)
    query = _rows(agent).where(*_conditions(chosen, agent, topic, team))
    query = _after(query, chosen, cursor).order_by(*_order(chosen)).limit(limit + 1)
    found = session.execute(query).all()
    rows = tuple(_row(row, now) for row in found[:limit])
    return Page(rows, _cursor(chosen, found[limit - 1]) if len(found) > limit else None)


def counts(session: Session, agent: Agent) -> dict[str, int]:
    """How many tickets each view holds, counted up to COUNT_UP_TO; one query for all."""
    parts = []
    for view in VIEWS.values():
        # In the order of the list, so that the count walks the list's own index and stops early.
        held = select(literal(1)).select_from(Ticket).where(*_conditions(view, agent)).order_by(*_order(view))
        some = held.limit(COUNT_UP_TO).subquery()
        parts.append(select(literal(view.name).label("view"), func.count().label("n")).select_from(some))
    return {row.view: row.n for row in session.execute(union_all(*parts))}


@dataclass(frozen=True, slots=True)
class MessageLine:
    message: Message
    agent_name: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """One ticket with everything that its page shows. `events` are oldest first, with the names of their agents."""

    ticket: Ticket
    account: Account
    customer: Customer
    identities: tuple[Identity, ...]
    messages: tuple[MessageLine, ...]
    events: tuple[tuple[Event, str], ...]
    tags: tuple[str, ...]
    clock: Clock | None
    linked: Ticket | None
    other_tickets: tuple[Ticket, ...]
    assignee: Agent | None
    unread: bool
    acked: bool = False
    agents: tuple[Agent, ...] = field(default=())


MESSAGES_SHOWN = 500


def conversation(session: Session, agent: Agent, ref: str) -> Conversation | None:
    """The ticket of that reference with its messages (the newest MESSAGES_SHOWN) and history; None when unknown."""
    ticket = session.execute(select(Ticket).where(col(Ticket.ref) == ref)).scalar_one_or_none()
    if ticket is None:
        return None
    names = {row.id: row.name for row in session.execute(select(col(Agent.id), col(Agent.name)))}
    messages = _messages(session, ticket)
    read = session.get(TicketRead, (agent.id, ticket.id))
    return Conversation(
        ticket=ticket,
        account=session.get_one(Account, ticket.account_id),
        customer=session.get_one(Customer, ticket.customer_id),
        identities=_all(session, select(Identity).where(col(Identity.customer_id) == ticket.customer_id)),
        messages=_lines(session, messages, names),
        events=tuple((e, names.get(e.agent_id, "")) for e in _events(session, ticket)),
        tags=_all(session, select(col(TicketTag.tag)).where(col(TicketTag.ticket_id) == ticket.id).order_by("tag")),
        clock=_clock(session, ticket),
        linked=session.get(Ticket, ticket.linked_ticket_id) if ticket.linked_ticket_id else None,
        other_tickets=_others(session, ticket),
        assignee=session.get(Agent, ticket.assignee_id) if ticket.assignee_id else None,
        unread=read is None or read.seen_at < ticket.last_message_at,
        acked=any(m.automatic for m in messages),
        agents=active_agents(session),
    )


def active_agents(session: Session) -> tuple[Agent, ...]:
    """Whom a ticket can be given to, by name."""
    return _all(session, select(Agent).where(col(Agent.active)).order_by(col(Agent.name)))


def ticket_by_ref(session: Session, ref: str) -> Ticket | None:
    """The ticket of that public reference."""
    return session.execute(select(Ticket).where(col(Ticket.ref) == ref)).scalar_one_or_none()


def _view(name: str) -> View:
    if name not in VIEWS:
        raise UnknownView(name)
    return VIEWS[name]


def _conditions(
    view: View, agent: Agent, topic: str | None = None, team: str | None = None
) -> list[ColumnElement[bool]]:
    conditions = list(view.where)
    if view.mine:
        conditions.append(col(Ticket.assignee_id) == agent.id)
    if topic:
        conditions.append(col(Ticket.topic) == topic)
    if team:
        conditions.append(col(Ticket.team) == team)
    return conditions


def _rows(agent: Agent) -> Select[Any]:
    seen = and_(col(TicketRead.ticket_id) == col(Ticket.id), col(TicketRead.agent_id) == agent.id)
    return (
        select(
            *(
                getattr(Ticket, name)
                for name in [
                    "id",
                    "ref",
                    "subject",
                    "snippet",
                    "channel",
                    "topic",
                    "team",
                    "priority",
                    "status",
                    "language",
                    "created_at",
                    "last_message_at",
                    "due_at",
                    "has_attachments",
                    "message_count",
                    "last_sender",
                ]
            ),
            col(Customer.name).label("customer_name"),
            col(Agent.name).label("assignee_name"),
            col(TicketRead.seen_at),
        )
        .join(Customer, col(Customer.id) == col(Ticket.customer_id))
        .outerjoin(Agent, col(Agent.id) == col(Ticket.assignee_id))
        .outerjoin(TicketRead, seen)
    )


def _order(view: View) -> list[Any]:
    columns = [getattr(Ticket, name) for name in _keys(view)]
    return [column.asc() if view.ascending else column.desc() for column in columns]


def _keys(view: View) -> tuple[str, ...]:
    return ("priority", "last_message_at", "id") if view.order == "priority" else (view.order, "id")


def _after(query: Select[Any], view: View, cursor: str | None) -> Select[Any]:
    if not cursor:
        return query
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=="))
        place = [datetime.fromisoformat(v) if isinstance(v, str) else int(v) for v in values]
        if len(place) != len(_keys(view)):
            raise ValueError(cursor)
    except (ValueError, TypeError) as error:
        raise BadCursor(cursor) from error
    columns = tuple_(*(getattr(Ticket, name) for name in _keys(view)))
    bound = tuple_(*(literal(v, getattr(Ticket, n).type) for n, v in zip(_keys(view), place, strict=True)))
    return query.where(columns > bound if view.ascending else columns < bound)


def _cursor(view: View, row: Any) -> str:
    values = [getattr(row, name) for name in _keys(view)]
    plain = [v.isoformat() if isinstance(v, datetime) else v for v in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _row(row: Any, now: datetime) -> Row:
    return Row(
        id=row.id,
        ref=row.ref,
        subject=row.subject,
        sender=row.customer_name or row.last_sender,
        snippet=row.snippet,
        channel=row.channel,
        topic=row.topic,
        team=row.team,
        priority=Priority(row.priority).word,
        status=row.status,
        language=row.language,
        created_at=row.created_at,
        last_message_at=row.last_message_at,
        due_at=row.due_at,
        breached=row.due_at is not None and row.due_at < now,
        assignee_name=row.assignee_name or "",
        unread=row.seen_at is None or row.seen_at < row.last_message_at,
        has_attachments=row.has_attachments,
        messages=row.message_count,
    )


def _messages(session: Session, ticket: Ticket) -> list[Message]:
    newest = (
        select(Message)
        .where(col(Message.ticket_id) == ticket.id)
        .order_by(col(Message.id).desc())
        .limit(MESSAGES_SHOWN)
    )
    return list(session.execute(newest).scalars())[::-1]


def _lines(session: Session, messages: list[Message], names: dict[int | None, str]) -> tuple[MessageLine, ...]:
    ids = [m.id for m in messages]
    attachments: dict[int, list[Attachment]] = {}
    query = select(Attachment).where(col(Attachment.message_id).in_(ids)).order_by(col(Attachment.position))
    for attachment in session.execute(query).scalars():
        attachments.setdefault(attachment.message_id, []).append(attachment)
    return tuple(
        MessageLine(m, names.get(m.agent_id, "") if m.agent_id else "", tuple(attachments.get(m.id or 0, ())))
        for m in messages
    )


def _events(session: Session, ticket: Ticket) -> list[Event]:
    newest = select(Event).where(col(Event.ticket_id) == ticket.id).order_by(col(Event.id).desc())
    return list(session.execute(newest.limit(MESSAGES_SHOWN * 2)).scalars())[::-1]


def _clock(session: Session, ticket: Ticket) -> Clock | None:
    newest = select(Clock).where(col(Clock.ticket_id) == ticket.id, col(Clock.state) != ClockState.CANCELLED)
    return session.execute(newest.order_by(col(Clock.id).desc()).limit(1)).scalar_one_or_none()


def _others(session: Session, ticket: Ticket) -> tuple[Ticket, ...]:
    others = (
        select(Ticket)
        .where(col(Ticket.customer_id) == ticket.customer_id, col(Ticket.id) != ticket.id)
        .order_by(col(Ticket.last_message_at).desc(), col(Ticket.id).desc())
    )
    return _all(session, others.limit(10))


def _all(session: Session, query: Any) -> tuple[Any, ...]:
    return tuple(session.execute(query).scalars())
