"""Every route of the application, and who gets through: the tables below must name each, or the tests fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from flask import Flask
from services.people import OWN, AddPerson, Browser
from sqlalchemy import event

from router import agents
from router.context import App
from router.models import Role
from router.permissions import Action, may
from web import create_app

PUBLIC = {
    "assets.file",
    "assets.favicon",
    "sign_in.ask",
    "sign_in.check",
    "sign_in.link",
    "sign_in.use_link",
    "health.healthz",
    "health.readyz",
    # Its own door: this machine, or a manager. See test_health.
    "metrics.metrics",
}
MANAGERS = {
    "welcome.load_sample",
    "people.index",
    "people.add",
    "people.link",
    "people.deactivate",
    "people.activate",
    "people.role",
    "styleguide.index",
}
AGENTS = {
    "sign_in.leave",
    "welcome.index",
    "inbox.index",
    "inbox.view",
    "inbox.rows",
    "inbox.density",
    "tickets.ticket",
    "tickets.beside",
    "tickets.write",
    "tickets.status",
    "tickets.assignee",
    "tickets.priority",
    "tickets.topic",
    "tickets.team",
    "tickets.tags",
    "tickets.send_again",
    "tickets.read",
    "messages.frame",
    "messages.attachment",
    "changes.index",
    "quarantine.index",
    "quarantine.item",
    "quarantine.source",
    "quarantine.release",
    "quarantine.retry",
    "quarantine.discard",
    "quarantine.restore",
    "outbox.index",
    "outbox.mail",
    "outbox.html",
    "outbox.source",
    "accounts.index",
    "profile.index",
    "profile.save",
    "profile.password",
    "profile.end",
    "profile.end_others",
}
VALUES = {
    "asked": "0",
    "path": "css/base.css",
    "token": "no-such-token",
    "view": "open",
    "ref": "QK7M-4XPB",
    "key": 999,
    "name": "nothing",
    "message_id": 999,
    "attachment_id": 999,
}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def routes(pages: Flask) -> list[tuple[str, str, str]]:
    """Endpoint, method and a path for every route."""
    found = []
    with pages.test_request_context():
        for rule in pages.url_map.iter_rules():
            assert rule.arguments <= set(VALUES), f"VALUES lacks {rule.arguments - set(VALUES)} of {rule.endpoint}"
            path = pages.url_for(rule.endpoint, **{name: VALUES[name] for name in rule.arguments})
            found += [(rule.endpoint, method, path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}]
    return sorted(found)


def ask(browser: Browser, method: str, path: str, **headers: str):
    return browser.client.open(path, method=method, headers={**OWN, **headers})


@contextmanager
def written(desk: App) -> Iterator[list[str]]:
    """The statements that change a row, as they are sent to the database."""
    statements: list[str] = []

    def note(_conn, _cursor, statement: str, *_rest: object) -> None:
        if statement.lstrip().split(None, 1)[0].upper() in {"INSERT", "UPDATE", "DELETE"}:
            statements.append(statement)

    event.listen(desk.db.engine, "before_cursor_execute", note)
    yield statements
    event.remove(desk.db.engine, "before_cursor_execute", note)


def test_every_route_is_in_exactly_one_table(pages: Flask) -> None:
    tables = sorted([*PUBLIC, *AGENTS, *MANAGERS])
    assert tables == sorted({rule.endpoint for rule in pages.url_map.iter_rules()})


def test_whoever_is_not_signed_in_sees_only_the_public_pages(pages: Flask, anonymous: Browser) -> None:
    for endpoint, method, path in routes(pages):
        answer = ask(anonymous, method, path)
        if endpoint in PUBLIC:
            assert answer.status_code != 401, path
        elif method == "GET":
            assert answer.status_code == 302, path
            assert answer.location.startswith("/sign-in"), path
        else:
            assert answer.status_code == 401, path


def test_a_fragment_that_is_asked_for_after_signing_out_sends_the_whole_page_to_sign_in(anonymous: Browser) -> None:
    answer = ask(anonymous, "GET", "/inbox/open", **{"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_an_outsider_with_a_session_of_the_past_is_as_good_as_nobody(
    pages: Flask, small_desk: App, add_person: AddPerson, sign_in: Callable[..., Browser]
) -> None:
    outsider = sign_in(add_person("eve"))
    with small_desk.db.begin() as session:
        agents.deactivate(session, session.merge(outsider.agent), datetime.now(UTC))
    for endpoint, method, path in routes(pages):
        if endpoint not in PUBLIC:
            assert ask(outsider, method, path).status_code in {302, 401}, path


def test_an_agent_passes_where_agents_may_and_nowhere_else(
    pages: Flask, add_person: AddPerson, sign_in: Callable[..., Browser]
) -> None:
    linda = add_person("linda")
    for endpoint, method, path in routes(pages):
        if endpoint == "sign_in.check":
            continue
        answer = ask(sign_in(linda), method, path)
        assert (answer.status_code == 403) == (endpoint in MANAGERS), f"{method} {path}: {answer.status_code}"
        assert answer.status_code not in {401, 500}, path


def test_a_manager_passes_everywhere(pages: Flask, add_person: AddPerson, sign_in: Callable[..., Browser]) -> None:
    boss = add_person("wang", Role.MANAGER)
    for endpoint, method, path in routes(pages):
        if endpoint == "sign_in.check":
            continue
        answer = ask(sign_in(boss), method, path)
        assert answer.status_code not in {401, 403, 500}, f"{method} {path}: {answer.status_code}"


def test_no_permission_is_given_to_nobody_or_for_an_unknown_action(add_person: AddPerson) -> None:
    boss = add_person("wang", Role.MANAGER)
    assert not any(may(None, action) for action in Action)
    assert not may(boss, "delete_everything")
    former = add_person("eve", Role.MANAGER, active=False)
    assert not any(may(former, action) for action in Action)


CROSS_SITE = [
    {},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://evil.example/http://localhost"},
    {"Origin": "http://localhost:8001"},
    {"Origin": "https://localhost"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Content-Type": "text/plain", "Origin": "https://evil.example"},
    {"HX-Request": "true"},
    {"Referer": "http://localhost/inbox"},
]


@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
def test_no_unsafe_request_of_another_site_does_anything(
    pages: Flask, small_desk: App, manager: Browser, headers: dict[str, str]
) -> None:
    unsafe = [(method, path) for _, method, path in routes(pages) if method in UNSAFE]
    assert unsafe
    with written(small_desk) as statements:
        for method, path in unsafe:
            answer = manager.client.open(path, method=method, headers=headers)
            assert answer.status_code == 403, f"{method} {path}: {answer.status_code}"
    assert not statements


@pytest.mark.parametrize("headers", [OWN, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}], ids=str)
def test_our_own_forms_pass(manager: Browser, headers: dict[str, str]) -> None:
    saved = manager.client.post("/profile", data={"name": "Wang"}, headers=headers)
    assert saved.status_code == 303


def test_no_page_writes_when_it_is_only_looked_at(pages: Flask, small_desk: App, manager: Browser) -> None:
    with written(small_desk) as statements:
        for _, method, path in routes(pages):
            if method == "GET":
                manager.get(path)
                manager.client.head(path)
    assert not statements


def every_answer(pages: Flask, manager: Browser, anonymous: Browser):
    for browser in (anonymous, manager):
        for endpoint, method, path in routes(pages):
            if endpoint != "sign_in.leave":
                yield endpoint, ask(browser, method, path)
        yield "404", browser.get("/no/such/page")
        yield "405", browser.client.delete("/sign-in", headers=OWN)
        yield "403", browser.client.post("/sign-in")
    for _ in range(21):
        last = anonymous.post("/sign-in", {"email": "x@y.example", "password": "x"})
    assert last.status_code == 429
    yield "429", last


def test_every_answer_carries_the_protective_headers(pages: Flask, manager: Browser, anonymous: Browser) -> None:
    for endpoint, answer in every_answer(pages, manager, anonymous):
        headers, where = answer.headers, f"{endpoint} {answer.status_code}"
        assert headers["X-Content-Type-Options"] == "nosniff", where
        assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}, where
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", where
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, where
        if "sandbox" not in policy:
            assert "unsafe-inline" not in policy, where
            assert "unsafe-eval" not in policy, where
            for rule in ("script-src 'self';", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"):
                assert rule in policy, where
        if endpoint != "assets.file" and endpoint != "assets.favicon":
            assert headers["Cache-Control"] == "no-store", where
            assert "Cookie" in headers["Vary"], where


def test_no_page_has_inline_scripts_or_styles(pages: Flask, manager: Browser, anonymous: Browser) -> None:
    for endpoint, answer in every_answer(pages, manager, anonymous):
        if answer.mimetype == "text/html" and endpoint not in {"outbox.html", "messages.frame"}:
            assert " style=" not in answer.text, endpoint
            assert "<style" not in answer.text, endpoint
            assert " onclick=" not in answer.text, endpoint
            assert "javascript:" not in answer.text, endpoint
            assert answer.text.count("<script") == answer.text.count('<script src="/assets/'), endpoint


def test_https_is_asked_for_only_where_the_desk_is_reached_by_it(anonymous: Browser) -> None:
    assert "Strict-Transport-Security" not in anonymous.get("/sign-in").headers
    secure = anonymous.client.get("/sign-in", base_url="https://localhost")
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=31536000")


FORGED = {
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": "for=198.51.100.7;host=evil.example;proto=https",
    "CF-Connecting-IP": "198.51.100.7",
    "X-Real-IP": "198.51.100.7",
    "X-Remote-User": "wang@desk.example.com",
    "Remote-User": "wang@desk.example.com",
}


def test_forged_proxy_headers_change_nothing(anonymous: Browser) -> None:
    answer = anonymous.client.get("/sign-in", headers=FORGED)
    assert "Strict-Transport-Security" not in answer.headers
    assert "evil.example" not in answer.text + str(answer.headers)
    assert anonymous.client.get("/inbox", headers=FORGED).status_code == 302
    codes = [
        anonymous.client.post(
            "/sign-in", data={"email": "a@b.example"}, headers={**OWN, "X-Forwarded-For": f"198.51.100.{n}"}
        ).status_code
        for n in range(6)
    ]
    assert codes[-1] == 429


def test_a_proxy_that_is_counted_is_believed(make_desk) -> None:
    client = create_app(make_desk(TRUSTED_PROXIES="1")).test_client()
    answer = client.get("/sign-in", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "desk.example.com"})
    assert "Strict-Transport-Security" in answer.headers
    passed = client.post(
        "/sign-in",
        data={"email": "a@b.example", "password": "x"},
        headers={
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "desk.example.com",
            "Origin": "https://desk.example.com",
        },
    )
    assert passed.status_code == 403
    assert "do not belong together" in passed.text
