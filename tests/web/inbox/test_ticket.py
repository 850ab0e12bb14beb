"""What people do to a ticket in its page."""

from __future__ import annotations

import io

import pytest
from services.letters import letter
from sqlmodel import col, select

from router.context import App
from router.models import Attachment, Direction, Message, SendState, Status, Ticket, TicketTag

HTMX = {"HX-Request": "true"}


def ticket_of(app: App, ref: str) -> Ticket:
    with app.db.read() as session:
        return session.exec(select(Ticket).where(col(Ticket.ref) == ref)).one()


def written(app: App, direction: Direction) -> list[Message]:
    """What people wrote: no acknowledgements."""
    with app.db.read() as session:
        found = select(Message).where(col(Message.direction) == direction, col(Message.automatic).is_(False))
        return list(session.exec(found.order_by(col(Message.id))))


def test_a_reply_is_queued_and_stops_the_promise(agent, small_desk: App, ref: str) -> None:
    answer = agent.post(f"/tickets/{ref}/messages", {"kind": "reply", "text": "We are on it.", "client_key": "k1"})
    assert answer.status_code == 303
    (message,) = written(small_desk, Direction.OUT)
    assert (message.text, message.recipient) == ("We are on it.", "linda@mail.example.com")
    assert ticket_of(small_desk, ref).due_at is None
    assert "We are on it." in agent.get(f"/tickets/{ref}").text


def test_send_and_resolve_does_both(agent, small_desk: App, ref: str) -> None:
    agent.post(f"/tickets/{ref}/messages", {"kind": "reply", "text": "Done.", "client_key": "k1", "resolve": "1"})
    assert ticket_of(small_desk, ref).status is Status.RESOLVED


def test_a_form_that_is_sent_twice_answers_once(agent, small_desk: App, ref: str) -> None:
    for _ in range(2):
        form = {"kind": "reply", "text": "Once.", "client_key": "same", "seen": "1"}
        assert agent.post(f"/tickets/{ref}/messages", form).status_code == 303
    assert len(written(small_desk, Direction.OUT)) == 1


def test_a_note_stays_inside_and_leaves_the_promise_running(agent, small_desk: App, ref: str) -> None:
    agent.post(f"/tickets/{ref}/messages", {"kind": "note", "text": "Asked payments.", "client_key": "k1"})
    assert [m.text for m in written(small_desk, Direction.NOTE)] == ["Asked payments."]
    assert written(small_desk, Direction.OUT) == []
    assert ticket_of(small_desk, ref).due_at is not None


def test_a_file_goes_out_with_the_reply(agent, small_desk: App, ref: str) -> None:
    form = {
        "kind": "reply",
        "text": "See the form.",
        "client_key": "k1",
        "files": (io.BytesIO(b"%PDF-1.7"), "form.pdf"),
    }
    agent.post(f"/tickets/{ref}/messages", form)
    with small_desk.db.read() as session:
        assert [a.filename for a in session.exec(select(Attachment))] == ["form.pdf"]


def test_an_empty_answer_is_refused_and_nothing_is_sent(agent, small_desk: App, ref: str) -> None:
    answer = agent.post(f"/tickets/{ref}/messages", {"kind": "reply", "text": "  ", "client_key": "k"}, headers=HTMX)
    assert answer.status_code == 422
    assert "Write something first" in answer.text
    assert written(small_desk, Direction.OUT) == []


def test_assignee_priority_topic_team_status_and_tags_are_set(agent, small_desk: App, ref: str) -> None:
    for what, value in (
        ("assignee", str(agent.agent.id)),
        ("priority", "urgent"),
        ("topic", "refund"),
        ("team", "refunds"),
        ("status", "waiting"),
    ):
        assert agent.post(f"/tickets/{ref}/{what}", {what: value}, headers=HTMX).status_code == 200, what
    agent.post(f"/tickets/{ref}/tags", {"tag": "vip"})
    ticket = ticket_of(small_desk, ref)
    assert (ticket.assignee_id, ticket.priority, ticket.topic, ticket.team) == (agent.agent.id, 3, "refund", "refunds")
    assert ticket.status is Status.WAITING
    with small_desk.db.read() as session:
        assert "vip" in {tag.tag for tag in session.exec(select(TicketTag))}
    agent.post(f"/tickets/{ref}/tags", {"untag": "vip"})
    with small_desk.db.read() as session:
        assert "vip" not in {tag.tag for tag in session.exec(select(TicketTag))}


@pytest.mark.parametrize(
    ("what", "value", "code"),
    [
        ("status", "gone", 400),
        ("priority", "extreme", 400),
        ("assignee", "me", 400),
        ("assignee", "4096", 422),
        ("topic", "nonsense", 422),
        ("team", "nonsense", 422),
        ("tags", "", 422),
    ],
)
def test_what_does_not_exist_cannot_be_chosen(agent, ref: str, what: str, value: str, code: int) -> None:
    field = "tag" if what == "tags" else what
    assert agent.post(f"/tickets/{ref}/{what}", {field: value}, headers=HTMX).status_code == code


def test_a_status_change_offers_the_way_back(agent, small_desk: App, ref: str) -> None:
    answer = agent.post(f"/tickets/{ref}/status", {"status": "resolved"}, headers=HTMX)
    assert '"undo"' in answer.headers["HX-Trigger"]
    agent.post(f"/tickets/{ref}/status", {"status": "new"})
    assert ticket_of(small_desk, ref).due_at is not None


def test_the_why_panel_names_rule_words_arithmetic_and_acknowledgement(agent, deliver) -> None:
    ref = deliver(letter("我的账户被盗，钱被转走了", subject="被盗"))[0]
    html = agent.get(f"/tickets/{ref}/pane").text
    for told in (
        "account-takeover",
        "被盗",
        "Fired",
        "Missed",
        "Came in",
        "Promised by",
        "Acknowledged in Simplified Chinese",
    ):
        assert told in html, told


def test_the_why_panel_says_why_nobody_was_acknowledged(agent, deliver) -> None:
    ref = deliver(letter("I am on holiday.", subject="Out of office", Auto_Submitted="auto-replied"))[0]
    assert "A machine wrote it." in agent.get(f"/tickets/{ref}/pane").text


def test_the_answer_says_to_whom_it_goes(agent, ref: str) -> None:
    assert "to linda@mail.example.com by email" in agent.get(f"/tickets/{ref}/pane").text


def test_an_unknown_ticket_is_nothing(agent) -> None:
    for path in ("/tickets/QK7M-4XPB", "/tickets/QK7M-4XPB/pane"):
        assert agent.get(path).status_code == 404
    assert agent.post("/tickets/QK7M-4XPB/read").status_code == 404


def test_a_refused_answer_can_be_sent_again_with_one_button(agent, small_desk: App, ref: str) -> None:
    agent.post(f"/tickets/{ref}/messages", {"kind": "reply", "text": "Here you are.", "client_key": "again-1"})
    with small_desk.db.begin() as session:
        message = session.exec(select(Message).where(col(Message.agent_id).is_not(None))).one()
        message.send_state, message.last_error = SendState.FAILED, "552 mailbox full"
    page = agent.get(f"/tickets/{ref}").get_data(as_text=True)
    assert "552 mailbox full" in page
    path = f"/tickets/{ref}/messages/{message.id}/again"
    assert path in page
    assert agent.post(path, {}).status_code == 303
    with small_desk.db.read() as session:
        assert session.get_one(Message, message.id).send_state is SendState.QUEUED
    assert agent.post(path, {}).status_code == 422


PATHS = ("messages", "status", "assignee", "priority", "topic", "team", "tags", "read")


@pytest.mark.parametrize("what", PATHS)
def test_nobody_changes_a_ticket_without_signing_in_or_from_another_site(agent, anonymous, ref: str, what: str) -> None:
    assert anonymous.post(f"/tickets/{ref}/{what}").status_code == 401
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert agent.client.post(f"/tickets/{ref}/{what}", headers=foreign).status_code == 403


@pytest.mark.parametrize(
    "path", ["/inbox/open", "/inbox/open/list", "/tickets/{ref}", "/tickets/{ref}/pane", "/changes"]
)
def test_nobody_reads_the_desk_without_signing_in(anonymous, ref: str, path: str) -> None:
    answer = anonymous.get(path.format(ref=ref))
    assert answer.status_code == 302
    assert "/sign-in" in answer.headers["Location"]


def test_a_person_who_was_deactivated_does_nothing_any_more(agent, small_desk: App, ref: str) -> None:
    with small_desk.db.begin() as session:
        person = session.get(type(agent.agent), agent.agent.id)
        assert person is not None
        person.active = False
    assert agent.post(f"/tickets/{ref}/status", {"status": "resolved"}).status_code == 401
    assert ticket_of(small_desk, ref).status is not Status.RESOLVED
