"""The one way out: claim, commit, send, record. The outgoing message row is the outbox.

1. Claim: a conditional UPDATE from `queued` to `sending`, with a lease, committed before anybody outside hears of it.
2. Send, with no transaction open.
3. Record: `sent`; `failed` with the other side's words (final); `queued` again with a later time (it certainly was not
   taken); or `unknown` (the line broke after everything was said).
4. A lease that ran out is `unknown` too: its worker died, before or after the other side took the message.
5. Reconcile: ask the channel whether an `unknown` message arrived. Where nobody can tell, an automatic message stays
   unknown for ever (no answer is better than two), and an agent's answer is sent once more under the same id, which
   mail readers show once; after that it waits for a person.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col

from channels.base import ChannelError, Outcome, Refused, Retry, Sent, Unknown
from router import accounts, db
from router.clockwork import resume_clock
from router.context import App
from router.models import Event, EventKind, Identity, Message, SendState, Status, Ticket
from router.models.message import TO_SEND
from router.outgoing import outgoing

log = logging.getLogger(__name__)

# Longer than the slowest conversation with a mail server that the channel's own time limits allow.
LEASE_SECONDS = 180
# A 4xx is tried again after so many minutes, then each four hours, until two days have passed (RFC 5321 section 4.5.4.1).
BACKOFF_MINUTES = (1, 5, 15, 60, 120, 240)
GIVE_UP = timedelta(hours=48)
# How long after the attempt the other side may still be filing what it took.
SETTLE_SECONDS = 20
# An account whose server does not answer is left alone so long: one attempt must not become a storm of them.
PAUSE_SECONDS = 15
# How long an outcome waits for a database that is away, between tries; well within the lease.
DATABASE_PAUSES = (0.2, 0.5, 1, 2, 5, 10, 20)


@dataclass(slots=True)
class Sender:
    """Sends what is due. Keeps nothing but the accounts that it leaves alone for a moment."""

    app: App
    clock: Callable[[], datetime]
    paused: dict[int, datetime] = field(default_factory=dict)

    def send_due(self, limit: int = 200) -> int:
        """Send up to `limit` messages that are due and return how many were tried."""
        tried = 0
        while tried < limit and (message := self._claim()) is not None:
            self._send(message)
            tried += 1
        return tried

    def _claim(self) -> Message | None:
        now = self.clock()
        resting = [account for account, until in self.paused.items() if until > now]
        with self.app.db.begin() as session:
            # What a person wrote never waits behind a burst of acknowledgements.
            message = _first_due(session, now, resting, automatic=False)
            message = message or _first_due(session, now, resting, automatic=True)
            if message is None or not _take(session, message, now):
                return None
            self.app.reach("claiming_send")
        self.app.reach("claimed_send")
        return message

    def _send(self, message: Message) -> None:
        outcome = self._attempt(message)
        self.app.reach("handed_over")
        if isinstance(outcome, Retry):
            self.paused[message.account_id] = self.clock() + timedelta(seconds=PAUSE_SECONDS)
        self._record(message, outcome)
        self.app.reach("outcome_recorded")

    def _attempt(self, message: Message) -> Outcome:
        try:
            with self.app.db.read() as session:
                withdrawn = _withdrawn(session, message)
                account = accounts.names(session)[message.account_id]
                letter = outgoing(self.app, session, message)
        except OperationalError:
            return Retry("the database went away before anything was sent")
        return Refused(withdrawn) if withdrawn else self._hand_over(account, letter)

    def _record(self, message: Message, outcome: Outcome) -> None:
        """What the other side said must outlive a restart of the database: forgotten, it would count as unknown."""
        for pause in DATABASE_PAUSES:
            try:
                return record_outcome(self.app, message, outcome, self.clock())
            except OperationalError:
                log.warning("outcome waits for the database", extra={"letter": message.id})
                time.sleep(pause)
        return record_outcome(self.app, message, outcome, self.clock())

    def _hand_over(self, account: str, letter: Any) -> Outcome:
        assert not db.in_transaction(), "no network while a transaction is open"
        try:
            return self.app.channel(account).send(letter)
        except KeyError:
            return Refused(f"the account {account!r} is no longer configured")
        except ChannelError as error:
            return Refused(str(error)) if error.permanent else Retry(str(error), error.retry_after)
        except Exception as error:
            log.exception("channel failed while sending", extra={"account": account})
            return Unknown(f"the channel failed while sending: {type(error).__name__}")


def record_outcome(app: App, message: Message, outcome: Outcome, now: datetime) -> None:
    """Write down what became of one attempt."""
    with app.db.begin() as session:
        match outcome:
            case Sent(provider_id, refused):
                known: dict[str, Any] = {"sent_at": now, "provider_id": provider_id[:255], "last_error": ""}
                if refused:
                    known["delivery"] = {"state": "bounced", "recipients": [asdict(one) for one in refused]}
                if _finish(session, message, SendState.SENT, now, **known):
                    _event(session, message, EventKind.SENT, now)
            case Refused(reason, address_is_bad):
                _fail(session, message, reason, now)
                if address_is_bad:
                    _suppress(session, message.recipient, reason, now)
            case Retry(reason, after):
                _later(session, message, reason, after, now)
            case Unknown(reason):
                told: dict[str, Any] = {"last_error": reason[:1000], "next_try_at": _settled(now)}
                if _finish(session, message, SendState.UNKNOWN, now, **told):
                    _event(session, message, EventKind.SEND_UNKNOWN, now, reason=reason[:500])
        app.ring_after(session)


def expire_leases(app: App, now: datetime) -> int:
    """`sending` past its lease becomes `unknown`: the worker that had it is gone."""
    stuck = update(Message).where(
        TO_SEND.holds(), col(Message.send_state) == SendState.SENDING, col(Message.lease_until) < now
    )
    with app.db.begin() as session:
        return _changed(
            session,
            stuck.values(
                send_state=SendState.UNKNOWN,
                lease_until=None,
                next_try_at=now,
                last_error="the worker that sent it stopped before it could say how it went",
            ),
        )


def reconcile(app: App, now: datetime, limit: int = 50) -> int:
    """Find out what became of `unknown` messages; return how many were settled."""
    with app.db.read() as session:
        unknown = (
            select(Message)
            .where(TO_SEND.holds(), col(Message.send_state) == SendState.UNKNOWN, col(Message.next_try_at) <= now)
            .order_by(col(Message.next_try_at))
            .limit(limit)
        )
        messages = list(session.execute(unknown).scalars())
        letters = [(m, accounts.names(session)[m.account_id], outgoing(app, session, m)) for m in messages]
    return sum(_reconcile_one(app, message, account, letter, now) for message, account, letter in letters)


def _reconcile_one(app: App, message: Message, account: str, letter: Any, now: datetime) -> bool:
    try:
        found = app.channel(account).find_sent(letter)
    except Exception:
        log.warning("cannot look for a sent message", exc_info=True, extra={"account": account})
        with app.db.begin() as session:
            session.execute(_same(message, SendState.UNKNOWN).values(next_try_at=now + timedelta(minutes=5)))
        return False
    with app.db.begin() as session:
        if found:
            _finish(session, message, SendState.SENT, now, state=SendState.UNKNOWN, sent_at=now, last_error="")
            _event(session, message, EventKind.SENT, now, reconciled=True)
        elif found is False or (not message.automatic and message.attempts < 2):
            _requeue(session, message, now)
            _event(session, message, EventKind.SEND_UNKNOWN, now, again=True, may_be_double=found is None)
        else:
            # Nothing more can be learned: it stays unknown, out of the sweep, until a person decides.
            session.execute(_same(message, SendState.UNKNOWN).values(next_try_at=None))
            return False
        app.ring_after(session)
    return True


def _first_due(session: Session, now: datetime, resting: list[int], *, automatic: bool) -> Message | None:
    due = (
        select(Message)
        .where(
            TO_SEND.holds(),
            col(Message.send_state) == SendState.QUEUED,
            col(Message.automatic) == automatic,
            col(Message.next_try_at) <= now,
        )
        .order_by(col(Message.next_try_at), col(Message.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if resting:
        due = due.where(col(Message.account_id).not_in(resting))
    found: Message | None = session.execute(due).scalar_one_or_none()
    return found


def _take(session: Session, message: Message, now: datetime) -> bool:
    claimed = _same(message, SendState.QUEUED).values(
        send_state=SendState.SENDING,
        attempts=col(Message.attempts) + 1,
        lease_until=now + timedelta(seconds=LEASE_SECONDS),
    )
    message.attempts += 1
    session.expunge(message)
    return _changed(session, claimed) == 1


def _withdrawn(session: Session, message: Message) -> str:
    """A13: why an automatic message must not leave after all, looked at again at the last moment."""
    if not message.automatic:
        return ""
    ticket = session.get_one(Ticket, message.ticket_id)
    if ticket.status is Status.SPAM:
        return "withdrawn: the ticket is spam"
    suppressed = select(col(Identity.suppressed_at)).where(col(Identity.address) == message.recipient)
    return "withdrawn: mail to this address bounces" if any(session.execute(suppressed).scalars()) else ""


def _later(session: Session, message: Message, reason: str, after: float | None, now: datetime) -> None:
    if now - message.created_at > GIVE_UP:
        _fail(session, message, f"given up after two days; the last answer was: {reason}", now)
        return
    minutes = BACKOFF_MINUTES[min(message.attempts, len(BACKOFF_MINUTES)) - 1]
    wait = timedelta(seconds=after) if after else timedelta(minutes=minutes)
    _finish(session, message, SendState.QUEUED, now, next_try_at=now + wait, last_error=reason[:1000])


def _fail(session: Session, message: Message, reason: str, now: datetime) -> None:
    if not _finish(session, message, SendState.FAILED, now, last_error=reason[:1000]):
        return
    _event(session, message, EventKind.SEND_FAILED, now, reason=reason[:500])
    if not message.automatic:
        resume_clock(session, message.ticket_id, now)


def _requeue(session: Session, message: Message, now: datetime) -> None:
    _finish(session, message, SendState.QUEUED, now, state=SendState.UNKNOWN, next_try_at=now)


def _suppress(session: Session, address: str, reason: str, now: datetime) -> None:
    session.execute(
        update(Identity)
        .where(col(Identity.address) == address, col(Identity.suppressed_at).is_(None))
        .values(suppressed_at=now, suppressed_reason=reason[:500])
    )


def _finish(
    session: Session,
    message: Message,
    to: SendState,
    now: datetime,
    *,
    state: SendState = SendState.SENDING,
    **values: Any,
) -> bool:
    # Only from the state in which this worker left it: a lease that ran out meanwhile belongs to the reconciler.
    fields = {"next_try_at": None, "lease_until": None, **values}
    if _changed(session, _same(message, state).values(send_state=to, **fields)):
        return True
    log.warning("outcome came too late", extra={"letter": message.id, "outcome": to.value, "at": now.isoformat()})
    return False


def _same(message: Message, state: SendState) -> Any:
    # Race: a worker that slept past its lease must not speak for the attempt that another one has begun since.
    return update(Message).where(
        col(Message.id) == message.id, col(Message.send_state) == state, col(Message.attempts) == message.attempts
    )


def _settled(now: datetime) -> datetime:
    return now + timedelta(seconds=SETTLE_SECONDS)


def _event(session: Session, message: Message, kind: EventKind, now: datetime, **data: Any) -> None:
    session.add(Event(ticket_id=message.ticket_id, message_id=message.id, kind=kind, at=now, data=data))


def _changed(session: Session, statement: Any) -> int:
    statement = statement.execution_options(synchronize_session=False)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
