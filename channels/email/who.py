"""Who wrote a mail, to whom an answer goes, and how sure that is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.base import Address
from channels.email import addresses, auth
from channels.email.addresses import Mailbox
from channels.email.headers import Headers

UNKNOWN = Address("", "unknown")
_NO_REPLY = re.compile(r"(?:no|do-?not|dont|never)[-_.]?(?:reply|respond|answer)|noreply|donotreply", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Who:
    """`header_from` is what the From field says, whoever the sender turns out to be."""

    sender: Address
    reply_to: Address | None
    header_from: str
    on_behalf: Address | None
    verified: bool | None


def read(headers: Headers, envelope: Mapping[str, Any], own: frozenset[str], authserv_id: str) -> Who:
    """The author by From; where From names nobody by Reply-To, Sender, Return-Path, in this order.

    From with several mailboxes, several From fields or anything that two readers could read in two ways never verifies."""
    froms = [addresses.mailboxes(raw) for raw in headers.all_raw("from")]
    author = next((boxes[0] for boxes in froms if boxes), None)
    reply_to = _first(headers, "reply-to")
    sender = _first(headers, "sender")
    chosen = author or reply_to or sender or _return_path(headers, envelope)
    customer = _stands_in(headers, author, reply_to, own) if author else None
    certain = len(froms) == 1 and len(froms[0]) == 1 and froms[0][0].certain and customer is None
    verified = auth.verified(headers, author.address, authserv_id) if author and certain else None
    return Who(
        sender=_address(customer or chosen) or Address("", _name_only(headers)),
        reply_to=_address(reply_to),
        header_from=author.address if author else "",
        on_behalf=_address(sender)
        if sender and author and sender.address.casefold() != author.address.casefold()
        else None,
        verified=verified,
    )


def _stands_in(headers: Headers, author: Mailbox, reply_to: Mailbox | None, own: frozenset[str]) -> Mailbox | None:
    """The customer in Reply-To, where From is our own form mailer, a no-reply address, or a list's rewrite that says so."""
    if not reply_to or reply_to.address.casefold() in own or reply_to.address.casefold() == author.address.casefold():
        return None
    if without_plus(reply_to.address) in own:
        return None
    original = _first(headers, "x-original-from") or _first(headers, "x-original-sender")
    rewritten = original is not None and original.address.casefold() == reply_to.address.casefold()
    if rewritten or author.address.casefold() in own or _NO_REPLY.fullmatch(addresses.local_of(author.address)):
        return Mailbox(reply_to.address, reply_to.name or author.name, certain=False)
    return None


def without_plus(address: str) -> str:
    """`name+anything@host` as `name@host`, folded for comparing."""
    local, at, domain = address.casefold().rpartition("@")
    return f"{local.split('+', 1)[0]}{at}{domain}"


def _first(headers: Headers, name: str) -> Mailbox | None:
    return next((box for raw in headers.all_raw(name) for box in addresses.mailboxes(raw, limit=1)), None)


def _return_path(headers: Headers, envelope: Mapping[str, Any]) -> Mailbox | None:
    given = addresses.valid(str(envelope.get("mail_from") or "").strip("<>"))
    return _first(headers, "return-path") or (Mailbox(given) if given else None)


def _address(box: Mailbox | None) -> Address | None:
    return Address(box.address, box.name) if box else None


def _name_only(headers: Headers) -> str:
    """The words of a From field without an address: the best that can be shown of its author."""
    return headers.text("from").strip("<>\"' ")[:300] or UNKNOWN.name
