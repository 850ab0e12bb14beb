"""Mail for tests, composed by hand so that a test can say exactly what arrives."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256

from channels.base import RawItem
from router import intake
from router.context import App

NOON = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)  # a Tuesday, noon in Shanghai
_numbers = itertools.count(1)


def letter(
    text: str = "My payment failed, please help.",
    *,
    sender: str = "Linda <linda@mail.example.com>",
    to: str = "support@localhost",
    subject: str = "Payment failed",
    message_id: str = "",
    answers: str = "",
    at: datetime = NOON,
    html: str = "",
    attachments: tuple[tuple[str, str, bytes], ...] = (),
    **headers: str,
) -> bytes:
    """One mail. `answers` is the Message-ID (without brackets) of the mail that it replies to; `headers` are extra
    ones, with underscores for hyphens."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{message_id or f'letter-{next(_numbers)}@mail.example.com'}>"
    if answers:
        message["In-Reply-To"] = message["References"] = f"<{answers}>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, kind, data in attachments:
        maintype, _, subtype = kind.partition("/")
        message.add_attachment(data, maintype=maintype, subtype=subtype, filename=name)
    return message.as_bytes()


def item(raw: bytes, at: datetime = NOON, *, external_id: str = "", **envelope: object) -> RawItem:
    """`raw` as a listener would record it."""
    return RawItem(external_id or sha256(raw).hexdigest(), raw, at, {"rcpt_to": ["support@localhost"], **envelope})


def arrive(app: App, *raws: bytes, at: datetime = NOON, account: str = "support", limit: int = 50) -> intake.Counts:
    """The mails arrive together and are worked through, at the desk's time `at`."""
    intake.record(app, account, [item(raw, at) for raw in raws], at)
    return intake.drain(app, lambda: at, limit)


def later(minutes: float, start: datetime = NOON) -> datetime:
    return start + timedelta(minutes=minutes)
