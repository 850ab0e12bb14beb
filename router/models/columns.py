"""Column kinds that behave the same on SQLite and PostgreSQL, and the names that migrations rely on."""

from enum import StrEnum

from sqlalchemy import BigInteger, Enum, Integer
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
