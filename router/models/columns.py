"""Column kinds that behave the same on SQLite and PostgreSQL, and the names that migrations rely on."""

from enum import StrEnum
from typing import cast

from sqlalchemy import BigInteger, ColumnElement, Enum, Index, Integer, text
from sqlmodel import SQLModel

# Without names, Alembic cannot drop a constraint on one of the two databases. All columns go into the name: with the
# first alone two constraints over several columns collide.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite only numbers rows by itself for a plain INTEGER key.
BigId = BigInteger().with_variant(Integer, "sqlite")


class Part:
    """A part of a table that has indexes of its own. Its condition must stand in a query word for word, values included:
    neither database can tell that a bound parameter falls into the part."""

    def __init__(self, table: str, condition: str, sqlite: str = "") -> None:
        self.table, self.condition, self.sqlite = table, condition, sqlite or condition

    def index(self, name: str, *columns: str) -> Index:
        """An index over this part alone."""
        return Index(name, *columns, sqlite_where=text(self.sqlite), postgresql_where=text(self.condition))

    def holds(self) -> ColumnElement[bool]:
        """The condition, for a query that shall use such an index."""
        return cast("ColumnElement[bool]", text(f"{self.table}.{self.condition}"))


def enum_type(kind: type[StrEnum]) -> Enum:
    """A text column that takes only the values of `kind`: a native PostgreSQL type is painful to alter, and SQLite
    would otherwise accept a wrong word and fail on every later read."""
    return Enum(
        kind,
        native_enum=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
        validate_strings=True,
    )
