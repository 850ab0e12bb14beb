"""One message of a ticket: in, out or note. The outgoing row is the outbox: there is no second table."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from router.models.columns import BigId, Part, enum_type


class Direction(StrEnum):
    IN = "in"
    OUT = "out"
    NOTE = "note"


class SendState(StrEnum):
    """`none` for what is not sent. `unknown`: the line broke after everything was said; reconciled, never resent blindly."""

    NONE = "none"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


TO_SEND = Part("message", "send_state IN ('queued', 'sending', 'unknown')")
# As each database writes a yes/no column in a query.
AUTOMATIC = Part("message", "automatic", sqlite="automatic = 1")


class Message(SQLModel, table=True):
    """`dedupe_key` makes it impossible to store one message, or write one acknowledgement, twice: for what came in it is
    the channel's key, for an acknowledgement `ack:<ticket>:<reason>`. `external_ref` is the id by which the outside
    refers to it (for mail the Message-ID), fixed before the first attempt to send."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("dedupe_key"),
        Index("ix_message_ticket_id_id", "ticket_id", "id"),
        Index("ix_message_external_ref", "external_ref"),
        TO_SEND.index("ix_message_to_send", "send_state", "automatic", "next_try_at", "id"),
        AUTOMATIC.index("ix_message_auto_recipient", "recipient", "created_at"),
        AUTOMATIC.index("ix_message_auto_domain", "recipient_domain", "created_at"),
        AUTOMATIC.index("ix_message_auto_recent", "created_at", "account_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    ticket_id: int = Field(foreign_key="ticket.id", sa_type=BigId)
    account_id: int = Field(foreign_key="account.id")
    direction: Direction = Field(sa_type=enum_type(Direction))
    created_at: datetime
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    sender_address: str = Field(default="", max_length=320)
    sender_name: str = Field(default="", max_length=200)
    # Everybody it was addressed to: {"to": [[address, name]...], "cc": [...], "reply_to": "..."}.
    addressed: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    subject: str = Field(default="", max_length=998)
    text: str = ""
    # What is new in `text`, without quotes and signature.
    new_text: str = ""
    html: str | None = None
    # The same sender with the same words within the hour is not acknowledged again.
    body_hash: str = Field(default="", max_length=16)
    language: str = Field(default="", max_length=16)
    external_ref: str = Field(default="", max_length=255)
    references: list[str] = Field(default_factory=list, sa_type=JSON)
    dedupe_key: str | None = Field(default=None, max_length=128)
    # In: why no person sits behind it, and what an agent should know of how it was read.
    machine: list[str] = Field(default_factory=list, sa_type=JSON)
    verified: bool | None = None
    remote_content: bool = False
    notices: list[str] = Field(default_factory=list, sa_type=JSON)
    # Out: the one way out reads and writes these.
    automatic: bool = False
    reply_name: str = Field(default="", max_length=64)
    recipient: str = Field(default="", max_length=320)
    recipient_domain: str = Field(default="", max_length=255)
    send_state: SendState = Field(default=SendState.NONE, sa_type=enum_type(SendState))
    attempts: int = 0
    next_try_at: datetime | None = None
    lease_until: datetime | None = None
    sent_at: datetime | None = None
    provider_id: str = Field(default="", max_length=255)
    last_error: str = ""
    # What bounces said later: {"state": "bounced"|"delayed"|"complained", "recipients": [...]}.
    delivery: dict[str, Any] | None = Field(default=None, sa_type=JSON)


class Attachment(SQLModel, table=True):
    """`position` is the index that `cid:N` in the message's HTML means. The bytes are in the file store under `key`."""

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_message_id", "message_id", "position"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    message_id: int = Field(foreign_key="message.id", sa_type=BigId)
    position: int
    filename: str = Field(max_length=255)
    declared_type: str = Field(max_length=255)
    sniffed_type: str = Field(max_length=255)
    size: int
    sha256: str = Field(max_length=64)
    key: str = Field(max_length=80)
    inline: bool = False
