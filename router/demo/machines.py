"""What machines write: absences, newsletters, delivery reports, and two items that nobody can read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import Message
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
# Where nothing was answered: a report about a mail that this desk never sent.
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


def poison(shape: str, desk: str) -> bytes:
    """`noise`: a block of a broken disk instead of a mail. `nesting`: boxes in boxes, thousands of them and nothing inside,
    that say they come from the desk itself."""
    return b"\0" * 4096 if shape == "noise" else _nesting(desk)


def _nesting(desk: str, depth: int = 4000) -> bytes:
    head = f"From: <{desk}>\r\nTo: <{desk}>\r\nSubject: matryoshka\r\nMIME-Version: 1.0\r\n{_box(0)}"
    return (head + "".join(f"--b{n}\r\n{_box(n + 1)}" for n in range(depth))).encode("ascii")


def _box(number: int) -> str:
    return f'Content-Type: multipart/mixed; boundary="b{number}"\r\n\r\n'
