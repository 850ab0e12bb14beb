"""The outgoing mail server is dead, hangs up, or refuses: what left is known, what may have left is never repeated blindly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from services import scripted
from services.dovecot import free_port
from services.letters import NOON, arrive, later, letter
from services.sink import listening, taken
from sqlmodel import select

from channels.email import smtp_lines
from router import outbox
from router.context import App
from router.models import Agent, Clock, ClockState, Event, EventKind, Message, SendState, Ticket
from router.outbox import Sender
from router.tickets import actions, views


@pytest.fixture(autouse=True)
def _no_line_outlives_its_test() -> Iterator[None]:
    yield
    smtp_lines.close_all()


class HangingUp(scripted.Smtp):
    """Hangs up after the final dot while `hangs_up`; `keeps` says whether it has the mail all the same."""

    hangs_up = False
    keeps = True

    def _data(self, line: scripted.Line) -> None:
        if not self.hangs_up:
            super()._data(line)
            return
        line.say("354 go on")
        content = line.content()
        if self.keeps:
            self.mails.append(content)
        line.cut()


class Post:
    """A desk that sends through a scripted server. `minutes` is what its clock says, counted from noon."""

    def __init__(self, app: App, script: HangingUp) -> None:
        self.app, self.script = app, script

    def goes(self, minutes: float = 0) -> None:
        """What a worker does when it is rung: send, sweep, reconcile."""
        # A real pause of a second after a failure keeps a host from being stormed; the desk's own clock jumps over it.
        smtp_lines.close_all()
        Sender(self.app, lambda: later(minutes)).send_due()
        outbox.expire_leases(self.app, later(minutes))
        outbox.reconcile(self.app, later(minutes))

    def taken(self) -> Counter[str]:
        return Counter(taken(raw).message_id for raw in self.script.mails)

    def letters(self) -> list[Message]:
        return self._rows(Message, Message.send_state != SendState.NONE)

    def events(self, kind: EventKind) -> list[Event]:
        return self._rows(Event, Event.kind == kind)

    def clock(self) -> Clock:
        return self._rows(Clock)[0]

    def _rows(self, model: Any, *where: Any) -> list[Any]:
        with self.app.db.read() as session:
            return list(session.exec(select(model).where(*where).order_by(model.id)))

    def answer(self) -> Agent:
        with self.app.db.begin() as session:
            agent = Agent(email="mei@desk.example.org", name="Mei", created_at=NOON)
            session.add(agent)
            session.flush()
            ticket = session.get_one(Ticket, 1)
            actions.reply(self.app, session, agent, ticket, text="We look into it.", now=later(1))
        return agent


@pytest.fixture
def server() -> Iterator[scripted.Server]:
    with scripted.serving(HangingUp()) as running:
        yield running


@pytest.fixture
def post(make_desk: Callable[..., App], account_with_smtp: Callable[..., str], server: scripted.Server) -> Post:
    """A desk that has one acknowledgement to send."""
    app = make_desk(toml=account_with_smtp(server.port))
    arrive(app, letter())
    assert isinstance(server.script, HangingUp)
    return Post(app, server.script)


def test_while_the_server_is_dead_letters_wait_and_then_each_leaves_once(make_desk, account_with_smtp):
    port = free_port()
    app = make_desk(toml=account_with_smtp(port))
    arrive(app, *[letter(sender=f"c{n}@mail-{n}.example.com") for n in range(5)])
    post = Post(app, HangingUp())
    for minutes in (0, 1, 2):
        post.goes(minutes)
    assert {m.send_state for m in post.letters()} == {SendState.QUEUED}
    assert any("cannot be reached" in m.last_error for m in post.letters())
    with listening(port) as sink:
        for minutes in (10, 20, 60):
            post.goes(minutes)
    assert {m.send_state for m in post.letters()} == {SendState.SENT}
    assert sorted(t.message_id for t in sink.ledger()) == sorted(m.external_ref for m in post.letters())


@pytest.mark.parametrize("kept", [True, False], ids=["it was kept", "it was thrown away"])
def test_an_acknowledgement_whose_line_is_cut_after_the_final_dot_is_never_repeated(post, kept):
    post.script.hangs_up, post.script.keeps = True, kept
    post.goes()
    post.script.hangs_up = False
    for minutes in (1, 5, 60, 3000):
        post.goes(minutes)
    [acknowledgement] = post.letters()
    assert acknowledgement.send_state is SendState.UNKNOWN
    assert post.taken().total() == int(kept)
    assert "broke after the whole mail" in post.events(EventKind.SEND_UNKNOWN)[0].data["reason"]


def test_an_answer_whose_line_is_cut_after_the_final_dot_goes_once_more_under_its_same_id_and_says_so(post):
    post.goes()
    post.answer()
    post.script.hangs_up = True
    post.goes(2)
    post.script.hangs_up = False
    for minutes in (3, 4, 5, 60):
        post.goes(minutes)
    answer = post.letters()[-1]
    assert answer.send_state is SendState.SENT
    assert post.taken()[answer.external_ref] == 2
    assert any(event.data.get("may_be_double") for event in post.events(EventKind.SEND_UNKNOWN))


def test_an_answer_that_is_cut_off_every_time_leaves_twice_at_the_most_and_then_waits_for_a_person(post):
    post.goes()
    post.answer()
    post.script.hangs_up = True
    for minutes in range(2, 12):
        post.goes(minutes)
    answer = post.letters()[-1]
    assert (answer.send_state, answer.next_try_at) == (SendState.UNKNOWN, None)
    assert post.taken()[answer.external_ref] == 2


def test_a_busy_server_gets_the_letter_later_and_once(post):
    post.script.answers["RCPT"] = "451 4.7.1 greylisted, come back"
    post.goes()
    [waiting] = post.letters()
    assert (waiting.send_state, waiting.next_try_at) == (SendState.QUEUED, later(1))
    post.script.answers.clear()
    post.goes(0.5)
    assert not post.taken(), "not before its time"
    post.goes(1)
    assert post.letters()[0].send_state is SendState.SENT
    assert post.taken().total() == 1


def test_a_server_that_says_later_after_the_final_dot_has_not_taken_it(post):
    post.script.after_dot = lambda line: line.say("451 4.3.0 disk full")
    post.goes()
    post.script.after_dot = None
    post.goes(1)
    assert post.letters()[0].send_state is SendState.SENT
    assert post.taken().total() == 1


def test_a_refused_answer_is_shown_on_its_ticket_in_the_servers_words_and_the_customers_clock_runs_on(post):
    post.goes()
    agent = post.answer()
    assert post.clock().state is ClockState.MET
    post.script.answers["RCPT"] = "550 5.1.1 no such user here"
    post.goes(2)
    assert post.clock().state is ClockState.RUNNING
    with post.app.db.read() as session:
        ref = session.get_one(Ticket, 1).ref
        conversation = views.conversation(session, agent, ref)
    assert conversation is not None
    assert "550 5.1.1 no such user here" in conversation.messages[-1].message.last_error
    assert "550 5.1.1 no such user here" in post.events(EventKind.SEND_FAILED)[0].data["reason"]
    assert post.taken().total() == 1, "only the acknowledgement, before"


def test_an_address_that_does_not_exist_gets_no_further_acknowledgement(post):
    post.script.answers["RCPT"] = "550 5.1.1 no such user here"
    post.goes()
    post.script.answers.clear()
    arrive(post.app, letter("something else", subject="Another matter"), at=later(60))
    post.goes(60)
    assert not post.taken()
    assert len(post.letters()) == 1


def test_a_worker_that_slept_past_its_lease_does_not_speak_for_the_attempt_after_its_own(post):
    post.goes()
    post.answer()
    sleeper = Sender(post.app, lambda: later(2))
    message = sleeper._claim()
    assert message is not None
    for minutes in (6, 7):
        outbox.expire_leases(post.app, later(minutes))
        outbox.reconcile(post.app, later(minutes))
    second = Sender(post.app, lambda: later(8))
    again = second._claim()
    assert again is not None
    post.script.answers["RCPT"] = "451 4.7.1 come back"
    sleeper._send(message)
    assert post.letters()[-1].send_state is SendState.SENDING, "the second attempt is still on its way"
    post.script.answers.clear()
    second._send(again)
    for minutes in (9, 30, 90):
        post.goes(minutes)
    assert post.letters()[-1].send_state is SendState.SENT
    assert post.taken()[message.external_ref] == 1


def test_a_letter_that_no_server_takes_for_two_days_is_given_up_and_says_so(post):
    post.script.answers["MAIL"] = "421 4.3.2 not now"
    for hours in range(0, 60, 2):
        post.goes(hours * 60)
    [message] = post.letters()
    assert message.send_state is SendState.FAILED
    assert "two days" in message.last_error
    assert message.attempts < 24, "a failing server is not stormed"
    assert message.created_at + timedelta(days=2) < later(60 * 60)
