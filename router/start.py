"""What a desk needs before its processes run: tables, a rulebook, its accounts, and a door for the first manager."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from router import accounts, agents, rulebooks, valkey
from router.config import Config
from router.context import App, build
from router.models import Agent, Role

FIRST_MANAGER = "manager@localhost"


def build_app(config: Config) -> App:
    """The desk of `config` on the queue that all its processes share."""
    return build(config, redis_url=valkey.url(config))


def prepare(config: Config, now: datetime) -> App:
    """Make the database ready. Idempotent, and safe when several processes start at once."""
    # Imported here: no other process of the desk should carry the migration library.
    from router import migrate

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


def load_sample(app: App, now: datetime, progress: Callable[[int, int], object]) -> int:
    """The sample desk; what is there already is left alone. Returns how many mails were new."""
    from router.demo.load import load_sample as load

    return load(app.config, app.db, now, progress)
