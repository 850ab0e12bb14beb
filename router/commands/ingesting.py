"""The work of `switchboard ingest`: files become recorded items, and a summary of what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from channels.base import RawItem
from router import accounts
from router.commands.mailfiles import mails_in
from router.context import App, utc_now
from router.intake import drain, record
from router.models import Inbound, InboundState, Message
from router.processes import wait_until

_BATCH = 50
# A running desk may have claimed some of ours before we could: wait this long for it to finish them.
_PATIENCE_SECONDS = 90.0


@dataclass(slots=True)
class Report:
    """What became of the mails. `quarantined` counts reasons; `unreadable` names files with the system's words."""

    tickets: int = 0
    replies: int = 0
    duplicates: int = 0
    reports: int = 0
    waiting: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)

    @property
    def all_taken(self) -> bool:
        return not (self.quarantined or self.unreadable or self.waiting)

    def to_json(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in ("tickets", "replies", "duplicates", "reports", "waiting")}
        return {**counts, "quarantined": dict(self.quarantined), "unreadable": self.unreadable}

    def in_words(self) -> str:
        parts = [("new tickets", self.tickets), ("replies", self.replies), ("duplicates", self.duplicates)]
        parts += [("delivery reports", self.reports), ("in quarantine", self.quarantined.total())]
        lines = [", ".join(f"{count} {name}" for name, count in parts if count or name == "new tickets")]
        lines += [f"  {count} × {reason}" for reason, count in self.quarantined.most_common()]
        lines += [f"  not read: {words}" for words in self.unreadable]
        if self.waiting:
            lines.append(f"  {self.waiting} still wait for a worker; the running desk finishes them")
        return "\n".join(lines)


class Ingest:
    """Records mails in batches and understands each batch before the next, so that memory stays flat."""

    def __init__(self, app: App, account: str, *, archive: bool) -> None:
        self.app = app
        self.account = account
        self.envelope: dict[str, Any] = {"archive": True} if archive else {}
        self.report = Report()
        self._batch: list[RawItem] = []

    def take(self, path: Path, progress: Callable[[int], object]) -> None:
        """Every mail of one file. A file that cannot be read is noted, and the others go on."""
        try:
            for raw in mails_in(path):
                self._add(raw)
                progress(len(raw))
        except OSError as error:
            self.report.unreadable.append(f"{path}: {error.strerror}")

    def finish(self) -> None:
        """Store and understand what is left."""
        if self._batch:
            self._flush()

    def _add(self, raw: bytes) -> None:
        # Named by its bytes: the same file again is a duplicate, whatever it is called.
        self._batch.append(RawItem(f"file:{sha256(raw).hexdigest()}", raw, utc_now(), dict(self.envelope)))
        if len(self._batch) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        names = {item.external_id for item in batch}
        fresh = names - self._known(names)
        self.report.duplicates += len(batch) - len(fresh)
        if fresh:
            record(self.app, self.account, batch, utc_now())
            drain(self.app, utc_now, _BATCH)
            wait_until(lambda: not self._waiting(fresh), _PATIENCE_SECONDS)
            self._count(fresh)

    def _known(self, names: Iterable[str]) -> set[str]:
        with self.app.db.read() as session:
            return set(session.execute(self._of(session, names).with_only_columns(col(Inbound.external_id))).scalars())

    def _waiting(self, names: Iterable[str]) -> bool:
        with self.app.db.read() as session:
            waiting = self._of(session, names).where(col(Inbound.state) == InboundState.RECORDED)
            return session.execute(waiting.limit(1)).first() is not None

    def _of(self, session: Session, names: Iterable[str]) -> Any:
        account = accounts.account_id(self.app, session, self.account)
        return select(Inbound).where(col(Inbound.account_id) == account, col(Inbound.external_id).in_(names))

    def _count(self, names: Iterable[str]) -> None:
        with self.app.db.read() as session:
            rows = list(session.execute(self._of(session, names)).scalars())
            openers = _openers(session, [row.ticket_id for row in rows if row.ticket_id])
        for row in rows:
            self._count_one(row, is_opener=row.message_id in openers)

    def _count_one(self, row: Inbound, *, is_opener: bool) -> None:
        report = self.report
        if row.state == InboundState.RECORDED:
            report.waiting += 1
        elif row.state == InboundState.DUPLICATE:
            report.duplicates += 1
        elif row.state == InboundState.QUARANTINED:
            report.quarantined[f"{row.reason_code}: {row.reason}"] += 1
        elif row.reason_code == "delivery_report":
            report.reports += 1
        elif is_opener:
            report.tickets += 1
        else:
            report.replies += 1


def _openers(session: Session, tickets: list[int]) -> set[int]:
    """The first message of each ticket."""
    first = (
        select(func.min(col(Message.id))).where(col(Message.ticket_id).in_(tickets)).group_by(col(Message.ticket_id))
    )
    return set(session.execute(first).scalars())
