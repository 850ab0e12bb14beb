"""Mails of our own making, and one account that receives them."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from typing import Any

from channels.base import AccountConfig, Desk, Parsed
from channels.email import parse as parser
from channels.email.settings import EmailSettings

US = "support@example.com"
ACCOUNT = AccountConfig(
    "support", "email", US, EmailSettings(plus_addressing=True, authserv_id="mx.example.com"), ("hilfe@example.com",)
)
DESK = Desk(Path("outbox"), frozenset({US, "hilfe@example.com", "billing@example.com"}))


def understand(raw: bytes | str, **envelope: Any) -> Parsed:
    """Without the safety net of `parse`: a test wants to see what breaks."""
    return parser.understand(raw.encode() if isinstance(raw, str) else raw, envelope, ACCOUNT, DESK)


def letter(text: str = "Hello", *, html: str = "", **fields: str) -> bytes:
    """A plain letter to us; `reply_to="x"` becomes the field Reply-To."""
    message = EmailMessage()
    given = {
        "from_": "Ana Ruiz <ana@example.org>",
        "to": US,
        "subject": "A question",
        "message_id": "<m1@example.org>",
    } | fields
    for name, value in given.items():
        if value:
            message[name.strip("_").replace("_", "-").title()] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def answer(text: str, *, html: str = "", **fields: str) -> bytes:
    return letter(text, html=html, **({"subject": "Re: A question", "in_reply_to": "<earlier@example.com>"} | fields))
