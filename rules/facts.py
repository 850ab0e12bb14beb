"""What a rule may ask about: the facts of one message, gathered before anything is decided.

Pure values. `FACTS` is the vocabulary that conditions, lint and the manual share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, NamedTuple

EVENTS = ("received", "replied")
PRIORITIES = ("low", "normal", "high", "urgent")


class Kind(StrEnum):
    """How a fact is compared: running text, one word, a list of words, a number, a priority, or yes/no."""

    TEXT = "text"
    WORD = "word"
    WORDS = "words"
    NUMBER = "number"
    PRIORITY = "priority"
    YES_NO = "yes/no"


class Fact(NamedTuple):
    kind: Kind
    meaning: str
    example: str


@dataclass(frozen=True, slots=True)
class Facts:
    """One message and the ticket that it came to. `event` is `received` for a new ticket, `replied` for a further
    message. None means that nobody knows."""

    event: str
    subject: str = ""
    text: str = ""
    channel: str = ""
    account: str = ""
    language: str = ""
    sender: str = ""
    sender_domain: str = ""
    recipients: tuple[str, ...] = ()
    customer_known: bool = False
    customer_open_tickets: int = 0
    machine: tuple[str, ...] = ()
    attachment_count: int = 0
    attachment_types: tuple[str, ...] = ()
    is_reply: bool = False
    is_first: bool = False
    message_count: int = 0
    status: str = ""
    priority: str = ""
    topic: str = ""
    team: str = ""
    tags: tuple[str, ...] = ()
    verified: bool | None = None
    business_hours: bool | None = None
    identifiers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON that `from_json` turns back into equal facts."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        plain["identifiers"] = {name: list(found) for name, found in self.identifiers.items()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Facts:
        """Facts kept by an older or a newer desk: what is absent takes its default, what is unknown is left out."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in known}
        values["identifiers"] = {name: tuple(found) for name, found in data.get("identifiers", {}).items()}
        return cls(**values)


FACTS: dict[str, Fact] = {
    "message": Fact(Kind.TEXT, "subject and new text together", "Refund please / 我要退款"),
    "subject": Fact(Kind.TEXT, "the subject line", "Top up failed"),
    "text": Fact(Kind.TEXT, "the new text, without quotes and signature", "saldo belum masuk"),
    "channel": Fact(Kind.WORD, "the kind of door it came through", "email"),
    "account": Fact(Kind.WORD, "the configured account that took it", "support"),
    "language": Fact(Kind.WORD, "the language it is written in", "zh-Hans"),
    "sender": Fact(Kind.WORD, "the sender's address", "linda@shop.example"),
    "sender_domain": Fact(Kind.WORD, "what stands behind the @ in it", "shop.example"),
    "recipients": Fact(Kind.WORDS, "every address it was sent to", "support@desk.example"),
    "customer_known": Fact(Kind.YES_NO, "this sender has written before", "true"),
    "customer_open_tickets": Fact(Kind.NUMBER, "other tickets of this customer that are still open", "2"),
    "machine": Fact(Kind.WORDS, "each reason why no person sits behind it", "A1 Auto-Submitted: auto-replied"),
    "attachment_count": Fact(Kind.NUMBER, "how many attachments", "1"),
    "attachment_types": Fact(Kind.WORDS, "their types, by their bytes", "image/png"),
    "is_reply": Fact(Kind.YES_NO, "it is written as an answer to another message", "false"),
    "is_first": Fact(Kind.YES_NO, "it is the first message of its ticket", "true"),
    "message_count": Fact(Kind.NUMBER, "messages of the ticket, this one included", "1"),
    "status": Fact(Kind.WORD, "the ticket's status, or what a rule above set", "open"),
    "priority": Fact(Kind.PRIORITY, "the ticket's priority, or what a rule above set", "high"),
    "topic": Fact(Kind.WORD, "the ticket's topic, or what a rule above set", "refund"),
    "team": Fact(Kind.WORD, "the ticket's team, or what a rule above set", "payments"),
    "tags": Fact(Kind.WORDS, "the ticket's tags, and those that rules above added", "spam-hint"),
    "verified": Fact(Kind.YES_NO, "the outside vouches for the sender; not set where nothing does", "true"),
    "business_hours": Fact(Kind.YES_NO, "it arrived while the desk was open; not set where unknown", "false"),
}
