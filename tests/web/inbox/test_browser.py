"""The inbox in a real browser: by keyboard, live, on a phone, and for people who do not see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from services.letters import letter
from services.whole_desk import until
from sqlmodel import col, select

from router.models import Agent, Direction, Message, Status, Ticket
from router.tickets import actions
from web.live import hub_of

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def customers(count: int) -> list[bytes]:
    return [
        letter(f"Question number {n}", subject=f"Question {n}", sender=f"Person {n} <p{n}@mail{n}.example.com>")
        for n in range(count)
    ]


def fill_desk(desk, count: int = 3) -> list[str]:
    """Tickets of the last hours; the newest is on top of the list."""
    start = datetime.now(UTC) - timedelta(hours=3)
    return [desk.deliver(raw, at=start + timedelta(minutes=n))[0] for n, raw in enumerate(customers(count))][::-1]


def stored(desk, ref: str) -> Ticket:
    with desk.app.db.read() as session:
        return session.exec(select(Ticket).where(col(Ticket.ref) == ref)).one()


def answers(desk) -> list[str]:
    with desk.app.db.read() as session:
        out = select(Message.text).where(col(Message.direction) == Direction.OUT, col(Message.automatic).is_(False))
        return list(session.exec(out.order_by(col(Message.id))))


def wait_until_live(page: Page, mode: str = "live") -> None:
    page.wait_for_function("mode => document.documentElement.dataset.live === mode", arg=mode)


def test_a_ticket_is_triaged_with_the_keyboard_alone(open_desk) -> None:
    newest, older, *_ = fill_desk(open_desk)
    page = open_desk.visit("/inbox/open")
    press = page.keyboard.press
    press("j")
    expect(page.locator(f"#link-{newest}")).to_be_focused()
    press("j")
    press("k")
    press("Enter")
    expect(page.locator("#subject")).to_have_text("Question 2")
    expect(page.locator("#subject")).to_be_focused()
    press("i")
    until(lambda: stored(open_desk, newest).assignee_id, "the ticket is mine")
    press("p")
    expect(page.locator("#priority")).to_be_focused()
    page.locator("#priority").select_option("urgent")
    until(lambda: stored(open_desk, newest).priority == 3, "the ticket is urgent")
    expect(page.locator("#subject")).to_be_focused()
    press("n")
    page.keyboard.type("Ask payments first.")
    press("Control+Enter")
    expect(page.locator(".message-note")).to_contain_text("Ask payments first.")
    press("Escape")
    press("r")
    page.keyboard.type("We are on it.")
    press("Control+Enter")
    expect(page.locator(".message-agent")).to_contain_text("We are on it.")
    expect(page.locator("#composer-text")).to_have_value("")
    press("Escape")
    press("Shift+E")
    expect(page.locator("#subject")).to_have_text("Question 1")
    assert stored(open_desk, newest).status is Status.RESOLVED
    assert stored(open_desk, older).status is Status.NEW
    assert answers(open_desk) == ["We are on it."]


def test_the_help_lists_every_key_and_closes_with_escape(open_desk) -> None:
    page = open_desk.visit("/inbox/open")
    page.keyboard.press("?")
    help_ = page.locator("#help")
    expect(help_).to_be_visible()
    expect(help_).to_contain_text("Resolve and open the next")
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()


def test_g_and_a_letter_jump_to_a_view_but_not_while_typing(open_desk) -> None:
    (ref, *_) = fill_desk(open_desk, 1)
    page = open_desk.visit(f"/tickets/{ref}")
    page.keyboard.press("r")
    page.keyboard.type("g m e i")
    expect(page.locator("#composer-text")).to_have_value("g m e i")
    assert stored(open_desk, ref).status is Status.NEW
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**/inbox/mine")


@pytest.mark.parametrize("live", [True, False], ids=["by the stream", "by asking, with no live process"])
def test_new_mail_appears_by_itself_and_moves_nothing_that_is_read(request: pytest.FixtureRequest, live: bool) -> None:
    desk = request.getfixturevalue("open_desk" if live else "desk_without_live")
    newest, *_ = fill_desk(desk, 5)
    page = desk.visit("/inbox/open")
    wait_until_live(page, "live" if live else "polling")
    place = "ref => document.getElementById(`row-${ref}`).getBoundingClientRect().top"
    before = page.evaluate(place, newest)
    (fresh,) = desk.deliver(letter("Just now", subject="Brand new", sender="New <n@new.example.com>"))
    expect(page.locator(f"#row-{fresh}")).to_contain_text("Brand new")
    assert page.evaluate(place, newest) == before
    expect(page.locator("#news")).to_have_text("1 new ticket")
    expect(page.locator("#announce")).to_have_text("1 new ticket")
    page.locator("#news").click()
    expect(page.locator(f"#row-{fresh}")).to_be_in_viewport()
    expect(page.locator("[data-count=open]")).to_have_text("6")


def test_what_a_colleague_resolves_fades_where_it_stands_and_the_next_page_is_no_news(open_desk) -> None:
    refs = fill_desk(open_desk, 53)
    page = open_desk.visit("/inbox/open")
    wait_until_live(page)
    page.evaluate("document.getElementById('rows-more').remove()")
    shown = page.locator("#rows li").count()
    mei = open_desk.person("mei")
    with open_desk.app.db.begin() as session:
        ticket = session.exec(select(Ticket).where(col(Ticket.ref) == refs[2])).one()
        person = session.get_one(Agent, mei.id)
        actions.set_status(open_desk.app, session, person, ticket, Status.RESOLVED, datetime.now(UTC))
    expect(page.locator(f"#row-{refs[2]}")).to_have_attribute("data-local-gone", "")
    order = page.locator("#rows a[data-ref]").evaluate_all("all => all.map((each) => each.dataset.ref)")
    assert order == refs[: len(order)]
    assert len(order) in (shown, shown + 1)
    expect(page.locator("#news")).to_be_hidden()


def test_an_answer_of_the_customer_appears_in_the_open_ticket_and_keeps_the_draft(open_desk) -> None:
    (ref,) = open_desk.deliver(letter("It failed", message_id="first@mail.example.com"))
    page = open_desk.visit(f"/tickets/{ref}")
    wait_until_live(page)
    page.locator("#composer-text").fill("half a sentence")
    open_desk.deliver(letter("Any news?", subject="Re: Payment failed", answers="first@mail.example.com"))
    expect(page.locator(".message-customer")).to_have_count(2)
    expect(page.locator("#announce")).to_have_text("New message from Linda")
    expect(page.locator("#composer-text")).to_have_value("half a sentence")
    page.locator("#composer-text").press("Control+Enter")
    expect(page.locator("#warning")).to_contain_text("wrote again while you were writing")
    expect(page.locator("#composer-text")).to_have_value("half a sentence")
    assert answers(open_desk) == []
    page.get_by_role("button", name="I have read it").click()
    page.locator("#composer-text").press("Control+Enter")
    expect(page.locator(".message-agent")).to_contain_text("half a sentence")
    assert answers(open_desk) == ["half a sentence"]


def test_a_draft_outlives_the_page_for_reply_and_note_apart(open_desk) -> None:
    (ref, *_) = fill_desk(open_desk, 1)
    page = open_desk.visit(f"/tickets/{ref}")
    page.keyboard.press("r")
    page.keyboard.type("to the customer")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("to colleagues")
    page.reload()
    expect(page.locator("#composer-text")).to_have_value("to the customer")
    page.keyboard.press("n")
    expect(page.locator("#composer-text")).to_have_value("to colleagues")


def test_ten_tabs_share_one_stream(open_desk) -> None:
    fill_desk(open_desk, 1)
    context = open_desk.enter()
    pages = [context.new_page() for _ in range(10)]
    for page in pages:
        page.goto(f"{open_desk.address}/inbox/open")
        wait_until_live(page)
    assert len(hub_of(open_desk.live)) == 1
    (fresh,) = open_desk.deliver(letter("Everybody sees this", sender="New <n@new.example.com>"))
    for page in pages:
        expect(page.locator(f"#row-{fresh}")).to_be_attached()


def test_a_remote_image_is_not_asked_for_before_the_click(open_desk) -> None:
    html = '<p>Offer</p><img src="https://tracker.example.net/pixel.png" width="20" height="20">'
    (ref,) = open_desk.deliver(letter("Offer", html=html))
    page = open_desk.enter().new_page()
    asked: list[str] = []
    page.context.route("https://tracker.example.net/**", lambda route: (asked.append(route.request.url), route.abort()))
    page.goto(f"{open_desk.address}/tickets/{ref}")
    page.frame_locator("iframe.mail-frame").get_by_text("Offer").wait_for()
    page.frames[1].wait_for_load_state("load")
    assert asked == []
    page.get_by_role("button", name="Show images").click()
    until(lambda: page.wait_for_timeout(50) or asked, "the image is asked for")
    assert asked == ["https://tracker.example.net/pixel.png"]


def test_the_frame_is_as_high_as_its_letter_and_hears_the_keys(open_desk) -> None:
    html = "".join(f"<p>Line {n} of a long letter</p>" for n in range(40))
    (ref,) = open_desk.deliver(letter("long", html=html))
    page = open_desk.visit(f"/tickets/{ref}")
    frame = page.locator("iframe.mail-frame")
    page.wait_for_function("document.querySelector('iframe.mail-frame').clientHeight > 900")
    inner = page.frame_locator("iframe.mail-frame")
    assert inner.locator("html").evaluate("e => e.scrollHeight <= e.clientHeight")
    frame.scroll_into_view_if_needed()
    inner.get_by_text("Line 39 of").click()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()


def test_an_open_letter_is_not_loaded_again_by_what_happens_around_it(open_desk) -> None:
    (ref,) = open_desk.deliver(letter("hello", html="<p>Hello there</p>"))
    page = open_desk.visit(f"/tickets/{ref}")
    page.frame_locator("iframe.mail-frame").get_by_text("Hello there").wait_for()
    loads: list[str] = []
    page.on("request", lambda request: loads.append(request.url) if "/frame" in request.url else None)
    page.locator("#composer-text").press("Control+Enter")
    expect(page.locator("#warning")).to_be_visible()
    page.locator("#composer-text").fill("Here you are")
    page.locator("#composer-text").press("Control+Enter")
    expect(page.locator(".message-agent")).to_be_visible()
    expect(page.locator("#warning")).to_have_count(0)
    assert loads == []


def test_the_words_of_a_rule_are_marked_in_text_and_in_html(open_desk) -> None:
    refs = open_desk.deliver(
        letter("我的账户被盗，钱被转走了", subject="求助", sender="a@one.example.com"),
        letter(
            "我的账户被盗，钱被转走了",
            html="<p>我的账户被盗，钱被转走了</p>",
            subject="求助",
            sender="b@two.example.com",
        ),
    )
    page = open_desk.visit(f"/tickets/{refs[0]}")
    page.locator(".why-sentence .why-words").click()
    expect(page.locator(".message-body mark").first).to_have_text("被盗")
    page.goto(f"{open_desk.address}/tickets/{refs[1]}")
    inner = page.frame_locator("iframe.mail-frame")
    inner.get_by_text("我的账户").wait_for()
    page.locator(".why-sentence .why-words").click()
    expect(inner.locator("mark").first).to_have_text("被盗")


def test_on_a_phone_back_leads_from_details_to_ticket_to_list(open_desk) -> None:
    fill_desk(open_desk, 30)
    page = open_desk.visit("/inbox/open", **PHONE)
    third = page.locator("#rows li").nth(12)
    third.scroll_into_view_if_needed()
    scrolled = page.locator("#rows-scroll").evaluate("e => e.scrollTop")
    third.locator("a").tap()
    expect(page.locator("#conversation-head")).to_be_visible()
    expect(page.locator("#rows")).to_be_hidden()
    page.locator("[data-sheet]").tap()
    expect(page.locator("#why")).to_be_visible()
    page.go_back()
    expect(page.locator("#why")).to_be_hidden()
    expect(page.locator("#conversation-head")).to_be_visible()
    page.go_back()
    expect(page.locator("#rows")).to_be_visible()
    assert page.locator("#rows-scroll").evaluate("e => e.scrollTop") == scrolled
    page.go_forward()
    expect(page.locator("#conversation-head")).to_be_visible()


def test_on_a_phone_nothing_is_wider_than_the_screen_and_targets_are_large(open_desk) -> None:
    (ref, *_) = fill_desk(open_desk, 3)
    page = open_desk.visit(f"/tickets/{ref}", **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.evaluate(
        """() => [...document.querySelectorAll("#main button, #main a, #main select, #main summary, #main label.button")]
            .filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !e.matches(".only-read"))
            .filter((e) => { const box = e.getBoundingClientRect(); return box.height < 43.5 && box.height > 1; })
            .map((e) => e.outerHTML.slice(0, 90))"""
    )
    assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_people_who_do_not_see_the_page_can_use_it(open_desk, scheme: str, size: tuple[int, int]) -> None:
    (ref, *_) = fill_desk(open_desk, 3)
    page = open_desk.visit("/inbox/open", viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    found = Axe().run(page)
    page.locator(f"#link-{ref}").click()
    expect(page.locator("#composer-text")).to_be_visible()
    for fold in page.locator("#why summary").all():
        if fold.is_visible():
            fold.click()
    beside = Axe().run(page)
    serious = [
        (each["id"], [node["html"][:160] for node in each["nodes"]][:4])
        for result in (found, beside)
        for each in result.response["violations"]
        if each["impact"] in ("serious", "critical", "moderate")
    ]
    assert serious == []
