"""The people of the desk and their open doors."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from router.models.columns import enum_type


class Role(StrEnum):
    AGENT = "agent"
    MANAGER = "manager"


class Agent(SQLModel, table=True):
    """`password_hash` is empty until the person has chosen a password through a sign-in link."""

    __tablename__ = "agent"

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(max_length=320, unique=True)
    name: str = Field(max_length=200)
    role: Role = Field(default=Role.AGENT, sa_type=enum_type(Role))
    teams: list[str] = Field(default_factory=list, sa_type=JSON)
    password_hash: str = Field(default="", max_length=255)
    active: bool = True
    locale: str = Field(default="", max_length=16)
    preferences: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime


class AgentSession(SQLModel, table=True):
    """One signed-in browser. The cookie holds a random token; only its SHA-256 is kept."""

    __tablename__ = "agent_session"

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(max_length=64, unique=True)
    agent_id: int = Field(foreign_key="agent.id", index=True)
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    remote_address: str = Field(default="", max_length=64)
    user_agent: str = Field(default="", max_length=255)


class SignInLink(SQLModel, table=True):
    """A link that signs its agent in, once."""

    __tablename__ = "sign_in_link"

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(max_length=64, unique=True)
    agent_id: int = Field(foreign_key="agent.id")
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
