"""Where we are in a mailbox, and where to go on from. Pure: rules I1–I3 and I6.

A place is (mailbox, UIDVALIDITY, last UID), never a flag and never a date: what people do to their mail, with whatever
program, changes nothing here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from channels.base import Json

# Two clocks may differ: a mail that came after the connection may carry a server time a little before it.
SKEW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Cursor:
    """`connected` is when this mailbox was first seen (ISO, UTC, whole seconds as INTERNALDATE). Up to `archive_to`
    mail was there before us; up to `relist_to` it is listed again because the mailbox was built anew."""

    mailbox: str
    uidvalidity: int
    last_uid: int
    connected: str
    archive_to: int = 0
    relist_to: int = 0

    def to_json(self) -> Json:
        return asdict(self)

    def at(self, uid: int) -> Cursor:
        return replace(self, last_uid=max(uid, self.last_uid))

    def is_archive(self, uid: int, received_at: datetime, written_at: datetime | None) -> bool:
        """Older than the connection: never acknowledged. While listing anew the server's date may be that of the
        rebuilding, so the mail's own date counts as well; its writer can only talk himself out of an answer."""
        if uid <= self.relist_to:
            return self.predates(received_at) or (written_at is not None and self.predates(written_at))
        return uid <= self.archive_to or self.predates(received_at + SKEW)

    def predates(self, moment: datetime) -> bool:
        return moment < datetime.fromisoformat(self.connected)


def from_json(stored: Json | None) -> Cursor | None:
    """The stored cursor, or None where there is none that makes sense."""
    try:
        return Cursor(**stored) if stored else None
    except TypeError:
        return None


def resume(
    cursor: Cursor | None,
    mailbox: str,
    uidvalidity: int,
    uidnext: int,
    first_sync: Literal["now", "all"],
    now: datetime,
) -> tuple[Cursor, str]:
    """Where to go on, with a notice for the log when that is not simply where we were.

    A new UIDVALIDITY, or a UIDNEXT that ran backwards, means that the mailbox was built anew: everything in it is
    listed again, and what we know already is recognised as a duplicate by its content.
    """
    if cursor is None or cursor.mailbox != mailbox:
        start = uidnext - 1 if first_sync == "now" else 0
        return Cursor(mailbox, uidvalidity, start, now.replace(microsecond=0).isoformat(), uidnext - 1), ""
    if cursor.uidvalidity == uidvalidity and cursor.last_uid < uidnext:
        return cursor, ""
    anew = replace(cursor, uidvalidity=uidvalidity, last_uid=0, archive_to=0, relist_to=uidnext - 1)
    return anew, f"{mailbox} was built anew on the server (UIDVALIDITY {uidvalidity}): listing it again"
