"""One configured way in and out: what the desk remembers of it. Its settings live in the configuration."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from router.models import columns  # noqa: F401 - its naming convention must stand before the first table


class Account(SQLModel, table=True):
    """`cursor` is the channel's own, stored only together with what it brought. `created_at` is when the desk first
    knew the account: older mail is an archive and is never acknowledged."""

    __tablename__ = "account"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=64, unique=True)
    kind: str = Field(max_length=32)
    address: str = Field(max_length=320)
    created_at: datetime
    active: bool = True
    cursor: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    lease_owner: str = Field(default="", max_length=64)
    lease_until: datetime | None = None
    last_success_at: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None
    paused_until: datetime | None = None
