"""The sample desk after it was loaded through the real intake, rules, clocks and outbox into a real database."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import SQLModel

from router import jobs
from router.demo import load
from router.demo.letters import letters
from router.demo.sample import schedule
from router.models import (
    Agent,
    Clock,
    ClockState,
    Direction,
    Event,
    EventKind,
    Inbound,
    InboundState,
    Message,
    SendState,
    SignInLink,
    Ticket,
)

BY_ID = {letter.id: letter for letter in letters()}


def rows(desk, model):
    with desk.app.db.read() as session:
        return list(session.execute(select(model)).scalars())


def inbound(desk):
    return {row.external_id.removeprefix("sample:"): row for row in rows(desk, Inbound)}


def tickets(desk):
    """The ticket of each mail, by the mail's name."""
    by_key = {ticket.id: ticket for ticket in rows(desk, Ticket)}
    return {name: by_key[row.ticket_id] for name, row in inbound(desk).items() if row.ticket_id}


def size_of_everything(desk):
    with desk.app.db.read() as session:
        tables = SQLModel.metadata.sorted_tables
        return {table.name: session.execute(select(func.count()).select_from(table)).scalar() for table in tables}


NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def test_no_mail_vanishes(loaded):
    kept = inbound(loaded)
    assert set(kept) == set(schedule(NOW))
    assert loaded.added == len(kept)
    messages = {row.id for row in rows(loaded, Message)}
    for row in kept.values():
        assert row.state in (InboundState.ACCEPTED, InboundState.DUPLICATE, InboundState.QUARANTINED)
        assert row.message_id in messages or (row.state == InboundState.QUARANTINED and row.reason)


def test_loading_it_twice_adds_nothing(loaded):
    before = size_of_everything(loaded)
    assert loaded.again() == 0
    assert size_of_everything(loaded) == before


def test_progress_runs_to_the_end(loaded):
    total = len(loaded.progress)
    assert loaded.progress == [(done, total) for done in range(1, total + 1)]


def test_the_poison_waits_in_quarantine_and_says_why(loaded):
    held = {name: row.reason_code for name, row in inbound(loaded).items() if row.state == InboundState.QUARANTINED}
    assert held["poison-noise"] == "unreadable"
    assert held["poison-nesting"] == "own_mail"
    assert held["bounce-of-nothing"] == "bounce"
    assert {BY_ID[name].kind for name in held} == {"poison", "machine", "spam"}


def test_the_mail_that_came_twice_is_one_message(loaded):
    kept = inbound(loaded)
    assert kept["delivered-twice"].state == InboundState.DUPLICATE
    assert kept["delivered-twice"].message_id == kept["name-wrong"].message_id


def test_every_answer_finds_its_ticket(loaded):
    found = tickets(loaded)
    answers = [letter for letter in letters() if letter.answers and letter.id != "stranger-with-number"]
    lost = [letter.id for letter in answers if found[letter.id].id != found[letter.answers].id]
    assert not lost


def test_a_stranger_with_a_ticket_number_gets_a_ticket_of_his_own(loaded):
    found = tickets(loaded)
    assert found["stranger-with-number"].id != found["double-charge-xu"].id
    assert found["stranger-with-number"].linked_ticket_id == found["double-charge-xu"].id


def test_people_are_acknowledged_once_in_their_language_and_machines_never(loaded):
    acknowledged = Counter(row.ticket_id for row in rows(loaded, Message) if row.automatic)
    assert set(acknowledged.values()) == {1}
    by_key = {ticket.id: ticket for ticket in rows(loaded, Ticket)}
    assert not any(by_key[ticket].machine for ticket in acknowledged)
    told = Counter(row.language for row in rows(loaded, Message) if row.automatic)
    assert min(told[language] for language in ("zh-Hans", "zh-Hant", "en", "id")) >= 5
    first = [name for name, letter in BY_ID.items() if letter.kind == "person" and not letter.answers]
    silent = [name for name in first if tickets(loaded)[name].id not in acknowledged]
    assert len(silent) <= 3, silent


def test_all_that_was_sent_is_in_the_outbox_folder_and_nowhere_else(loaded):
    out = [row for row in rows(loaded, Message) if row.direction == Direction.OUT]
    assert {row.send_state for row in out} == {SendState.SENT}
    assert len(list(loaded.app.config.outbox_dir.glob("**/*.eml"))) == len(out)


def test_everything_happened_at_its_own_time(loaded):
    for row in rows(loaded, Message):
        assert NOW - timedelta(days=9) < row.created_at <= NOW
        assert row.sent_at is None or row.sent_at == row.created_at
    times = [event.at for event in rows(loaded, Event) if event.kind in (EventKind.CREATED, EventKind.REPLIED)]
    assert times == sorted(times)


def test_a_broken_promise_was_noticed_within_seconds(loaded):
    late = [clock for clock in rows(loaded, Clock) if clock.breached_at]
    assert late
    assert all(timedelta(0) < clock.breached_at - clock.due_at <= timedelta(seconds=5) for clock in late)


def test_the_clocks_have_something_to_show(loaded):
    states = Counter(clock.state for clock in rows(loaded, Clock))
    assert (
        min(states[state] for state in (ClockState.RUNNING, ClockState.BREACHED, ClockState.MET, ClockState.LATE)) >= 3
    )
    assert states[ClockState.MET] > states[ClockState.BREACHED] + states[ClockState.LATE]


def test_a_bounce_is_the_state_of_the_mail_that_it_is_about(loaded):
    told = {row.recipient: row.delivery["state"] for row in rows(loaded, Message) if row.delivery}
    assert told == {"eko.saputro@kotakpos.example.net": "bounced", "yuni.shop@suratku.example.org": "delayed"}


def test_most_mails_are_about_what_a_person_would_say(loaded):
    first = [letter for letter in letters() if letter.kind == "person" and not letter.answers]
    right = [letter for letter in first if tickets(loaded)[letter.id].topic == letter.topic]
    assert len(right) >= 0.85 * len(first)


def test_the_people_of_the_sample_cannot_sign_in(loaded):
    people = {agent.name: agent for agent in rows(loaded, Agent)}
    assert set(people) == set(load.PEOPLE)
    assert not any(agent.password_hash for agent in people.values())
    assert not rows(loaded, SignInLink)


def test_attachments_and_pictures_arrived(loaded):
    with_files = {name for name, ticket in tickets(loaded).items() if ticket.has_attachments}
    assert {"locked-out-lin", "merchant-not-received", "bill-not-paid", "only-a-picture"} <= with_files


def test_a_desk_that_really_sends_is_refused_in_plain_words(tmp_path, prepared):
    toml = '[[accounts]]\nname = "post"\nkind = "email"\naddress = "help@desk.example.com"\nsmtp.host = "mail.example.com"\n'
    app = prepared(tmp_path, toml)
    with pytest.raises(load.SampleRefused, match="the account 'post' sends real mail"):
        load.load(app)
    with app.db.read() as session:
        assert session.execute(select(func.count()).select_from(Inbound)).scalar() == 0


def test_the_queue_knows_the_task_by_its_name():
    module, _, function = load.TASK.partition(":")
    assert module in jobs.BULK_MODULES
    assert callable(getattr(load, function))
