"""People, links, passwords and sessions, on both databases."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from router import agents, passwords, sign_ins
from router.context import App
from router.models import Agent, Role, SignInLink

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def add(desk: App, email: str = "linda@desk.example.com", role: Role = Role.AGENT) -> Agent:
    with desk.db.begin() as session:
        return agents.create(session, email, "Linda", role, NOW)


def link_for(desk: App, agent: Agent, now: datetime = NOW) -> str:
    with desk.db.begin() as session:
        return agents.make_link(session, agent, now)


def use(desk: App, token: str, now: datetime = NOW) -> Agent | None:
    with desk.db.begin() as session:
        return agents.use_link(session, token, now)


def enter(desk: App, agent: Agent, now: datetime = NOW) -> str:
    with desk.db.begin() as session:
        return sign_ins.open_session(session, agent, now)


def is_in(desk: App, token: str, now: datetime = NOW) -> bool:
    with desk.db.read() as session:
        return sign_ins.find(session, token, now) is not None


@pytest.mark.parametrize("written", ["linda@desk.example.com", " LINDA@desk.Example.com "])
def test_an_address_belongs_to_one_person_however_it_is_written(desk: App, written: str) -> None:
    add(desk)
    with pytest.raises(agents.AgentError) as refused:
        add(desk, written)
    assert refused.value.code == "email_taken"


@pytest.mark.parametrize(
    "email", ["", "linda", "linda@", "@desk.example.com", "a b@x.example", "a@b@c", "a@x\nBcc: y@z"]
)
def test_what_is_no_address_makes_nobody(desk: App, email: str) -> None:
    with pytest.raises(agents.AgentError) as refused:
        add(desk, email)
    assert refused.value.code == "email_shape"


def test_a_link_works_once(desk: App) -> None:
    token = link_for(desk, add(desk))
    assert use(desk, token) is not None
    assert use(desk, token) is None


def test_looking_at_a_link_does_not_use_it_up(desk: App) -> None:
    token = link_for(desk, add(desk))
    for _ in range(3):
        with desk.db.read() as session:
            assert agents.peek_link(session, token, NOW) is not None
    assert use(desk, token) is not None


def test_of_two_that_use_a_link_at_the_same_moment_one_gets_in(desk: App) -> None:
    token = link_for(desk, add(desk))
    start, entered = threading.Barrier(8), []

    def race() -> None:
        start.wait()
        entered.append(use(desk, token) is not None)

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(entered) == [False] * 7 + [True]


@pytest.mark.parametrize(("later", "works"), [(timedelta(hours=71, minutes=59), True), (timedelta(hours=72), False)])
def test_a_link_runs_out_after_72_hours(desk: App, later: timedelta, works: bool) -> None:
    token = link_for(desk, add(desk))
    assert (use(desk, token, NOW + later) is not None) == works


def test_a_new_link_ends_the_older_one(desk: App) -> None:
    agent = add(desk)
    old, new = link_for(desk, agent), link_for(desk, agent)
    assert use(desk, old) is None
    assert use(desk, new) is not None


def test_a_link_s_token_is_not_in_the_database(desk: App) -> None:
    token = link_for(desk, add(desk))
    with desk.db.read() as session:
        kept = session.get_one(SignInLink, 1)
    assert token not in kept.model_dump_json()


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("1234567", "short"),
        ("x" * 300, "long"),
        ("password1", "common"),
        ("PassWord123", "common"),
        ("aaaaaaaaaaaa", "common"),
        ("linda.hart1", "about_you"),
        ("Linda.Hart@d", "about_you"),
        ("quiet harbour lantern", ""),
        ("正确的马电池订书钉好", ""),
        ("x7" * 32 + "Qz", ""),
    ],
)
def test_passwords_that_are_guessed_first_are_refused(password: str, code: str) -> None:
    assert passwords.problem(password, "linda.hart@desk.example.com", "Linda") == code


def test_a_password_matches_however_its_accents_are_typed() -> None:
    kept = passwords.hash_of("caf\u00e9 au lait")
    assert passwords.matches(kept, "cafe\u0301 au lait")
    assert not passwords.matches(kept, "cafe au lait")


def test_nobody_s_hash_matches_no_password() -> None:
    assert not passwords.matches("", "nobody has this password")
    assert not passwords.matches("", "")
    assert not passwords.matches("not a hash", "not a hash")


def test_passwords_are_kept_as_argon2id() -> None:
    assert passwords.hash_of("quiet harbour lantern").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_somebody_who_is_unknown_costs_as_much_hashing_as_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters: list[str] = []
    verify = passwords._hasher.verify

    class Watched:
        hash = passwords._hasher.hash

        def verify(self, kept: str, typed: str) -> bool:
            parameters.append(kept.rpartition("p=")[0])
            return verify(kept, typed)

    known = Agent(
        email="a@b.example", name="A", created_at=NOW, password_hash=passwords.hash_of("quiet harbour lantern")
    )
    gone = known.model_copy(update={"active": False})
    new = known.model_copy(update={"password_hash": ""})
    monkeypatch.setattr(passwords, "_hasher", Watched())
    for person in (known, gone, new, None):
        assert not agents.knows_password(person, "wrong, though long enough")
    assert len(parameters) == 4
    assert len(set(parameters)) == 1


def test_a_session_ends_after_12_idle_hours(desk: App) -> None:
    token = enter(desk, add(desk))
    assert is_in(desk, token, NOW + timedelta(hours=11, minutes=59))
    assert not is_in(desk, token, NOW + timedelta(hours=12))


def test_a_session_in_use_ends_after_14_days_all_the_same(desk: App) -> None:
    token, now = enter(desk, add(desk)), NOW
    while now < NOW + timedelta(days=14) - timedelta(hours=11):
        now += timedelta(hours=11)
        with desk.db.begin() as session:
            found = sign_ins.find(session, token, now)
            assert found is not None
            sign_ins.mark_seen(session, found[0], now)
    assert not is_in(desk, token, NOW + timedelta(days=14))


def test_a_revoked_session_cannot_be_used_or_kept_alive(desk: App) -> None:
    agent = add(desk)
    token = enter(desk, agent)
    with desk.db.begin() as session:
        row = sign_ins.of_agent(session, agent, NOW)[0]
        assert sign_ins.end(session, agent, row.id or 0, NOW)
        sign_ins.mark_seen(session, row, NOW + timedelta(minutes=10))
    assert not is_in(desk, token)


def test_nobody_ends_a_colleague_s_session(desk: App) -> None:
    linda, mei = add(desk), add(desk, "mei@desk.example.com")
    token = enter(desk, linda)
    with desk.db.begin() as session:
        row = sign_ins.of_agent(session, linda, NOW)[0]
        assert not sign_ins.end(session, mei, row.id or 0, NOW)
    assert is_in(desk, token)


def test_who_is_deactivated_loses_every_session_and_link_at_once(desk: App) -> None:
    agent = add(desk)
    tokens, link = [enter(desk, agent) for _ in range(3)], link_for(desk, agent)
    with desk.db.begin() as session:
        agents.deactivate(session, session.get_one(Agent, agent.id), NOW)
    assert not any(is_in(desk, token) for token in tokens)
    assert use(desk, link) is None
    with desk.db.begin() as session:
        agents.activate(session, session.get_one(Agent, agent.id))
    assert not any(is_in(desk, token) for token in tokens), "coming back must not bring the old sessions back"


def test_a_session_of_somebody_inactive_is_refused_even_where_it_was_never_ended(desk: App) -> None:
    agent = add(desk)
    token = enter(desk, agent)
    with desk.db.begin() as session:
        session.get_one(Agent, agent.id).active = False
    assert not is_in(desk, token)


def test_a_session_that_is_opened_during_deactivation_does_not_survive_it(desk: App) -> None:
    survivors = 0
    for number in range(8):
        agent = add(desk, f"person{number}@desk.example.com")
        start, tokens = threading.Barrier(2), []

        def sign_in(agent: Agent = agent, start: threading.Barrier = start, tokens: list[str] = tokens) -> None:
            start.wait()
            with suppress(LookupError):
                tokens.append(enter(desk, agent))

        def deactivate(agent: Agent = agent, start: threading.Barrier = start) -> None:
            start.wait()
            with desk.db.begin() as session:
                agents.deactivate(session, session.get_one(Agent, agent.id), NOW)

        pair = [threading.Thread(target=sign_in), threading.Thread(target=deactivate)]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
        with desk.db.begin() as session:
            agents.activate(session, session.get_one(Agent, agent.id))
        survivors += sum(is_in(desk, token) for token in tokens)
    assert survivors == 0


def test_the_last_manager_can_neither_leave_nor_become_an_agent(desk: App) -> None:
    boss = add(desk, role=Role.MANAGER)
    with desk.db.begin() as session:
        row = session.get_one(Agent, boss.id)
        for act in (lambda: agents.deactivate(session, row, NOW), lambda: agents.change_role(session, row, Role.AGENT)):
            with pytest.raises(agents.AgentError) as refused:
                act()
            assert refused.value.code == "last_manager"
    add(desk, "mei@desk.example.com", Role.MANAGER)
    with desk.db.begin() as session:
        agents.deactivate(session, session.get_one(Agent, boss.id), NOW)


def test_two_managers_who_deactivate_each_other_do_not_both_succeed(desk: App) -> None:
    first, second = add(desk, role=Role.MANAGER), add(desk, "mei@desk.example.com", Role.MANAGER)
    start, refused = threading.Barrier(2), []

    def deactivate(who: Agent) -> None:
        start.wait()
        try:
            with desk.db.begin() as session:
                agents.deactivate(session, session.get_one(Agent, who.id), NOW)
        except agents.AgentError:
            refused.append(who.id)

    pair = [threading.Thread(target=deactivate, args=(who,)) for who in (first, second)]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    with desk.db.read() as session:
        assert sum(agent.active for agent in agents.everyone(session)) == 1
    assert len(refused) == 1
