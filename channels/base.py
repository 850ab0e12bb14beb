"""The port between the desk and the outside: every channel speaks in these values, and in nothing else.

A channel turns what the outside hands over into `Parsed`, and an `Outgoing` into whatever the outside takes. It never
touches the database, the queue or a ticket. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

Json = dict[str, Any]


class ChannelError(Exception):
    """The only error that a channel raises on purpose.

    `permanent` says that trying again without a person's help is pointless (wrong password, mailbox gone).
    `retry_after` is in seconds, where the other side named a time.
    """

    def __init__(self, message: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Address:
    """One correspondent. `address` is folded for comparing: the domain in lower case, for mail the local part as written."""

    address: str
    name: str = ""

    @property
    def folded(self) -> str:
        return self.address.casefold()


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """One configured way in and out. `settings` is the channel's own validated settings object."""

    name: str
    kind: str
    address: str
    settings: Any
    aliases: tuple[str, ...] = ()
    display_name: str = ""

    def addresses(self) -> frozenset[str]:
        return frozenset(a.casefold() for a in (self.address, *self.aliases))


@dataclass(frozen=True, slots=True)
class Desk:
    """What a channel may know of the desk around it. `own_addresses` are folded; `outbox_dir` takes what is sent while
    no outgoing server is set."""

    outbox_dir: Path
    own_addresses: frozenset[str] = frozenset()
    name: str = "Switchboard"


@dataclass(frozen=True, slots=True)
class RawItem:
    """One thing as it arrived. `external_id` is unique for its account for ever; `envelope` is plain JSON.

    Keys of `envelope` that the desk knows: `mail_from`, `rcpt_to` (list), `archive` (true: it is older than the
    connection, never acknowledge), `truncated_size` (bytes on the server when only a part was fetched).
    """

    external_id: str
    raw: bytes
    received_at: datetime
    envelope: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one poll brought. `cursor` must be stored in the transaction that stores `items`; `more` asks for another poll
    at once."""

    items: Sequence[RawItem]
    cursor: Json
    more: bool = False
    notice: str = ""


@dataclass(frozen=True, slots=True)
class ReplyToken:
    """A claim that a message belongs to a ticket: the router checks `mac`, the channel never does."""

    ref: str
    nonce: str
    mac: str


@dataclass(frozen=True, slots=True)
class ParsedAttachment:
    filename: str
    declared_type: str
    sniffed_type: str
    data: bytes
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class RecipientReport:
    """What a delivery report says of one recipient. `action` is failed, delayed, delivered, relayed or expanded."""

    address: str
    action: str
    status: str
    diagnostic: str = ""

    @property
    def hard(self) -> bool:
        """True when this address will not take mail: not for full mailboxes (5.2.2) or refused content (5.7.x)."""
        return self.action == "failed" and self.status.startswith("5") and not self.status.startswith(("5.2.2", "5.7"))


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A bounce, a delay or a complaint: the state of something that we sent, never a customer's message.

    `references` are ids of the message it is about, best first.
    """

    kind: str
    recipients: tuple[RecipientReport, ...] = ()
    references: tuple[str, ...] = ()
    tokens: tuple[ReplyToken, ...] = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """One message as every channel tells it. Text is clean: no NUL, no lone surrogates, `\\n` line ends.

    `html` is sanitised and loads nothing: inline images are `cid:N` with N the index into `attachments`, remote ones
    keep their address in `data-remote-src` only. `machine` names each reason why nobody sits behind this message
    ("A1 Auto-Submitted: auto-replied"); empty means a person wrote it. `verified` is None where nothing vouches.
    """

    sender: Address
    subject: str
    text: str
    new_text: str
    dedupe_key: str
    html: str | None = None
    reply_to: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    sent_at: datetime | None = None
    external_ref: str = ""
    references: tuple[str, ...] = ()
    tokens: tuple[ReplyToken, ...] = ()
    subject_refs: tuple[str, ...] = ()
    is_reply: bool = False
    is_forward: bool = False
    machine: tuple[str, ...] = ()
    report: DeliveryReport | None = None
    attachments: tuple[ParsedAttachment, ...] = ()
    verified: bool | None = None
    remote_content: bool = False
    charset_guessed: bool = False
    notices: tuple[str, ...] = ()


class ParseError(Exception):
    """The item cannot be read as a message; the text says why, in words for the quarantine page."""


@dataclass(frozen=True, slots=True)
class OutgoingAttachment:
    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way out. The same row always gives the same bytes: id, date and text are fixed when it is queued.

    `token` ("ref.nonce.mac") is put wherever the channel can make it come back with the answer. `automatic` marks what
    no person wrote. `references` are newest first, as in `Parsed`."""

    external_ref: str
    sender: Address
    to: tuple[Address, ...]
    subject: str
    text: str
    created_at: datetime
    language: str = "en"
    cc: tuple[Address, ...] = ()
    ref: str = ""
    token: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    automatic: bool = False
    quoted: str = ""
    quoted_from: str = ""
    quoted_at: datetime | None = None
    attachments: tuple[OutgoingAttachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side took it. `provider_id` is its name for it, if it gave one; `refused` are recipients it would not
    take while it took others."""

    provider_id: str = ""
    refused: tuple[RecipientReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Final: it was not and will not be delivered. `reason` holds the other side's own words."""

    reason: str
    address_is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """It certainly was not taken; try again, not before `after` seconds if given."""

    reason: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been taken (the line broke after we had said everything). Reconcile; never resend blindly."""

    reason: str


Outcome = Sent | Refused | Retry | Unknown


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the door can carry. Lengths in characters, sizes in bytes, the reply window in seconds; None means no limit."""

    max_length: int | None = None
    reply_window: int | None = None
    attachments: bool = True
    max_attachment_bytes: int | None = None
    html: bool = False
    threads: bool = False
    typing: bool = False
    receipts: bool = False


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One line of the doctor. `mend` says what to do when `ok` is false."""

    part: str
    ok: bool
    detail: str
    mend: str = ""


class Puller(Protocol):
    """A stateful connection that brings what is new. One thread uses it at a time."""

    def poll(self, cursor: Json | None) -> Pulled:
        """What came after `cursor` (None: never polled), oldest first, bounded. Raises ChannelError."""

    def wait(self, seconds: float) -> None:
        """Return when something may have arrived, or after `seconds` at the latest. Raises ChannelError."""

    def settle(self, items: Sequence[RawItem]) -> None:
        """The items are stored: tidy up outside (flags, folders). Idempotent; a failure here never undoes anything."""

    def close(self) -> None:
        """Drop the connection at once, from any thread."""


class Channel(Protocol):
    """One account, opened. Cheap to make; no connection is held by the object itself."""

    account: AccountConfig
    capabilities: Capabilities

    @property
    def delivers(self) -> bool:
        """What is sent leaves this machine; False while it is kept in the outbox folder."""

    def outgoing_ref(self, token: str) -> str:
        """Pure: the `external_ref` of a message that carries `token`. Fixed when the message is queued, for all attempts."""

    def puller(self) -> Puller | None:
        """A connection to poll, or None where the outside pushes."""

    def parse(self, raw: bytes, envelope: Mapping[str, Any]) -> Parsed:
        """Pure. Raises ParseError only where not even a sender or a text can be made out."""

    def send(self, outgoing: Outgoing) -> Outcome:
        """Hand it over. Never raises for what the other side does. No transaction may be open."""

    def find_sent(self, outgoing: Outgoing) -> bool | None:
        """Was it delivered after all? True, False, or None where nobody can tell."""

    def check(self) -> Sequence[CheckLine]:
        """For the doctor: does each way of this account work?"""
