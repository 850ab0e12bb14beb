"""What people do to tickets. Each action writes its event, keeps clocks and list columns in step, and commits nothing.

The ticket row carries a version: the second of two people who change it at once gets StaleDataError, which the pages
turn into "somebody was faster".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from channels.base import OutgoingAttachment
from router import accounts, tokens
from router.bells import Bell
from router.clockwork import cancel_clock, restart_clock, retime_clock, stop_clock
from router.context import App
from router.intake.bench import answer_references, snippet
from router.intake.lookup import domain_of
from router.models import (
    OPEN_STATUSES,
    Agent,
    Attachment,
    Direction,
    Event,
    EventKind,
    Message,
    Participant,
    Priority,
    SendState,
    Status,
    Ticket,
    TicketRead,
    TicketTag,
)

MAX_TAG = 64


class Refused(Exception):
    """The action cannot be done. `code` is stable, for catalogues and tests; the text is for a person."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


def reply(
    app: App,
    session: Session,
    agent: Agent,
    ticket: Ticket,
    *,
    text: str,
    now: datetime,
    resolve: bool = False,
    attachments: Sequence[OutgoingAttachment] = (),
    client_key: str = "",
) -> Message:
    """Queue an agent's answer to the customer and stop the response clock.

    The same `client_key` again gives the message that it made the first time: a form sent twice answers once.
    Raises Refused for an empty text, an account that is gone, or a customer without an address.
    """
    earlier = _same_submission(session, client_key)
    if earlier is not None:
        return earlier
    if not text.strip():
        raise Refused("empty", "The answer is empty. Write something, then send it.")
    answered = _last_from_customer(session, ticket)
    message = _answer(app, session, agent, ticket, answered, text, now)
    message.dedupe_key = f"form:{client_key}" if client_key else None
    session.add(message)
    session.flush()
    _attach(app, session, message, attachments)
    _let_write(session, ticket, message.recipient)
    stop_clock(session, ticket, _key(agent), now)
    _new_message(session, agent, ticket, message, EventKind.REPLIED, now)
    ticket.assignee_id = ticket.assignee_id or agent.id
    _move(session, agent, ticket, Status.RESOLVED if resolve else _after_answer(ticket), now)
    app.ring_after(session, Bell.SEND)
    return message


def note(
    app: App,
    session: Session,
    agent: Agent,
    ticket: Ticket,
    *,
    text: str,
    now: datetime,
    client_key: str = "",
) -> Message:
    """Keep an internal note; the customer never sees it and no clock stops. Raises Refused when it is empty."""
    earlier = _same_submission(session, client_key)
    if earlier is not None:
        return earlier
    if not text.strip():
        raise Refused("empty", "The note is empty. Write something, then save it.")
    message = Message(
        ticket_id=_key(ticket),
        account_id=ticket.account_id,
        direction=Direction.NOTE,
        created_at=now,
        agent_id=agent.id,
        sender_name=agent.name,
        text=text,
        new_text=text,
        dedupe_key=f"form:{client_key}" if client_key else None,
    )
    session.add(message)
    session.flush()
    ticket.message_count += 1
    _event(session, agent, ticket, EventKind.NOTED, now, message=message)
    app.ring_after(session)
    return message


def send_again(app: App, session: Session, agent: Agent, ticket: Ticket, message: Message, now: datetime) -> None:
    """Let a failed or unknown message leave once more, under its same id: a person's decision, whatever it is.

    Raises Refused for a message that is on its way or has arrived.
    """
    if message.send_state not in {SendState.FAILED, SendState.UNKNOWN}:
        raise Refused("not_stuck", "This message has left already or is on its way. Nothing was sent again.")
    message.send_state, message.next_try_at, message.lease_until = SendState.QUEUED, now, None
    message.last_error = ""
    if not message.automatic:
        stop_clock(session, ticket, _key(agent), now)
    _event(session, agent, ticket, EventKind.SENT_AGAIN, now, message=message)
    app.ring_after(session, Bell.SEND)


def assign(app: App, session: Session, agent: Agent, ticket: Ticket, assignee_id: int | None, now: datetime) -> None:
    """Give the ticket to an agent, or to nobody. Raises Refused for somebody who is not an active agent."""
    if assignee_id == ticket.assignee_id:
        return
    if assignee_id is not None:
        assignee = session.get(Agent, assignee_id)
        if assignee is None or not assignee.active:
            raise Refused("no_such_agent", "This person is not an active agent of the desk. Choose another.")
    _change(app, session, agent, ticket, EventKind.ASSIGNED, "assignee_id", assignee_id, now)


def set_status(app: App, session: Session, agent: Agent, ticket: Ticket, status: Status, now: datetime) -> None:
    """Move the ticket. Settling it ends its promise; opening it again lets the promise run on."""
    _move(session, agent, ticket, status, now)
    app.ring_after(session)


def set_priority(app: App, session: Session, agent: Agent, ticket: Ticket, priority: Priority, now: datetime) -> None:
    """Change the priority, and the due time with it: same start, other minutes."""
    if priority == ticket.priority:
        return
    _change(app, session, agent, ticket, EventKind.PRIORITY, "priority", int(priority), now)
    retime_clock(app, session, ticket)


def set_topic(app: App, session: Session, agent: Agent, ticket: Ticket, topic: str, now: datetime) -> None:
    """Correct the topic. Raises Refused for one that the live rulebook does not know."""
    if topic not in app.rulebooks.current(session).topics:
        raise Refused("no_such_topic", f"There is no topic {topic!r}. Choose one from the list.")
    if topic != ticket.topic:
        _change(app, session, agent, ticket, EventKind.TOPIC, "topic", topic, now)


def set_team(app: App, session: Session, agent: Agent, ticket: Ticket, team: str, now: datetime) -> None:
    """Give the ticket to a team, or to none. Raises Refused for one that the live rulebook does not know."""
    if team and team not in app.rulebooks.current(session).teams:
        raise Refused("no_such_team", f"There is no team {team!r}. Choose one from the list.")
    if team != ticket.team:
        _change(app, session, agent, ticket, EventKind.TEAM, "team", team, now)


def add_tag(app: App, session: Session, agent: Agent, ticket: Ticket, tag: str, now: datetime) -> None:
    """Add a tag; one that is there already changes nothing. Raises Refused when it is empty or too long."""
    tag = " ".join(tag.split())
    if not tag or len(tag) > MAX_TAG:
        raise Refused("bad_tag", f"A tag has 1 to {MAX_TAG} characters.")
    if session.get(TicketTag, (_key(ticket), tag)) is None:
        session.add(TicketTag(ticket_id=_key(ticket), tag=tag))
        _event(session, agent, ticket, EventKind.TAGGED, now, tag=tag)
        app.ring_after(session)


def remove_tag(app: App, session: Session, agent: Agent, ticket: Ticket, tag: str, now: datetime) -> None:
    """Take a tag away; one that is not there changes nothing."""
    row = session.get(TicketTag, (_key(ticket), tag))
    if row is not None:
        session.delete(row)
        _event(session, agent, ticket, EventKind.UNTAGGED, now, tag=tag)
        app.ring_after(session)


def mark_read(session: Session, agent: Agent, ticket: Ticket, now: datetime) -> None:
    """Remember that the agent has seen everything up to now."""
    row = session.get(TicketRead, (_key(agent), _key(ticket)))
    if row is None:
        session.add(TicketRead(agent_id=_key(agent), ticket_id=_key(ticket), seen_at=now))
    else:
        row.seen_at = now


def _answer(
    app: App, session: Session, agent: Agent, ticket: Ticket, answered: Message | None, text: str, now: datetime
) -> Message:
    account = app.config.account(accounts.names(session)[ticket.account_id])
    if account is None:
        raise Refused("no_account", "The account of this ticket is no longer configured. Add it again, then send.")
    address, name = answer_address(answered)
    if not address:
        raise Refused("no_address", "The customer left no address, so there is nowhere to send an answer.")
    token = tokens.make(app.config.secret_key, ticket.ref, tokens.new_nonce())
    return Message(
        ticket_id=_key(ticket),
        account_id=ticket.account_id,
        direction=Direction.OUT,
        created_at=now,
        agent_id=agent.id,
        sender_address=account.address,
        sender_name=account.display_name or agent.name,
        addressed={"to": [[address, name]], "cc": [], "token": token},
        subject=ticket.subject,
        text=text,
        new_text=text,
        language=ticket.language,
        external_ref=app.channel(account.name).outgoing_ref(token),
        references=answer_references(answered.external_ref, answered.references) if answered else [],
        recipient=address.casefold(),
        recipient_domain=domain_of(address),
        send_state=SendState.QUEUED,
        next_try_at=now,
    )


def answer_address(answered: Message | None) -> tuple[str, str]:
    """Where an answer to `answered` goes, as address and name: Reply-To where the customer set one."""
    if answered is None:
        return "", ""
    reply_to = answered.addressed.get("reply_to", "")
    return (reply_to or answered.sender_address, answered.sender_name)


def last_from_customer(session: Session, ticket_id: int) -> Message | None:
    """The customer's newest message, which an answer answers."""
    newest = (
        select(Message)
        .where(col(Message.ticket_id) == ticket_id, col(Message.direction) == Direction.IN)
        .order_by(col(Message.id).desc())
    )
    return session.execute(newest.limit(1)).scalar_one_or_none()


def _last_from_customer(session: Session, ticket: Ticket) -> Message | None:
    return last_from_customer(session, _key(ticket))


def _same_submission(session: Session, client_key: str) -> Message | None:
    if not client_key:
        return None
    same = select(Message).where(col(Message.dedupe_key) == f"form:{client_key}")
    return session.execute(same).scalar_one_or_none()


def _attach(app: App, session: Session, message: Message, attachments: Sequence[OutgoingAttachment]) -> None:
    for position, attachment in enumerate(attachments):
        key = app.files.put(attachment.data)
        session.add(
            Attachment(
                message_id=message.id or 0,
                position=position,
                filename=attachment.filename[:255],
                declared_type=attachment.content_type[:255],
                sniffed_type=attachment.content_type[:255],
                size=len(attachment.data),
                sha256=key,
                key=key,
            )
        )


def _let_write(session: Session, ticket: Ticket, address: str) -> None:
    if session.get(Participant, (_key(ticket), address)) is None:
        session.add(Participant(ticket_id=_key(ticket), address=address))


def _after_answer(ticket: Ticket) -> Status:
    return Status.OPEN if ticket.status is Status.NEW else ticket.status


def _new_message(
    session: Session, agent: Agent, ticket: Ticket, message: Message, kind: EventKind, now: datetime
) -> None:
    ticket.message_count += 1
    ticket.last_message_at = now
    ticket.last_sender = agent.name
    ticket.snippet = snippet(message.new_text)
    _event(session, agent, ticket, kind, now, message=message)


def _move(session: Session, agent: Agent, ticket: Ticket, status: Status, now: datetime) -> None:
    if status is ticket.status:
        return
    was_open = ticket.status in OPEN_STATUSES
    _event(session, agent, ticket, EventKind.STATUS, now, before=ticket.status, after=status)
    ticket.status = status
    if was_open and status not in OPEN_STATUSES:
        cancel_clock(session, ticket, now)
    elif not was_open and status in OPEN_STATUSES:
        restart_clock(session, ticket)


def _change(
    app: App, session: Session, agent: Agent, ticket: Ticket, kind: EventKind, name: str, value: Any, now: datetime
) -> None:
    _event(session, agent, ticket, kind, now, before=getattr(ticket, name), after=value)
    setattr(ticket, name, value)
    app.ring_after(session)


def _event(
    session: Session,
    agent: Agent,
    ticket: Ticket,
    kind: EventKind,
    at: datetime,
    *,
    message: Message | None = None,
    **data: Any,
) -> None:
    session.add(
        Event(
            ticket_id=ticket.id,
            message_id=message.id if message else None,
            agent_id=agent.id,
            kind=kind,
            at=at,
            data=data,
        )
    )


def _key(row: Ticket | Agent) -> int:
    assert row.id is not None
    return row.id
