"""What machines write: absences, newsletters, delivery reports, and two items that nobody can read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import Message
from random import Random
from typing import TYPE_CHECKING

from router.demo.letters import Letter

if TYPE_CHECKING:
    from router.demo.compose import Answered

HEADERS: Mapping[str, Mapping[str, str]] = {
    "out-of-office": {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"},
    "newsletter": {
        "Precedence": "bulk",
        "List-Id": "<news.lists.example.org>",
        "List-Unsubscribe": "<mailto:leave@lists.example.org>",
    },
    "report": {"Auto-Submitted": "auto-generated", "X-Cron-Env": "<SHELL=/bin/sh>"},
    "bounce": {"Auto-Submitted": "auto-replied"},
    "delay": {"Auto-Submitted": "auto-replied"},
}
# Headers are cut off where nothing was answered: a report about a mail that this desk never sent.
UNKNOWN_ID = "0000.unknown@relay.example.org"


def report(letter: Letter, answered: Answered | None, words: Message) -> Message:
    """A delivery report (RFC 3464) about `answered`: words for people, fields for machines, and the head of the mail."""
    whole = Message()
    boundary = f"----=_report_{letter.id}"
    whole.add_header("Content-Type", "multipart/report", report_type="delivery-status", boundary=boundary)
    whole.set_payload([words, _fields(letter), _head(letter, answered)])
    return whole


def _fields(letter: Letter) -> Message:
    host, action = letter.address.rpartition("@")[2], "delayed" if letter.shape == "delay" else "failed"
    about_host, about_recipient = Message(), Message()
    about_host["Reporting-MTA"] = f"dns; {host}"
    about_recipient["Final-Recipient"] = f"rfc822; {letter.recipient}"
    about_recipient["Action"] = action
    about_recipient["Status"] = letter.status
    about_recipient["Diagnostic-Code"] = f"smtp; {letter.diagnostic}"
    part = Message()
    part["Content-Type"] = "message/delivery-status"
    part.set_payload([about_host, about_recipient])
    return part


def _head(letter: Letter, answered: Answered | None) -> Message:
    part = Message()
    part["Content-Type"] = "text/rfc822-headers"
    names = f"Message-ID: <{answered.message_id if answered else UNKNOWN_ID}>\nTo: <{letter.recipient}>\n"
    part.set_payload(names)
    return part


def poison(shape: str) -> bytes:
    """`noise`: no header, no text, not a mail at all. `nesting`: boxes in boxes, thousands of them, and nothing inside."""
    return _noise() if shape == "noise" else _nesting()


def _noise() -> bytes:
    return b"\0" * 64 + Random("noise").randbytes(2048) + b"\0" * 64  # noqa: S311 - noise, not a secret


def _nesting(depth: int = 4000) -> bytes:
    opening = "".join(f'--b{n}\r\nContent-Type: multipart/mixed; boundary="b{n + 1}"\r\n\r\n' for n in range(depth))
    head = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b0"\r\n\r\n'
    return (head + opening).encode("ascii")
