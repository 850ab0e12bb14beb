"""Robots that answer each other: whatever they are, they fall silent after one acknowledgement each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from hashlib import sha256
from pathlib import Path

from services.letters import NOON, letter
from sqlmodel import select

from channels.base import RawItem
from router import intake, jobs, outbox
from router.context import App
from router.models import Message, Ticket

HALF_HOURS = 48


class Robot:
    """One side of a correspondence: `receive` takes a mail, `answers` are those that it has written since."""

    address: str

    def receive(self, raw: bytes, now: datetime) -> None:
        raise NotImplementedError

    def answers(self, now: datetime) -> list[bytes]:
        raise NotImplementedError


class DeskRobot(Robot):
    """A whole desk, whose mail leaves into its folder, from where it is carried to the other side."""

    def __init__(self, app: App, address: str) -> None:
        self.app, self.address = app, address
        self._carried: set[Path] = set()

    def receive(self, raw: bytes, now: datetime) -> None:
        item = RawItem(sha256(raw).hexdigest(), raw, now, {"rcpt_to": [self.address]})
        intake.record(self.app, "support", [item], now)

    def answers(self, now: datetime) -> list[bytes]:
        intake.drain(self.app, lambda: now)
        jobs.sweep_all(self.app, lambda: now)
        outbox.Sender(self.app, lambda: now).send_due()
        outbox.reconcile(self.app, now)
        fresh = sorted(set(self.app.config.outbox_dir.glob("*.eml")) - self._carried)
        self._carried |= set(fresh)
        return [path.read_bytes() for path in fresh]

    def acknowledgements(self) -> int:
        with self.app.db.read() as session:
            return len(session.exec(select(Message.id).where(Message.automatic)).all())

    def tickets(self) -> int:
        with self.app.db.read() as session:
            return len(session.exec(select(Ticket.id)).all())


class Answering(Robot):
    """Something on the other side that answers every single mail. `mark` puts its signs of a machine into the answer."""

    def __init__(self, address: str, text: str, mark: Callable[[EmailMessage], None]) -> None:
        self.address, self.text, self.mark = address, text, mark
        self._waiting: list[bytes] = []
        self.received = 0

    def receive(self, raw: bytes, now: datetime) -> None:
        self.received += 1
        self._waiting.append(raw)

    def answers(self, now: datetime) -> list[bytes]:
        heard, self._waiting = self._waiting, []
        return [self._answer(raw, now) for raw in heard]

    def _answer(self, raw: bytes, now: datetime) -> bytes:
        heard = message_from_bytes(raw, policy=policy.default)
        answer = EmailMessage()
        answer["From"], answer["To"] = self.address, str(heard["From"])
        answer["Date"], answer["Message-ID"] = now, make_msgid(domain=self.address.partition("@")[2])
        answer["Subject"] = f"Re: {heard['Subject']}"
        self.mark(answer)
        answer.set_content(f"{self.text} ({self.received})")
        return answer.as_bytes()


def correspond(one: Robot, other: Robot, opening: bytes) -> None:
    """A day in steps of half an hour; `opening` is what the other side is said to have written first."""
    one.receive(opening, NOON)
    for step in range(HALF_HOURS):
        now = NOON + timedelta(minutes=30 * step)
        for raw in one.answers(now):
            other.receive(raw, now)
        for raw in other.answers(now):
            one.receive(raw, now)


def desk_at(make_desk: Callable[..., App], address: str) -> DeskRobot:
    account = f'[[accounts]]\nname = "support"\nkind = "email"\naddress = "{address}"\n'
    return DeskRobot(make_desk(toml=account), address)


def test_two_desks_acknowledge_each_other_once_at_the_most(make_desk):
    one, other = desk_at(make_desk, "support@one.example.com"), desk_at(make_desk, "support@two.example.com")
    correspond(one, other, letter(sender=other.address, to=one.address))
    assert one.acknowledgements() == 1
    assert other.acknowledgements() == 0


def test_two_desks_that_both_begin_acknowledge_each_other_once_at_the_most(make_desk):
    one, other = desk_at(make_desk, "support@one.example.com"), desk_at(make_desk, "support@two.example.com")
    other.receive(letter(sender=one.address, to=other.address), NOON)
    correspond(one, other, letter(sender=other.address, to=one.address))
    assert (one.acknowledgements(), other.acknowledgements()) == (1, 1)


def test_an_absence_note_that_says_what_it_is_gets_one_acknowledgement(make_desk):
    desk = desk_at(make_desk, "support@one.example.com")
    note = Answering("li@mail.example.com", "I am away until Monday.", marked_as_reply)
    correspond(desk, note, letter(sender=note.address, to=desk.address))
    assert (desk.acknowledgements(), note.received) == (1, 1)
    assert desk.tickets() == 1


def test_an_absence_note_that_hides_what_it_is_stays_on_its_ticket_unanswered(make_desk):
    desk = desk_at(make_desk, "support@one.example.com")
    note = Answering("li@mail.example.com", "I am away until Monday.", threaded_only)
    correspond(desk, note, letter(sender=note.address, to=desk.address))
    assert (desk.acknowledgements(), note.received) == (1, 1)


def test_a_robot_without_any_mark_or_thread_is_stopped_by_the_caps(make_desk):
    """Nothing tells it from a person: each of its mails is a new matter. The cap of a day ends it."""
    desk = desk_at(make_desk, "support@one.example.com")
    robot = Answering("robot@mail.example.com", "We have received your message.", unmarked)
    correspond(desk, robot, letter(sender=robot.address, to=desk.address))
    assert desk.acknowledgements() <= 5


def test_a_no_reply_mailbox_that_bounces_everything_gets_nothing_or_once(make_desk):
    desk = desk_at(make_desk, "support@one.example.com")
    bouncer = Answering("noreply@shop.example.com", "This mailbox is not read.", bounced)
    correspond(desk, bouncer, letter("Your order has been shipped.", sender=bouncer.address, to=desk.address))
    assert desk.acknowledgements() <= 1
    assert bouncer.received <= 1


def marked_as_reply(answer: EmailMessage) -> None:
    answer["Auto-Submitted"] = "auto-replied"


def threaded_only(answer: EmailMessage) -> None:
    """Keeps the subject, which carries the ticket's reference."""


def unmarked(answer: EmailMessage) -> None:
    answer.replace_header("Subject", "Thank you for your message")


def bounced(answer: EmailMessage) -> None:
    answer.replace_header("Subject", "Undelivered Mail Returned to Sender")
    answer["Return-Path"] = "<>"
    answer.replace_header("From", "Mail Delivery System <mailer-daemon@shop.example.com>")
