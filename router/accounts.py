"""What the desk remembers of its accounts: cursors, leases, the last success and the last error."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, or_, select, update
from sqlmodel import Session, col

from channels.base import Json
from router.context import App
from router.models import Account


class LeaseHeld(Exception):
    """Another process polls this account now."""


class LeaseLost(Exception):
    """Another process took the account over; what this one fetched was not stored, and must be thrown away."""


def sync(app: App, now: datetime) -> None:
    """Every configured account has its row. Accounts that left the configuration stay, inactive, with their tickets."""
    with app.db.begin() as session:
        rows = {row.name: row for row in session.execute(select(Account)).scalars()}
        for account in app.config.accounts:
            row = rows.pop(account.name, None)
            if row is None:
                row = Account(name=account.name, kind=account.kind, address=account.address, created_at=now)
                session.add(row)
            row.address, row.active = account.address, True
        for row in rows.values():
            row.active = False


def account_id(app: App, session: Session, name: str) -> int:
    """The key of the account `name`. Raises KeyError when the desk does not know it."""
    if name not in app.account_keys:
        app.account_keys.update((name, key) for key, name in names(session).items())
    return app.account_keys[name]


def name_of(app: App, session: Session, key: int) -> str:
    """The name of the account with that key; both stay as long as the desk."""
    known = next((name for name, value in app.account_keys.items() if value == key), None)
    return known if known is not None else names(session)[key]


def names(session: Session) -> dict[int, str]:
    """Account names by key."""
    return {key: name for key, name in session.execute(select(col(Account.id), col(Account.name))) if key is not None}


def take_lease(app: App, name: str, owner: str, now: datetime, seconds: int = 60) -> Json | None:
    """Take or renew the account for `owner` and return its cursor. Raises LeaseHeld while another has it."""
    with app.db.begin() as session:
        free = or_(
            col(Account.lease_owner) == owner,
            col(Account.lease_until).is_(None),
            col(Account.lease_until) < now,
        )
        taken = update(Account).where(col(Account.name) == name, free)
        if not _changed(session, taken.values(lease_owner=owner, lease_until=now + timedelta(seconds=seconds))):
            raise LeaseHeld(name)
        return session.execute(select(col(Account.cursor)).where(col(Account.name) == name)).scalar()


def release_lease(app: App, name: str, owner: str) -> None:
    """Let the next process have the account at once."""
    with app.db.begin() as session:
        mine = update(Account).where(col(Account.name) == name, col(Account.lease_owner) == owner)
        session.execute(mine.values(lease_owner="", lease_until=None))


def move_cursor(session: Session, account: int, cursor: Json, lease_owner: str, now: datetime) -> None:
    """Store the cursor with what it brought. Raises LeaseLost, which undoes both, for a process that was overtaken."""
    mine = update(Account).where(col(Account.id) == account)
    if lease_owner:
        mine = mine.where(col(Account.lease_owner) == lease_owner)
    if not _changed(session, mine.values(cursor=cursor, last_success_at=now)):
        raise LeaseLost


def report(app: App, name: str, now: datetime, error: str | None = None, paused_until: datetime | None = None) -> None:
    """Note how the last attempt went: `error` is a sentence for the accounts page, None a success."""
    values: dict[str, Any] = {"paused_until": paused_until}
    values |= {"last_error": error, "last_error_at": now} if error else {"last_success_at": now, "last_error": ""}
    with app.db.begin() as session:
        session.execute(update(Account).where(col(Account.name) == name).values(**values))


def _changed(session: Session, statement: Any) -> bool:
    return cast("CursorResult[Any]", session.execute(statement)).rowcount == 1
