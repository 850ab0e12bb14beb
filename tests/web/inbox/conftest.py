"""Tickets made by real mail, and a real browser on a desk that is really served."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page
from services.letters import arrive, letter
from services.whole_desk import free_ports
from sqlmodel import col, select
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from router import agents, sign_ins
from router.context import App
from router.models import Agent, Role, Ticket
from web import create_app
from web.live import create_live_app, hub_of

Deliver = Callable[..., list[str]]


def deliver_to(app: App, *raws: bytes, at: datetime | None = None) -> list[str]:
    """The mails go through the real intake; the references of the tickets that they opened, oldest first."""
    before = set(refs_of(app))
    arrive(app, *raws, at=at or datetime.now(UTC))
    return [ref for ref in refs_of(app) if ref not in before]


def refs_of(app: App) -> list[str]:
    with app.db.read() as session:
        return list(session.exec(select(Ticket.ref).order_by(col(Ticket.id))))


def ticket_of(app: App, ref: str) -> Ticket:
    with app.db.read() as session:
        return session.exec(select(Ticket).where(col(Ticket.ref) == ref)).one()


@pytest.fixture
def deliver(small_desk: App) -> Deliver:
    def give(*raws: bytes, at: datetime | None = None) -> list[str]:
        return deliver_to(small_desk, *raws, at=at)

    return give


@pytest.fixture
def ref(deliver: Deliver) -> str:
    """The reference of one ordinary ticket."""
    return deliver(letter("My payment failed, please help."))[0]


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any, **__: Any) -> None: ...


@contextmanager
def served(flask: Flask, port: int) -> Iterator[BaseWSGIServer]:
    server = make_server("127.0.0.1", port, flask, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class OpenDesk:
    """A desk that browsers can visit. `enter` is a signed-in browser of its own."""

    app: App
    address: str
    chromium: Chromium
    live: Flask | None = None

    def deliver(self, *raws: bytes, at: datetime | None = None) -> list[str]:
        refs = deliver_to(self.app, *raws, at=at)
        self.app.bells.announce()
        return refs

    def person(self, name: str) -> Agent:
        with self.app.db.begin() as session:
            found = agents.by_email(session, f"{name}@desk.example.com")
            return found or agents.create(
                session, f"{name}@desk.example.com", name.title(), Role.AGENT, datetime.now(UTC)
            )

    def enter(self, name: str = "linda", **options: Any) -> BrowserContext:
        person = self.person(name)
        with self.app.db.begin() as session:
            token = sign_ins.open_session(session, person, datetime.now(UTC), address="127.0.0.1", browser="Chromium")
        options.setdefault("viewport", {"width": 1440, "height": 900})
        context = self.chromium.new_context(**options)
        context.set_default_timeout(15_000)
        context.add_cookies([{"name": "switchboard", "value": token, "url": self.address}])
        return context

    def visit(self, path: str, name: str = "linda", **options: Any) -> Page:
        page = self.enter(name, **options).new_page()
        page.goto(self.address + path)
        return page


@pytest.fixture
def open_desk(make_desk: Callable[..., App], queue_url: str, chromium: Chromium) -> Iterator[OpenDesk]:
    """Pages and live updates, each on its own port, with a queue that wakes browsers."""
    pages, live = free_ports(2)
    app = make_desk(redis_url=queue_url, PORT=str(pages), LIVE_PORT=str(live))
    flask = create_live_app(app)
    with served(create_app(app), pages), served(flask, live):
        yield OpenDesk(app, f"http://127.0.0.1:{pages}", chromium, flask)
        hub_of(flask).stop()
        for context in chromium.contexts:
            context.close()


@pytest.fixture
def desk_without_live(make_desk: Callable[..., App], chromium: Chromium) -> Iterator[OpenDesk]:
    """Only the pages: the live process is down and so is the queue."""
    pages, nothing = free_ports(2)
    app = make_desk(PORT=str(pages), LIVE_PORT=str(nothing))
    with served(create_app(app), pages):
        yield OpenDesk(app, f"http://127.0.0.1:{pages}", chromium)
        for context in chromium.contexts:
            context.close()
