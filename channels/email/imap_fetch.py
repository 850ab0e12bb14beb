"""Fetching mail by UID without leaving a trace: bounded batches, large mail in part, gone mail passed over.

Speaks to a mailbox that is open already; knows nothing of cursors' storage, of IDLE or of reconnecting.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from channels.base import Json, RawItem
from channels.email.imap_cursor import Cursor
from channels.email.imap_login import faults_as_channel_errors

BATCH_MAILS = 50
BATCH_BYTES = 8 * 2**20
# Of a mail above the limit: enough for the header and the text that most mails open with.
PART_BYTES = 512 * 1024
_DATE = re.compile(rb"^date:[ \t]*([^\r\n]{1,100})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Listed:
    """What the server says of one mail before we take it."""

    uid: int
    size: int
    received_at: datetime


def newer(client: Any, last_uid: int) -> list[int]:
    """UIDs above `last_uid`, ascending, without deleted mail. `n:*` always names the newest mail, even below n (I2)."""
    with faults_as_channel_errors("searching for new mail"):
        found = client.search(["UID", f"{last_uid + 1}:*", "UNDELETED"])
    return sorted({uid for uid in found if uid > last_uid})


def came_meanwhile(client: Any, last_uid: int) -> bool:
    """Is there newer mail in the mailbox that has been open for a while? A search sees the mailbox as the server last
    told it to this line (Dovecot tells at the end of a command), so the line asks for news first."""
    with faults_as_channel_errors("asking for news"):
        client.noop()
    return bool(newer(client, last_uid))


def listed(client: Any, uids: Sequence[int], now: datetime) -> list[Listed]:
    """Size and time of each mail that is still there. A server clock that runs ahead puts no mail in the future."""
    with faults_as_channel_errors("listing new mail"):
        answer = client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
    seen = [(uid, answer[uid]) for uid in uids if b"RFC822.SIZE" in answer.get(uid, {})]
    return [Listed(uid, int(d[b"RFC822.SIZE"]), min(_utc(d.get(b"INTERNALDATE"), now), now)) for uid, d in seen]


def batch(mails: Sequence[Listed], limit: int) -> list[Listed]:
    """The longest head of `mails` that is bounded in bytes; at least one mail, however large."""
    chosen: list[Listed] = []
    total = 0
    for mail in mails:
        total += min(mail.size, PART_BYTES) if mail.size > limit else mail.size
        if chosen and total > BATCH_BYTES:
            break
        chosen.append(mail)
    return chosen


def bodies(client: Any, mails: Sequence[Listed], limit: int) -> dict[int, bytes]:
    """The bytes of each mail that is still there; above `limit` only the first part."""
    whole = [m.uid for m in mails if m.size <= limit]
    raw = _sections(client, whole, "BODY.PEEK[]", b"BODY[]") if whole else {}
    part = min(PART_BYTES, limit)
    for mail in mails:
        if mail.size > limit:
            raw |= _sections(client, [mail.uid], f"BODY.PEEK[]<0.{part}>", b"BODY[]<0>")
    return raw


def item(mail: Listed, raw: bytes, cursor: Cursor, limit: int) -> RawItem:
    """The item of one fetched mail; `cursor` is the place before it."""
    envelope: Json = {}
    if mail.size > limit:
        envelope["truncated_size"] = mail.size
    if cursor.is_archive(mail.uid, mail.received_at, _written_at(raw)):
        envelope["archive"] = True
    return RawItem(external_id(mail, cursor), raw, mail.received_at, envelope)


def unreadable(uid: int, cursor: Cursor, now: datetime) -> RawItem:
    """Stands for a mail that the server lists and cannot hand over: it goes to quarantine, and the next ones come."""
    nothing = Listed(uid, 0, datetime.fromtimestamp(0, UTC))
    return RawItem(external_id(nothing, cursor), b"", now, {"fetch_failed": True})


def external_id(mail: Listed, cursor: Cursor) -> str:
    """Unique for ever: size and time are in it because careless servers hand out a UIDVALIDITY and its UIDs again."""
    name = cursor.mailbox if len(cursor.mailbox) <= 100 else sha256(cursor.mailbox.encode()).hexdigest()
    return f"imap:{cursor.uidvalidity}:{mail.uid}:{int(mail.received_at.timestamp())}:{mail.size}:{name}"


def uid_of(external: str, uidvalidity: int) -> int | None:
    """The UID in an external id, or None when it belongs to another life of the mailbox."""
    parts = external.split(":", 3)
    return int(parts[2]) if parts[:2] == ["imap", str(uidvalidity)] else None


def _sections(client: Any, uids: Sequence[int], ask: str, key: bytes) -> dict[int, bytes]:
    with faults_as_channel_errors("fetching mail"):
        answer: Mapping[int, Mapping[bytes, Any]] = client.fetch(uids, [ask])
    return {uid: answer[uid][key] or b"" for uid in uids if key in answer.get(uid, {})}


def _utc(stamp: datetime | None, now: datetime) -> datetime:
    return stamp.astimezone(UTC) if stamp and stamp.tzinfo else now


def _written_at(raw: bytes) -> datetime | None:
    """The Date header, read without trusting it."""
    found = _DATE.search(raw[:65536])
    try:
        stamp = email.utils.parsedate_to_datetime(found.group(1).decode("ascii", "replace")) if found else None
        return stamp.astimezone(UTC) if stamp else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
