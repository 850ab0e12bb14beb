"""Gather: everything that the database knows and a batch may need, in one query a question, however large the batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CompoundSelect, Connection, String, bindparam, case, cast, func, literal, select, union_all
from sqlmodel import col

from router.intake import threads
from router.intake.drafts import CustomerDraft, MessageDraft, TicketDraft
from router.intake.understand import Understood
from router.models import Customer, Direction, Identity, Message, Participant, Ticket, TicketTag
from router.models.ticket import OPEN_TICKETS

# How far back a customer's tickets count as "recent" in the rules.
RECENT_DAYS = 30


@dataclass(slots=True)
class SentMessage:
    """One of our messages that a delivery report may be about."""

    id: int
    ticket_id: int
    recipient: str


@dataclass(slots=True)
class AckLedger:
    """Automatic answers of the last hours, counted for the caps; the batch adds its own as it goes."""

    by_address: dict[str, list[datetime]] = field(default_factory=dict)
    by_domain: Counter[str] = field(default_factory=Counter)
    of_account: Counter[int] = field(default_factory=Counter)

    def add(self, address: str, domain: str, account: int, now: datetime) -> None:
        self.by_address.setdefault(address, []).append(now)
        self.by_domain[domain] += 1
        self.of_account[account] += 1


@dataclass(slots=True)
class Lookup:
    """What is known; drafts that the batch makes are added, so that its later items see its earlier ones.

    `stored` and `fresh` are messages by their dedupe key: in the database, and in this batch."""

    stored: dict[str, tuple[int, int]]
    known: threads.Known[TicketDraft]
    customers: dict[str, CustomerDraft]
    sent: dict[str, SentMessage]
    acks: AckLedger
    fresh: dict[str, MessageDraft] = field(default_factory=dict)


_STORED = select(col(Message.dedupe_key), col(Message.id), col(Message.ticket_id)).where(
    col(Message.dedupe_key).in_(bindparam("keys", expanding=True))
)
_REFERENCED = select(
    col(Message.external_ref), col(Message.id), col(Message.ticket_id), col(Message.recipient), col(Message.direction)
).where(col(Message.external_ref).in_(bindparam("refs", expanding=True)))
_TICKET_COLUMNS = select(
    col(Ticket.id),
    col(Ticket.ref),
    col(Ticket.customer_id),
    col(Ticket.status),
    col(Ticket.priority),
    col(Ticket.topic),
    col(Ticket.team),
    col(Ticket.language),
    col(Ticket.message_count),
    col(Ticket.machine),
    col(Ticket.last_message_at),
)
_BY_REF = _TICKET_COLUMNS.where(col(Ticket.ref).in_(bindparam("refs", expanding=True)))
_BY_ID = _TICKET_COLUMNS.where(col(Ticket.id).in_(bindparam("ids", expanding=True)))
_PARTICIPANTS = select(col(Participant.ticket_id), col(Participant.address)).where(
    col(Participant.ticket_id).in_(bindparam("ids", expanding=True))
)
_TAGS = select(col(TicketTag.ticket_id), col(TicketTag.tag)).where(
    col(TicketTag.ticket_id).in_(bindparam("ids", expanding=True))
)
_CUSTOMERS = (
    select(
        col(Identity.address),
        col(Customer.id),
        col(Customer.name),
        col(Customer.language),
        col(Identity.suppressed_at),
    )
    .join(Customer, col(Customer.id) == col(Identity.customer_id))
    .where(col(Identity.kind) == bindparam("kind"), col(Identity.address).in_(bindparam("addresses", expanding=True)))
)
_RECENT = (
    select(
        col(Ticket.customer_id),
        func.sum(case((OPEN_TICKETS.holds(), 1), else_=0)),
        func.sum(case((col(Ticket.created_at) > bindparam("hour_ago"), 1), else_=0)),
        func.max(col(Ticket.last_message_at)),
    )
    .where(
        col(Ticket.customer_id).in_(bindparam("ids", expanding=True)), col(Ticket.last_message_at) > bindparam("since")
    )
    .group_by(col(Ticket.customer_id))
)
_BODIES = (
    select(col(Ticket.customer_id), col(Message.body_hash))
    .join(Message, col(Message.ticket_id) == col(Ticket.id))
    .where(
        col(Ticket.customer_id).in_(bindparam("ids", expanding=True)),
        col(Ticket.last_message_at) > bindparam("since"),
        col(Message.direction) == Direction.IN,
        col(Message.created_at) > bindparam("since"),
    )
)
_ACKS_TO = select(col(Message.recipient), col(Message.created_at)).where(
    col(Message.automatic),
    col(Message.recipient).in_(bindparam("addresses", expanding=True)),
    col(Message.created_at) > bindparam("since"),
)
# Both counts stay small: the caps that they serve end automatic answers long before the index range grows.
_ACKS_LATELY: CompoundSelect[Any] = union_all(
    select(literal("domain").label("of"), col(Message.recipient_domain).label("key"), func.count().label("n"))
    .where(
        col(Message.automatic),
        col(Message.recipient_domain).in_(bindparam("domains", expanding=True)),
        col(Message.created_at) > bindparam("hour_ago"),
    )
    .group_by(col(Message.recipient_domain)),
    select(literal("account"), cast(col(Message.account_id), String), func.count())
    .where(col(Message.automatic), col(Message.created_at) > bindparam("five_minutes_ago"))
    .group_by(col(Message.account_id)),
)


def gather(connection: Connection, batch: Sequence[Understood], key: bytes, kind: str, now: datetime) -> Lookup:
    """All that `batch` (of one channel kind) may touch. Ten queries at most, fewer where nothing asks."""
    references = _references(batch)
    referenced = connection.execute(_REFERENCED, {"refs": references}).all() if references else []
    rows = _ticket_rows(connection, batch, key, {row.ticket_id for row in referenced})
    tickets = _tickets(connection, rows)
    customers = _customers(connection, {u.parsed.sender.folded for u in batch} - {""}, kind, now)
    return Lookup(
        stored=_stored(connection, batch),
        known=threads.Known(
            by_ref={ticket.ref: ticket for ticket in tickets.values()},
            by_external_ref={row.external_ref: tickets[row.ticket_id] for row in referenced},
        ),
        customers=customers,
        sent={
            row.external_ref: SentMessage(row.id, row.ticket_id, row.recipient)
            for row in referenced
            if row.direction is Direction.OUT
        },
        acks=_acks(connection, batch, customers, now),
    )


def _references(batch: Sequence[Understood]) -> list[str]:
    found: dict[str, None] = {}
    for understood in batch:
        found.update(dict.fromkeys((*understood.parsed.references, *understood.about)))
    return list(found)


def _stored(connection: Connection, batch: Sequence[Understood]) -> dict[str, tuple[int, int]]:
    keys = [u.parsed.dedupe_key for u in batch]
    return {row.dedupe_key: (row.id, row.ticket_id) for row in connection.execute(_STORED, {"keys": keys})}


def _ticket_rows(connection: Connection, batch: Sequence[Understood], key: bytes, ids: set[int]) -> dict[int, Any]:
    refs = {ref for u in batch for refs in threads.claimed_refs(u.parsed, key) for ref in refs}
    rows = {row.id: row for row in connection.execute(_BY_REF, {"refs": list(refs)})} if refs else {}
    missing = ids - set(rows)
    if missing:
        rows |= {row.id: row for row in connection.execute(_BY_ID, {"ids": list(missing)})}
    return rows


def _tickets(connection: Connection, rows: dict[int, Any]) -> dict[int, TicketDraft]:
    tickets = {key: _draft(row) for key, row in rows.items()}
    if tickets:
        for key, address in connection.execute(_PARTICIPANTS, {"ids": list(tickets)}):
            tickets[key].participants.add(address)
        for key, tag in connection.execute(_TAGS, {"ids": list(tickets)}):
            tickets[key].tags.add(tag)
    return tickets


def _draft(row: Any) -> TicketDraft:
    return TicketDraft(
        ref=row.ref,
        customer=CustomerDraft("", "", "", id=row.customer_id),
        status=row.status,
        priority=row.priority,
        topic=row.topic,
        team=row.team,
        language=row.language,
        messages=row.message_count,
        machine=row.machine,
        id=row.id,
        last_message_at=row.last_message_at,
    )


def _customers(connection: Connection, addresses: set[str], kind: str, now: datetime) -> dict[str, CustomerDraft]:
    if not addresses:
        return {}
    found = {
        row.address: CustomerDraft(row.address, row.name, row.language, row.id, row.suppressed_at is not None)
        for row in connection.execute(_CUSTOMERS, {"kind": kind, "addresses": list(addresses)})
    }
    by_id: dict[int, list[CustomerDraft]] = {}
    for draft in found.values():
        by_id.setdefault(draft.id or 0, []).append(draft)
    if by_id:
        _add_history(connection, by_id, now)
    return found


def _add_history(connection: Connection, by_id: dict[int, list[CustomerDraft]], now: datetime) -> None:
    hour_ago, active = now - timedelta(hours=1), []
    asked = {"ids": list(by_id), "since": now - timedelta(days=RECENT_DAYS), "hour_ago": hour_ago}
    for customer, still_open, last_hour, last in connection.execute(_RECENT, asked):
        for draft in by_id[customer]:
            draft.open_tickets, draft.last_hour = still_open, last_hour
        if last > hour_ago:
            active.append(customer)
    if active:
        for customer, body in connection.execute(_BODIES, {"ids": active, "since": hour_ago}):
            for draft in by_id[customer]:
                draft.bodies.add(body)


def _acks(
    connection: Connection, batch: Sequence[Understood], customers: dict[str, CustomerDraft], now: datetime
) -> AckLedger:
    people = {u.parsed.sender.folded for u in batch if not u.parsed.machine}
    ledger = AckLedger()
    if not people:
        return ledger
    if known := [address for address in people if address in customers]:
        for address, at in connection.execute(_ACKS_TO, {"addresses": known, "since": now - timedelta(days=1)}):
            ledger.by_address.setdefault(address, []).append(at)
    asked = {
        "domains": list({domain_of(address) for address in people}),
        "hour_ago": now - timedelta(hours=1),
        "five_minutes_ago": now - timedelta(minutes=5),
    }
    for of, key, count in connection.execute(_ACKS_LATELY, asked):
        if of == "domain":
            ledger.by_domain[key] = count
        else:
            ledger.of_account[int(key)] = count
    return ledger


def domain_of(address: str) -> str:
    """The part behind the last @, folded; the whole for an address without one."""
    return address.rpartition("@")[2].casefold()
