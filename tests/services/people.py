"""People at their browsers, for tests of the pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from router import agents, sign_ins
from router.context import App
from router.models import Agent

PASSWORD = "quiet harbour lantern"
# What a browser says when a page of ours posts a form.
OWN = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True, slots=True)
class Browser:
    """A signed-in (or anonymous) browser; `post` sends what our own forms send."""

    client: FlaskClient
    agent: Agent | None = None

    def get(self, path: str, **kwargs: object) -> TestResponse:
        return self.client.get(path, **kwargs)  # type: ignore[arg-type]

    def post(
        self, path: str, data: dict[str, object] | None = None, headers: dict[str, str] | None = None
    ) -> TestResponse:
        return self.client.post(path, data=data or {}, headers={**OWN, **(headers or {})})


AddPerson = Callable[..., Agent]


def signed_in(desk: App, pages: Flask, name: str, role: str = "agent") -> Browser:
    """A browser of a new person on any desk."""
    now = datetime.now(UTC)
    with desk.db.begin() as session:
        agent = agents.create(session, f"{name}@desk.example.com", name.title(), role, now)
        token = sign_ins.open_session(session, agent, now)
    client = pages.test_client()
    client.set_cookie("switchboard", token)
    return Browser(client, agent)
