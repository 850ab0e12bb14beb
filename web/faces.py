"""How a ticket's times, spans and texts look. What is said here of times, the page's script says again as they pass."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from zlib import crc32
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import Flask
from markupsafe import Markup, escape

from router.models import Priority
from web import languages
from web.desk import now
from web.tongue import gettext as _

_WEEK = timedelta(days=6)
# Ends before what closes a sentence or a bracket, in both scripts.
_LINK = re.compile(
    r"https?://[^\s<>\"'，。；：！？、（）《》「」]{2,2000}[^\s<>\"'，。；：！？、（）《》「」.,;:!?)\]]"
)


def install(flask: Flask) -> None:
    flask.jinja_env.globals.update(
        when_words=when_words,
        span_words=span_words,
        day_words=day_words,
        there=there,
        priority_word=lambda rank: Priority(rank).word,
    )
    flask.jinja_env.filters.update(linked=linked, emphasised=emphasised, fingerprint=fingerprint)


def when_words(at: datetime, long: bool = False) -> str:
    """Today the time, this week the day, else the date; the long form always with the time."""
    zone = languages.zone()
    local, today = at.astimezone(zone), now().astimezone(zone)
    clock = f"{local:%H:%M}"
    if local.date() == today.date():
        return clock
    recent = timedelta(0) <= today - local < _WEEK
    pattern = "EEE" if recent else _("d MMM") if local.year == today.year else _("d MMM y")
    day = _day(local.date(), pattern, languages.language())
    return f"{day} {clock}" if long else day


def span_words(seconds: float) -> str:
    """A length of time in its two largest units: `2 h 10 m`."""
    minutes = int(abs(seconds) // 60)
    days, hours = divmod(minutes // 60, 24)
    if minutes < 60:
        parts = [(minutes, _("m"))]
    elif not days:
        parts = [(hours, _("h")), (minutes % 60, _("m"))]
    else:
        parts = [(days, _("d")), (hours, _("h"))]
    return " ".join(f"{count} {unit}" for index, (count, unit) in enumerate(parts) if count or not index)


def day_words(day: date) -> str:
    return _day(day, _("EEE d MMM"), languages.language())


# A list shows a hundred times, of few days: asking the locale for each anew took a third of the page's time.
@lru_cache(maxsize=2048)
def _day(day: date, pattern: str, language: str) -> str:
    return format_date(day, pattern, locale=language)


def there(at: datetime, zone: str) -> str:
    """A moment on the clock of another place: day and time."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{day_words(local.date())} {local:%H:%M}"


def linked(text: str) -> Markup:
    """Plain text with its web addresses as links; everything else is escaped."""
    parts: list[str] = []
    last = 0
    for match in _LINK.finditer(text):
        address = escape(match[0])
        parts.append(escape(text[last : match.start()]))
        parts.append(f'<a href="{address}" target="_blank" rel="noopener noreferrer nofollow">{address}</a>')
        last = match.end()
    return Markup("".join((*parts, escape(text[last:]))))  # noqa: S704 - every part is escaped above


def emphasised(text: str) -> Markup:
    return Markup("<em>{}</em>").format(text)


def fingerprint(row: object) -> str:
    """Changes when anything that is shown of a row does."""
    return f"{crc32(repr(row).encode()):x}"
