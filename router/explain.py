"""Why a mail or a ticket is decided as it is, as text: for `switchboard rules explain`. Nothing is written."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from textwrap import shorten
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from router import accounts, tokens
from router.context import App, utc_now
from router.errors import PlainError
from router.files import FileStore
from router.intake.bench import Bench
from router.intake.drafts import EventDraft, Plan
from router.intake.judge import RULE_TEXT, judge
from router.intake.lookup import gather
from router.intake.understand import Item, Understood, Unreadable, understand
from router.models import Event, EventKind, InboundState, Message, Ticket
from rules.decision import Decision
from rules.engine import RuleTrace, decide, explain
from rules.facts import Facts
from rules.rulebook import Rulebook
from rules.trace import written

_REASON_LETTERS = 160


class ExplainError(PlainError):
    """There is nothing to explain; the text says why."""


@dataclass(frozen=True, slots=True)
class Story:
    """What the rules say of one message, rule by rule."""

    headline: str
    rulebook: int
    decision: Decision
    trace: tuple[RuleTrace, ...]

    def to_json(self) -> dict[str, Any]:
        rules = [{"rule": t.rule, "position": t.position, "outcome": t.outcome, "reason": t.reason} for t in self.trace]
        return {"about": self.headline, "rulebook": self.rulebook, "decision": self.decision.to_json(), "rules": rules}

    def lines(self) -> Iterator[str]:
        yield self.headline
        yield f"Rulebook version {self.rulebook} decides:"
        for name, value in self.decision.to_json().items():
            if value and name != "fired":
                yield f"  {name:<12} {', '.join(value) if isinstance(value, list) else value}"
        yield "Rule by rule:"
        for step in self.trace:
            yield f"  {step.position:>3}  {step.outcome:<11}  {step.rule}{_detail(step)}"


def explain_mail(app: App, raw: bytes) -> Story:
    """What would become of this mail if it came now; what became of it, if the desk has it already.

    Raises ExplainError for what cannot be read, and for what no rule gets to see.
    """
    now = utc_now()
    with tempfile.TemporaryDirectory() as folder, app.db.read() as session:
        # Attachments of a mail that is only looked at do not belong into the desk's store.
        dry = dataclasses.replace(app, files=FileStore(Path(folder)))
        account = app.config.accounts[0].name
        found = understand(dry, Item(0, accounts.account_id(dry, session, account), account, now, {}, raw))
        if isinstance(found, Unreadable):
            raise ExplainError(f"This mail cannot be read, and would wait in quarantine: {found.reason}.")
        bench = _judged(dry, session, found, now)
        ending = bench.plan.endings[0]
        decided = next((event for event in bench.plan.events if event.kind == EventKind.DECIDED), None)
        if decided:
            return _story_of_new(bench, found, decided)
        known = session.get(Ticket, ending.ticket_id) if ending.state == InboundState.DUPLICATE else None
    if known:
        return explain_ticket(app, known.ref)
    raise ExplainError(f"No rule sees this mail; it ends as {ending.state}: {ending.reason}.")


def explain_ticket(app: App, ref: str) -> Story:
    """What the rules said when this ticket was opened. Raises ExplainError for an unknown reference."""
    with app.db.read() as session:
        ticket = session.execute(select(Ticket).where(col(Ticket.ref) == tokens.canonical_ref(ref))).scalar()
        if ticket is None:
            raise ExplainError(f"{ref} is neither a file nor the reference of a ticket.")
        decided = col(Event.ticket_id) == ticket.id, col(Event.kind) == EventKind.DECIDED
        event = session.execute(select(Event).where(*decided).order_by(col(Event.id))).scalars().first()
        if event is None:
            raise ExplainError(f"{ticket.ref} was opened without the rules.")
        message = session.get(Message, event.message_id)
        words = {"subject": message.subject, "text": message.new_text[:RULE_TEXT]} if message else {}
        facts = Facts.from_json({"subject": "", "text": "", **event.data["facts"], **words})
        rulebook = app.rulebooks.version(session, event.data["rulebook"])
        return _story(f"Ticket {ticket.ref}, as it was opened", rulebook, facts)


def _judged(app: App, session: Session, found: Understood, now: datetime) -> Bench:
    key = app.config.secret_key
    kind = app.channel(found.item.account).account.kind
    lookup = gather(session.connection(), [found], key, kind, now)
    bench = Bench(app, app.rulebooks.current(session), lookup, Plan(now), key, now)
    judge(bench, found)
    return bench


def _story_of_new(bench: Bench, found: Understood, decided: EventDraft) -> Story:
    words = {"subject": found.parsed.subject, "text": found.parsed.new_text[:RULE_TEXT]}
    facts = Facts.from_json({**decided.data["facts"], **words})
    opens = "It would open a new ticket" if facts.is_first else "It would join a ticket"
    return _story(f"{opens}, if it came now", bench.rulebook, facts)


def _story(headline: str, rulebook: Rulebook, facts: Facts) -> Story:
    return Story(headline, rulebook.version, decide(rulebook, facts), explain(rulebook, facts))


def _detail(step: RuleTrace) -> str:
    if step.fired:
        sets = ", ".join(f"{name} = {written(value)}" for name, value in step.fired.set.items())
        found = ", ".join(dict.fromkeys(f"“{hit.term}”" for hit in step.fired.found))
        lost = ", ".join(f"{name} was set by {winner}" for name, winner in step.fired.lost.items())
        return "".join(f"; {part}" for part in (sets, found and f"found {found}", lost) if part)
    # A keyword list can run to a page; JSON has it whole.
    return f": {shorten(step.reason, _REASON_LETTERS, placeholder=' …')}" if step.reason else ""
