"""The pages beside the inbox: quarantine, outbox, accounts, people, the welcome, errors, and what machines ask."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from services.held import RAW, hold, keep
from services.people import Browser, signed_in
from sqlmodel import select

from router import accounts
from router.context import App
from router.models import Event, EventKind, Inbound, InboundState, Message, PublishedRulebook, Ticket
from web import create_app, raw_source

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def state(desk: App, key: int) -> InboundState:
    with desk.db.read() as session:
        return session.get_one(Inbound, key).state


def test_a_held_message_is_listed_with_its_reason(agent: Browser, small_desk: App) -> None:
    key = hold(small_desk)
    page = agent.get("/quarantine").text
    assert "The reader failed" in page
    assert "wang@mail.example.com" in page
    assert f'href="/quarantine/{key}"' in page
    assert re.search(r'data-count="quarantine"[^>]*>1<', page)


def test_a_held_message_shows_its_headers_and_its_source_as_text(agent: Browser, small_desk: App) -> None:
    page = agent.get(f"/quarantine/{hold(small_desk)}").text
    assert "王小明" in page
    assert "退款呢" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>bad</b>" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "⟨U+202E⟩" in page


def test_the_source_can_be_taken_away_byte_for_byte_and_never_opens(agent: Browser, small_desk: App) -> None:
    answer = agent.get(f"/quarantine/{hold(small_desk)}/source")
    assert answer.data == RAW
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("step", "becomes"),
    [
        ("release", InboundState.RECORDED),
        ("retry", InboundState.RECORDED),
        ("discard", InboundState.DISCARDED),
    ],
)
def test_a_person_decides_what_becomes_of_it(agent: Browser, small_desk: App, step: str, becomes: InboundState) -> None:
    key = hold(small_desk)
    assert agent.post(f"/quarantine/{key}/{step}").status_code == 303
    assert state(small_desk, key) is becomes
    with small_desk.db.read() as session:
        told = session.exec(select(Event).where(Event.kind == EventKind.QUARANTINED)).all()
        assert [event.agent_id for event in told] == [agent.agent.id]
        assert session.get_one(Inbound, key).released == (step == "release")


def test_a_discarded_message_comes_back_by_undo(agent: Browser, small_desk: App) -> None:
    key = hold(small_desk)
    agent.post(f"/quarantine/{key}/discard")
    page = agent.get("/quarantine").text
    undo = re.search(r'<form method="post" action="([^"]+/restore)"', page)
    assert undo is not None
    agent.post(undo[1])
    assert state(small_desk, key) is InboundState.QUARANTINED
    assert "It is back in quarantine" in agent.get("/quarantine").text


def test_what_is_on_its_way_again_cannot_be_discarded_from_an_old_page(agent: Browser, small_desk: App) -> None:
    key = hold(small_desk)
    agent.post(f"/quarantine/{key}/retry")
    assert agent.post(f"/quarantine/{key}/discard").status_code == 404
    assert state(small_desk, key) is InboundState.RECORDED


def test_a_long_quarantine_is_read_page_by_page(agent: Browser, small_desk: App) -> None:
    keys = {hold(small_desk, number=n) for n in range(60)}
    first = agent.get("/quarantine").text
    more = re.search(r"/quarantine\?after=\d+", first)
    assert more is not None
    shown = re.findall(r'href="/quarantine/(\d+)"', first + agent.get(more[0]).text)
    assert sorted(map(int, shown)) == sorted(keys)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x00" * 100, b":" * 5000, b"Subject: =?utf-8?b?!!!?=\n\n", b"Subject: =?nope?q?=ff?=\n\n", b"a" * 200_000],
)
def test_any_bytes_can_be_looked_at(agent: Browser, small_desk: App, raw: bytes) -> None:
    assert agent.get(f"/quarantine/{hold(small_desk, raw)}").status_code == 200


def test_only_the_beginning_of_a_huge_source_is_shown() -> None:
    shown = raw_source.summary(b"Subject: x\n\n" + b"y" * 1_000_000)
    assert shown.is_cut
    assert len(shown.text) < 70_000


def test_kept_mail_is_listed_and_can_be_read(agent: Browser, small_desk: App) -> None:
    keep(small_desk)
    page = agent.get("/outbox").text
    assert "退款呢" in page
    assert "Acknowledgement" in page
    opened = agent.get("/outbox/t.one@example.com").text
    assert "linda@mail.example.com" in opened
    assert "Dear Linda" in opened


def test_a_kept_mail_s_html_is_shown_only_in_a_sandbox_that_loads_nothing(agent: Browser, small_desk: App) -> None:
    keep(small_desk, html="<script>alert(1)</script><img src='https://tracker.example.net/x.gif'>")
    frame = re.search(r'<iframe[^>]*sandbox="([^"]*)"', agent.get("/outbox/t.one@example.com").text)
    assert frame is not None
    assert "allow-scripts" not in frame[1]
    assert "allow-same-origin" not in frame[1]
    policy = agent.get("/outbox/t.one@example.com/html").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "img-src data:;" in policy
    assert "frame-ancestors 'self'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy


@pytest.mark.parametrize("name", ["..", "../secret", "..%2Fsecret.key", "%2e%2e%2fsecret", ".hidden", "secret.key"])
def test_no_file_outside_the_outbox_can_be_read(agent: Browser, small_desk: App, name: str) -> None:
    keep(small_desk)
    (small_desk.config.data_dir / "secret.key").write_text("secret")
    (small_desk.config.outbox_dir / ".hidden.eml").write_text("half written")
    for path in (f"/outbox/{name}", f"/outbox/{name}/source", f"/outbox/{name}/html"):
        assert agent.get(path).status_code in {404, 308}


def test_the_accounts_page_says_how_each_account_is_doing(agent: Browser, small_desk: App) -> None:
    hold(small_desk)
    accounts.report(small_desk, "support", NOW, error="The mailbox refused the password.")
    page = agent.get("/accounts").text
    assert "support@localhost" in page
    assert "failing" in page
    assert "The mailbox refused the password." in page
    accounts.report(small_desk, "support", datetime.now(UTC))
    page = agent.get("/accounts").text
    assert "working" in page
    assert "just now" in page


def test_a_manager_adds_a_person_whose_link_works(manager: Browser, anonymous: Browser) -> None:
    page = manager.post("/people", {"email": "Mei@desk.example.com", "name": "梅", "role": "agent"}).text
    link = re.search(r"/sign-in/[\w-]+", page)
    assert link is not None
    assert link[0] not in manager.get("/people").text, "a link is shown once"
    assert anonymous.get(link[0]).status_code == 200


@pytest.mark.parametrize(("email", "words"), [("nobody", "no mail address"), ("wang@desk.example.com", "already")])
def test_a_person_who_cannot_be_added_is_refused_with_the_reason(manager: Browser, email: str, words: str) -> None:
    answer = manager.post("/people", {"email": email, "name": "", "role": "agent"})
    assert answer.status_code == 422
    assert words in answer.text


def test_a_role_changes_and_changes_back_by_undo(manager: Browser, agent: Browser) -> None:
    manager.post(f"/people/{agent.agent.id}/role", {"role": "manager"})
    assert agent.get("/people").status_code == 200
    page = manager.get("/people").text
    assert 'name="role" value="agent"' in page
    manager.post(f"/people/{agent.agent.id}/role", {"role": "agent"})
    assert agent.get("/people").status_code == 403
    assert manager.post(f"/people/{agent.agent.id}/role", {"role": "root"}).status_code == 400


def test_the_last_manager_is_not_let_go(manager: Browser) -> None:
    manager.post(f"/people/{manager.agent.id}/deactivate")
    assert "needs a manager" in manager.get("/people").text


def test_a_profile_takes_only_what_it_offers(agent: Browser, small_desk: App) -> None:
    agent.post(
        "/profile",
        {
            "name": "Linda",
            "locale": "xx",
            "theme": "pink",
            "zone": "../../etc/passwd",
            "role": "manager",
            "email": "root@desk.example.com",
            "active": "1",
            "password_hash": "x",
        },
    )
    with small_desk.db.read() as session:
        kept = session.get_one(type(agent.agent), agent.agent.id)
    assert (kept.role, kept.email, kept.locale) == ("agent", "linda@desk.example.com", "")
    assert kept.preferences == {"theme": "", "zone": ""}
    assert kept.password_hash == agent.agent.password_hash


def test_a_chosen_theme_and_zone_hold_on_every_page(agent: Browser, small_desk: App) -> None:
    hold(small_desk)
    agent.post("/profile", {"name": "Linda", "locale": "en", "theme": "dark", "zone": "Asia/Jakarta"})
    page = agent.get("/quarantine").text
    assert 'data-theme="dark"' in page
    assert "23 Nov" in page
    assert "16:00" in page


def test_an_empty_desk_welcomes_and_offers_the_sample_to_managers_only(agent: Browser, manager: Browser) -> None:
    assert "Load the sample desk" in manager.get("/").text
    page = agent.get("/").text
    assert "nobody has written yet" in page
    assert "Load the sample desk" not in page


def test_the_sample_desk_loads_once_and_fills_the_inbox(manager: Browser, small_desk: App) -> None:
    assert manager.post("/welcome/sample").location == "/inbox/open"
    with small_desk.db.read() as session:
        loaded = len(session.exec(select(Ticket.id)).all())
    assert loaded > 50
    assert manager.get("/").location == "/inbox/open"
    manager.post("/welcome/sample")
    with small_desk.db.read() as session:
        assert len(session.exec(select(Ticket.id)).all()) == loaded
    assert "has tickets already" in manager.get("/people").text


def test_the_sample_is_not_offered_where_its_answers_would_really_be_sent(
    make_desk: Callable[..., App],
) -> None:
    toml = '[[accounts]]\nname = "support"\nkind = "email"\naddress = "s@d.example"\nsmtp = {host = "127.0.0.1", port = 1}\n'
    desk = make_desk(toml=toml)
    boss = signed_in(desk, create_app(desk), "wang", "manager")
    assert "Load the sample desk" not in boss.get("/").text
    boss.post("/welcome/sample")
    with desk.db.read() as session:
        assert session.exec(select(Message.id)).first() is None


def test_an_unknown_address_says_what_to_do_next(agent: Browser) -> None:
    answer = agent.get("/no/such/page")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert 'href="/' in answer.text


def test_a_broken_page_shows_a_reference_and_no_traceback(
    agent: Browser, small_desk: App, caplog: pytest.LogCaptureFixture
) -> None:
    with small_desk.db.begin() as session:
        session.add(PublishedRulebook(version=99, rules="broken [", replies="", published_at=NOW))
    hold(small_desk)
    answer = agent.get("/quarantine")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert "Traceback" not in answer.text
    assert "broken [" not in answer.text
    reference = re.search(r"<code>(\w{8})</code>", answer.text)
    assert reference is not None
    assert any(getattr(record, "reference", "") == reference[1] for record in caplog.records)


def test_a_fragment_gets_its_error_as_plain_words(agent: Browser) -> None:
    answer = agent.get("/no/such/page", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    assert answer.text.startswith("There is nothing here.")


def test_too_large_a_form_is_refused(agent: Browser) -> None:
    answer = agent.post("/profile", {"name": "x" * (3 * 2**20)})
    assert answer.status_code == 413
    assert "too large" in answer.text


def test_health_and_readiness_need_nobody(anonymous: Browser, queue_desk: App) -> None:
    assert anonymous.get("/healthz").json == {"status": "ok"}
    assert anonymous.get("/readyz").json == {"status": "degraded", "database": "ok", "queue": "away"}
    assert create_app(queue_desk).test_client().get("/readyz").json["status"] == "ok"


def test_metrics_count_what_waits(anonymous: Browser, small_desk: App) -> None:
    hold(small_desk)
    text = anonymous.get("/metrics").text
    assert "switchboard_inbound_quarantined 1.0" in text
    assert 'switchboard_outgoing_unsent{state="queued"} 0.0' in text
    assert "switchboard_tickets_overdue 0.0" in text


def test_metrics_are_for_this_machine_and_for_managers(pages: Flask, agent: Browser, manager: Browser) -> None:
    afar = {"REMOTE_ADDR": "203.0.113.9"}
    assert pages.test_client().get("/metrics", environ_base=afar).status_code == 403
    assert agent.client.get("/metrics", environ_base=afar).status_code == 403
    assert manager.client.get("/metrics", environ_base=afar).status_code == 200
    assert pages.test_client().get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403


def test_assets_are_kept_for_good_under_the_name_of_their_content(anonymous: Browser) -> None:
    page = anonymous.get("/sign-in").text
    for path in re.findall(r'/assets/[^"]+', page):
        answer = anonymous.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    old = anonymous.get(re.sub(r"/assets/\w+/", "/assets/0ld/", path))
    assert (old.status_code, old.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize("path", ["../__init__.py", "css/../../serve.py", "%2e%2e/serve.py", "css", "", "nothing.css"])
def test_assets_reach_nothing_but_their_folder(anonymous: Browser, path: str) -> None:
    assert anonymous.get(f"/assets/0/{path}").status_code == 404


def test_htmx_comes_from_its_package(agent: Browser) -> None:
    src = re.search(r"/assets/\w+/lib/htmx\.js", agent.get("/profile").text)
    assert src is not None
    assert "htmx" in agent.get(src[0]).text
