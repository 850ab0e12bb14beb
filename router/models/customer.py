"""The people who write to the desk, and the addresses by which they are known."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from router.models.columns import BigId


class Customer(SQLModel, table=True):
    __tablename__ = "customer"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    name: str = Field(default="", max_length=200)
    language: str = Field(default="", max_length=16)
    created_at: datetime


class Identity(SQLModel, table=True):
    """`address` is folded for comparing. A suppressed address gets no mail from us: it bounced for good."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("kind", "address"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    customer_id: int = Field(foreign_key="customer.id", index=True, sa_type=BigId)
    kind: str = Field(max_length=32)
    address: str = Field(max_length=320)
    created_at: datetime
    suppressed_at: datetime | None = None
    suppressed_reason: str = ""
