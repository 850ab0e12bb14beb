"""Signed-in browsers: opened with a fresh random token, found by its hash, ended one by one or all at once."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, update
from sqlmodel import Session, col

from router.models import Agent, AgentSession

IDLE_LIFE = timedelta(hours=12)
WHOLE_LIFE = timedelta(days=14)
# A page view need not write: "last seen" is true to this much.
_SEEN_EVERY = timedelta(minutes=5)


def open_session(session: Session, agent: Agent, now: datetime, *, address: str = "", browser: str = "") -> str:
    """A new session and the token for its cookie. Only the token's hash is kept. Raises LookupError for the deactivated.

    The person's row is locked: a session that is opened while they are being deactivated must not survive it."""
    assert agent.id is not None
    active = select(col(Agent.active)).where(col(Agent.id) == agent.id).with_for_update()
    if not session.execute(active).scalar():
        raise LookupError(agent.id)
    token = secrets.token_urlsafe(32)
    session.add(
        AgentSession(
            token_hash=_hashed(token),
            agent_id=agent.id,
            created_at=now,
            seen_at=now,
            expires_at=now + WHOLE_LIFE,
            remote_address=address[:64],
            user_agent=browser[:255],
        )
    )
    session.flush()
    return token


def find(session: Session, token: str, now: datetime) -> tuple[AgentSession, Agent] | None:
    """The live session of `token` and its person. Asked anew for each request, so that what was ended is ended: a
    request in flight cannot bring a session back."""
    row = session.execute(
        select(AgentSession, Agent)
        .join(Agent, col(Agent.id) == col(AgentSession.agent_id))
        .where(col(AgentSession.token_hash) == _hashed(token), *_alive(now), col(Agent.active).is_(True))
    ).first()
    return (row[0], row[1]) if row else None


def is_seen_stale(row: AgentSession, now: datetime) -> bool:
    """Is it time to write down that this session is in use?"""
    return now - row.seen_at >= _SEEN_EVERY


def mark_seen(session: Session, row: AgentSession, now: datetime) -> None:
    """Only ever extends a session that is still alive."""
    session.execute(update(AgentSession).where(col(AgentSession.id) == row.id, *_alive(now)).values(seen_at=now))


def of_agent(session: Session, agent: Agent, now: datetime) -> list[AgentSession]:
    """This person's open sessions, the last used first."""
    mine = select(AgentSession).where(col(AgentSession.agent_id) == agent.id, *_alive(now))
    return list(session.execute(mine.order_by(col(AgentSession.seen_at).desc(), col(AgentSession.id))).scalars())


def last_seen(session: Session) -> dict[int, datetime]:
    """When each person was last here, by the key of the person."""
    seen = select(col(AgentSession.agent_id), func.max(col(AgentSession.seen_at))).group_by(col(AgentSession.agent_id))
    return {row[0]: row[1] for row in session.execute(seen)}


def end(session: Session, agent: Agent, session_id: int, now: datetime) -> bool:
    """End one of this person's own sessions; False when it is not theirs or has ended."""
    mine = col(AgentSession.id) == session_id, col(AgentSession.agent_id) == agent.id
    return _revoke(session, now, *mine) == 1


def end_all(session: Session, agent_id: int, now: datetime, *, keep: int | None = None) -> int:
    """End every session of a person, save `keep`; how many were open."""
    others = (col(AgentSession.agent_id) == agent_id, col(AgentSession.id) != (keep or 0))
    return _revoke(session, now, *others)


def _revoke(session: Session, now: datetime, *which: Any) -> int:
    ending = update(AgentSession).where(*which, col(AgentSession.revoked_at).is_(None)).values(revoked_at=now)
    return cast("CursorResult[Any]", session.execute(ending)).rowcount


def _alive(now: datetime) -> tuple[Any, ...]:
    return (
        col(AgentSession.revoked_at).is_(None),
        col(AgentSession.expires_at) > now,
        col(AgentSession.seen_at) > now - IDLE_LIFE,
    )


def _hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()
