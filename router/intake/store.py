"""Store: write a plan, one statement a table, whatever the size of the batch. Keys flow from table to table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, Connection, bindparam, case, delete, insert, or_, text, update

from router.db import table
from router.intake.drafts import Plan, TicketDraft
from router.models import (
    Attachment,
    Clock,
    ClockKind,
    ClockState,
    Customer,
    Event,
    Identity,
    Inbound,
    InboundState,
    Message,
    Participant,
    SendState,
    Status,
    Ticket,
    TicketTag,
)

_CUSTOMER, _IDENTITY, _TICKET, _PARTICIPANT, _TAG, _CLOCK, _MESSAGE, _ATTACHMENT, _EVENT = (
    insert(table(model))
    for model in (Customer, Identity, Ticket, Participant, TicketTag, Clock, Message, Attachment, Event)
)
_inbound, _ticket, _message, _tag = table(Inbound), table(Ticket), table(Message), table(TicketTag)

_END = (
    update(_inbound)
    .where(_inbound.c.id == bindparam("b_id"), _inbound.c.state == InboundState.RECORDED)
    .values(
        state=bindparam("b_state"),
        reason_code=bindparam("b_code"),
        reason=bindparam("b_reason"),
        ticket_id=bindparam("b_ticket"),
        message_id=bindparam("b_message"),
        done_at=bindparam("b_now"),
        lease_until=None,
    )
)
# Relative to what the row says now, not to what was read: an agent may work on the ticket at this very moment.
_TOUCH = (
    update(_ticket)
    .where(_ticket.c.id == bindparam("b_id"))
    .values(
        message_count=_ticket.c.message_count + bindparam("b_added"),
        last_message_at=case(
            (_ticket.c.last_message_at < bindparam("b_at"), bindparam("b_at")), else_=_ticket.c.last_message_at
        ),
        last_sender=bindparam("b_sender"),
        snippet=bindparam("b_snippet"),
        has_attachments=_ticket.c.has_attachments | bindparam("b_attachments", type_=Boolean),
        priority=case(
            (_ticket.c.priority < bindparam("b_priority"), bindparam("b_priority")), else_=_ticket.c.priority
        ),
        status=case(
            (
                bindparam("b_reopen", type_=Boolean)
                & or_(_ticket.c.status == Status.WAITING, _ticket.c.status == Status.RESOLVED),
                Status.OPEN,
            ),
            else_=_ticket.c.status,
        ),
        version=_ticket.c.version + 1,
    )
)
_DELIVERY = update(_message).where(_message.c.id == bindparam("b_id")).values(delivery=bindparam("delivery"))
_SUPPRESS = (
    update(table(Identity))
    .where(table(Identity).c.address == bindparam("b_address"), table(Identity).c.suppressed_at.is_(None))
    .values(suppressed_at=bindparam("b_now"), suppressed_reason=bindparam("reason"))
)

_MESSAGE_DEFAULTS: dict[str, Any] = {
    "agent_id": None,
    "html": None,
    "body_hash": "",
    "machine": [],
    "verified": None,
    "remote_content": False,
    "notices": [],
    "automatic": False,
    "reply_name": "",
    "recipient": "",
    "recipient_domain": "",
    "send_state": SendState.NONE,
    "attempts": 0,
    "next_try_at": None,
    "provider_id": "",
    "last_error": "",
}


def store(connection: Connection, plan: Plan, kind: str) -> None:
    """Write all of `plan`. Raises IntegrityError when another worker made the same customer or message meanwhile."""
    _number(connection, plan)
    _store_customers(connection, plan, kind)
    _store_tickets(connection, plan)
    _touch_tickets(connection, plan)
    _store_messages(connection, plan)
    _store_deliveries(connection, plan)
    _store_events(connection, plan)
    _end_items(connection, plan)


def _number(connection: Connection, plan: Plan) -> None:
    """Give every new customer, ticket and message its key before anything is written, so that each table takes one
    plain statement: asking for the keys back costs SQLite a statement a row."""
    new: dict[str, list[Any]] = {"customer": plan.customers, "ticket": plan.tickets, "message": plan.messages}
    if not any(new.values()):
        return
    sqlite = connection.dialect.name == "sqlite"
    numbers = connection.execute(
        _NEXT_SQLITE if sqlite else _NEXT_POSTGRESQL, {k: len(v) for k, v in new.items()}
    ).one()
    for drafts, given in zip(new.values(), numbers, strict=True):
        # SQLite: the highest key so far; nobody else writes while this transaction holds the lock.
        keys = range(given + 1, given + 1 + len(drafts)) if sqlite else given
        for draft, key in zip(drafts, keys, strict=True):
            draft.id = key


_NUMBERED = ("customer", "ticket", "message")
_HIGHEST = ", ".join(f"(SELECT coalesce(max(id), 0) FROM {name})" for name in _NUMBERED)  # noqa: S608 - our own names
_NEXT_SQLITE = text(f"SELECT {_HIGHEST}")
_DRAWN = ", ".join(f"ARRAY(SELECT nextval('{n}_id_seq') FROM generate_series(1, :{n}))" for n in _NUMBERED)  # noqa: S608
_NEXT_POSTGRESQL = text(f"SELECT {_DRAWN}")


def _store_customers(connection: Connection, plan: Plan, kind: str) -> None:
    now = plan.now
    _many(
        connection,
        _CUSTOMER,
        [{"id": c.id, "name": c.name, "language": c.language, "created_at": now} for c in plan.customers],
    )
    _many(
        connection,
        _IDENTITY,
        [
            {"customer_id": c.id, "kind": kind, "address": c.address[:320], "created_at": now, "suppressed_reason": ""}
            for c in plan.customers
        ],
    )


def _store_tickets(connection: Connection, plan: Plan) -> None:
    # A ticket may link one before it in this batch: the rows are written in their order.
    _many(connection, _TICKET, [_ticket_row(ticket) for ticket in plan.tickets])
    _many(
        connection,
        _PARTICIPANT,
        [{"ticket_id": t.id, "address": address[:320]} for t in plan.tickets for address in sorted(t.participants)],
    )
    changed = [*plan.tickets, *plan.touched.values()]
    _many(
        connection, _TAG, [{"ticket_id": t.id, "tag": tag[:64]} for t in changed for tag in dict.fromkeys(t.new_tags)]
    )
    first = {"kind": ClockKind.FIRST_RESPONSE, "cycle": 1, "state": ClockState.RUNNING}
    _many(connection, _CLOCK, [{"ticket_id": t.id, **first, **t.clock} for t in plan.tickets if t.clock])


def _ticket_row(ticket: TicketDraft) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "has_attachments": False,
        **ticket.row,
        "customer_id": ticket.customer.id,
        "linked_ticket_id": ticket.linked.id if ticket.linked else None,
        "status": ticket.status,
        "priority": int(ticket.priority),
        "topic": ticket.topic[:64],
        "team": ticket.team[:64],
        "language": ticket.language,
        "last_message_at": ticket.last_message_at,
        "message_count": ticket.messages,
        "due_at": ticket.clock["due_at"] if ticket.clock else None,
        "machine": ticket.machine,
        "version": 1,
    }


def _touch_tickets(connection: Connection, plan: Plan) -> None:
    rows = [
        {
            "b_id": t.id,
            "b_added": t.touch["added"],
            "b_at": t.last_message_at,
            "b_sender": t.touch["last_sender"],
            "b_snippet": t.touch["snippet"],
            "b_attachments": t.touch.get("has_attachments", False),
            "b_priority": int(t.priority) if t.touch.get("raised") else 0,
            "b_reopen": not t.touch["machine_only"],
        }
        for t in plan.touched.values()
    ]
    _many(connection, _TOUCH, rows)
    for ticket in plan.touched.values():
        if ticket.gone_tags:
            connection.execute(delete(_tag).where(_tag.c.ticket_id == ticket.id, _tag.c.tag.in_(ticket.gone_tags)))


def _store_messages(connection: Connection, plan: Plan) -> None:
    rows = [{**_MESSAGE_DEFAULTS, **m.row, "id": m.id, "ticket_id": m.ticket.id} for m in plan.messages]
    _many(connection, _MESSAGE, rows)
    _many(connection, _ATTACHMENT, [{**a, "message_id": m.id} for m in plan.messages for a in m.attachments])


def _store_deliveries(connection: Connection, plan: Plan) -> None:
    _many(connection, _DELIVERY, plan.deliveries)
    _many(connection, _SUPPRESS, [{**row, "b_now": plan.now} for row in plan.suppressions])
    learned = {c.id: c.language for e in plan.endings if e.ticket for c in (e.ticket.customer,) if c.learned}
    customer = table(Customer)
    for key, language in learned.items():
        connection.execute(update(customer).where(customer.c.id == key).values(language=language))


def _store_events(connection: Connection, plan: Plan) -> None:
    rows = [
        {
            "ticket_id": e.ticket.id if e.ticket else e.ticket_id,
            "message_id": e.message.id if e.message else e.message_id,
            "kind": e.kind,
            "at": plan.now,
            "data": e.data,
        }
        for e in plan.events
    ]
    _many(connection, _EVENT, rows)


def _end_items(connection: Connection, plan: Plan) -> None:
    rows = [
        {
            "b_id": e.inbound_id,
            "b_state": e.state,
            "b_code": e.code,
            "b_reason": e.reason,
            "b_ticket": e.ticket.id if e.ticket else e.ticket_id,
            "b_message": e.message.id if e.message else e.message_id,
            "b_now": plan.now,
        }
        for e in plan.endings
    ]
    _many(connection, _END, rows)


def _many(connection: Connection, statement: Any, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(statement, rows)
