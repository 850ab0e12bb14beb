"""Load the sample desk: its mails go through the real intake, rules, clocks and outbox, each at its own past time.

Loading it twice adds nothing: an item that is there already is left alone, and so is what agents did about it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from channels.base import AccountConfig, RawItem
from channels.registry import open_channel
from router import agents, intake, outbox
from router.bells import Bells
from router.clockwork import sweep_clocks
from router.config import Config
from router.context import App, utc_now
from router.db import Database
from router.demo import acting
from router.demo.compose import Answered
from router.demo.letters import Act, Letter
from router.demo.sample import SampleMail, Schedule, mail, own_earlier, schedule
from router.errors import PlainError
from router.files import FileStore
from router.models import Agent, Clock, Direction, Inbound, InboundState, Message, Role
from router.models.clock import RUNNING
from router.outgoing import outgoing
from router.rulebooks import Rulebooks

TASK = "router.demo.load:load"
PEOPLE = {"Mei": "mei@desk.example.com", "Budi": "budi@desk.example.com", "Olivia": "olivia@desk.example.com"}
BEAT = timedelta(seconds=2)
# A running worker may have taken an item first; its lease is over by then, and the item is ours again.
PATIENCE_SECONDS = 90

Progress = Callable[[int, int], object]


class SampleRefused(PlainError):
    """The sample desk cannot be loaded here."""


def load(app: App) -> None:
    """Load it into a running desk, now. Raises SampleRefused."""
    load_sample(app.config, app.db, utc_now(), lambda *_: None)
    app.bells.announce()


def load_sample(config: Config, db: Database, now: datetime, progress: Progress) -> int:
    """Play the sample's days up to `now`; return how many mails were new. `progress(done, total)` follows.

    Raises SampleRefused when an account would really send the answers.
    """
    account = _account(config)
    # Without a queue nothing rings: the worker's clock is today's, and these mails are of the last days.
    story = Story(App(config, db, FileStore(config.files_dir), Bells(""), Rulebooks()), account, schedule(now))
    steps = story.steps(now)
    for done, (at, step) in enumerate(steps, 1):
        story.wait_until(at)
        step()
        progress(done, len(steps))
    story.wait_until(now)
    return story.added


def _account(config: Config) -> AccountConfig:
    mailboxes = config.mail_accounts
    sending = [account.name for account in mailboxes if open_channel(account, config.desk).delivers]
    if sending:
        raise SampleRefused(
            f"The sample desk was not loaded: the account {sending[0]!r} sends real mail, and the answers to the sample's"
            " invented people would leave this machine. Load it on a desk without [accounts.smtp]."
        )
    if not mailboxes:
        raise SampleRefused("The sample desk was not loaded: it needs an email account, and none is configured.")
    return mailboxes[0]


class Story:
    """The days of the sample, played in their order. Holds what has happened so far."""

    def __init__(self, app: App, account: AccountConfig, mails: Schedule) -> None:
        self.app, self.account, self.mails = app, account, mails
        self.added = 0
        self.fresh: set[str] = set()

    def steps(self, now: datetime) -> list[tuple[datetime, Callable[[], None]]]:
        """Everything that happens by `now`: mails that arrive, and what agents do about them."""
        steps: list[tuple[datetime, Callable[[], None]]] = []
        for letter, at in self.mails.values():
            steps.append((at, lambda letter=letter, at=at: self.arrive(letter, at)))  # type: ignore[misc]
            for act in letter.then:
                then = at + timedelta(minutes=act.after)
                steps.append((then, lambda letter=letter, act=act, then=then: self.act(letter, act, then)))  # type: ignore[misc]
        return sorted((step for step in steps if step[0] <= now), key=lambda step: step[0])

    def wait_until(self, at: datetime) -> None:
        """Let the time pass up to `at`: each clock that falls due is swept as soon as a beat would have done it."""
        while (due := self._next_due()) is not None and due < at:
            if not sweep_clocks(self.app, due + BEAT):
                return

    def _next_due(self) -> datetime | None:
        with self.app.db.read() as session:
            running = select(func.min(Clock.due_at)).where(RUNNING.holds())
            return session.execute(running).scalar()

    def arrive(self, letter: Letter, at: datetime) -> None:
        """One mail comes in, is understood, and is acknowledged if the rules say so."""
        found = self._answered(letter, at)
        arrived = mail(letter.id, self.mails, self.account.address, found)
        item = RawItem(arrived.external_id, arrived.raw, at, _envelope(arrived))
        if not intake.record(self.app, self.account.name, [item], at):
            return
        self.added += 1
        self.fresh.add(letter.id)
        self._take_in(arrived.external_id, at)
        self._send(at)

    def act(self, letter: Letter, act: Act, at: datetime) -> None:
        """An agent does something about the ticket of `letter`, if it came in by this loading."""
        if letter.id not in self.fresh:
            return
        with self.app.db.begin() as session:
            ticket_id = self._ticket(session, letter.id)
            if ticket_id is not None:
                acting.do(self.app, session, self._agent(session, act.agent, at), ticket_id, act, at)
        self._send(at)

    def _take_in(self, external_id: str, at: datetime) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        intake.drain(self.app, lambda: at)
        while self._waits(external_id):
            if time.monotonic() > deadline:
                raise SampleRefused(
                    "The sample desk stopped half-way: a mail was taken by a worker that did not finish."
                )
            time.sleep(0.1)
            intake.drain(self.app, utc_now)

    def _waits(self, external_id: str) -> bool:
        with self.app.db.read() as session:
            state = select(col(Inbound.state)).where(col(Inbound.external_id) == external_id)
            return session.execute(state).scalar() == InboundState.RECORDED

    def _send(self, at: datetime) -> None:
        outbox.Sender(self.app, lambda: at).send_due()

    def _answered(self, letter: Letter, at: datetime) -> Answered | None:
        """What the letter answers: the desk's latest mail in that conversation, else the writer's own."""
        own = own_earlier(letter, self.mails, self.account.address)
        if own is None or letter.of == "own":
            return own
        with self.app.db.read() as session:
            ticket_id = self._ticket(session, letter.answers)
            ours = select(Message).where(
                col(Message.ticket_id) == ticket_id,
                col(Message.direction) == Direction.OUT,
                col(Message.created_at) <= at,
            )
            latest = session.execute(ours.order_by(col(Message.id).desc()).limit(1)).scalar_one_or_none()
            return self._our_mail(session, latest) if latest else own

    def _our_mail(self, session: Session, message: Message) -> Answered:
        sent = outgoing(self.app, session, message)
        local, _, domain = self.account.address.rpartition("@")
        plus = self.account.settings.plus_addressing and sent.token
        return Answered(
            message_id=sent.external_ref,
            name=sent.sender.name or self.account.display_name,
            address=self.account.address,
            to=sent.to[0].address if sent.to else "",
            subject=f"{sent.subject} [#{sent.ref}]",
            text=sent.text,
            at=message.created_at,
            reply_to=f"{local}+t.{sent.token}@{domain}" if plus else "",
            chain=sent.references,
        )

    def _ticket(self, session: Session, letter_id: str) -> int | None:
        kept = select(col(Inbound.ticket_id)).where(col(Inbound.external_id) == f"sample:{letter_id}")
        return session.execute(kept).scalar()

    def _agent(self, session: Session, name: str, at: datetime) -> Agent:
        """A person of the sample: without a password and without a link, so nobody can sign in as one."""
        return agents.by_email(session, PEOPLE[name]) or agents.create(session, PEOPLE[name], name, Role.AGENT, at)


def _envelope(arrived: SampleMail) -> dict[str, object]:
    return {"mail_from": arrived.mail_from, "rcpt_to": list(arrived.rcpt_to)}
