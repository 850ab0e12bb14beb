"""A raw item as text that a person can look at. Never raises: what is shown here is what nothing else could read."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from email.header import decode_header, make_header
from io import BytesIO

# Enough to judge by; the download has all of it.
_SHOWN = 64 * 1024
_HEADERS = ("From", "To", "Cc", "Subject", "Date", "Message-ID", "Auto-Submitted", "Return-Path", "Content-Type")
_LONGEST_VALUE = 500
_FIELD = re.compile(rb"^([!-9;-~]{1,80}):[ \t]*(.*)$")


@dataclass(frozen=True, slots=True)
class Shown:
    """`headers` in a fixed order, decoded where that works; `text` is the beginning of the source."""

    headers: tuple[tuple[str, str], ...]
    text: str
    is_cut: bool


def summary(raw: bytes) -> Shown:
    """What a person needs to decide."""
    fields = _fields(raw[:_SHOWN])
    headers = tuple((name, _readable(fields[name.lower()])) for name in _HEADERS if name.lower() in fields)
    return Shown(headers, _visible(raw[:_SHOWN].decode("utf-8", "replace")), len(raw) > _SHOWN)


def opened(raw: bytes) -> BytesIO:
    return BytesIO(raw)


def _fields(head: bytes) -> dict[str, str]:
    """The first of each header, unfolded."""
    found: dict[str, str] = {}
    for line in re.sub(rb"\r?\n[ \t]+", b" ", head.split(b"\r\n\r\n", 1)[0].split(b"\n\n", 1)[0]).splitlines():
        match = _FIELD.match(line)
        if match:
            found.setdefault(match[1].decode("ascii").lower(), match[2].decode("utf-8", "replace"))
    return found


def _readable(value: str) -> str:
    value = value[: 4 * _LONGEST_VALUE]
    with suppress(ValueError, LookupError, UnicodeError):
        value = str(make_header(decode_header(value)))
    return _visible(value)[:_LONGEST_VALUE]


def _visible(text: str) -> str:
    """Control and direction marks as their code points: source must not be able to disguise itself."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", _code_point, text)


def _code_point(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match[0]):04X}⟩"
