"""Live updates: a bell wakes the process, the database says what changed. Nothing is lost when a bell is.

One subscription a process, however many browsers it serves. Each browser waits on its own flag, which holds at most one
wake-up: a slow reader costs the others nothing, and reads everything since its last event when it comes back.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlmodel import Session, col

from router.bells import CHANGES_CHANNEL, Bells
from router.db import Database
from router.models import Event, Ticket

log = logging.getLogger(__name__)

# While the queue is away, browsers are woken this often and look for themselves.
POLL_SECONDS = 2.0
# On PostgreSQL a lower id may be committed after a higher one: so many ids back are read again, and what a browser has
# had already is left out by its reader.
OVERLAP = 50


@dataclass(frozen=True, slots=True)
class Change:
    """One event, as a browser needs it: what changed, not how. It reads the rest, if it may."""

    id: int
    ticket_ref: str | None
    kind: str
    at: datetime


def newest(session: Session) -> int:
    """The id of the newest event; where a fresh browser starts."""
    return session.execute(select(func.max(col(Event.id)))).scalar() or 0


def since(session: Session, last_id: int, limit: int = 200) -> list[Change]:
    """The events after `last_id`, oldest first."""
    query = (
        select(col(Event.id), col(Ticket.ref), col(Event.kind), col(Event.at))
        .outerjoin(Ticket, col(Ticket.id) == col(Event.ticket_id))
        .where(col(Event.id) > last_id)
        .order_by(col(Event.id))
        .limit(limit)
    )
    return [Change(row.id, row.ref, row.kind, row.at) for row in session.execute(query)]


class Reader:
    """One browser's place in the history. Each event is given once, also when it was committed out of order."""

    def __init__(self, last_id: int) -> None:
        self.last_id = last_id
        self._given: set[int] = set()

    def read(self, db: Database, limit: int = 200) -> list[Change]:
        """What this browser has not had yet. A full page means that there may be more."""
        with db.read() as session:
            found = since(session, max(0, self.last_id - (OVERLAP if self._given else 0)), limit + OVERLAP)
        fresh = [change for change in found if change.id not in self._given and self._is_new(change)]
        if fresh:
            self.last_id = max(self.last_id, *(change.id for change in fresh))
            self._given.update(change.id for change in fresh)
            self._given = {key for key in self._given if key > self.last_id - 2 * OVERLAP}
        return fresh

    def _is_new(self, change: Change) -> bool:
        # Before the first read nothing is known of what lies below the place where this browser began.
        return change.id > self.last_id or bool(self._given and change.id > min(self._given))


class Hub:
    """Wakes this process's browsers. `start` begins listening; `stop` ends it and wakes everybody for the last time."""

    def __init__(self, bells: Bells) -> None:
        self._bells = bells
        self._flags: set[threading.Event] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def __len__(self) -> int:
        return len(self._flags)

    def start(self) -> None:
        """Listen in a thread of its own. A second call does nothing."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="live-hub", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._wake()

    @contextmanager
    def listening(self) -> Iterator[threading.Event]:
        """A flag that is set whenever something may have changed, for as long as the block runs."""
        flag = threading.Event()
        with self._lock:
            self._flags.add(flag)
        try:
            yield flag
        finally:
            with self._lock:
                self._flags.discard(flag)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                self._subscribe()
            except RedisError:
                log.warning("queue is away; looking for changes instead")
                self._poll_for_a_while()

    def _subscribe(self) -> None:
        if not self._bells.url:
            raise RedisError("no queue")
        with self._bells.subscription() as pubsub:
            pubsub.subscribe(CHANGES_CHANNEL)
            # Whatever was announced before the subscription stood was announced to nobody.
            self._wake()
            while not self._stop.is_set():
                if pubsub.get_message(timeout=1.0) is not None:
                    self._wake()

    def _poll_for_a_while(self) -> None:
        until = monotonic() + 5 * POLL_SECONDS
        while monotonic() < until and not self._stop.wait(POLL_SECONDS):
            self._wake()

    def _wake(self) -> None:
        with self._lock:
            for flag in self._flags:
                flag.set()
