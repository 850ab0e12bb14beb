"""One raw item as it arrived, with what became of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from router.models.columns import BigId, Part, enum_type


class InboundState(StrEnum):
    """`recorded` waits; the others are final, save that a person may send `quarantined` back to `recorded`."""

    RECORDED = "recorded"
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    DISCARDED = "discarded"


RECORDED = Part("inbound", "state = 'recorded'")


class Inbound(SQLModel, table=True):
    """Small items keep their bytes in `raw`; larger ones in the file store under `raw_key`, synced before the commit."""

    __tablename__ = "inbound"
    __table_args__ = (
        UniqueConstraint("account_id", "external_id"),
        Index("ix_inbound_state_id", "state", "id"),
        RECORDED.index("ix_inbound_recorded", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    account_id: int = Field(foreign_key="account.id")
    external_id: str = Field(max_length=255)
    received_at: datetime
    envelope: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    size: int
    raw: bytes | None = Field(default=None, sa_type=LargeBinary)
    raw_key: str | None = Field(default=None, max_length=80)
    state: InboundState = Field(default=InboundState.RECORDED, sa_type=enum_type(InboundState))
    # Counted and committed before the parser sees the bytes: a mail that kills its worker is known by it.
    attempts: int = 0
    lease_until: datetime | None = None
    # What the quarantine page shows: a stable word and a sentence. `released` is a person's word that it is no robot.
    reason_code: str = Field(default="", max_length=32)
    reason: str = ""
    released: bool = False
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True, sa_type=BigId)
    message_id: int | None = Field(default=None, foreign_key="message.id", sa_type=BigId)
    done_at: datetime | None = None
