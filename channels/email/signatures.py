"""The trailing signature of a text. Cut only where a program or a custom marks it; never down to nothing. Linear."""

from __future__ import annotations

import re

from channels.email.quote_words import APP_LINE, VALEDICTIONS

MAX_SIGNATURE_LINES = 16
_MAX_NAME_LINES = 8
_DASHES = re.compile(r"^\s{0,3}(?:--|—|––|-- -|--\s*\xa0?)\s*$")
_FOOTER = re.compile(r"^\s{0,3}(?:_{8,}|-{20,}|={20,})\s*$")
_DASH_NAME = re.compile(r"^\s{0,3}[-–—~]{1,2}[^\W\d_][\w.'-]{0,20}(?: [^\W\d_][\w.'-]{0,20}){0,2}\s*$")
_LIST_FOOTER = re.compile(
    r"mailing list|unsubscribe|listinfo|you received this (?:message|email)|to post to this", re.IGNORECASE
)
_TRIM = " \t,.!;:，。！；：~*_\xa0"


def without_signature(lines: list[str]) -> list[str]:
    """The lines without what is signed below them."""
    end = len(lines)
    for find in (_footer, _delimiter, _app_line, _delimiter, _valediction, _dash_name):
        start = find(lines[:end])
        if start >= 0 and any(line.strip() for line in lines[:start]):
            end = start
        while end and not lines[end - 1].strip():
            end -= 1
    return lines[:end] if end else lines


def _delimiter(lines: list[str]) -> int:
    """The `-- ` line (RFC 3676 section 4.3), with or without its blank, when what follows is no letter of its own."""
    for index in range(max(len(lines) - MAX_SIGNATURE_LINES - 1, 1), len(lines)):
        if _DASHES.match(lines[index]):
            return index
    return -1


def _app_line(lines: list[str]) -> int:
    """`Sent from my phone` and the like, within the last lines."""
    rest = 0
    for index in range(len(lines) - 1, 0, -1):
        if not lines[index].strip():
            continue
        if len(lines[index]) < 160 and APP_LINE.match(lines[index]):
            return index
        rest += 1
        if rest > 5:
            break
    return -1


def _valediction(lines: list[str]) -> int:
    """`Kind regards,` with at most eight short lines below it."""
    below = 0
    for index in range(len(lines) - 1, 0, -1):
        line = lines[index].strip()
        if not line:
            continue
        if below and len(line) < 60 and line.strip(_TRIM).lower() in VALEDICTIONS:
            return index
        below += 1
        if below > _MAX_NAME_LINES or len(line) > 80:
            break
    return -1


def _dash_name(lines: list[str]) -> int:
    """A last line such as `-Anna`, unless it ends a list."""
    last = len(lines) - 1
    if last < 1 or not _DASH_NAME.match(lines[last]):
        return -1
    before = next((line for line in reversed(lines[:last]) if line.strip()), "")
    return -1 if before.lstrip()[:1] in "-–—*•" else last


def _footer(lines: list[str]) -> int:
    """What a mailing list puts under a rule."""
    for index in range(len(lines) - 1, max(len(lines) - 12, 0), -1):
        if _FOOTER.match(lines[index]):
            below = "\n".join(lines[index + 1 :])
            return index if _LIST_FOOTER.search(below[:3000]) or len(lines) - index <= 6 else -1
    return -1
