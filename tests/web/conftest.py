"""A desk with people, and browsers that are really signed in: real rows, real cookies, the real application."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from services import browser
from services.people import PASSWORD, AddPerson, Browser

from router import agents, sign_ins
from router.context import App
from router.models import Agent, Role
from web import create_app


@pytest.fixture
def pages(small_desk: App) -> Flask:
    return create_app(small_desk)


@pytest.fixture
def add_person(small_desk: App) -> AddPerson:
    """`add_person("linda")` is an agent with PASSWORD; `password=False` is one who has never been here."""

    def add(name: str, role: Role = Role.AGENT, *, password: bool = True, **changes: object) -> Agent:
        with small_desk.db.begin() as session:
            agent = agents.create(session, f"{name}@desk.example.com", name.title(), role, datetime.now(UTC))
            if password:
                agent.password_hash = agents.new_hash(PASSWORD, agent.email, agent.name)
            for field, value in changes.items():
                setattr(agent, field, value)
        return agent

    return add


@pytest.fixture
def sign_in(small_desk: App, pages: Flask) -> Callable[[Agent], Browser]:
    """A browser in which that person is signed in."""

    def enter(agent: Agent) -> Browser:
        with small_desk.db.begin() as session:
            token = sign_ins.open_session(session, agent, datetime.now(UTC), address="127.0.0.1", browser="Firefox")
        client = pages.test_client()
        client.set_cookie("switchboard", token)
        return Browser(client, agent)

    return enter


@pytest.fixture
def anonymous(pages: Flask) -> Browser:
    return Browser(pages.test_client())


@pytest.fixture
def agent(add_person: AddPerson, sign_in: Callable[[Agent], Browser]) -> Browser:
    return sign_in(add_person("linda"))


@pytest.fixture
def manager(add_person: AddPerson, sign_in: Callable[[Agent], Browser]) -> Browser:
    return sign_in(add_person("wang", Role.MANAGER))


@pytest.fixture
def unused_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Not for the whole run: while it is open, nothing else in this process can run an event loop of its own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    try:
        with browser.chromium() as found:
            yield found
    except browser.Missing as error:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
