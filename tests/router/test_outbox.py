"""The one way out: claimed once, sent with no transaction open, and never sent blindly again."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from services.letters import NOON, arrive, later, letter
from sqlalchemy import update

from channels.base import Outcome, Outgoing, Refused, Retry, Sent, Unknown
from router import db, outbox
from router.models import Clock, ClockState, Event, EventKind, Identity, Message, SendState, Status, Ticket
from router.outbox import Sender
from router.tickets import actions


@dataclass
class Door:
    """The outside, scripted: says what it is told to say and remembers what it was handed."""

    real: object
    outcomes: list[Outcome] = field(default_factory=list)
    found: bool | None = None
    handed: list[Outgoing] = field(default_factory=list)

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def send(self, outgoing: Outgoing) -> Outcome:
        assert not db.in_transaction()
        self.handed.append(outgoing)
        return self.outcomes.pop(0) if self.outcomes else Sent("theirs")

    def find_sent(self, outgoing: Outgoing) -> bool | None:
        return self.found


@pytest.fixture
def door(desk) -> Door:
    desk._channels["support"] = made = Door(desk.channel("support"))
    return made


@pytest.fixture
def waiting(desk, door):
    """A desk with one acknowledgement that waits to be sent."""
    arrive(desk, letter())
    return desk


def letters(app, rows):
    return rows(app, Message, Message.send_state != SendState.NONE)


def test_what_is_due_is_sent_once_and_recorded(waiting, door, rows):
    assert Sender(waiting, lambda: NOON).send_due() == 1
    assert Sender(waiting, lambda: NOON).send_due() == 0
    [sent] = letters(waiting, rows)
    assert (sent.send_state, sent.provider_id, sent.attempts) == (SendState.SENT, "theirs", 1)
    assert len(door.handed) == 1
    assert door.handed[0].automatic


def test_two_senders_never_send_one_message_twice(waiting, door):
    first, second = Sender(waiting, lambda: NOON), Sender(waiting, lambda: NOON)
    message = first._claim()
    assert second._claim() is None
    first._send(message)
    assert len(door.handed) == 1


def test_what_a_person_wrote_does_not_wait_behind_a_burst_of_acknowledgements(desk, door, rows, hire):
    arrive(desk, *(letter(sender=f"p{n}@mail.example.com") for n in range(5)))
    answer(desk, hire(desk))
    Sender(desk, lambda: later(2)).send_due()
    assert [handed.automatic for handed in door.handed] == [False] + [True] * 5


def test_a_busy_server_is_tried_again_later_and_in_longer_and_longer_steps(waiting, door, rows):
    door.outcomes = [Retry("451 later"), Retry("451 later")]
    Sender(waiting, lambda: NOON).send_due()
    [message] = letters(waiting, rows)
    assert (message.send_state, message.next_try_at) == (SendState.QUEUED, later(1))
    assert "451" in message.last_error
    Sender(waiting, lambda: later(1)).send_due()
    assert letters(waiting, rows)[0].next_try_at == later(6)
    Sender(waiting, lambda: later(6)).send_due()
    assert letters(waiting, rows)[0].send_state is SendState.SENT


def test_a_server_that_fails_is_not_stormed(waiting, door):
    arrive(waiting, letter(sender="b@mail.example.com"), letter(sender="c@mail.example.com"))
    door.outcomes = [Retry("no answer")] * 3
    Sender(waiting, lambda: NOON).send_due()
    assert len(door.handed) == 1


def test_a_retry_gives_up_after_two_days(waiting, door, rows):
    with waiting.db.begin() as session:
        session.execute(update(Message).values(created_at=NOON - timedelta(hours=49)))
    door.outcomes = [Retry("451 still not")]
    Sender(waiting, lambda: NOON).send_due()
    assert letters(waiting, rows)[0].send_state is SendState.FAILED


def test_a_refusal_is_final_and_shown_in_the_servers_words(waiting, door, rows):
    door.outcomes = [Refused("550 5.1.1 no such user", address_is_bad=True)]
    Sender(waiting, lambda: NOON).send_due()
    [message] = letters(waiting, rows)
    assert (message.send_state, message.last_error) == (SendState.FAILED, "550 5.1.1 no such user")
    assert [e.data["reason"] for e in rows(waiting, Event, Event.kind == EventKind.SEND_FAILED)] == [message.last_error]
    assert rows(waiting, Identity)[0].suppressed_at == NOON


def test_a_worker_that_died_leaves_an_unknown_that_is_looked_for_before_anything_else(waiting, door, rows):
    Sender(waiting, lambda: NOON)._claim()
    assert outbox.expire_leases(waiting, later(1)) == 0
    assert outbox.expire_leases(waiting, later(4)) == 1
    assert letters(waiting, rows)[0].send_state is SendState.UNKNOWN
    door.found = True
    assert outbox.reconcile(waiting, later(4)) == 1
    assert letters(waiting, rows)[0].send_state is SendState.SENT
    assert not door.handed


def test_an_unknown_that_certainly_did_not_leave_is_sent(waiting, door, rows):
    door.outcomes = [Unknown("the line broke")]
    Sender(waiting, lambda: NOON).send_due()
    door.found = False
    assert outbox.reconcile(waiting, NOON) == 0  # it may still be on its way into the other side's files
    assert outbox.reconcile(waiting, later(1)) == 1
    Sender(waiting, lambda: later(1)).send_due()
    assert [handed.external_ref for handed in door.handed] == [door.handed[0].external_ref] * 2
    assert letters(waiting, rows)[0].send_state is SendState.SENT


def test_an_unknown_acknowledgement_is_never_repeated_where_nobody_can_tell(waiting, door, rows):
    door.outcomes = [Unknown("the line broke")]
    Sender(waiting, lambda: NOON).send_due()
    for minutes in (1, 60, 6000):
        outbox.reconcile(waiting, later(minutes))
        Sender(waiting, lambda minutes=minutes: later(minutes)).send_due()
    assert len(door.handed) == 1
    assert letters(waiting, rows)[0].send_state is SendState.UNKNOWN


def test_an_unknown_answer_of_an_agent_goes_out_once_more_under_its_same_id(desk, door, rows, hire):
    arrive(desk, letter())
    Sender(desk, lambda: NOON).send_due()
    door.handed.clear()
    answer(desk, hire(desk))
    door.outcomes = [Unknown("cut"), Unknown("cut again")]
    for minutes in (2, 3, 4, 5, 6):
        Sender(desk, lambda minutes=minutes: later(minutes)).send_due()
        outbox.reconcile(desk, later(minutes))
    assert len(door.handed) == 2
    assert door.handed[0].external_ref == door.handed[1].external_ref
    assert rows(desk, Message)[-1].send_state is SendState.UNKNOWN
    assert any(e.data.get("may_be_double") for e in rows(desk, Event, Event.kind == EventKind.SEND_UNKNOWN))


def test_a_failed_answer_starts_the_clock_again(desk, door, rows, hire):
    arrive(desk, letter())
    Sender(desk, lambda: NOON).send_due()
    answer(desk, hire(desk))
    assert rows(desk, Clock)[0].state is ClockState.MET
    assert rows(desk, Ticket)[0].due_at is None
    door.outcomes = [Refused("552 mailbox full")]
    Sender(desk, lambda: later(2)).send_due()
    [clock] = rows(desk, Clock)
    assert clock.state is ClockState.RUNNING
    assert rows(desk, Ticket)[0].due_at == clock.due_at


def test_a_failed_answer_beside_one_that_arrived_leaves_the_clock_alone(desk, door, rows, hire):
    arrive(desk, letter())
    Sender(desk, lambda: NOON).send_due()
    mei = hire(desk)
    answer(desk, mei)
    answer(desk, mei, "And one more thing.")
    door.outcomes = [Sent(""), Refused("552 mailbox full")]
    Sender(desk, lambda: later(2)).send_due()
    assert rows(desk, Clock)[0].state is ClockState.MET


def test_a_person_may_send_a_failed_answer_again_under_its_same_id(desk, door, rows, hire):
    arrive(desk, letter())
    Sender(desk, lambda: NOON).send_due()
    mei = hire(desk)
    answer(desk, mei)
    door.outcomes = [Refused("552 mailbox full")]
    Sender(desk, lambda: later(2)).send_due()
    for expected in ("sent", "refused"):
        with desk.db.begin() as session:
            message = session.get(Message, 3)
            refusal = pytest.raises(actions.Refused) if expected == "refused" else nullcontext()
            with refusal:
                actions.send_again(desk, session, mei, session.get(Ticket, 1), message, later(3))
        Sender(desk, lambda: later(3)).send_due()
    assert len({handed.external_ref for handed in door.handed[1:]}) == 1
    assert len(door.handed) == 3
    assert rows(desk, Clock)[0].state is ClockState.MET


def test_an_acknowledgement_is_withdrawn_when_its_ticket_turns_out_to_be_spam(waiting, door, rows):
    with waiting.db.begin() as session:
        session.execute(update(Ticket).values(status=Status.SPAM))
    Sender(waiting, lambda: NOON).send_due()
    assert not door.handed
    [message] = letters(waiting, rows)
    assert message.send_state is SendState.FAILED
    assert "withdrawn" in message.last_error


def test_a_channel_that_fails_in_an_unforeseen_way_leaves_an_unknown(waiting, door, rows, monkeypatch):
    def burst(_outgoing):
        raise ZeroDivisionError

    monkeypatch.setattr(door, "send", burst, raising=False)
    Sender(waiting, lambda: NOON).send_due()
    assert letters(waiting, rows)[0].send_state is SendState.UNKNOWN


def test_an_answer_quotes_the_customers_words_once_and_names_the_whole_thread(desk, door, rows, hire):
    arrive(desk, letter("the first words", message_id="one@mail.example.com"))
    Sender(desk, lambda: NOON).send_due()
    answer(desk, hire(desk))
    Sender(desk, lambda: later(2)).send_due()
    letter_out = door.handed[-1]
    assert letter_out.in_reply_to == "one@mail.example.com"
    assert letter_out.quoted.strip() == "the first words"
    assert not letter_out.automatic
    assert letter_out.external_ref != door.handed[0].external_ref


def test_without_a_mail_server_the_answer_lies_in_the_outbox_folder(desk, rows, hire):
    arrive(desk, letter())
    answer(desk, hire(desk))
    Sender(desk, lambda: later(2)).send_due()
    kept = list(desk.config.outbox_dir.glob("*.eml"))
    assert len(kept) == 2
    assert {m.send_state for m in letters(desk, rows)} == {SendState.SENT}


def answer(app, agent, text="We look into it.", **options):
    with app.db.begin() as session:
        ticket = session.get(Ticket, 1)
        return actions.reply(app, session, agent, ticket, text=text, now=later(1), **options)
