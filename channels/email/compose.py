"""An answer becomes a mail: the same `Outgoing` always gives the same bytes, so every attempt sends the same mail.

Pure. Our own Message-ID, threading headers, From our own address, an answer address that carries the token, and a wish
for silence on everything that no person wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC
from email.utils import format_datetime
from hashlib import sha256

from channels.base import AccountConfig, Address, Desk, Outgoing
from channels.email import letter, wire

MAX_REFERENCES = 20
_MAX_ID = 900
_MAX_SUBJECT = 300
_ANSWER = re.compile(r"\s*(?:re|aw|sv|antw|bls|balas|回复|回覆|答复|答覆)\s*(?:\[\d+\])?\s*[:：]", re.IGNORECASE)
_TOKEN = re.compile(r"\s*[\[［【]\s*[#＃]\s*[2-9A-Z]{4}-?[2-9A-Z]{4}\s*[\]］】]", re.IGNORECASE)
_ID = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")


def compose(outgoing: Outgoing, account: AccountConfig, desk: Desk) -> bytes:
    """The whole mail with CRLF line ends. ValueError when an address has no form on the wire."""
    return b"".join([*_headers(outgoing, account, desk), b"MIME-Version: 1.0\r\n", _body(outgoing)])


def outgoing_ref(token: str, address: str) -> str:
    """The Message-ID, without its brackets, of the mail that carries `token`."""
    domain = wire.ascii_domain(address.rpartition("@")[2])
    return f"t.{token}@{'switchboard.localhost' if domain in ('', 'localhost') else domain}"


def token_address(token: str, address: str) -> str:
    """`support+t.{token}@example.com`: an answer to it names its ticket in the envelope already."""
    local, _, domain = wire.ascii_address(address).rpartition("@")
    return f"{local}+t.{token}@{domain}" if token else f"{local}@{domain}"


def subject_line(outgoing: Outgoing) -> str:
    """Theirs, with one `Re:` when it answers something and one reference of ours at the end."""
    base = wire.clean(_TOKEN.sub("", outgoing.subject))[:_MAX_SUBJECT]
    while found := _ANSWER.match(base):
        base = base[found.end() :].strip()
    prefix = "Re: " if outgoing.in_reply_to else ""
    suffix = f" [#{outgoing.ref}]" if outgoing.ref else ""
    return f"{prefix}{base}{suffix}".strip()


def thread(references: Sequence[str], in_reply_to: str) -> tuple[str, ...]:
    """The header's order, oldest first, from `references`, newest first: it ends with what we answer. Of many, the first
    and the newest are kept."""
    newest_first = dict.fromkeys(i for i in map(message_id, (in_reply_to, *references)) if i)
    ids = list(reversed(newest_first))
    return tuple(ids if len(ids) <= MAX_REFERENCES else ids[:1] + ids[1 - MAX_REFERENCES :])


def message_id(text: str) -> str:
    """`text` as an id without brackets, or empty where it cannot stand in a header."""
    stripped = text.strip().strip("<>")
    stands_for_a_long_one = stripped.startswith("sha256.") and stripped.endswith("@long")
    fits = len(stripped) <= _MAX_ID and _ID.fullmatch(stripped)
    return stripped if fits and not stands_for_a_long_one else ""


def sender(outgoing: Outgoing, account: AccountConfig, desk: Desk) -> Address:
    """From is always one of the account's own addresses: any other would fail DMARC at the receiver."""
    own = outgoing.sender.folded in account.addresses()
    name = outgoing.sender.name or account.display_name or desk.name
    return Address(outgoing.sender.address if own else account.address, name)


def _headers(outgoing: Outgoing, account: AccountConfig, desk: Desk) -> Iterable[bytes]:
    yield wire.folded("Date", [format_datetime(outgoing.created_at.astimezone(UTC))])
    me = sender(outgoing, account, desk)
    yield wire.address_header("From", [me])
    yield wire.address_header("To", outgoing.to)
    if outgoing.cc:
        yield wire.address_header("Cc", outgoing.cc)
    if outgoing.token and account.settings.plus_addressing:
        yield wire.address_header("Reply-To", [Address(token_address(outgoing.token, me.address), me.name)])
    yield wire.header("Subject", subject_line(outgoing))
    yield wire.folded("Message-ID", [f"<{message_id(outgoing.external_ref)}>"])
    yield from _threading(outgoing)
    yield from _silence(outgoing)


def _threading(outgoing: Outgoing) -> Iterable[bytes]:
    if parent := message_id(outgoing.in_reply_to):
        yield wire.folded("In-Reply-To", [f"<{parent}>"])
    if ids := thread(outgoing.references, outgoing.in_reply_to):
        yield wire.folded("References", [f"<{i}>" for i in ids])


def _silence(outgoing: Outgoing) -> Iterable[bytes]:
    """RFC 3834 §5: what no person wrote says so, and asks Exchange's robots to be quiet too."""
    if outgoing.automatic:
        yield wire.folded("Auto-Submitted", ["auto-replied" if outgoing.in_reply_to else "auto-generated"])
        yield wire.folded("X-Auto-Response-Suppress", ["All"])


def _body(outgoing: Outgoing) -> bytes:
    seed = sha256(outgoing.external_ref.encode("utf-8", "replace")).hexdigest()[:24]
    texts = [wire.text_part("plain", letter.plain(outgoing)), wire.text_part("html", letter.html(outgoing))]
    alternative = wire.multipart("alternative", f"=_alt_{seed}", texts)
    if not outgoing.attachments:
        return alternative
    files = [wire.attachment_part(a) for a in outgoing.attachments]
    return wire.multipart("mixed", f"=_mix_{seed}", [alternative, *files])
