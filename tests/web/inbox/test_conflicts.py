"""Two people at one ticket: the second is told, and loses nothing of what was written."""

from __future__ import annotations

import pytest
from services.letters import letter
from sqlmodel import col, select

from router.context import App
from router.models import Direction, Message

HTMX = {"HX-Request": "true"}


@pytest.fixture
def colleague(add_person, sign_in):
    return sign_in(add_person("mei"))


def seen(app: App) -> str:
    with app.db.read() as session:
        return str(max(session.exec(select(Message.id))))


def answers(app: App) -> list[str]:
    with app.db.read() as session:
        out = select(Message.text).where(col(Message.direction) == Direction.OUT, col(Message.automatic).is_(False))
        return list(session.exec(out.order_by(col(Message.id))))


def test_a_second_answer_is_held_back_and_its_draft_kept(agent, colleague, small_desk: App, ref: str) -> None:
    looked = seen(small_desk)
    colleague.post(
        f"/tickets/{ref}/messages", {"kind": "reply", "text": "Mei was first.", "client_key": "a", "seen": looked}
    )
    form = {"kind": "reply", "text": "Linda is second.", "client_key": "b", "seen": looked}
    answer = agent.post(f"/tickets/{ref}/messages", form, headers=HTMX)
    assert answer.status_code == 409
    assert "Mei answered while you were writing" in answer.text
    assert "Linda is second." in answer.text
    assert answers(small_desk) == ["Mei was first."]


def test_who_has_read_the_other_answer_may_send_the_second(agent, colleague, small_desk: App, ref: str) -> None:
    colleague.post(f"/tickets/{ref}/messages", {"kind": "reply", "text": "first", "client_key": "a"})
    form = {"kind": "reply", "text": "second", "client_key": "b", "seen": seen(small_desk)}
    assert agent.post(f"/tickets/{ref}/messages", form, headers=HTMX).status_code == 200
    assert answers(small_desk) == ["first", "second"]


def test_a_customer_who_wrote_again_is_read_first(agent, small_desk: App, deliver) -> None:
    ref = deliver(letter("My payment failed", message_id="first@mail.example.com"))[0]
    looked = seen(small_desk)
    deliver(letter("It works now, never mind", answers="first@mail.example.com", subject="Re: Payment failed"))
    form = {"kind": "reply", "text": "Please try again.", "client_key": "b", "seen": looked}
    answer = agent.post(f"/tickets/{ref}/messages", form, headers=HTMX)
    assert answer.status_code == 409
    assert "Linda wrote again while you were writing" in answer.text
    assert answers(small_desk) == []


def test_a_note_needs_no_look_at_what_came_in_between(agent, colleague, small_desk: App, ref: str) -> None:
    looked = seen(small_desk)
    colleague.post(f"/tickets/{ref}/messages", {"kind": "reply", "text": "first", "client_key": "a", "seen": looked})
    form = {"kind": "note", "text": "noted", "client_key": "b", "seen": looked}
    assert agent.post(f"/tickets/{ref}/messages", form, headers=HTMX).status_code == 200


def test_a_field_that_a_colleague_changed_is_not_overwritten(agent, colleague, ref: str) -> None:
    old = {"was": "high", "version": "1"}
    assert colleague.post(f"/tickets/{ref}/priority", {"priority": "low", **old}, headers=HTMX).status_code == 200
    answer = agent.post(f"/tickets/{ref}/priority", {"priority": "urgent", **old}, headers=HTMX)
    assert answer.status_code == 409
    assert "Mei changed this while you were looking" in answer.text


def test_two_who_want_the_same_do_not_disturb_each_other(agent, colleague, ref: str) -> None:
    old = {"was": "new", "version": "1"}
    for person in (colleague, agent):
        assert person.post(f"/tickets/{ref}/status", {"status": "resolved", **old}, headers=HTMX).status_code == 200


def test_a_change_elsewhere_in_the_ticket_is_no_conflict(agent, colleague, ref: str) -> None:
    old = {"was": "high", "version": "1"}
    colleague.post(f"/tickets/{ref}/topic", {"topic": "refund", "was": "payment", "version": "1"}, headers=HTMX)
    assert agent.post(f"/tickets/{ref}/priority", {"priority": "urgent", **old}, headers=HTMX).status_code == 200
