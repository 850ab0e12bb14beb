"""From the two texts to a rulebook: the desk's own words, its calendars, clocks and replies.

Rules themselves are read in `reading_rules`, and what only shows when all is read is checked in `lint`.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from rules import lint, patterns
from rules.engine import compile_rules
from rules.facts import FACTS, PRIORITIES
from rules.identifiers import Finder
from rules.reading_rules import Names, read_rules
from rules.rulebook import (
    LANGUAGES,
    WEEKDAYS,
    CalendarSpec,
    ClockPolicy,
    Reply,
    ReplyText,
    Rulebook,
    RulebookError,
)
from rules.source import Source

_SECTIONS = ("desk", "words", "identifiers", "promises", "calendars", "clocks", "rule")
_DESK = ("languages", "topics", "teams", "default_clock")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(([01]\d|2[0-3]):([0-5]\d)|24:00)")


def read(rules_text: str, replies_text: str, version: int) -> Rulebook:
    """Read everything, then raise RulebookError with all that is wrong, or give the rulebook."""
    source, replies = Source(rules_text, "rules"), Source(replies_text, "replies")
    parts = {} if source.broken or replies.broken else _parts(source, replies)
    problems = (*sorted(source.problems), *sorted(replies.problems))
    if problems:
        raise RulebookError(problems)
    finders = {name: Finder(sources) for name, sources in parts["identifiers"].items()}
    return Rulebook(version=version, compiled=compile_rules(parts["rules"]), finders=finders, **parts)


def _parts(source: Source, replies: Source) -> dict[str, Any]:
    source.only((), source.data, _SECTIONS, "section")
    source.only(("desk",), source.table("desk"), _DESK, "setting of the desk")
    languages = _languages(source)
    identifiers = _identifiers(source)
    calendars = {name: _calendar(source, name) for name in source.table("calendars")}
    clocks = {name: _clock(source, name, calendars) for name in source.table("clocks")}
    texts = {name: _reply(replies, name, languages) for name in replies.data}
    desk = {key: source.strings(("desk", key), source.table("desk").get(key, [])) for key in ("topics", "teams")}
    names = Names(desk["topics"], desk["teams"], tuple(clocks), tuple(texts), languages, tuple(identifiers))
    rules = read_rules(source, names, _words(source))
    promises = {k: source.whole(("promises", k), v, 1) for k, v in source.table("promises").items()}
    default_clock = _default_clock(source, clocks)
    lint.check_rules(source, rules)
    lint.check_replies(replies, texts, languages)
    lint.check_promises(source, promises, texts, rules)
    parts: dict[str, Any] = {"rules": rules, "languages": languages, "default_clock": default_clock, **desk}
    parts |= {"identifiers": identifiers, "promises": promises, "replies": texts}
    return parts | {"calendars": calendars, "clocks": clocks}


def _languages(source: Source) -> tuple[str, ...]:
    path = ("desk", "languages")
    written = source.strings(path, source.table("desk").get("languages", list(LANGUAGES)))
    for language in written:
        source.known(path, language, LANGUAGES, "language")
    return written


def _words(source: Source) -> dict[str, tuple[str, ...]]:
    """Each word list: plain, or by language, which is only for the reader."""
    lists: dict[str, tuple[str, ...]] = {}
    for name, value in source.table("words").items():
        path = ("words", name)
        if isinstance(value, dict):
            lists[name] = tuple(t for key, v in value.items() for t in source.strings((*path, key), v))
        else:
            lists[name] = source.strings(path, value)
    return lists


def _identifiers(source: Source) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in source.table("identifiers").items():
        path = ("identifiers", name)
        if name in FACTS:
            source.problem(path, f'"{name}" is already a fact.', "Choose another name.")
        sources = source.strings(path, value)
        for at, pattern in enumerate(sources):
            check_pattern(source, (*path, at), pattern)
        found[name] = sources
    return found


def check_pattern(source: Source, path: tuple[str | int, ...], pattern: str) -> None:
    try:
        patterns.compile_safe(pattern)
    except patterns.PatternError as error:
        source.problem(path, f"The pattern is refused: {error}.", "Use limits such as {1,20}, and no look-around.")


def _default_clock(source: Source, clocks: dict[str, ClockPolicy]) -> str:
    name = source.string(("desk", "default_clock"), source.table("desk").get("default_clock", ""))
    source.known(("desk", "default_clock"), name, tuple(clocks), "clock")
    return name


def _calendar(source: Source, name: str) -> CalendarSpec:
    path, table = ("calendars", name), source.table("calendars", name)
    source.only(path, table, ("zone", "holidays", "hours", "closed", "open"), "setting of a calendar")
    zone = source.string((*path, "zone"), table.get("zone", ""))
    if zone not in available_timezones():
        source.problem((*path, "zone"), f'There is no time zone "{zone}".', "Write it like Asia/Shanghai.")
    hours = {day: _opening(source, (*path, "hours", day), v) for day, v in source.table(*path, "hours").items()}
    source.only((*path, "hours"), hours, WEEKDAYS, "weekday")
    holidays = source.string((*path, "holidays"), table.get("holidays", ""))
    closed, opened = (_dates(source, (*path, key), table.get(key, [])) for key in ("closed", "open"))
    return CalendarSpec(name, zone, holidays, hours, closed, opened)


def _opening(source: Source, path: tuple[str, ...], value: Any) -> tuple[tuple[str, str], ...]:
    spans: list[tuple[str, str]] = []
    for at, written in enumerate(source.strings(path, value)):
        opens, _, closes = written.partition("-")
        if not _HOURS.fullmatch(written) or opens >= closes or (spans and spans[-1][1] > opens):
            source.problem((*path, at), f'"{written}" is no opening time.', 'Write ["09:00-12:00", "13:00-18:00"].')
        spans.append((opens, closes))
    return tuple(spans)


def _dates(source: Source, path: tuple[str, ...], value: Any) -> tuple[date, ...]:
    if isinstance(value, list) and all(type(day) is date for day in value):
        return tuple(value)
    source.problem(path, "This should be a list of dates.", "Write [2026-01-02, 2026-01-03], without quotes.")
    return ()


def _clock(source: Source, name: str, calendars: dict[str, CalendarSpec]) -> ClockPolicy:
    path, table = ("clocks", name), source.table("clocks", name)
    source.only(path, table, ("calendar", *PRIORITIES), "setting of a clock")
    minutes: dict[str, int] = {}
    others: dict[str, str] = {}
    for priority in PRIORITIES:
        value = table.get(priority)
        if isinstance(value, dict):
            source.only((*path, priority), value, ("minutes", "calendar"), "setting of a clock")
            others[priority] = source.string((*path, priority), value.get("calendar", ""))
            source.known((*path, priority), others[priority], tuple(calendars), "calendar")
            value = value.get("minutes")
        minutes[priority] = source.whole((*path, priority), value, 1)
    calendar = source.string((*path, "calendar"), table.get("calendar", ""))
    source.known((*path, "calendar"), calendar, tuple(calendars), "calendar")
    return ClockPolicy(name, calendar, minutes, others)


def _reply(replies: Source, name: str, languages: tuple[str, ...]) -> Reply:
    texts: dict[str, ReplyText] = {}
    for language, value in replies.table(name).items():
        path = (name, language)
        if not replies.known(path, language, languages, "language of the desk"):
            continue
        table = value if isinstance(value, dict) else {"body": value}
        replies.only(path, table, ("subject", "body"), "part of a reply")
        subject = replies.string((*path, "subject"), table.get("subject", ""))
        body = replies.string((*path, "body"), table.get("body", ""))
        texts[language] = ReplyText(subject, body.strip())
    return Reply(name, texts)
