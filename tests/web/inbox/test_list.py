"""The list: what it shows of a ticket, in which view, and how it goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from services.letters import letter

from router.tickets.views import VIEWS


def rows(html: str) -> int:
    return html.count('class="ticket-row"')


def test_a_mail_is_a_row_with_its_sender_subject_topic_and_promise(agent, ref: str) -> None:
    html = agent.get("/inbox/open").text
    for shown in ("Linda", "Payment failed", "My payment failed, please help.", "Payment", 'class="clock"', ref):
        assert shown in html


@pytest.mark.parametrize("view", list(VIEWS))
def test_every_view_opens_full_or_empty(agent, ref: str, view: str) -> None:
    answer = agent.get(f"/inbox/{view}")
    assert answer.status_code == 200
    assert rows(answer.text) == (1 if view in ("open", "unassigned", "due", "priority") else 0)


def test_an_empty_desk_says_where_mail_is_taken(agent) -> None:
    assert "No mail has come yet" in agent.get("/inbox/open").text


def test_an_unknown_view_is_nothing_and_a_broken_cursor_is_refused(agent) -> None:
    assert agent.get("/inbox/everything").status_code == 404
    assert agent.get("/inbox/open/list?after=xx").status_code == 400


def test_a_long_list_goes_on_without_losing_or_repeating_a_ticket(agent, deliver) -> None:
    at = datetime.now(UTC) - timedelta(hours=5)
    refs = {
        ref
        for n in range(60)
        for ref in deliver(letter(f"Question {n}", sender=f"c{n}@mail{n}.example.com"), at=at + timedelta(minutes=n))
    }
    first = agent.get("/inbox/open/list").text
    following = first.split('data-fragment="')[1].split('"')[0].replace("&amp;", "&")
    second = agent.get(following).text
    assert (rows(first), rows(second)) == (50, 10)
    assert all((ref in first) != (ref in second) for ref in refs)
    assert "rows-more" not in second


def test_a_topic_narrows_the_list_and_the_tickets_address_keeps_it(agent, deliver) -> None:
    deliver(letter("I want my money back, refund please", subject="Refund", sender="a@one.example.com"))
    payment = deliver(letter("payment failed at the shop", subject="Payment failed", sender="b@two.example.com"))[0]
    html = agent.get("/inbox/open?topic=payment").text
    assert rows(html) == 1
    assert f"/tickets/{payment}?topic=payment" in html


def test_a_filter_that_leaves_nothing_offers_the_whole_view(agent, ref: str) -> None:
    html = agent.get("/inbox/open?topic=feedback").text
    assert "Nothing here with this filter" in html
    assert rows(html) == 0


def test_compact_rows_are_remembered_with_the_person(agent) -> None:
    assert 'data-density=""' in agent.get("/inbox/open").text
    agent.post("/inbox/density", {"density": "compact"})
    assert 'data-density="compact"' in agent.get("/inbox/open").text


def test_a_ticket_is_unread_until_it_was_looked_at(agent, ref: str) -> None:
    assert "data-unread" in agent.get("/inbox/open/list").text
    agent.get(f"/tickets/{ref}")
    assert "data-unread" in agent.get("/inbox/open/list").text, "a GET never writes"
    agent.post(f"/tickets/{ref}/read")
    assert "data-unread" not in agent.get("/inbox/open/list").text


def test_the_page_speaks_chinese_to_who_reads_it(agent, ref: str) -> None:
    html = agent.get(f"/tickets/{ref}", headers={"Accept-Language": "zh-CN"}).text
    for word in ("回复", "备注", "自动回执", "解决", "全部主题"):
        assert word in html


def test_no_page_of_the_inbox_has_a_script_or_style_of_its_own_inside(agent, ref: str) -> None:
    html = agent.get(f"/tickets/{ref}").text
    assert "<style" not in html
    assert " style=" not in html
    assert "<script>" not in html
    assert " onclick" not in html
