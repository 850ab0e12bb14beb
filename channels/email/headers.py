"""The header block of a mail or a part: split at once, decoded only where somebody asks. Nothing here raises."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from channels.email import words

MAX_BLOCK = 1 << 20
MAX_FIELDS = 2000
MAX_FIELD = 64 * 1024
_NAME = re.compile(rb"[!-9;-~]{1,120}[ \t]*:")
# What a line of junk between header lines must be followed by, to be taken for junk and not for the body.
_USUAL = re.compile(
    rb"(?:from|to|cc|date|subject|message-id|mime-version|content-[a-z-]+|received|return-path|reply-to"
    rb"|x-[a-z-]+)[ \t]*:",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Headers:
    """Fields in their order, names in lower case, values as bytes; folding is undone when a value is decoded."""

    fields: list[tuple[str, bytes]] = field(default_factory=list)
    cut: bool = False
    _first: dict[str, bytes] | None = None

    def raw(self, name: str) -> bytes:
        """The first field of this name, or empty."""
        return self._index().get(name, b"")

    def all_raw(self, *names: str) -> list[bytes]:
        if not self.has(*names):
            return []
        return [value for known, value in self.fields if known in names]

    def has(self, *names: str) -> bool:
        return not self._index().keys().isdisjoint(names)

    def _index(self) -> dict[str, bytes]:
        if self._first is None:
            self._first = dict(reversed(self.fields))
        return self._first

    def text(self, name: str) -> str:
        """The first field of this name as a person reads it: decoded, one line, nothing invisible."""
        return words.decode(self.raw(name))

    def plain(self, name: str) -> str:
        """The first field of this name for machines: no encoded words are decoded."""
        return words.undecoded(self.raw(name))

    def value(self, name: str) -> str:
        """The first non-empty decoded field of this name: some mailers write an empty one before the real one."""
        return next((text for raw in self.all_raw(name) if (text := words.decode(raw))), "")


def read(data: bytes, start: int, end: int) -> tuple[Headers, int]:
    """The headers at data[start:end], and where the body begins.

    The block ends at the first empty line, or where a line cannot belong to a header. Junk before the first field and
    single lines of junk between known fields are passed over."""
    headers = Headers()
    position, stop = start, min(end, start + MAX_BLOCK)
    while position < stop:
        line_end = data.find(b"\n", position, end)
        after = end if line_end < 0 else line_end + 1
        line = data[position:after]
        if not line.strip(b"\r\n"):
            if headers.fields:
                return headers, after
        elif not _take(headers, line) and _body_begins(headers, line, data, after, end):
            return headers, position
        position = after
    headers.cut = position < end and position >= start + MAX_BLOCK
    return headers, min(position, end)


def _take(headers: Headers, line: bytes) -> bool:
    """Add `line` to `headers` if it is a field or goes on with the last one."""
    fields = headers.fields
    if line[0] in b" \t":
        if fields:
            name, value = fields[-1]
            if len(value) < MAX_FIELD:
                fields[-1] = (name, value + line)
            else:
                headers.cut = True
        return bool(fields)
    found = _NAME.match(line)
    if not found:
        return False
    if len(fields) < MAX_FIELDS:
        fields.append((found[0][:-1].rstrip().decode("ascii").lower(), line[found.end() :][:MAX_FIELD]))
    else:
        headers.cut = True
    return True


def _body_begins(headers: Headers, line: bytes, data: bytes, after: int, end: int) -> bool:
    if line.startswith((b"From ", b">From ")):
        return False
    following = data[after : min(end, after + 200)]
    if headers.fields:
        return not _USUAL.match(following)
    return after >= end or after > 4096
