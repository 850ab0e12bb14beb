"""The open ticket: everything that its pane shows, gathered in one read."""

from __future__ import annotations

import secrets
from typing import Any

from flask import render_template
from sqlmodel import Session

from router.models import Direction, Message, Priority, Status, TicketRead
from router.tickets import views
from router.tickets.actions import answer_address
from router.tickets.views import Conversation
from router.tickets.why import why
from web import event_words, languages, letters, listing, messages, shortcuts, timeline, why_words
from web.desk import desk
from web.guard import current_agent
from web.ticket_words import term

STATUSES = tuple(status.value for status in Status)
PRIORITIES = tuple(priority.word for priority in sorted(Priority, reverse=True))


def common() -> dict[str, Any]:
    """Words and small helpers that page and pane share."""
    return {
        "term": term,
        "words": shortcuts.page_words(),
        "shortcuts": shortcuts.SHORTCUTS,
        "high_from": listing.high_from,
        "zone_name": languages.zone().key,
    }


def gather(session: Session, ref: str, which: listing.Asked) -> dict[str, Any] | None:
    """What the pane of ticket `ref` shows; None when there is no such ticket."""
    found = views.conversation(session, current_agent(), ref)
    if found is None:
        return None
    rulebook = desk().rulebooks.current(session)
    names = {agent.id or 0: agent.name for agent in found.agents} | {e.agent_id or 0: name for e, name in found.events}
    customers = [line.message for line in found.messages if line.message.direction is Direction.IN]
    return {
        "asked": which,
        "ticket": found.ticket,
        "conversation": found,
        "entries": timeline.entries([line.message for line in found.messages], [e for e, _ in found.events]),
        "lines": {line.message.id: line for line in found.messages},
        "first_new": first_new(session, found),
        "sentence": lambda event: event_words.sentence(event, names),
        "why": why_words.told(why(desk(), session, found.ticket)),
        "answer_to": answer_address(customers[-1] if customers else None),
        "limits": limits(found.account.name),
        "seen": found.messages[-1].message.id if found.messages else 0,
        "client_key": secrets.token_urlsafe(12),
        "topics": rulebook.topics,
        "teams": rulebook.teams,
        "statuses": STATUSES,
        "priorities": PRIORITIES,
        "shown_text": timeline.shown_text,
        "quoted_part": timeline.quoted_part,
        "has_remote_images": letters.has_remote_images,
        "attachment_path": messages.attachment_path,
        "safe_images": letters.SAFE_IMAGES,
        "sheet_of": sheet_of,
        "etag": etag,
        "warning": "",
        "draft": "",
    }


def limits(account_name: str) -> Any:
    """What the door can carry; None for an account that is no longer configured."""
    try:
        return desk().channel(account_name).capabilities
    except KeyError:
        return None


def first_new(session: Session, found: Conversation) -> int | None:
    """The first message that this person has not seen, when others were seen before it."""
    read = session.get(TicketRead, (current_agent().id, found.ticket.id))
    if read is None:
        return None
    unseen = (line.message for line in found.messages if line.message.created_at > read.seen_at)
    return next((message.id for message in unseen if message.agent_id != current_agent().id), None)


def sheet_of(message: Message) -> str:
    """Which kind of paper a message is written on."""
    if message.direction is Direction.NOTE:
        return "note"
    if message.direction is Direction.IN:
        return "customer"
    return "ack" if message.automatic else "agent"


def etag(message: Message) -> str:
    """Changes when anything that is shown of a stored message does."""
    delivery = (message.delivery or {}).get("state", "")
    return f"{message.send_state.value}.{message.attempts}.{delivery}"


def fragment(session: Session, ref: str, which: listing.Asked, **more: Any) -> str | None:
    context = gather(session, ref, which)
    return render_template("inbox/ticket.html", **common(), **{**context, **more}) if context else None
