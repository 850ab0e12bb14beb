"""Clocks at work: sweep what fell due, stop a clock when an agent answers, start it again when the answer failed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from router import clocks
from router.calendars import Due
from router.context import App
from router.models import (
    Clock,
    ClockState,
    Direction,
    Event,
    EventKind,
    Message,
    Priority,
    SendState,
    Ticket,
)
from router.models.clock import RUNNING
from rules.rulebook import Rulebook

SWEEP = 500


def sweep_clocks(app: App, now: datetime) -> int:
    """Turn every running clock whose time has passed into a breach with its event; return how many.

    Two sweeps at once are harmless: the UPDATE is conditional, and only the rows that it changed get an event.
    """
    late = (
        select(col(Clock.id)).where(RUNNING.holds(), col(Clock.due_at) < now).order_by(col(Clock.due_at)).limit(SWEEP)
    )
    with app.db.read() as session:
        ids = list(session.execute(late).scalars())
    if not ids:
        return 0
    with app.db.begin() as session:
        breached = session.execute(
            update(Clock)
            .where(col(Clock.id).in_(ids), col(Clock.state) == ClockState.RUNNING)
            .values(state=ClockState.BREACHED, breached_at=now)
            .returning(col(Clock.ticket_id), col(Clock.kind), col(Clock.due_at))
            .execution_options(synchronize_session=False)
        ).all()
        session.add_all(
            Event(
                ticket_id=row.ticket_id,
                kind=EventKind.BREACHED,
                at=now,
                data={"clock": row.kind, "due_at": row.due_at.isoformat()},
            )
            for row in breached
        )
        if breached:
            app.ring_after(session)
    return len(breached)


def running_clock(session: Session, ticket_id: int) -> Clock | None:
    """The clock that waits for an answer to this ticket, breached or not."""
    waiting = select(Clock).where(
        col(Clock.ticket_id) == ticket_id, col(Clock.state).in_([ClockState.RUNNING, ClockState.BREACHED])
    )
    return session.execute(waiting.limit(1)).scalar_one_or_none()


def stop_clock(session: Session, ticket: Ticket, agent_id: int, at: datetime) -> None:
    """An agent has answered (invariant 8: nothing else calls this)."""
    clock = running_clock(session, _key(ticket))
    if clock is None:
        return
    clock.state = ClockState.LATE if clocks.is_breached(clock.due_at, at) else ClockState.MET
    clock.stopped_at = at
    ticket.due_at = None
    data = {"clock": clock.kind, "state": clock.state, "due_at": clock.due_at.isoformat()}
    session.add(Event(ticket_id=ticket.id, agent_id=agent_id, kind=EventKind.CLOCK_STOPPED, at=at, data=data))


def cancel_clock(session: Session, ticket: Ticket, at: datetime) -> None:
    """Nobody waits for an answer any more: the ticket is spam, or was settled without one."""
    clock = running_clock(session, _key(ticket))
    if clock is not None:
        clock.state, clock.stopped_at = ClockState.CANCELLED, at
    ticket.due_at = None


def restart_clock(session: Session, ticket: Ticket) -> None:
    """A ticket that was settled without an answer is open again: its promise runs on, from where it began."""
    cancelled = select(Clock).where(col(Clock.ticket_id) == ticket.id, col(Clock.state) == ClockState.CANCELLED)
    clock = session.execute(cancelled.limit(1)).scalar_one_or_none()
    if clock is not None:
        _run_again(clock)
        ticket.due_at = clock.due_at


def resume_clock(session: Session, ticket_id: int, now: datetime) -> None:
    """An agent's answer was refused for good: unless another one is there or on its way, the customer still waits."""
    answered = select(col(Message.id)).where(
        col(Message.ticket_id) == ticket_id,
        col(Message.direction) == Direction.OUT,
        col(Message.automatic).is_(False),
        col(Message.send_state) != SendState.FAILED,
    )
    stopped = (
        select(Clock)
        .where(col(Clock.ticket_id) == ticket_id, col(Clock.state).in_([ClockState.MET, ClockState.LATE]))
        .order_by(col(Clock.id).desc())
    )
    clock = session.execute(stopped.limit(1)).scalar_one_or_none()
    if clock is None or session.execute(answered.limit(1)).first() is not None:
        return
    _run_again(clock)
    session.execute(
        update(Ticket)
        .where(col(Ticket.id) == ticket_id)
        .values(due_at=clock.due_at)
        .execution_options(synchronize_session=False)
    )
    data = {"clock": clock.kind, "due_at": clock.due_at.isoformat()}
    session.add(Event(ticket_id=ticket_id, kind=EventKind.CLOCK_RESUMED, at=now, data=data))


def retime_clock(app: App, session: Session, ticket: Ticket) -> None:
    """The priority changed: the same promise, from the same start, with the minutes of the new priority."""
    clock = running_clock(session, _key(ticket))
    if clock is None:
        return
    rulebook = app.rulebooks.version(session, clock.rulebook)
    priority = Priority(ticket.priority).word
    policy = rulebook.clocks[clock.policy]
    clock.minutes = clocks.minutes_for(policy, priority)
    clock.calendar = policy.calendar_for(priority)
    clock.due_at = story_of(app, rulebook, clock).at
    clock.state = ClockState.RUNNING
    clock.breached_at = None
    ticket.due_at = clock.due_at


def story_of(app: App, rulebook: Rulebook, clock: Clock) -> Due:
    """The arithmetic of `clock`, worked out anew from what is stored (invariant 5)."""
    calendar = app.rulebooks.calendar(rulebook, clock.calendar)
    return calendar.add_minutes(clock.started_at, clock.minutes)


def _run_again(clock: Clock) -> None:
    clock.state = ClockState.BREACHED if clock.breached_at else ClockState.RUNNING
    clock.stopped_at = None


def _key(ticket: Ticket) -> int:
    assert ticket.id is not None
    return ticket.id
