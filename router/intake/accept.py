"""Accept: the straight line from understood messages to decided tickets, in one transaction for the batch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from router.bells import Bell
from router.context import App
from router.intake.bench import Bench
from router.intake.drafts import Ending, EventDraft, Plan
from router.intake.judge import judge
from router.intake.lookup import gather
from router.intake.store import store
from router.intake.understand import Understood, Unreadable
from router.models import EventKind, InboundState


def accept(
    app: App, session: Session, understood: Sequence[Understood], unreadable: Sequence[Unreadable], now: datetime
) -> Plan:
    """Turn a batch (a batch of one is the same code) into tickets, messages, clocks, acknowledgements and events.

    Everything that the batch needs to know is read first, a query a question; then each message is judged in order,
    seeing those before it; then all is written, a statement a table. Nothing is committed here.
    """
    # The session's own bookkeeping is a third of the cost of a statement; these need none of it.
    connection, key = session.connection(), app.config.secret_key
    plan = Plan(now)
    for item in unreadable:
        _set_aside(plan, item)
    if understood:
        kind = app.channel(understood[0].item.account).account.kind
        lookup = gather(connection, understood, key, kind, now)
        bench = Bench(app, app.rulebooks.current(session), lookup, plan, key, now)
        for message in understood:
            judge(bench, message)
        store(connection, plan, kind)
    elif plan.endings:
        store(connection, plan, "")
    app.ring_after(session, *([Bell.SEND] if plan.acknowledgements else []))
    return plan


def _set_aside(plan: Plan, unreadable: Unreadable) -> None:
    item = unreadable.item
    plan.endings.append(Ending(item.inbound_id, InboundState.QUARANTINED, unreadable.code, unreadable.reason))
    data = {"inbound": item.inbound_id, "code": unreadable.code}
    plan.events.append(EventDraft(None, EventKind.QUARANTINED, data))
