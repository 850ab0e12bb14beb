"""Every query on the path of a message or a page goes along an index: asked of the database itself, on real statements."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from services.letters import NOON, arrive, later, letter
from sqlalchemy import event

from router import beat, outbox, quarantine
from router.clockwork import sweep_clocks
from router.models import Ticket
from router.tickets import actions, views
from router.tickets.why import why

LARGE = "ticket|message|event|clock|inbound|customer|identity|participant|attachment|ticket_tag|ticket_read"
# A few rows of one ticket may be sorted after they were found; that costs nothing that grows.
# A scan that follows an index is a list read in its order; the other ones grow with the desk.
SCAN = re.compile(rf"\bSCAN (?:{LARGE})\b(?! USING (?:COVERING )?INDEX)")


@contextmanager
def watched(app):
    """The statements that run in the block, with their values."""
    seen: list[tuple[str, object]] = []

    def note(_connection, _cursor, statement, parameters, _context, many):
        seen.append((statement, parameters[0] if many else parameters))

    event.listen(app.db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(app.db.engine, "before_cursor_execute", note)


def plans(app, seen):
    with app.db.engine.connect() as connection:
        for statement, parameters in seen:
            if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                yield statement, [row[3] for row in rows]


def check(app, seen):
    assert seen
    wrong = [
        (statement, plan)
        for statement, plan in plans(app, seen)
        if SCAN.search("\n".join(plan)) and "RETURNING" not in statement
    ]
    assert not wrong, "\n".join(f"{statement}\n   {plan}" for statement, plan in wrong)


@pytest.fixture
def full(small_desk, hire):
    """A desk with a history, whose database has counted its rows."""
    mails = [letter(f"refund {n}", sender=f"p{n % 40}@mail.example.com", subject=f"s{n}") for n in range(120)]
    for start in range(0, 120, 30):
        arrive(small_desk, *mails[start : start + 30], at=later(start))
    with small_desk.db.begin() as session:
        session.connection().exec_driver_sql("ANALYZE")
    return small_desk, hire(small_desk)


def test_intake_follows_indexes(full):
    desk, _ = full
    arrive(desk, letter(message_id="a@mail.example.com", sender="p1@mail.example.com"), at=later(500))
    with watched(desk) as seen:
        arrive(desk, letter("more", answers="a@mail.example.com", sender="p1@mail.example.com"), at=later(501))
        arrive(
            desk,
            letter("new", sender="p2@mail.example.com"),
            letter("other", sender="x@mail.example.com"),
            at=later(502),
        )
    check(desk, seen)


def test_sending_clocks_and_the_beat_follow_indexes(full):
    desk, _ = full
    sender = outbox.Sender(desk, lambda: later(600))
    with watched(desk) as seen:
        sender.send_due(limit=3)
        outbox.expire_leases(desk, later(900))
        outbox.reconcile(desk, later(900))
        sweep_clocks(desk, NOON + timedelta(days=30))
        beat.beat(desk, beat.ticks_of_the_desk(), 0.0, later(900))
    check(desk, seen)


@pytest.mark.parametrize("view", sorted(views.VIEWS))
def test_each_view_its_pages_and_its_count_follow_indexes(full, view):
    desk, mei = full
    with watched(desk) as seen, desk.db.read() as session:
        page = views.page(session, mei, view, now=NOON, limit=10)
        if page.next:
            views.page(session, mei, view, now=NOON, limit=10, cursor=page.next)
        views.page(session, mei, view, now=NOON, limit=10, topic="refund")
        views.page(session, mei, view, now=NOON, limit=10, team="refunds")
        views.counts(session, mei)
    check(desk, seen)


def test_a_ticket_and_what_people_do_to_it_follow_indexes(full):
    desk, mei = full
    with desk.db.read() as session:
        ref = session.get(Ticket, 5).ref
    with watched(desk) as seen:
        with desk.db.read() as session:
            views.conversation(session, mei, ref)
            why(desk, session, session.get(Ticket, 5))
            quarantine.page(session)
            quarantine.count(session)
        with desk.db.begin() as session:
            ticket = views.ticket_by_ref(session, ref)
            actions.reply(desk, session, mei, ticket, text="Hello", now=later(700), client_key="k")
            actions.add_tag(desk, session, mei, ticket, "vip", later(700))
            actions.mark_read(session, mei, ticket, later(700))
    check(desk, seen)
