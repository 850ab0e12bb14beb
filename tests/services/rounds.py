"""One turn of a whole desk, in one process: pull, record, understand, accept, sweep, send, reconcile."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from channels.base import Pulled, RawItem
from router import accounts, intake, jobs, outbox
from router.context import App

# Small, so that a handful of mails makes several batches.
BATCH = 2


class Folder:
    """A source that keeps each mail until it has heard that it is recorded, as a sending mail server does."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self.folder, self.now = folder, now

    def poll(self, _cursor: Any) -> Pulled:
        found = sorted(self.folder.glob("*.eml"))
        items = [
            RawItem(path.stem, path.read_bytes(), self.now(), {"rcpt_to": ["support@localhost"]})
            for path in found[:BATCH]
        ]
        return Pulled(items, {}, more=len(found) > BATCH)

    def settle(self, items: Any) -> None:
        for item in items:
            (self.folder / f"{item.external_id}.eml").unlink(missing_ok=True)

    def close(self) -> None:
        pass


def pull(app: App, source: Any, owner: str, now: datetime) -> None:
    """What the mail process does in one turn: store what came together with the place behind it, then confirm it."""
    try:
        cursor = accounts.take_lease(app, "support", owner, now)
        more = True
        while more:
            pulled = source.poll(cursor)
            stored = {} if isinstance(source, Folder) else {"cursor": pulled.cursor, "lease_owner": owner}
            if pulled.items or stored:
                intake.record(app, "support", pulled.items, now, **stored)
            source.settle(pulled.items)
            cursor, more = pulled.cursor, pulled.more
    except (accounts.LeaseHeld, accounts.LeaseLost):
        return


def one_round(app: App, source: Any, now: datetime) -> None:
    pull(app, source, f"life-{os.getpid()}", now)
    while intake.drain_batch(app, lambda: now, BATCH).items:
        pass
    jobs.sweep_all(app, lambda: now)
    outbox.Sender(app, lambda: now).send_due()
    outbox.reconcile(app, now)
