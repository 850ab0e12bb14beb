"""One matter of one customer, and the one-line history of what happened to it."""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, Column, Index, Integer, SmallInteger
from sqlmodel import Field, SQLModel

from router.models.columns import BigId, Part, enum_type


class Status(StrEnum):
    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"
    SPAM = "spam"


OPEN_STATUSES = (Status.NEW, Status.OPEN, Status.WAITING)


class Priority(IntEnum):
    """Kept as its rank, so that an index can order by it."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    URGENT = 3

    @property
    def word(self) -> str:
        return self.name.lower()


_version = Column("version", Integer, nullable=False)
MACHINE_MAIL = Part("ticket", "machine", sqlite="machine = 1")
OPEN_TICKETS = Part("ticket", "status IN ('new', 'open', 'waiting')")


class Ticket(SQLModel, table=True):
    """The second of two writers gets StaleDataError (`version`). `snippet`, `last_*` and `due_at` repeat what messages
    and clocks say, kept by the transaction that writes those, so that a list page reads one table."""

    __tablename__ = "ticket"
    __mapper_args__: ClassVar[dict[str, Any]] = {"version_id_col": _version}
    __table_args__ = (
        MACHINE_MAIL.index("ix_ticket_machine_recent", "last_message_at", "id"),
        OPEN_TICKETS.index("ix_ticket_open_recent", "last_message_at", "id"),
        OPEN_TICKETS.index("ix_ticket_open_due", "due_at", "id"),
        OPEN_TICKETS.index("ix_ticket_open_priority", "priority", "last_message_at", "id"),
        OPEN_TICKETS.index("ix_ticket_open_assignee", "assignee_id", "last_message_at", "id"),
        OPEN_TICKETS.index("ix_ticket_open_team", "team", "last_message_at", "id"),
        OPEN_TICKETS.index("ix_ticket_open_topic", "topic", "last_message_at", "id"),
        Index("ix_ticket_status_recent", "status", "last_message_at", "id"),
        Index("ix_ticket_customer_recent", "customer_id", "last_message_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    ref: str = Field(max_length=16, unique=True)
    account_id: int = Field(foreign_key="account.id")
    channel: str = Field(max_length=32)
    customer_id: int = Field(foreign_key="customer.id", sa_type=BigId)
    linked_ticket_id: int | None = Field(default=None, foreign_key="ticket.id", sa_type=BigId)
    subject: str = Field(default="", max_length=998)
    status: Status = Field(default=Status.NEW, sa_type=enum_type(Status))
    priority: int = Field(default=Priority.NORMAL, sa_type=SmallInteger)
    topic: str = Field(default="", max_length=64)
    team: str = Field(default="", max_length=64)
    assignee_id: int | None = Field(default=None, foreign_key="agent.id")
    language: str = Field(default="", max_length=16)
    created_at: datetime
    last_message_at: datetime
    last_sender: str = Field(default="", max_length=200)
    snippet: str = Field(default="", max_length=200)
    message_count: int = 0
    has_attachments: bool = False
    due_at: datetime | None = None
    # A machine wrote the opening message: no clock, no acknowledgement, out of the way of people.
    machine: bool = False
    version: int | None = Field(default=None, sa_column=_version)


class TicketTag(SQLModel, table=True):
    __tablename__ = "ticket_tag"
    __table_args__ = (Index("ix_ticket_tag_tag", "tag", "ticket_id"),)

    ticket_id: int = Field(foreign_key="ticket.id", primary_key=True, sa_type=BigId)
    tag: str = Field(max_length=64, primary_key=True)


class Participant(SQLModel, table=True):
    """Who may write to a ticket without a token: the customer, and whom an agent has written to. Folded addresses."""

    __tablename__ = "participant"

    ticket_id: int = Field(foreign_key="ticket.id", primary_key=True, sa_type=BigId)
    address: str = Field(max_length=320, primary_key=True)


class TicketRead(SQLModel, table=True):
    """The newest message of a ticket that an agent has seen; absent means never opened."""

    __tablename__ = "ticket_read"

    agent_id: int = Field(foreign_key="agent.id", primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", primary_key=True, sa_type=BigId)
    seen_at: datetime


class EventKind(StrEnum):
    CREATED = "created"
    RECEIVED = "received"
    DECIDED = "decided"
    ACKNOWLEDGED = "acknowledged"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    REPLIED = "replied"
    NOTED = "noted"
    SENT = "sent"
    SEND_FAILED = "send_failed"
    SEND_UNKNOWN = "send_unknown"
    SENT_AGAIN = "sent_again"
    DELIVERY = "delivery"
    ASSIGNED = "assigned"
    STATUS = "status"
    PRIORITY = "priority"
    TOPIC = "topic"
    TEAM = "team"
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    LINKED = "linked"
    CLOCK_STARTED = "clock_started"
    CLOCK_STOPPED = "clock_stopped"
    CLOCK_RESUMED = "clock_resumed"
    BREACHED = "breached"
    QUARANTINED = "quarantined"
    ACCOUNT = "account"


class Event(SQLModel, table=True):
    """One line of what happened, by whom and why. Its id is the sequence that live updates replay from; events about
    no ticket (quarantine, accounts) have none. `data` never repeats a message's text."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_ticket_id_id", "ticket_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", sa_type=BigId)
    message_id: int | None = Field(default=None, foreign_key="message.id", sa_type=BigId)
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    kind: EventKind = Field(sa_type=enum_type(EventKind))
    at: datetime
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
