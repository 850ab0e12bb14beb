"""Business time: when a desk is open, and when so many open minutes have passed.

Pure: a `Calendar` answers from its specification alone and is told every instant. The answer is that of the wall clock:
a minute counts when the clock on the desk's wall shows a time within the opening hours of that day, also in the nights
in which the clock is put forward or back. A day without hours is closed; a calendar without any hours is open all day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays

from rules.rulebook import WEEKDAYS, CalendarSpec

# Ten years without one open minute: the specification is at fault, not the question.
HORIZON = 3660
# Promised days that a calendar keeps; one day's mail asks for the same few again and again.
REMEMBERED = 1000
ONE_DAY = timedelta(days=1)
ONE_MINUTE = timedelta(minutes=1)
NO_PARAMS: Mapping[str, str] = MappingProxyType({})


Span = tuple[timedelta, timedelta]
ALL_DAY: tuple[Span, ...] = ((timedelta(0), ONE_DAY),)


class NeverOpenError(ValueError):
    """The calendar has no open time within ten years: its hours or its list of closed days are wrong."""


class Step(NamedTuple):
    """One line of the arithmetic: on `date` the desk was open `opens` to `closes`, and `since` to `until` was counted.

    All four are in the desk's zone, and None on a day that was closed. `note` says what is special about the day, as a
    code: "" ordinary, weekend, holiday, make_up_day, closed_day, extra_day, always_open. `params` belong to it: for a
    holiday `name` in English and `name_zh` in Chinese.
    """

    date: date
    opens: datetime | None
    closes: datetime | None
    minutes: float
    note: str = ""
    params: Mapping[str, str] = NO_PARAMS
    since: datetime | None = None
    until: datetime | None = None


class Due(NamedTuple):
    """The instant, in UTC, and how it came about. The minutes of the steps add up to what was asked for."""

    at: datetime
    steps: tuple[Step, ...]


class Window(NamedTuple):
    """One stretch of opening in UTC, and the step that it makes when all of it is counted."""

    opens: datetime
    closes: datetime
    length: timedelta
    whole: Step


class Day(NamedTuple):
    """One day as it was looked up. `closed` is its step when there are no windows."""

    windows: tuple[Window, ...]
    closed: Step


class Calendar:
    """The opening hours of one desk. Days that were looked at are remembered; share one calendar, in any thread."""

    def __init__(self, spec: CalendarSpec) -> None:
        self.spec = spec
        self.zone = ZoneInfo(spec.zone)
        self._ahead: dict[tuple[date, int], date] = {}
        self._hours = [_spans(spec.hours.get(day, ())) for day in WEEKDAYS]
        self._ordinary = next((spans for spans in self._hours if spans), ())
        self._all_day = not any(self._hours)
        self._always = self._all_day and not spec.holidays and not spec.closed
        self._closed, self._open = frozenset(spec.closed), frozenset(spec.open)
        self._days: dict[date, Day] = {}

    def add_minutes(self, start: datetime, minutes: float) -> Due:
        """The instant at which `minutes` of open time have passed since `start`. What ends at closing time is due at
        closing time, not at the next opening; no minutes at all are due at once, or when the desk opens."""
        start, left = start.astimezone(UTC), timedelta(minutes=minutes)
        there = start.astimezone(self.zone)
        if self._always:
            return self._straight(there, left)
        steps: list[Step] = []
        day = there.date()
        for _ in range(HORIZON):
            known = self._days.get(day) or self._look_up(day)
            for window in known.windows:
                if window.closes <= start:
                    continue
                since = start if start > window.opens else window.opens
                room = window.length if since is window.opens else window.closes - since
                if left <= room:
                    until = since + left
                    steps.append(self._part(window, since, until))
                    return Due(until, tuple(steps))
                steps.append(window.whole if since is window.opens else self._part(window, since, window.closes))
                left -= room
            if not known.windows:
                steps.append(known.closed)
            day += ONE_DAY
        raise NeverOpenError(f"calendar {self.spec.name!r} has no open time: look at its hours and its closed days")

    def is_open(self, at: datetime) -> bool:
        """True from the minute of opening up to, and without, the minute of closing."""
        day = at.astimezone(self.zone).date()
        known = self._days.get(day) or self._look_up(day)
        return any(window.opens <= at < window.closes for window in known.windows)

    def next_opening(self, at: datetime) -> datetime:
        """`at` itself while the desk is open, otherwise when it opens next. In UTC."""
        return self.add_minutes(at, 0).at

    def is_business_day(self, day: date) -> bool:
        return bool((self._days.get(day) or self._look_up(day)).windows)

    def add_business_days(self, day: date, days: int) -> date:
        """The date `days` business days after `day`, itself not counted; with 0 the first one from `day` on."""
        if (day, days) not in self._ahead:
            if len(self._ahead) > REMEMBERED:
                self._ahead.clear()
            self._ahead[day, days] = self._count_ahead(day, days)
        return self._ahead[day, days]

    def _count_ahead(self, day: date, days: int) -> date:
        ahead = (day + timedelta(days=n) for n in range(1 if days else 0, HORIZON))
        open_days = (d for d in ahead if self.is_business_day(d))
        for counted, found in enumerate(open_days, 1):
            if counted >= days:
                return found
        raise NeverOpenError(f"calendar {self.spec.name!r} has fewer than {days} open days in ten years")

    def _straight(self, there: datetime, left: timedelta) -> Due:
        """Always open: no day to look at. In UTC, since adding to a local time ignores a change of the clock."""
        at = there.astimezone(UTC) + left
        until = at.astimezone(self.zone)
        return Due(at, (Step(there.date(), there, until, left / ONE_MINUTE, "always_open", NO_PARAMS, there, until),))

    def _part(self, window: Window, since: datetime, until: datetime) -> Step:
        there = since.astimezone(self.zone), until.astimezone(self.zone)
        return Step(*window.whole[:3], (until - since) / ONE_MINUTE, *window.whole[4:6], *there)

    def _look_up(self, day: date) -> Day:
        note, params = self._note(day)
        windows = tuple(_windows(day, self._spans_of(day, note), self.zone, note, params))
        known = self._days[day] = Day(windows, Step(day, None, None, 0.0, note, params))
        return known

    def _spans_of(self, day: date, note: str) -> tuple[Span, ...]:
        """A worked weekend day has the hours of an ordinary day, unless it was opened by hand and has its own."""
        own = ALL_DAY if self._all_day else self._hours[day.weekday()]
        if note == "extra_day":
            return own or self._ordinary
        return {"": own, "make_up_day": self._ordinary}.get(note, ())

    def _note(self, day: date) -> tuple[str, Mapping[str, str]]:
        """What kind of day it is. The desk's own lists win over the country's, and closed wins over open."""
        if day in self._closed:
            return "closed_day", NO_PARAMS
        if day in self._open:
            return "extra_day", NO_PARAMS
        year = _year(self.spec.holidays, day.year)
        if day in year.names:
            return "holiday", year.names[day]
        if day in year.make_up_days and not self._all_day:
            return "make_up_day", NO_PARAMS
        return "" if self._all_day or self._hours[day.weekday()] else "weekend", NO_PARAMS


def _spans(hours: tuple[tuple[str, str], ...]) -> tuple[Span, ...]:
    """Opening and closing as distances from midnight, in order; touching and overlapping ones become one."""
    merged: list[Span] = []
    for opens, closes in sorted((_since_midnight(a), _since_midnight(b)) for a, b in hours):
        if closes <= opens:
            raise ValueError(f"opening hours that close at or before they open: {hours}")
        if merged and opens <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(closes, merged[-1][1])
        else:
            merged.append((opens, closes))
    return tuple(merged)


def _since_midnight(text: str) -> timedelta:
    hours, _, minutes = text.partition(":")
    return timedelta(hours=int(hours), minutes=int(minutes or 0))


def _windows(
    day: date, spans: tuple[Span, ...], zone: tzinfo, note: str, params: Mapping[str, str]
) -> Iterator[Window]:
    """What `spans` of wall-clock time are in UTC on `day`.

    Each offset that is in force that day gives its own part: before the change and after it. Hours that the clock
    skips do not exist, hours that it shows twice count twice.
    """
    midnight = datetime.combine(day, time(), UTC)
    for opens, closes in _joined(_parts(midnight, spans, zone)):
        there, length = (opens.astimezone(zone), closes.astimezone(zone)), closes - opens
        yield Window(opens, closes, length, Step(day, *there, length / ONE_MINUTE, note, params, *there))


def _parts(midnight: datetime, spans: tuple[Span, ...], zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
    before, after = _offset(midnight - ONE_DAY, zone), _offset(midnight + 2 * ONE_DAY, zone)
    if before == after:
        yield from ((midnight + a - before, midnight + b - before) for a, b in spans)
        return
    change = _change(midnight - ONE_DAY, midnight + 2 * ONE_DAY, zone)
    yield from ((midnight + a - before, min(midnight + b - before, change)) for a, b in spans)
    yield from ((max(midnight + a - after, change), midnight + b - after) for a, b in spans)


def _joined(parts: Iterator[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    held: tuple[datetime, datetime] | None = None
    for opens, closes in parts:
        if opens >= closes:
            continue
        if held and held[1] == opens:
            held = held[0], closes
            continue
        if held:
            yield held
        held = opens, closes
    if held:
        yield held


def _offset(at: datetime, zone: tzinfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _change(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """The second at which the offset changes between `low` and `high`, by halving. One change in three days at most."""
    before = _offset(low, zone)
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high


class _Year(NamedTuple):
    names: Mapping[date, Mapping[str, str]]
    make_up_days: frozenset[date]


@lru_cache(maxsize=256)
def _year(country: str, year: int) -> _Year:
    """The public holidays of a country in one year, and the weekend days on which it works instead."""
    if not country:
        return _Year({}, frozenset())
    english = holidays.country_holidays(country, years=year, language="en_US")
    chinese = holidays.country_holidays(country, years=year, language="zh_CN")
    names = {day: {"name": english[day], "name_zh": chinese[day]} for day in english if day.year == year}
    first = date(year, 1, 1)
    days = (first + timedelta(days=n) for n in range(366))
    make_up = (d for d in days if d.weekday() >= 5 and d not in names and english.is_working_day(d))
    return _Year(names, frozenset(make_up))
