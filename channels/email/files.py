"""The attachments of a mail, and which of them the HTML shows inside itself. Nothing here raises."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from channels.base import ParsedAttachment
from channels.email import names, transfer, words
from channels.email.mime import Part

MAX_DATA_IMAGES = 50
_DATA_URL = re.compile(r"data:(image/(?:png|jpe?g|gif|webp|bmp));base64,", re.IGNORECASE)


@dataclass(slots=True)
class Files:
    """Attachments in order. `resolve` is asked for each image of the HTML and marks what is shown inline."""

    items: list[ParsedAttachment] = field(default_factory=list)
    by_id: dict[str, int] = field(default_factory=dict)
    shown: set[int] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)

    def resolve(self, source: str) -> str:
        """`cid:N` for an image that is part of this mail, else empty."""
        if _DATA_URL.match(source):
            return self._own(source)
        key = source[4:] if source[:4].lower() == "cid:" else source
        index = self.by_id.get(_key(key), self.by_id.get(_key(unquote(key)), -1))
        if index < 0:
            return ""
        self.shown.add(index)
        return f"cid:{index}"

    def finished(self) -> tuple[ParsedAttachment, ...]:
        return tuple(replace(item, inline=True) if n in self.shown else item for n, item in enumerate(self.items))

    def _own(self, source: str) -> str:
        """An image that is written out in the HTML becomes a part like others, as long as there are few."""
        found = _DATA_URL.match(source)
        if not found or len(self.shown) >= MAX_DATA_IMAGES:
            return ""
        try:
            data = binascii.a2b_base64(unquote(source[found.end() :]))
        except (binascii.Error, ValueError):
            return ""
        kind = found[1].lower().replace("jpg", "jpeg")
        name = names.safe("", len(self.items) + 1, kind, self.taken)
        self.items.append(ParsedAttachment(name, kind, names.sniff(data), data))
        self.shown.add(len(self.items) - 1)
        return f"cid:{len(self.items) - 1}"


def collect(parts: list[Part]) -> Files:
    files = Files()
    for part in parts:
        _add(files, part)
    return files


def _add(files: Files, part: Part) -> None:
    number = len(files.items) + 1
    kind = part.kind if "/" in part.kind and part.kind.isascii() else "application/octet-stream"
    data = _content(part)
    name = names.safe(part.filename or _description(part), number, kind, files.taken)
    files.items.append(ParsedAttachment(name, kind[:127], names.sniff(data), data, part.content_id[:255]))
    location = part.headers.plain("content-location") if part.headers.has("content-location") else ""
    for key in (part.content_id, location):
        if key:
            files.by_id.setdefault(_key(key), number - 1)


def _content(part: Part) -> bytes:
    if part.kind == "message/rfc822" and not part.headers.has("content-transfer-encoding"):
        return part.body
    return transfer.from_uu(part.data) if part.kind == "application/x-uuencode" else part.data


def _description(part: Part) -> str:
    """Some mailers put the file's name into Content-Description; taken only when it ends like one."""
    text = words.decode(part.headers.raw("content-description")) if part.headers.has("content-description") else ""
    return text if re.search(r"\.\w{2,5}$", text) else ""


def _key(value: str) -> str:
    return value.strip("<> \t").casefold()
