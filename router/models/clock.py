"""One running promise of a ticket."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from router.models.columns import BigId, Part, enum_type


class ClockKind(StrEnum):
    FIRST_RESPONSE = "first_response"


class ClockState(StrEnum):
    """`breached` clocks still wait for the answer that stops them; `met` and `late` are over."""

    RUNNING = "running"
    BREACHED = "breached"
    MET = "met"
    LATE = "late"
    CANCELLED = "cancelled"


RUNNING = Part("clock", "state = 'running'")


class Clock(SQLModel, table=True):
    """`due_at` follows from policy, priority, calendar and `started_at`, all kept here or in the rulebook of `rulebook`:
    it can be worked out again and shown as arithmetic. One clock of a kind for each `cycle` of a ticket."""

    __tablename__ = "clock"
    __table_args__ = (
        UniqueConstraint("ticket_id", "kind", "cycle"),
        RUNNING.index("ix_clock_running_due", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    ticket_id: int = Field(foreign_key="ticket.id", sa_type=BigId)
    kind: ClockKind = Field(sa_type=enum_type(ClockKind))
    cycle: int = 1
    policy: str = Field(max_length=64)
    rulebook: int
    minutes: int
    calendar: str = Field(max_length=64)
    started_at: datetime
    due_at: datetime
    state: ClockState = Field(default=ClockState.RUNNING, sa_type=enum_type(ClockState))
    stopped_at: datetime | None = None
    breached_at: datetime | None = None
