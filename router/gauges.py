"""How the desk is doing, in numbers: for the accounts page and for whoever watches from outside. Reads only, cheaply.

The counts follow partial indexes. Their conditions are written out, not bound: SQLite only uses a partial index when it
can see in the statement that its condition holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from router.models import Account, Inbound, InboundState, Message, Ticket

_TO_SEND = text("message.send_state IN ('queued', 'sending', 'unknown')")
_OPEN = text("ticket.status IN ('new', 'open', 'waiting')")


@dataclass(frozen=True, slots=True)
class Gauges:
    """Counts, and ages in seconds (0 when nothing waits). `unsent` is by state; `accounts_failing` have an error now."""

    backlog: int
    oldest_backlog: float
    quarantined: int
    unsent: dict[str, int]
    oldest_unsent: float
    open_tickets: int
    overdue_tickets: int
    accounts_failing: int


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account with what waits behind it: `backlog` recorded and not yet a ticket, `held` in quarantine."""

    account: Account
    backlog: int
    held: int
    last_mail_at: datetime | None = None


def read(session: Session, now: datetime) -> Gauges:
    """All gauges at one moment."""
    backlog, oldest = _backlog(session)
    unsent, oldest_unsent = _unsent(session)
    return Gauges(
        backlog=backlog,
        oldest_backlog=_age(oldest, now),
        quarantined=_count(session, InboundState.QUARANTINED),
        unsent=unsent,
        oldest_unsent=_age(oldest_unsent, now),
        open_tickets=_open(session),
        overdue_tickets=_open(session, overdue_at=now),
        accounts_failing=_failing(session),
    )


def accounts(session: Session) -> list[AccountState]:
    """Every account, the active first, with its queue."""
    waiting = _by_account(session, InboundState.RECORDED)
    held = _by_account(session, InboundState.QUARANTINED)
    rows = session.execute(select(Account).order_by(col(Account.active).desc(), col(Account.name))).scalars()
    return [
        AccountState(row, waiting.get(row.id or 0, 0), held.get(row.id or 0, 0), _newest(session, row)) for row in rows
    ]


def has_tickets(session: Session) -> bool:
    """Has this desk ever taken anything?"""
    return session.execute(select(col(Ticket.id)).limit(1)).first() is not None


def _backlog(session: Session) -> tuple[int, datetime | None]:
    recorded = col(Inbound.state) == InboundState.RECORDED
    found = session.execute(select(func.count(), func.min(col(Inbound.received_at))).where(recorded)).one()
    return found[0], found[1]


def _unsent(session: Session) -> tuple[dict[str, int], datetime | None]:
    rows = session.execute(
        select(col(Message.send_state), func.count(), func.min(col(Message.created_at)))
        .where(_TO_SEND)
        .group_by(col(Message.send_state))
    ).all()
    counts = dict.fromkeys(("queued", "sending", "unknown"), 0) | {state.value: n for state, n, _ in rows}
    return counts, min((oldest for _, _, oldest in rows), default=None)


def _open(session: Session, overdue_at: datetime | None = None) -> int:
    counted = select(func.count()).select_from(Ticket).where(_OPEN)
    if overdue_at is not None:
        counted = counted.where(col(Ticket.due_at) < overdue_at)
    return session.execute(counted).scalar() or 0


def _count(session: Session, state: InboundState) -> int:
    return session.execute(select(func.count()).where(col(Inbound.state) == state)).scalar() or 0


def _by_account(session: Session, state: InboundState) -> dict[int, int]:
    counted = select(col(Inbound.account_id), func.count()).where(col(Inbound.state) == state)
    return {row[0]: row[1] for row in session.execute(counted.group_by(col(Inbound.account_id)))}


def _newest(session: Session, account: Account) -> datetime | None:
    newest = select(col(Inbound.received_at)).where(col(Inbound.account_id) == account.id)
    found: datetime | None = session.execute(newest.order_by(col(Inbound.id).desc()).limit(1)).scalar()
    return found


def _failing(session: Session) -> int:
    failing = select(func.count()).where(col(Account.active).is_(True), col(Account.last_error) != "")
    return session.execute(failing).scalar() or 0


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
