"""The beat: rings every bell now and then, whatever else did or did not ring. Two of them are harmless.

While the queue is away it does the work itself, so that mail, clocks and answers go on, a little slower.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from sqlalchemy import or_, select
from sqlmodel import Session, col

from router import intake, jobs
from router.bells import Bell
from router.context import App, utc_now
from router.models import Inbound, Message, SendState
from router.models.inbound import RECORDED
from router.models.message import TO_SEND

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0


@dataclass(slots=True)
class Tick:
    """Something to look after every `seconds`. `needed` asks the database first, so that an idle desk rings nothing."""

    bell: Bell
    seconds: float
    needed: Callable[[Session, datetime], bool]
    work: Callable[[App], object]
    last: float = -1e9


def run(app: App, stop: threading.Event) -> None:
    """Tick until `stop`. An error in one tick is logged and does not end the beat."""
    ticks = ticks_of_the_desk()
    while not stop.wait(TICK_SECONDS):
        beat(app, ticks, monotonic(), utc_now())


def beat(app: App, ticks: list[Tick], at: float, now: datetime) -> None:
    """One beat: ring what is due and has work, or do the work when the queue is away."""
    for tick in ticks:
        if at - tick.last < tick.seconds:
            continue
        tick.last = at
        try:
            with app.db.read() as session:
                needed = tick.needed(session, now)
            if needed and not app.bells.ring(tick.bell):
                tick.work(app)
        except Exception:
            log.exception("tick failed", extra={"bell": tick.bell.value})


def ticks_of_the_desk() -> list[Tick]:
    """What a desk needs done, and how often: a breach is an event within five seconds."""
    return [
        Tick(Bell.INGEST, 2, _mail_waits, lambda app: intake.drain(app, utc_now)),
        Tick(Bell.SEND, 2, _letters_wait, jobs.send_all),
        Tick(Bell.CLOCKS, 2, lambda _session, _now: True, jobs.sweep_all),
    ]


def _mail_waits(session: Session, now: datetime) -> bool:
    free = or_(col(Inbound.lease_until).is_(None), col(Inbound.lease_until) < now)
    waiting = select(col(Inbound.id)).where(RECORDED.holds(), free).order_by(col(Inbound.id))
    return session.execute(waiting.limit(1)).first() is not None


def _letters_wait(session: Session, now: datetime) -> bool:
    due = select(col(Message.id)).where(
        TO_SEND.holds(),
        col(Message.send_state).in_([SendState.QUEUED, SendState.UNKNOWN]),
        col(Message.next_try_at) <= now,
    )
    return session.execute(due.limit(1)).first() is not None
