"""What the sample's agents do to its tickets, by the same actions as the pages."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from router.context import App
from router.demo.letters import Act
from router.models import Agent, Priority, Status, Ticket
from router.tickets import actions


def do(app: App, session: Session, agent: Agent, ticket_id: int, act: Act, now: datetime) -> None:
    """Let `agent` read the ticket and do `act`. Raises KeyError for something that agents of the sample cannot do."""
    ticket = session.get_one(Ticket, ticket_id)
    actions.mark_read(session, agent, ticket, now)
    match act.do:
        case "reply":
            actions.reply(app, session, agent, ticket, text=act.text, now=now, resolve=act.resolve)
        case "note":
            actions.note(app, session, agent, ticket, text=act.text, now=now)
        case "assign":
            actions.assign(app, session, agent, ticket, agent.id, now)
        case "status":
            actions.set_status(app, session, agent, ticket, Status(act.value), now)
        case "priority":
            actions.set_priority(app, session, agent, ticket, Priority[act.value.upper()], now)
        case "topic":
            actions.set_topic(app, session, agent, ticket, act.value, now)
        case "tag":
            actions.add_tag(app, session, agent, ticket, act.value, now)
        case other:
            raise KeyError(other)
