"""Which errors a person can mend, and in which words they are told."""

from __future__ import annotations

from sqlalchemy.exc import DatabaseError

from channels.base import ChannelError
from router.agents import AgentError
from router.config import ConfigError
from router.errors import PlainError
from rules.rulebook import RulebookError


def expected(error: Exception) -> list[str]:
    """One line for each problem; empty when the error is a bug of ours."""
    if isinstance(error, ConfigError | PlainError):
        return error.problems
    if isinstance(error, RulebookError):
        return [str(problem) for problem in error.problems]
    if isinstance(error, AgentError | ChannelError):
        return [str(error)]
    if isinstance(error, OSError) and error.filename:
        return [f"{error.filename}: {error.strerror}."]
    if isinstance(error, DatabaseError):
        return [_database(error)]
    return []


def _database(error: DatabaseError) -> str:
    words = " ".join(str(error.orig).split())
    if "no such table" in words or "does not exist" in words:
        return "The database has no tables yet. Start the desk once (switchboard up), then try again."
    return f"The database cannot be used: {words}. Look at DATABASE_URL, or run: switchboard check"
