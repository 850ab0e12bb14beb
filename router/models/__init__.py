"""The ten nouns as tables, with their enums. No queries and no behaviour live here.

Rows are not validated on construction (SQLModel by design): what comes from outside passes channels.base or a form first.
"""

from router.models.account import Account
from router.models.agent import Agent, AgentSession, Role, SignInLink
from router.models.clock import Clock, ClockKind, ClockState
from router.models.customer import Customer, Identity
from router.models.inbound import Inbound, InboundState
from router.models.message import Attachment, Direction, Message, SendState
from router.models.rulebook import PublishedRulebook
from router.models.ticket import (
    OPEN_STATUSES,
    Event,
    EventKind,
    Participant,
    Priority,
    Status,
    Ticket,
    TicketRead,
    TicketTag,
)

__all__ = [
    "OPEN_STATUSES",
    "Account",
    "Agent",
    "AgentSession",
    "Attachment",
    "Clock",
    "ClockKind",
    "ClockState",
    "Customer",
    "Direction",
    "Event",
    "EventKind",
    "Identity",
    "Inbound",
    "InboundState",
    "Message",
    "Participant",
    "Priority",
    "PublishedRulebook",
    "Role",
    "SendState",
    "SignInLink",
    "Status",
    "Ticket",
    "TicketRead",
    "TicketTag",
]
