"""Promises of time, worked out from policy, priority and calendar. Pure: the same history gives the same due time."""

from __future__ import annotations

from datetime import datetime

from router.calendars import Calendar, Due
from rules.rulebook import ClockPolicy


def minutes_for(policy: ClockPolicy, priority: str) -> int:
    """How many open minutes `policy` grants; a priority that it does not name gets those of `normal`."""
    return policy.minutes.get(priority, policy.minutes["normal"])


def due(policy: ClockPolicy, priority: str, calendar: Calendar, started_at: datetime) -> Due:
    """When the promise falls due, in UTC, with the arithmetic that leads there."""
    return calendar.add_minutes(started_at, minutes_for(policy, priority))


def is_breached(due_at: datetime, now: datetime) -> bool:
    """A promise is kept up to its very second, and broken from the next on."""
    return now > due_at
