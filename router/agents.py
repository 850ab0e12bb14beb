"""The people of the desk: who they are, the one-time links that let them in, and their passwords."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from router import passwords, sign_ins
from router.models import Agent, Role, SignInLink

LINK_LIFE = timedelta(hours=72)
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,255}")


class AgentError(Exception):
    """`code` is stable, for the pages' own languages; the text is for the command line."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


def create(session: Session, email: str, name: str, role: Role | str, now: datetime) -> Agent:
    """A new person without a password: their first way in is a link. Raises AgentError."""
    address = fold(email)
    if not _EMAIL.fullmatch(address):
        raise AgentError("email_shape", f"{email!r} is no mail address; write it as name@example.com")
    if role not in set(Role):
        raise AgentError("role", f"there is no role {role!r}; choose agent or manager")
    agent = Agent(email=address, name=name.strip()[:200] or address, role=Role(role), created_at=now)
    session.add(agent)
    try:
        session.flush()
    except IntegrityError:
        raise AgentError("email_taken", f"{address} is on the desk already; make a new link for them instead") from None
    return agent


def by_email(session: Session, email: str) -> Agent | None:
    return session.execute(select(Agent).where(col(Agent.email) == fold(email))).scalar()


def everyone(session: Session) -> list[Agent]:
    """The active first, then by name."""
    order = col(Agent.active).desc(), func.lower(col(Agent.name)), col(Agent.id)
    return list(session.execute(select(Agent).order_by(*order)).scalars())


def make_link(session: Session, agent: Agent, now: datetime) -> str:
    """The token of a fresh one-time link, good for 72 hours. Older unused links of this person stop working."""
    unused = update(SignInLink).where(col(SignInLink.agent_id) == agent.id, col(SignInLink.used_at).is_(None))
    session.execute(unused.values(used_at=now))
    token = secrets.token_urlsafe(24)
    session.add(SignInLink(token_hash=hashed(token), agent_id=_id(agent), created_at=now, expires_at=now + LINK_LIFE))
    session.flush()
    return token


def peek_link(session: Session, token: str, now: datetime) -> Agent | None:
    """Whose link it is, without using it up: mail programs and chat previews open links, too."""
    return session.execute(
        select(Agent)
        .join(SignInLink, col(SignInLink.agent_id) == col(Agent.id))
        .where(*_usable(token, now), col(Agent.active).is_(True))
    ).scalar()


def use_link(session: Session, token: str, now: datetime) -> Agent | None:
    """The link's person, and the link is used up. Of two that come at the same moment, one gets None."""
    agent = peek_link(session, token, now)
    if agent is None:
        return None
    claim = update(SignInLink).where(*_usable(token, now)).values(used_at=now)
    claimed = cast("CursorResult[Any]", session.execute(claim)).rowcount
    return agent if claimed == 1 else None


def knows_password(agent: Agent | None, password: str) -> bool:
    """Does the password belong to this person? Nobody, the deactivated and the password-less cost the same work as a
    wrong password. Slow on purpose: call it with no transaction open."""
    known = agent.password_hash if agent and agent.active else ""
    return passwords.matches(known, password)


def new_hash(password: str, email: str, name: str) -> str:
    """What to keep of a new password. Raises AgentError with the code of router.passwords.problem. Slow on purpose."""
    code = passwords.problem(password, email, name)
    if code:
        raise AgentError(code, f"this password cannot be used ({code}); choose another with at least 8 characters")
    return passwords.hash_of(password)


def deactivate(session: Session, agent: Agent, now: datetime) -> None:
    """Shut every door of this person in one transaction. Raises AgentError for the last manager."""
    if agent.role is Role.MANAGER and _other_managers(session, agent) == 0:
        raise AgentError("last_manager", "the desk needs a manager; make another one first")
    agent.active = False
    session.add(agent)
    sign_ins.end_all(session, _id(agent), now)
    unused = update(SignInLink).where(col(SignInLink.agent_id) == agent.id, col(SignInLink.used_at).is_(None))
    session.execute(unused.values(used_at=now))


def activate(session: Session, agent: Agent) -> None:
    """Let this person work again; their password still holds, their sessions do not come back."""
    agent.active = True
    session.add(agent)


def change_role(session: Session, agent: Agent, role: Role) -> None:
    """Raises AgentError for the last manager."""
    if agent.role is Role.MANAGER and role is not Role.MANAGER and _other_managers(session, agent) == 0:
        raise AgentError("last_manager", "the desk needs a manager; make another one first")
    agent.role = role
    session.add(agent)


def fold(email: str) -> str:
    """The form in which addresses of people are kept and compared."""
    return email.strip().casefold()


def hashed(token: str) -> str:
    """What is kept of a token: 128 random bits and more need no slow hash."""
    return sha256(token.encode()).hexdigest()


def _usable(token: str, now: datetime) -> tuple[Any, ...]:
    return (
        col(SignInLink.token_hash) == hashed(token),
        col(SignInLink.used_at).is_(None),
        col(SignInLink.expires_at) > now,
    )


def _other_managers(session: Session, agent: Agent) -> int:
    # The rows are locked where the database can: two managers who deactivate each other must not both succeed.
    managers = select(col(Agent.id)).where(col(Agent.role) == Role.MANAGER, col(Agent.active).is_(True))
    found = session.execute(managers.with_for_update()).scalars()
    return sum(1 for key in found if key != agent.id)


def _id(agent: Agent) -> int:
    assert agent.id is not None, "the agent has no row yet"
    return agent.id
