"""Delivery reports: the standard ones (RFC 3464, 5965, 8098) and the many that mail servers write in prose.

A report tells the state of something that we sent. It is never a customer's message, and a person who quotes a bounce
has not written one. Linear; nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from channels.base import DeliveryReport, RecipientReport, ReplyToken
from channels.email import addresses, bounce_text, claims, mime, subjects
from channels.email import headers as header_block
from channels.email.headers import Headers
from channels.email.mime import Part
from channels.email.who import Who

MAX_RECIPIENTS = 200
_STATUS_KINDS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_COPY_KINDS = frozenset(
    {
        "message/rfc822",
        "message/global",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "text/rfc822",
        "message/global-headers",
    }
)
_ACTIONS = {"failed", "delayed", "delivered", "relayed", "expanded"}
_ANGLE = re.compile(r"<([^<>]*)>")
_ADDRESS_FIELD = re.compile(r"(?:[a-z0-9-]{1,40}\s*;)?\s*(.*)", re.IGNORECASE | re.DOTALL)


def report(
    root: Part, subject: str, text: str, author: Who, envelope: Mapping[str, Any], own: frozenset[str]
) -> DeliveryReport | None:
    """What this mail reports about mail of ours, or None when it is no report."""
    parts = {part.kind: part for part in reversed(root.walk())}
    if "message/feedback-report" in parts:
        return _complaint(root, parts["message/feedback-report"], text)
    if "message/disposition-notification" in parts:
        return _receipt(root, parts["message/disposition-notification"], text)
    recipients = [entry for part in root.walk() if part.kind in _STATUS_KINDS for entry in _status_part(part)][
        :MAX_RECIPIENTS
    ]
    if not recipients:
        recipients = _in_prose(root, subject, text, author, envelope, own)
    if not recipients:
        return None
    return DeliveryReport(_kind(recipients), tuple(recipients), *_about(root, text))


def _kind(recipients: list[RecipientReport]) -> str:
    actions = {entry.action for entry in recipients}
    return "bounce" if "failed" in actions else "delay" if "delayed" in actions else "delivered"


def _complaint(root: Part, part: Part, text: str) -> DeliveryReport:
    fields = _blocks(part)[0] if _blocks(part) else Headers()
    found = addresses.listed(fields.all_raw("original-rcpt-to", "removal-recipient"))
    diagnostic = fields.plain("feedback-type")[:200]
    return DeliveryReport(
        "complaint", tuple(RecipientReport(a.address, "failed", "", diagnostic) for a in found), *_about(root, text)
    )


def _receipt(root: Part, part: Part, text: str) -> DeliveryReport:
    fields = _blocks(part)[0] if _blocks(part) else Headers()
    address = _recipient_address(fields)
    said = fields.plain("disposition").rpartition(";")[2].strip()[:200]
    recipients = (RecipientReport(address, "delivered", "", said),) if address else ()
    references, tokens = _about(root, text)
    original = tuple(claims.ids(fields.plain("original-message-id")))
    return DeliveryReport("receipt", recipients, tuple(dict.fromkeys((*original, *references))), tokens)


def _status_part(part: Part) -> list[RecipientReport]:
    """One entry for each recipient block; a broken writer may put everything into one block."""
    found = []
    for block in _blocks(part):
        address = _recipient_address(block)
        if address:
            found.append(_entry(address, block))
    return found


def _blocks(part: Part) -> list[Headers]:
    data = part.data if part.data.strip() else b"\n\n".join(child.data for child in part.children)
    pieces = re.split(rb"\n[ \t]*\r?\n", data.replace(b"\r\n", b"\n")[: 1 << 20])
    blocks = [header_block.read(piece, 0, len(piece))[0] for piece in pieces[:MAX_RECIPIENTS] if piece.strip()]
    return [block for block in blocks if block.fields]


def _recipient_address(block: Headers) -> str:
    """The address that we wrote to, before the one that it was passed on to."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        value = block.plain(name)
        found = _ADDRESS_FIELD.fullmatch(value)
        inner = found[1] if found else value
        angle = _ANGLE.search(inner)
        address = addresses.valid(angle[1] if angle else inner.strip(" \"'")) or bounce_text.first_address(inner)
        if address:
            return address
    return ""


def _entry(address: str, block: Headers) -> RecipientReport:
    diagnostic = block.plain("diagnostic-code").partition(";")[2].strip() or block.plain("diagnostic-code")
    words = block.plain("action").lower().split()
    said = words[0].strip("();,") if words else ""
    status = bounce_text.status(block.plain("status"), diagnostic or block.plain("x-display-name"), said or "failed")
    action = (
        said
        if said in _ACTIONS
        else "delayed"
        if status.startswith("4")
        else "delivered"
        if status.startswith("2")
        else "failed"
    )
    return RecipientReport(address, action, status, diagnostic[:1000])


def _in_prose(
    root: Part, subject: str, text: str, author: Who, envelope: Mapping[str, Any], own: frozenset[str]
) -> list[RecipientReport]:
    headers = root.headers
    failed = addresses.listed(headers.all_raw("x-failed-recipients"))
    if not failed and not _speaks_of_failure(root, subject, text, author, envelope):
        return []
    unlike = own | {author.header_from.casefold()}
    copies = _copies(root)
    written_to = [
        a.address for copy in copies for a in addresses.listed(copy.all_raw("to", "cc", "bcc"))
    ] or bounce_text.to_in_copy(text)
    return bounce_text.recipients(text, subject, [a.address for a in failed], written_to, unlike)[:MAX_RECIPIENTS]


def _speaks_of_failure(root: Part, subject: str, text: str, author: Who, envelope: Mapping[str, Any]) -> bool:
    """A mail system is the sender, and it says that something was not delivered; or every sign but the sender does."""
    headers = root.headers
    if headers.has("in-reply-to") and subjects.is_reply(subject):
        return False
    if subjects.is_reply(subject) or subjects.is_forward(subject):
        return False
    path = (
        headers.plain("return-path").replace(" ", "")
        if headers.has("return-path")
        else str(envelope.get("mail_from", "?"))
    )
    daemon = path in {"<>", ""} or bounce_text.is_daemon(author.header_from or author.sender.name, author.sender.name)
    says = bounce_text.says_undelivered(subject)
    if daemon:
        return says or (
            bounce_text.says_undelivered(text[:3000]) and (bounce_text.has_evidence(text) or bool(_copies(root)))
        )
    return says and bounce_text.has_evidence(text) and bounce_text.says_undelivered(text[:3000])


def _copies(root: Part) -> list[Headers]:
    """The headers of the mails that the report brings back."""
    found: list[Headers] = []
    for part in root.walk():
        if part.kind in _COPY_KINDS and len(found) < mime.MAX_NESTED:
            data = part.data.lstrip(b"\r\n")
            found.append(header_block.read(data, 0, len(data))[0])
    return found


def _about(root: Part, text: str) -> tuple[tuple[str, ...], tuple[ReplyToken, ...]]:
    """Ids and tokens of what the report is about: from the copy, from the text, from the report's own threading."""
    copies = _copies(root)
    found = [one for copy in copies for one in claims.ids(copy.plain("message-id"))]
    found += [claims.short_id(one) for one in bounce_text.ids_in(text)]
    found += claims.references(root.headers)
    own = set(claims.ids(root.headers.plain("message-id")))
    sources = [text[:200_000], " ".join(found)]
    sources += [
        part.data[:100_000].decode("latin-1") for part in root.walk() if part.kind in _COPY_KINDS | _STATUS_KINDS
    ][: mime.MAX_NESTED]
    tokens = claims.tokens_in(
        "\n".join([*sources, *(raw.decode("latin-1") for raw in root.headers.all_raw("to", "delivered-to"))])
    )
    return tuple(one for one in dict.fromkeys(found) if one not in own)[:50], tokens
