"""What people do to tickets, and what it does to clocks, lists and history."""

from __future__ import annotations

import pytest
from services.letters import NOON, arrive, later, letter
from sqlalchemy.orm.exc import StaleDataError

from router.clockwork import sweep_clocks
from router.models import (
    Clock,
    ClockState,
    Event,
    EventKind,
    Message,
    Priority,
    SendState,
    Status,
    Ticket,
    TicketTag,
)
from router.tickets import actions, views
from router.tickets.why import why


@pytest.fixture
def mei(desk, hire):
    arrive(desk, letter())
    return hire(desk)


def act(app, agent, action, *args, **options):
    with app.db.begin() as session:
        return action(app, session, agent, session.get(Ticket, 1), *args, **options)


def test_an_answer_is_queued_stops_the_clock_and_takes_the_ticket(desk, mei, rows):
    message = act(desk, mei, actions.reply, text="We look into it.", now=later(5))
    assert message.send_state is SendState.QUEUED
    [clock] = rows(desk, Clock)
    assert (clock.state, clock.stopped_at) == (ClockState.MET, later(5))
    [ticket] = rows(desk, Ticket)
    assert (ticket.status, ticket.assignee_id, ticket.due_at) == (Status.OPEN, mei.id, None)
    assert ticket.snippet == "We look into it."


def test_the_same_form_sent_twice_answers_once(desk, mei, rows):
    first = act(desk, mei, actions.reply, text="Hello", now=later(1), client_key="k1")
    second = act(desk, mei, actions.reply, text="Hello", now=later(1), client_key="k1")
    assert first.id == second.id
    assert len(rows(desk, Message, Message.agent_id == mei.id)) == 1


def test_an_empty_answer_is_refused_and_changes_nothing(desk, mei, rows):
    with pytest.raises(actions.Refused) as refused:
        act(desk, mei, actions.reply, text="  \n", now=later(1))
    assert refused.value.code == "empty"
    assert rows(desk, Clock)[0].state is ClockState.RUNNING


def test_a_note_stops_no_clock_and_is_not_sent(desk, mei, rows):
    note = act(desk, mei, actions.note, text="call the bank", now=later(1))
    assert note.send_state is SendState.NONE
    assert rows(desk, Clock)[0].state is ClockState.RUNNING


def test_an_acknowledgement_stops_no_clock(desk, mei, rows):
    from router.outbox import Sender

    Sender(desk, lambda: later(1)).send_due()
    assert rows(desk, Message, Message.automatic)[0].send_state is SendState.SENT
    assert rows(desk, Clock)[0].state is ClockState.RUNNING


def test_a_late_answer_is_late_and_the_breach_is_told_once(desk, mei, rows):
    due = rows(desk, Clock)[0].due_at
    assert sweep_clocks(desk, due) == 0
    after = due.replace(second=1)
    assert sweep_clocks(desk, after) == 1
    assert sweep_clocks(desk, after) == 0
    assert len(rows(desk, Event, Event.kind == EventKind.BREACHED)) == 1
    with desk.db.begin() as session:
        actions.reply(desk, session, mei, session.get(Ticket, 1), text="sorry", now=after)
    assert rows(desk, Clock)[0].state is ClockState.LATE


def test_a_new_priority_moves_the_due_time_from_the_same_start(desk, mei, rows):
    before = rows(desk, Clock)[0]
    act(desk, mei, actions.set_priority, Priority.URGENT, later(1))
    [after] = rows(desk, Clock)
    assert after.due_at < before.due_at
    assert after.started_at == before.started_at
    assert rows(desk, Ticket)[0].due_at == after.due_at


def test_settling_without_an_answer_ends_the_promise_and_reopening_revives_it(desk, mei, rows):
    due = rows(desk, Clock)[0].due_at
    act(desk, mei, actions.set_status, Status.RESOLVED, later(1))
    assert (rows(desk, Clock)[0].state, rows(desk, Ticket)[0].due_at) == (ClockState.CANCELLED, None)
    act(desk, mei, actions.set_status, Status.OPEN, later(2))
    assert (rows(desk, Clock)[0].state, rows(desk, Ticket)[0].due_at) == (ClockState.RUNNING, due)


def test_tags_are_added_once_and_taken_away(desk, mei, rows):
    before = {t.tag for t in rows_of_tags(desk)}
    act(desk, mei, actions.add_tag, " vip ", later(1))
    act(desk, mei, actions.add_tag, "vip", later(1))
    assert {t.tag for t in rows_of_tags(desk)} - before == {"vip"}
    act(desk, mei, actions.remove_tag, "vip", later(2))
    assert {t.tag for t in rows_of_tags(desk)} == before
    with pytest.raises(actions.Refused):
        act(desk, mei, actions.add_tag, "x" * 65, later(2))


def rows_of_tags(app):
    from sqlmodel import select

    with app.db.read() as session:
        return list(session.exec(select(TicketTag)))


def test_topic_team_and_assignee_must_exist(desk, mei):
    for action, wrong in (
        (actions.set_topic, "astrology"),
        (actions.set_team, "moon"),
        (actions.assign, 4711),
    ):
        with pytest.raises(actions.Refused):
            act(desk, mei, action, wrong, later(1))


def test_the_second_of_two_people_who_change_a_ticket_at_once_is_told(desk, mei):
    with desk.db.read() as session:
        stale = session.get(Ticket, 1)
    act(desk, mei, actions.set_priority, Priority.LOW, later(1))
    with pytest.raises(StaleDataError), desk.db.begin() as session:
        session.add(stale)
        actions.set_status(desk, session, mei, stale, Status.RESOLVED, later(1))


def test_a_ticket_is_unread_until_it_is_opened_and_again_when_a_message_comes(desk, mei):
    def unread():
        with desk.db.read() as session:
            return [row.unread for row in views.page(session, mei, "open", now=later(1)).rows]

    assert unread() == [True]
    with desk.db.begin() as session:
        actions.mark_read(session, mei, session.get(Ticket, 1), later(1))
    assert unread() == [False]
    arrive(desk, letter(sender="other@mail.example.com"), at=later(2))
    assert unread() == [True, False]


def test_why_tells_the_rule_its_words_the_arithmetic_and_the_acknowledgement(desk, mei):
    with desk.db.read() as session:
        told = why(desk, session, session.get(Ticket, 1))
    [story] = told.decisions
    fired = [trace for trace in story.trace if trace.rule in {f.rule for f in story.decision.fired}]
    assert fired
    found = [term for f in story.decision.fired for term in f.found]
    assert any(story.facts.text[f.start : f.end].casefold() in "my payment failed, please help." for f in found)
    assert told.clock.due.at == told.clock.clock.due_at
    assert told.acknowledgement.message is not None


def test_lists_go_on_where_the_last_page_ended(desk, mei):
    arrive(desk, *(letter(f"m{n}", sender=f"p{n}@mail.example.com", subject=f"s{n}") for n in range(25)), at=later(3))
    for view in ("open", "unassigned", "due", "priority"):
        seen, cursor = [], None
        while True:
            with desk.db.read() as session:
                page = views.page(session, mei, view, now=NOON, cursor=cursor, limit=7)
            seen += [row.ref for row in page.rows]
            cursor = page.next
            if cursor is None:
                break
        with desk.db.read() as session:
            whole = views.page(session, mei, view, now=NOON, limit=100)
            assert seen == [row.ref for row in whole.rows]
            assert views.counts(session, mei)[view] == len(seen)


def test_a_cursor_that_no_view_made_is_refused(desk, mei):
    for cursor in ("nonsense", "W10", "WyJ4Il0"):
        with pytest.raises(views.BadCursor), desk.db.read() as session:
            views.page(session, mei, "open", now=NOON, cursor=cursor)
