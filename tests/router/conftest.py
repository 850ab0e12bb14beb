"""Short ways to look at a desk in tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from services.letters import NOON
from sqlmodel import SQLModel, select

from router.context import App
from router.models import Agent, Role

All = Callable[..., list[Any]]


@pytest.fixture
def rows() -> All:
    """Every row of a table, in the order of its making."""

    def read(app: App, model: type[SQLModel], *where: Any) -> list[Any]:
        with app.db.read() as session:
            return list(session.exec(select(model).where(*where).order_by(model.id)))  # type: ignore[attr-defined]

    return read


@pytest.fixture
def hire() -> Callable[..., Agent]:
    """Make an agent of the desk."""

    def make(app: App, name: str = "Mei", now: datetime = NOON, role: Role = Role.AGENT) -> Agent:
        with app.db.begin() as session:
            agent = Agent(email=f"{name.lower()}@desk.example.org", name=name, role=role, created_at=now)
            session.add(agent)
            session.flush()
            return agent

    return make
