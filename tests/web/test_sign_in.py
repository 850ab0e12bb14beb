"""The way in and out, as a browser goes it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from services.people import OWN, PASSWORD, AddPerson, Browser
from sqlmodel import col, select

from router import agents, context
from router.context import App
from router.models import Agent, AgentSession, Role
from web import create_app

WRONG = "quiet harbour lamp"


def sign_in(browser: Browser, email: str = "linda@desk.example.com", password: str = PASSWORD, **more: object):
    return browser.post("/sign-in", {"email": email, "password": password, **more})


def sessions(desk: App) -> list[AgentSession]:
    with desk.db.read() as session:
        return list(session.exec(select(AgentSession).order_by(col(AgentSession.id))))


def test_address_and_password_lead_to_the_inbox(anonymous: Browser, add_person: AddPerson) -> None:
    add_person("linda")
    answer = sign_in(anonymous)
    assert (answer.status_code, answer.location) == (303, "/")
    assert anonymous.get("/profile").status_code == 200


def test_after_signing_in_one_is_where_one_wanted_to_go(anonymous: Browser, add_person: AddPerson) -> None:
    add_person("linda")
    asked = anonymous.get("/quarantine?after=7")
    assert asked.location == "/sign-in?next=/quarantine?after%3D7"
    form = anonymous.get(asked.location).text
    assert 'name="next" value="/quarantine?after=7"' in form
    assert sign_in(anonymous, next="/quarantine?after=7").location == "/quarantine?after=7"


ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "/ok\r\nSet-Cookie: a=b",
    "/\x00/evil.example",
    "https:/evil.example",
    "/%0d%0aLocation:https://evil.example\x7f",
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_never_leads_off_the_desk(anonymous: Browser, add_person: AddPerson, target: str) -> None:
    add_person("linda")
    assert sign_in(anonymous, next=target).location == "/"
    assert anonymous.client.get("/sign-in", query_string={"next": target}).location == "/"


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(anonymous: Browser, add_person: AddPerson) -> None:
    add_person("linda")
    known, unknown = sign_in(anonymous, password=WRONG), sign_in(anonymous, email="nobody@desk.example.com")
    assert known.status_code == unknown.status_code == 403
    assert known.text.replace("linda@", "X@") == unknown.text.replace("nobody@", "X@")


def test_the_password_is_never_written_back_into_the_page(anonymous: Browser, add_person: AddPerson) -> None:
    add_person("linda")
    assert WRONG not in sign_in(anonymous, password=WRONG).text


@pytest.mark.parametrize("changes", [{"active": False}, {"password_hash": ""}])
def test_who_is_deactivated_or_has_no_password_does_not_get_in(
    anonymous: Browser, add_person: AddPerson, changes: dict[str, object]
) -> None:
    add_person("linda", **changes)
    assert sign_in(anonymous).status_code == 403
    assert sign_in(anonymous, password="").status_code == 403


def test_the_cookie_is_kept_from_scripts_and_other_sites(anonymous: Browser, add_person: AddPerson) -> None:
    add_person("linda")
    cookie = sign_in(anonymous).headers["Set-Cookie"]
    assert cookie.startswith("switchboard=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie


def test_over_https_the_cookie_is_bound_to_the_host(make_desk, add_person: AddPerson) -> None:
    desk = make_desk(BASE_URL="https://desk.example.com")
    with desk.db.begin() as session:
        agent = agents.create(session, "linda@desk.example.com", "Linda", Role.AGENT, datetime.now(UTC))
        agent.password_hash = agents.new_hash(PASSWORD, agent.email, agent.name)
    client = create_app(desk).test_client()
    answer = client.post(
        "/sign-in",
        base_url="https://desk.example.com",
        data={"email": "linda@desk.example.com", "password": PASSWORD},
        headers={"Origin": "https://desk.example.com"},
    )
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-switchboard=")
    assert "Secure" in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_signing_in_makes_a_new_session_and_ends_the_one_brought_along(
    anonymous: Browser, add_person: AddPerson, small_desk: App
) -> None:
    add_person("linda")
    sign_in(anonymous)
    before = anonymous.client.get_cookie("switchboard")
    sign_in(anonymous)
    after = anonymous.client.get_cookie("switchboard")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    first, second = sessions(small_desk)
    assert first.revoked_at is not None
    assert second.revoked_at is None


def test_a_planted_cookie_is_not_taken_over(anonymous: Browser, add_person: AddPerson) -> None:
    add_person("linda")
    anonymous.client.set_cookie("switchboard", "planted-by-somebody-else")
    sign_in(anonymous)
    cookie = anonymous.client.get_cookie("switchboard")
    assert cookie is not None
    assert cookie.value != "planted-by-somebody-else"


def test_only_the_hash_of_the_cookie_is_kept(anonymous: Browser, add_person: AddPerson, small_desk: App) -> None:
    add_person("linda")
    sign_in(anonymous)
    cookie = anonymous.client.get_cookie("switchboard")
    assert cookie is not None
    assert cookie.value not in sessions(small_desk)[0].model_dump_json()


def test_signing_out_ends_the_session_itself(agent: Browser, pages: Flask) -> None:
    kept = agent.client.get_cookie("switchboard")
    assert kept is not None
    assert agent.post("/sign-out").location == "/sign-in"
    thief = pages.test_client()
    thief.set_cookie("switchboard", kept.value)
    assert thief.get("/profile").status_code == 302


def test_the_sixth_wrong_password_in_a_minute_is_not_looked_at(anonymous: Browser, add_person: AddPerson) -> None:
    add_person("linda")
    assert [sign_in(anonymous, password=WRONG).status_code for _ in range(6)] == [403] * 5 + [429]
    refused = sign_in(anonymous)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) <= 60
    assert "Too many attempts" in refused.text


def test_right_passwords_do_not_use_the_limit_up(anonymous: Browser, add_person: AddPerson) -> None:
    add_person("linda")
    assert {sign_in(anonymous).status_code for _ in range(8)} == {303}


def test_somebody_elsewhere_cannot_lock_a_person_out(pages: Flask, add_person: AddPerson) -> None:
    add_person("linda")
    attacker, linda = (
        pages.test_client(),
        Browser(pages.test_client()),
    )
    for _ in range(6):
        attacker.post(
            "/sign-in",
            data={"email": "linda@desk.example.com", "password": WRONG},
            headers=OWN,
            environ_base={"REMOTE_ADDR": "203.0.113.9"},
        )
    assert sign_in(linda).status_code == 303


def test_one_address_that_tries_many_accounts_is_stopped(anonymous: Browser) -> None:
    codes = [sign_in(anonymous, email=f"person{n}@desk.example.com").status_code for n in range(21)]
    assert codes == [403] * 20 + [429]


def test_ipv6_neighbours_of_one_household_count_as_one(pages: Flask) -> None:
    client = pages.test_client()
    codes = [
        client.post(
            "/sign-in",
            data={"email": "linda@desk.example.com", "password": WRONG},
            headers=OWN,
            environ_base={"REMOTE_ADDR": f"2001:db8:1:2:{n}::1"},
        ).status_code
        for n in range(6)
    ]
    assert codes[-1] == 429


def test_the_limit_is_shared_by_all_web_processes(queue_desk: App) -> None:
    first, second = (Browser(create_app(queue_desk).test_client()) for _ in range(2))
    for _ in range(3):
        sign_in(first, password=WRONG)
        code = sign_in(second, password=WRONG).status_code
    assert code == 429


def test_without_redis_signing_in_works_and_stays_limited(make_desk, unused_port: int) -> None:
    desk = make_desk(redis_url=f"redis://127.0.0.1:{unused_port}/0")
    browser = Browser(create_app(desk).test_client())
    assert [sign_in(browser, password=WRONG).status_code for _ in range(6)] == [403] * 5 + [429]


def link_for(desk: App, agent: Agent) -> str:
    with desk.db.begin() as session:
        return agents.make_link(session, agent, datetime.now(UTC))


def test_a_first_link_asks_for_a_name_and_a_password_and_signs_in(
    anonymous: Browser, add_person: AddPerson, small_desk: App
) -> None:
    path = f"/sign-in/{link_for(small_desk, add_person('linda', password=False))}"
    assert anonymous.get(path).status_code == 200
    entered = anonymous.post(path, {"name": "Linda Hart", "password": PASSWORD})
    assert (entered.status_code, entered.location) == (303, "/")
    assert "Linda Hart" in anonymous.get("/profile").text
    assert sign_in(Browser(anonymous.client.application.test_client())).status_code == 303


def test_previews_of_a_link_do_not_use_it_up(anonymous: Browser, add_person: AddPerson, small_desk: App) -> None:
    path = f"/sign-in/{link_for(small_desk, add_person('linda', password=False))}"
    for _ in range(3):
        assert anonymous.get(path).status_code == 200
        assert anonymous.client.head(path).status_code == 200
    assert anonymous.post(path, {"name": "Linda", "password": PASSWORD}).status_code == 303


@pytest.mark.parametrize("password", ["", "short", "password1"])
def test_a_refused_password_does_not_use_the_link_up(
    anonymous: Browser, add_person: AddPerson, small_desk: App, password: str
) -> None:
    path = f"/sign-in/{link_for(small_desk, add_person('linda', password=False))}"
    refused = anonymous.post(path, {"name": "Linda", "password": password})
    assert refused.status_code == 422
    assert "mistake" in refused.text
    assert anonymous.post(path, {"name": "Linda", "password": PASSWORD}).status_code == 303


def test_a_used_link_says_so_and_opens_nothing(anonymous: Browser, add_person: AddPerson, small_desk: App) -> None:
    path = f"/sign-in/{link_for(small_desk, add_person('linda', password=False))}"
    anonymous.post(path, {"name": "Linda", "password": PASSWORD})
    other = Browser(anonymous.client.application.test_client())
    for answer in (other.get(path), other.post(path, {"name": "Eve", "password": "another good phrase"})):
        assert answer.status_code == 410
        assert "no longer works" in answer.text
    assert other.get("/profile").status_code == 302


def test_a_new_password_by_link_ends_the_sessions_of_the_old_one(
    agent: Browser, anonymous: Browser, small_desk: App
) -> None:
    assert agent.agent is not None
    path = f"/sign-in/{link_for(small_desk, agent.agent)}"
    anonymous.post(path, {"name": "Linda", "password": "another good phrase"})
    assert agent.get("/profile").status_code == 302
    assert anonymous.get("/profile").status_code == 200


def test_a_link_without_a_new_password_keeps_the_old_one(agent: Browser, anonymous: Browser, small_desk: App) -> None:
    assert agent.agent is not None
    path = f"/sign-in/{link_for(small_desk, agent.agent)}"
    assert anonymous.post(path, {"name": "Linda", "password": ""}).status_code == 303
    assert agent.get("/profile").status_code == 200


def test_guessing_links_is_limited(anonymous: Browser) -> None:
    codes = [anonymous.get(f"/sign-in/guess{n}").status_code for n in range(21)]
    assert codes == [410] * 20 + [429]


def test_a_session_left_alone_for_12_hours_is_over(agent: Browser) -> None:
    start = datetime.now(UTC)
    with time_machine.travel(start + timedelta(hours=11, minutes=50), tick=False):
        assert agent.get("/profile").status_code == 200
    with time_machine.travel(start + timedelta(hours=23, minutes=40), tick=False):
        assert agent.get("/profile").status_code == 200, "each visit keeps the session"
    with time_machine.travel(start + timedelta(hours=35, minutes=41), tick=False):
        assert agent.get("/profile").status_code == 302


def test_own_sessions_are_listed_and_can_be_ended(agent: Browser, small_desk: App, pages: Flask) -> None:
    other = Browser(pages.test_client(), agent.agent)
    sign_in(other)
    shown = agent.get("/profile").text
    keys = [int(key) for key in re.findall(r"/profile/sessions/(\d+)/end\"", shown)]
    assert len(keys) == 1, "one's own session is not offered for ending"
    agent.post(f"/profile/sessions/{keys[0]}/end")
    assert other.get("/profile").status_code == 302
    assert agent.get("/profile").status_code == 200


def test_all_other_sessions_end_together(agent: Browser, pages: Flask) -> None:
    others = [Browser(pages.test_client()) for _ in range(3)]
    for other in others:
        sign_in(other)
    agent.post("/profile/sessions/end-others")
    assert {other.get("/profile").status_code for other in others} == {302}
    assert agent.get("/profile").status_code == 200


def test_a_colleague_s_session_cannot_be_ended_by_its_number(agent: Browser, manager: Browser, small_desk: App) -> None:
    theirs = next(row for row in sessions(small_desk) if row.agent_id == manager.agent.id)
    agent.post(f"/profile/sessions/{theirs.id}/end")
    assert manager.get("/profile").status_code == 200


def test_changing_the_password_asks_for_the_present_one(agent: Browser, pages: Flask) -> None:
    new = "another good phrase"
    assert agent.post("/profile/password", {"old": WRONG, "new": new}).status_code == 422
    assert sign_in(Browser(pages.test_client()), password=new).status_code == 403
    assert agent.post("/profile/password", {"old": PASSWORD, "new": "password1"}).status_code == 422
    other = Browser(pages.test_client())
    sign_in(other)
    assert agent.post("/profile/password", {"old": PASSWORD, "new": new}).status_code == 303
    assert agent.get("/profile").status_code == 200
    assert other.get("/profile").status_code == 302
    assert sign_in(Browser(pages.test_client()), password=new).status_code == 303


def test_a_deactivated_person_is_out_at_the_next_click(agent: Browser, manager: Browser) -> None:
    assert agent.agent is not None
    manager.post(f"/people/{agent.agent.id}/deactivate")
    assert agent.get("/profile").status_code == 302
    assert agent.post("/profile", {"name": "Still here"}).status_code == 401


def test_the_database_being_away_is_said_plainly(unused_port: int, tmp_path) -> None:
    from router import config

    settings = {"DATA_DIR": str(tmp_path), "DATABASE_URL": f"postgresql://desk:pw@127.0.0.1:{unused_port}/desk"}
    client = create_app(context.build(config.load(settings), redis_url="")).test_client()
    client.set_cookie("switchboard", "some-session")
    answer = client.get("/inbox")
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text
    assert "127.0.0.1" not in answer.text
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
