"""What a batch is about to write, before it has keys: customers and tickets that rows of the batch point to.

A draft of something that exists already carries its key from the start; a fresh one gets it when its table is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from router.models import Status


@dataclass(slots=True, eq=False)
class CustomerDraft:
    """`open_tickets` and `last_hour` count the customer's tickets: of the last days still open, and new within the hour.
    `bodies` are the hashes of the last hour's messages."""

    address: str
    name: str
    language: str
    id: int | None = None
    suppressed: bool = False
    open_tickets: int = 0
    last_hour: int = 0
    bodies: set[str] = field(default_factory=set)
    # The customer's language was unknown before this batch.
    learned: bool = False

    @property
    def known(self) -> bool:
        return self.id is not None or self.last_hour > 0


@dataclass(slots=True, eq=False)
class TicketDraft:
    """`row` holds the columns of a fresh ticket; for one that exists, `touch` collects what its messages change.

    `participants` are the folded addresses that may write to it."""

    ref: str
    customer: CustomerDraft
    status: Status
    priority: int
    topic: str
    team: str
    language: str
    last_message_at: datetime
    messages: int = 0
    machine: bool = False
    id: int | None = None
    tags: set[str] = field(default_factory=set)
    new_tags: list[str] = field(default_factory=list)
    gone_tags: list[str] = field(default_factory=list)
    row: dict[str, Any] = field(default_factory=dict)
    touch: dict[str, Any] = field(default_factory=dict)
    linked: TicketDraft | None = None
    clock: dict[str, Any] | None = None
    participants: set[str] = field(default_factory=set)

    @property
    def fresh(self) -> bool:
        return bool(self.row)


@dataclass(slots=True, eq=False)
class MessageDraft:
    """`attachments` are rows without their message; `row` has every column but the ticket's key."""

    ticket: TicketDraft
    row: dict[str, Any]
    attachments: list[dict[str, Any]] = field(default_factory=list)
    id: int | None = None


@dataclass(slots=True, eq=False)
class EventDraft:
    ticket: TicketDraft | None
    kind: str
    data: dict[str, Any]
    message: MessageDraft | None = None
    message_id: int | None = None
    ticket_id: int | None = None


@dataclass(slots=True, eq=False)
class Ending:
    """What became of one inbound item."""

    inbound_id: int
    state: str
    code: str = ""
    reason: str = ""
    ticket: TicketDraft | None = None
    message: MessageDraft | None = None
    ticket_id: int | None = None
    message_id: int | None = None
    joined: bool = False


@dataclass(slots=True, eq=False)
class Plan:
    """Everything that one transaction is about to write, in the order of arrival."""

    now: datetime
    customers: list[CustomerDraft] = field(default_factory=list)
    tickets: list[TicketDraft] = field(default_factory=list)
    touched: dict[str, TicketDraft] = field(default_factory=dict)
    messages: list[MessageDraft] = field(default_factory=list)
    events: list[EventDraft] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    suppressions: list[dict[str, Any]] = field(default_factory=list)
    acknowledgements: int = 0
