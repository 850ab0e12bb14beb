"""Somebody was faster: whether what a form wants to do still fits what the ticket has become."""

from __future__ import annotations

from flask import request
from sqlalchemy import Select, or_, select
from sqlmodel import Session, col

from router.models import Agent, Direction, Event, EventKind, Message, Ticket
from router.tickets.actions import Refused
from web.tongue import gettext as _


class Conflict(Exception):
    """Nothing was saved; the text says who was faster and what to do."""


def refuse_if_changed(session: Session, ticket: Ticket, current: str, wanted: str, kind: EventKind) -> None:
    """Raise Conflict when the field is no longer what the form's writer saw (`was`), unless it is what they want.

    The version alone would also object to changes elsewhere in the ticket, which this form does not touch."""
    was, version = request.form.get("was"), request.form.get("version", type=int)
    if was is None or version == ticket.version or current in (was, wanted):
        return
    who = _last_by(session, ticket, kind)
    if who:
        raise Conflict(
            _("%(who)s changed this while you were looking. Nothing was saved: look again, then decide.", who=who)
        )
    raise Conflict(faster())


def refuse_if_answered(session: Session, ticket: Ticket, agent: Agent, seen: int | None, client_key: str) -> None:
    """Raise Conflict when a message came that the answer's writer had not seen: a colleague's answer, or the customer
    once more. The same form sent again is not its own rival."""
    if seen is None or (client_key and _was_sent(session, client_key)):
        return
    newer = session.execute(_unseen(ticket, agent, seen).limit(1)).scalar_one_or_none()
    if newer is None:
        return
    who = newer.sender_name or newer.sender_address
    if newer.direction is Direction.IN:
        raise Conflict(
            _("%(who)s wrote again while you were writing. Your draft is kept: read it, then send.", who=who)
        )
    colleague = session.get(Agent, newer.agent_id)
    raise Conflict(
        _(
            "%(who)s answered while you were writing. Your draft is kept: read the answer before you send another.",
            who=colleague.name if colleague else who,
        )
    )


def faster() -> str:
    return _("Somebody changed this ticket at the same moment. Nothing was saved: look again, then decide.")


def refusal(refused: Refused) -> str:
    """Why the desk does not do it, in the reader's language."""
    words = {
        "empty": _("There is nothing to send yet. Write something first."),
        "no_account": _("The account of this ticket is no longer configured. Add it again, then send."),
        "not_stuck": _("This message has left already or is on its way. Nothing was sent again."),
        "no_address": _("The customer left no address, so there is nowhere to send an answer."),
        "no_such_agent": _("This person is not an active agent of the desk. Choose another."),
        "no_such_topic": _("This topic is not in the rulebook any more. Choose one from the list."),
        "no_such_team": _("This team is not in the rulebook any more. Choose one from the list."),
        "bad_tag": _("A tag has 1 to 64 characters."),
    }
    return words.get(refused.code, str(refused))


def _unseen(ticket: Ticket, agent: Agent, seen: int) -> Select[Message]:
    by_person = col(Message.automatic).is_(False) & (col(Message.agent_id) != agent.id)
    rival = or_(col(Message.direction) == Direction.IN, (col(Message.direction) == Direction.OUT) & by_person)
    newer = select(Message).where(col(Message.ticket_id) == ticket.id, col(Message.id) > seen, rival)
    return newer.order_by(col(Message.id).desc())


def _was_sent(session: Session, client_key: str) -> bool:
    same = select(col(Message.id)).where(col(Message.dedupe_key) == f"form:{client_key}")
    return session.execute(same).first() is not None


def _last_by(session: Session, ticket: Ticket, kind: EventKind) -> str:
    newest = (
        select(col(Agent.name))
        .join(Event, col(Event.agent_id) == col(Agent.id))
        .where(col(Event.ticket_id) == ticket.id, col(Event.kind) == kind)
        .order_by(col(Event.id).desc())
    )
    return session.execute(newest.limit(1)).scalar() or ""
