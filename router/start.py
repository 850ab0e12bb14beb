"""What a desk needs before its processes run: tables, a rulebook, its accounts, and a door for the first manager."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module

from sqlalchemy import select
from sqlmodel import Session, col

from router import accounts, agents, migrate, rulebooks, valkey
from router.config import Config
from router.context import App, build
from router.models import Agent, Role, Ticket

FIRST_MANAGER = "manager@localhost"


def build_app(config: Config) -> App:
    """The desk of `config` on the queue that all its processes share."""
    return build(config, redis_url=valkey.url(config))


def prepare(config: Config, now: datetime) -> App:
    """Make the database ready. Idempotent, and safe when several processes start at once."""
    _ = config.secret_key  # made now: a process that starts later must find the same one
    config.outbox_dir.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(config)
    app = build_app(config)
    rulebooks.ensure_starter(app.db, now)
    accounts.sync(app, now)
    return app


def first_link(app: App, now: datetime) -> str | None:
    """A one-time sign-in link for the first manager; None once somebody has a password to sign in with."""
    with app.db.begin() as session:
        people = [agent for agent in agents.everyone(session) if agent.active]
        if any(agent.password_hash for agent in people):
            return None
        manager = next((agent for agent in people if agent.role is Role.MANAGER), None)
        manager = manager or agents.create(session, FIRST_MANAGER, "Manager", Role.MANAGER, now)
        return sign_in_url(app, session, manager, now)


def sign_in_url(app: App, session: Session, agent: Agent, now: datetime) -> str:
    """An address that signs `agent` in, once."""
    return f"{app.config.base_url}/sign-in/{agents.make_link(session, agent, now)}"


def load_sample(app: App, now: datetime) -> None:
    """The sample desk, once: a desk that has a ticket already is left alone."""
    sample = import_module("router.demo.load")
    with app.db.read() as session:
        if session.execute(select(col(Ticket.id)).limit(1)).first() is not None:
            return
    sample.load_sample(app.config, app.db, now, lambda *_: None)
