"""Bytes into a tree of parts. The tree is bounded in depth, number and time, whatever the bytes; nothing here raises.

Parts keep their bytes encoded until somebody asks. An embedded message is a part like another: it is read only when a
bounce needs it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from channels.email import headers as header_block
from channels.email import params, transfer
from channels.email.headers import Headers

MAX_DEPTH = 20
MAX_PARTS = 500
MAX_NESTED = 5
# A delimiter line may carry some blanks at its end; looking further would cost the square of a mail without line ends.
_DELIMITER_BLANKS = 300
_GUESSED_BOUNDARY = re.compile(
    rb"^--([^\s-][^\r\n]{0,200}|-{1,60}[^\s-][^\r\n]{0,140})\r?\n(?=content-)", re.MULTILINE | re.IGNORECASE
)
_HTML = re.compile(rb"\s*(?:<!--[^>]{0,500}-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_MBOX = re.compile(rb"\s*>?From [^\r\n]{1,998}\r?\n")


@dataclass(slots=True)
class Budget:
    """What is left to spend on one mail."""

    parts: int = MAX_PARTS
    notices: set[str] = field(default_factory=set)


@dataclass
class Part:
    """One node. `children` is empty for everything but a multipart that really could be split; `declared` is the type as
    the sender named it, `kind` what it is taken for."""

    headers: Headers
    body: bytes
    kind: str = "text/plain"
    params: dict[str, str] = field(default_factory=dict)
    children: list[Part] = field(default_factory=list)
    declared: str = ""

    @cached_property
    def disposition(self) -> tuple[str, dict[str, str]]:
        return params.disposition(self.headers.raw("content-disposition"))

    @cached_property
    def data(self) -> bytes:
        """The content with its transfer encoding undone."""
        encoding = self.headers.raw("content-transfer-encoding")
        return transfer.decode(self.body, encoding.decode("latin-1").strip()) if encoding else self.body

    @cached_property
    def content_id(self) -> str:
        return self.headers.plain("content-id").strip("<> \t") if self.headers.has("content-id") else ""

    @property
    def filename(self) -> str:
        """As the sender wrote it: never a path of ours before names.safe has seen it."""
        return self.disposition[1].get("filename") or self.params.get("name") or self.disposition[1].get("name", "")

    def walk(self) -> list[Part]:
        """This part and all below it, in order."""
        found: list[Part] = []
        waiting = [self]
        while waiting:
            part = waiting.pop()
            found.append(part)
            waiting.extend(reversed(part.children))
        return found


def read(raw: bytes, budget: Budget | None = None) -> Part:
    """The tree of a whole mail."""
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    elif b"\r" in raw[: header_block.MAX_BLOCK]:
        raw = _mended_line_ends(raw)
    mbox = _MBOX.match(raw)
    return _read(raw, mbox.end() if mbox else 0, len(raw), budget or Budget(), 0, "text/plain")


def _mended_line_ends(raw: bytes) -> bytes:
    """Header lines that end in a bare CR, or in CR CR LF, become ordinary ones; the body keeps its bytes."""
    end = raw.find(b"\r\n\r\n")
    head = raw[:end] if end >= 0 else raw[: header_block.MAX_BLOCK]
    if head.count(b"\r") == head.count(b"\r\n"):
        return raw
    mended = head.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return mended + raw[len(head) :]


def nested(part: Part, depth: int = 0) -> Part | None:
    """The message inside a message/rfc822 or text/rfc822-headers part, or None at the depth limit."""
    return read(part.data.lstrip(b"\r\n")) if depth < MAX_NESTED and part.data.strip() else None


def _read(data: bytes, start: int, end: int, budget: Budget, depth: int, default: str) -> Part:
    headers, body_at = header_block.read(data, start, end)
    if headers.cut:
        budget.notices.add("headers-cut")
    budget.parts -= 1
    kind, parameters = params.content_type(headers.raw("content-type"))
    part = Part(headers, data[body_at:end], kind or default, parameters, declared=kind)
    if part.kind.startswith("multipart/"):
        _split(part, budget, depth)
    elif not kind and headers.has("content-type"):
        part.kind = "text/html" if _HTML.match(part.body) else default
    return part


def _split(part: Part, budget: Budget, depth: int) -> None:
    """Give a multipart its children; without a usable boundary it becomes the text that it holds."""
    if depth >= MAX_DEPTH:
        budget.notices.add("parts-too-deep")
        part.kind = "application/octet-stream"
        return
    spans = _spans(part.body, part.params.get("boundary", ""))
    if not spans and part.data is not part.body:
        part.body = part.data
        spans = _spans(part.body, part.params.get("boundary", ""))
    spans = spans or _spans(part.body, _guessed_boundary(part.body))
    if not spans:
        part.kind = "text/html" if _HTML.match(part.body) else "text/plain"
        return
    default = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
    for start, end in spans:
        if budget.parts <= 0:
            budget.notices.add("too-many-parts")
            return
        part.children.append(_read(part.body, start, end, budget, depth + 1, default))


def _guessed_boundary(body: bytes) -> str:
    found = _GUESSED_BOUNDARY.search(body, 0, 64 * 1024)
    return found[1].rstrip().decode("utf-8", "replace") if found else ""


def _spans(body: bytes, boundary: str) -> list[tuple[int, int]]:
    """Start and end of each part between the delimiter lines. The last delimiter may be missing."""
    if not boundary.strip():
        return []
    spans: list[tuple[int, int]] = []
    opened, closed = -1, False
    for start, after, last in _delimiters(body, b"--" + boundary.rstrip().encode("utf-8", "replace")):
        if opened >= 0:
            spans.append((opened, start))
        opened = -1 if last else after
        if last and closed:
            break
        closed = closed or last
        if len(spans) > MAX_PARTS:
            return spans
    if opened >= 0 and (not closed or body[opened : opened + 8].lower() == b"content-"):
        spans.append((opened, len(body)))
    return spans


def _delimiters(body: bytes, mark: bytes) -> list[tuple[int, int, bool]]:
    """Each delimiter line: where the text before it ends, where the text after it begins, and whether it is the last."""
    found: list[tuple[int, int, bool]] = []
    position = body.find(mark)
    while position >= 0 and len(found) <= 2 * MAX_PARTS:
        behind = position + len(mark)
        end = body.find(b"\n", behind, behind + _DELIMITER_BLANKS) + 1 or min(behind + _DELIMITER_BLANKS, len(body))
        rest = body[behind:end].strip()
        if (position == 0 or body[position - 1] in b"\n\r") and rest in {b"", b"--", b"-"}:
            found.append((_before(body, position), end, rest == b"--"))
        position = body.find(mark, behind)
    return found


def _before(body: bytes, position: int) -> int:
    """The line end before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1)."""
    if body[max(position - 2, 0) : position] == b"\r\n":
        return position - 2
    return max(position - 1, 0)
