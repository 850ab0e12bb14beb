"""Published rulebooks: immutable, numbered."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from router.models import columns  # noqa: F401 - its naming convention must stand before the first table


class PublishedRulebook(SQLModel, table=True):
    """`rules` and `replies` are the two texts as they were written (TOML). The highest version is the live one."""

    __tablename__ = "rulebook"

    version: int | None = Field(default=None, primary_key=True)
    rules: str
    replies: str
    author: str = Field(default="", max_length=200)
    note: str = ""
    published_at: datetime
