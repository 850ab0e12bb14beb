"""Which conversation a mail says that it belongs to. Claims only: whether they are true is the router's to check."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from channels.base import ReplyToken
from channels.email import words
from channels.email.headers import Headers

MAX_REFERENCES = 100
MAX_ID = 255
_TOKEN = r"([2-9a-z]{8})\.([0-9a-z]{8})\.([a-z2-7]{16})"  # noqa: S105 - the shape of a token, not one
_PLUS = re.compile(rf"\+t\.{_TOKEN}@", re.IGNORECASE)
OUR_ID = re.compile(rf"t\.{_TOKEN}@.+", re.IGNORECASE)
_ID_ANYWHERE = re.compile(rf"(?<![\w.])t\.{_TOKEN}@", re.IGNORECASE)
MARKER = re.compile(rf"sbt:{_TOKEN}", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()<>]*\)")
_ID = re.compile(r"<([^<>]{1,2000})>")
_PLUS_FIELDS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-gm-original-to", "x-envelope-to")


def message_id(headers: Headers) -> str:
    """The mail's own id as the desk keeps it, or empty."""
    found = ids(headers.plain("message-id")) or ids(headers.plain("x-original-message-id"))
    return found[0] if found else ""


def references(headers: Headers) -> tuple[str, ...]:
    """The ids that this mail answers: In-Reply-To first, then References from the newest to the oldest."""
    parents = [found for raw in headers.all_raw("in-reply-to") for found in ids(words.undecoded(raw))]
    older = [found for raw in headers.all_raw("references") for found in ids(words.undecoded(raw))]
    return tuple(dict.fromkeys([*parents, *reversed(older)]))[:MAX_REFERENCES]


def ids(text: str) -> list[str]:
    """The message ids in a field, without brackets, comments and what stands around them."""
    if not text:
        return []
    found = _ID.findall(text) if "<" in text else []
    if not found:
        bare = _COMMENT.sub(" ", text).replace(",", " ").split()
        found = [word.strip("<>\"';") for word in bare if "@" in word]
    cleaned = ("".join(one.split()) for one in found[: 4 * MAX_REFERENCES])
    return [short_id(one) for one in cleaned if one and len(one) <= 998]


def short_id(one: str) -> str:
    """The id itself, or for one too long to keep a name that is always the same for it."""
    return one if len(one) <= MAX_ID else f"sha256.{sha256(one.encode('utf-8', 'replace')).hexdigest()}@long"


def tokens(
    headers: Headers, refs: Iterable[str], envelope: Mapping[str, Any], sources: Iterable[str]
) -> tuple[ReplyToken, ...]:
    """The reply tokens that came back, the most telling first: address, ids of ours, marker in quoted text."""
    fields = [raw.decode("latin-1") for raw in headers.all_raw(*_PLUS_FIELDS) if b"+t." in raw.lower()]
    found = [_PLUS.findall(text) for text in (*fields, *map(str, envelope.get("rcpt_to") or ()))]
    found += [[m.groups()] for ref in refs if (m := OUR_ID.fullmatch(ref))]
    found += [MARKER.findall(text)[:20] for text in sources if "sbt:" in text]
    return distinct(claim for claims in found for claim in claims)


def tokens_in(text: str) -> tuple[ReplyToken, ...]:
    """Tokens anywhere in running text, such as the copy of our mail in a bounce."""
    found = [*_ID_ANYWHERE.findall(text)[:20], *_PLUS.findall(text)[:20], *MARKER.findall(text)[:20]]
    return distinct(found)


def distinct(found: Iterable[Iterable[str]]) -> tuple[ReplyToken, ...]:
    unique = dict.fromkeys(tuple(piece.lower() for piece in one) for one in found)
    return tuple(ReplyToken(ref, nonce, mac) for ref, nonce, mac in list(unique)[:20])


def dedupe_key(headers: Headers, sender: str, parts: Iterable[bytes]) -> str:
    """The same for the same mail however it reached us, another for another mail under the same Message-ID.

    Made of id, sender, date and content; without an id the trace of hosts stands in for it."""
    digest = sha256()
    own = message_id(headers)
    trace = b"" if own else b"\n".join(headers.all_raw("received"))
    for piece in (
        own.encode("utf-8", "replace"),
        trace,
        sender.encode("utf-8", "replace"),
        headers.raw("date").strip(),
    ):
        digest.update(len(piece).to_bytes(8, "big") + piece)
    for piece in parts:
        digest.update(len(piece).to_bytes(8, "big") + piece)
    return f"mail:{digest.hexdigest()}"
