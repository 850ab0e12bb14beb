"""An outgoing message row as the channel's `Outgoing`: the same row always gives the same letter."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from channels.base import Address, Outgoing, OutgoingAttachment
from router.context import App
from router.models import Attachment, Direction, Message, Ticket


def outgoing(app: App, session: Session, message: Message) -> Outgoing:
    """What the channel of `message` shall send."""
    ticket = session.get_one(Ticket, message.ticket_id)
    quoted = _answered(session, message)
    return Outgoing(
        external_ref=message.external_ref,
        sender=Address(message.sender_address, message.sender_name),
        to=_people(message, "to"),
        cc=_people(message, "cc"),
        subject=message.subject,
        text=message.text,
        created_at=message.created_at,
        language=message.language or ticket.language or "en",
        ref=ticket.ref,
        token=message.addressed.get("token", ""),
        in_reply_to=message.references[0] if message.references else "",
        references=tuple(message.references),
        automatic=message.automatic,
        quoted=quoted.new_text if quoted else "",
        quoted_from=(quoted.sender_name or quoted.sender_address) if quoted else "",
        quoted_at=quoted.created_at if quoted else None,
        attachments=_attachments(app, session, message),
    )


def _people(message: Message, kind: str) -> tuple[Address, ...]:
    return tuple(Address(address, name) for address, name in message.addressed.get(kind, ()))


def _answered(session: Session, message: Message) -> Message | None:
    """The customer's message that an agent answered, for quoting once. Automatic mail quotes nothing: R9."""
    if message.automatic or not message.references:
        return None
    named = select(Message).where(
        col(Message.external_ref) == message.references[0],
        col(Message.ticket_id) == message.ticket_id,
        col(Message.direction) == Direction.IN,
    )
    return session.execute(named.limit(1)).scalar_one_or_none()


def _attachments(app: App, session: Session, message: Message) -> tuple[OutgoingAttachment, ...]:
    rows = session.execute(
        select(Attachment).where(col(Attachment.message_id) == message.id).order_by(col(Attachment.position))
    ).scalars()
    return tuple(OutgoingAttachment(row.filename, row.declared_type, app.files.get(row.key)) for row in rows)
