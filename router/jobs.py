"""Queue entry points. Each is idempotent and looks for its own work: a job that is lost, late or doubled does no harm."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from importlib import import_module

from router import intake, outbox
from router.bells import Bell
from router.clockwork import sweep_clocks
from router.context import App, utc_now

log = logging.getLogger(__name__)

_app: App | None = None


def serve(app: App) -> None:
    """Give this process's jobs the desk that they work on."""
    global _app
    _app = app


def desk() -> App:
    """The desk of this process. Raises RuntimeError in a process that never called `serve`."""
    if _app is None:
        raise RuntimeError("jobs run in a worker of the desk: start one with `switchboard run worker QUEUE`")
    return _app


def drain_inbound() -> None:
    """Turn everything recorded into tickets."""
    app = desk()
    app.bells.answered(Bell.INGEST)
    intake.drain(app, utc_now)


def send_due() -> None:
    """Send everything that is due, and find out about what is unknown."""
    app = desk()
    app.bells.answered(Bell.SEND)
    send_all(app)


def send_all(app: App) -> None:
    """One round of the outbox: what is due, and what nobody knows the end of."""
    outbox.Sender(app, utc_now).send_due()
    outbox.reconcile(app, utc_now())


def sweep() -> None:
    """Breach what is overdue, and look after what a dead worker left."""
    app = desk()
    app.bells.answered(Bell.CLOCKS)
    sweep_all(app, utc_now)


def sweep_all(app: App, clock: Callable[[], datetime] = utc_now) -> None:
    """One round of the clocks: breaches, and sends whose worker is gone."""
    now = clock()
    breached, expired = sweep_clocks(app, now), outbox.expire_leases(app, now)
    if breached or expired:
        log.info("swept", extra={"breached": breached, "expired": expired})


def bulk(task: str) -> None:
    """Run a long task by its dotted name, such as loading the sample desk: `module:function`, called with the desk."""
    app = desk()
    module, _, function = task.partition(":")
    if module not in BULK_MODULES:
        raise ValueError(f"{task!r} is no task of this desk")
    getattr(import_module(module), function)(app)


# What may be asked for by name: whoever writes to the queue must not be able to call anything else.
BULK_MODULES = frozenset({"router.demo.load"})
