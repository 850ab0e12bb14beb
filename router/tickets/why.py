"""Why a ticket is as it is: the rules with the words they found, the clock's arithmetic, the acknowledgement.

Nothing is explained from memory: the decision is worked out again from the stored facts and the rulebook version of that
day, which gives the same result byte for byte (invariant 6), and the due time from policy, calendar and history.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Select, select
from sqlmodel import Session, col

from router.calendars import Due
from router.clockwork import story_of
from router.context import App
from router.intake.judge import RULE_TEXT
from router.models import Clock, Event, EventKind, Message, Ticket
from rules.decision import Decision
from rules.engine import RuleTrace, explain
from rules.facts import Facts


@dataclass(frozen=True, slots=True)
class DecisionStory:
    """What the rules made of one message."""

    message_id: int
    rulebook_version: int
    facts: Facts
    decision: Decision
    trace: tuple[RuleTrace, ...]


@dataclass(frozen=True, slots=True)
class ClockStory:
    """The promise and how its due time came about."""

    clock: Clock
    zone: str
    due: Due


@dataclass(frozen=True, slots=True)
class AckStory:
    """The acknowledgement, or the reasons (codes of router.replies.REASONS) why there is none."""

    message: Message | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """`decisions` are newest first; the last one is that of the opening message."""

    decisions: tuple[DecisionStory, ...]
    clock: ClockStory | None
    acknowledgement: AckStory


DECISIONS_SHOWN = 5


def why(app: App, session: Session, ticket: Ticket) -> Why:
    """Explain `ticket` from what is stored."""
    return Why(_decisions(app, session, ticket), _clock(app, session, ticket), _acknowledgement(session, ticket))


def _decisions(app: App, session: Session, ticket: Ticket) -> tuple[DecisionStory, ...]:
    newest = _events(ticket, EventKind.DECIDED).order_by(col(Event.id).desc()).limit(DECISIONS_SHOWN)
    return tuple(_decision(app, session, event) for event in session.execute(newest).scalars())


def _decision(app: App, session: Session, event: Event) -> DecisionStory:
    message = session.get_one(Message, event.message_id)
    told = Facts.from_json({"event": "", **event.data["facts"]})
    facts = replace(told, subject=message.subject, text=message.new_text[:RULE_TEXT])
    version = event.data["rulebook"]
    rulebook = app.rulebooks.version(session, version)
    decision = Decision.from_json(event.data["decision"])
    return DecisionStory(message.id or 0, version, facts, decision, explain(rulebook, facts))


def _clock(app: App, session: Session, ticket: Ticket) -> ClockStory | None:
    newest = select(Clock).where(col(Clock.ticket_id) == ticket.id).order_by(col(Clock.id).desc()).limit(1)
    clock = session.execute(newest).scalar_one_or_none()
    if clock is None:
        return None
    rulebook = app.rulebooks.version(session, clock.rulebook)
    return ClockStory(clock, rulebook.calendars[clock.calendar].zone, story_of(app, rulebook, clock))


def _acknowledgement(session: Session, ticket: Ticket) -> AckStory:
    kinds = _events(ticket, EventKind.ACKNOWLEDGED, EventKind.NOT_ACKNOWLEDGED).order_by(col(Event.id)).limit(1)
    event = session.execute(kinds).scalar_one_or_none()
    if event is None:
        return AckStory(None, ())
    if event.kind is EventKind.ACKNOWLEDGED:
        return AckStory(session.get_one(Message, event.message_id), ())
    return AckStory(None, tuple(event.data["reasons"]))


def _events(ticket: Ticket, *kinds: EventKind) -> Select[Event]:
    return select(Event).where(col(Event.ticket_id) == ticket.id, col(Event.kind).in_(kinds))
