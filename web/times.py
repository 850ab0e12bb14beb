"""Moments in the reader's zone and language, always with the exact one in the markup."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask
from flask_babel import format_date, format_datetime, format_time, format_timedelta
from flask_babel import gettext as _
from markupsafe import Markup

from web import languages
from web.desk import now

_JUST_NOW = timedelta(seconds=60)
_RECENT = timedelta(hours=24)


def install(flask: Flask) -> None:
    flask.jinja_env.globals.update(ago=ago, moment=moment)


def moment(at: datetime | None) -> Markup:
    """Today: the time. This year: day and time. Else the date."""
    if at is None:
        return Markup("")
    local, today = at.astimezone(languages.zone()), now().astimezone(languages.zone())
    if local.date() == today.date():
        text = format_time(at, "HH:mm")
    elif local.year == today.year:
        text = f"{format_date(at, _('d MMM'))} {format_time(at, 'HH:mm')}"
    else:
        text = format_date(at, "medium")
    return _tag(at, text)


def ago(at: datetime | None) -> Markup:
    """How long since, as a person would say it; older than a day as a moment."""
    if at is None:
        return Markup("")
    gone = now() - at
    if gone < _JUST_NOW:
        return _tag(at, _("just now"))
    if gone < _RECENT:
        return _tag(at, format_timedelta(-gone, granularity="minute", add_direction=True))
    return moment(at)


def _tag(at: datetime, text: str) -> Markup:
    exact = format_datetime(at, "full")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(timespec="seconds"), exact, text)
