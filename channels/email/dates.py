"""The Date field, as mailers really write it. Nothing here raises."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*(?:([+-])(\d\d):?(\d\d)|Z|UTC|GMT)?")


def parse(text: str) -> datetime | None:
    """The moment, aware; a time without a zone counts as UTC; None where there is none to read."""
    text = text.strip()[:200]
    found = _iso(text) if re.match(r"\d{4}-", text) else _rfc(text)
    return found if found and 1971 <= found.year < 2200 else None


def _rfc(text: str) -> datetime | None:
    try:
        parts = parsedate_tz(text) or parsedate_tz(text.replace(".", ":"))
        if not parts:
            return None
        second = min(parts[5], 59)  # leap seconds exist in mail, not in datetime
        zone = timezone(timedelta(seconds=parts[9])) if parts[9] else UTC
        return datetime(*parts[:5], second, tzinfo=zone)
    except (ValueError, IndexError, OverflowError, TypeError, AttributeError):
        return None


def _iso(text: str) -> datetime | None:
    found = _ISO.match(text)
    if not found:
        return None
    year, month, day, hour, minute = (int(found[n]) for n in range(1, 6))
    offset = timedelta(hours=int(found[8] or 0), minutes=int(found[9] or 0))
    try:
        zone = timezone(-offset if found[7] == "-" else offset)
        return datetime(year, month, day, hour, minute, int(found[6] or 0), tzinfo=zone)
    except ValueError:
        return None
