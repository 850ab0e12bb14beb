"""The errors that a person is told in plain words: what happened, where, and what to do next."""

from __future__ import annotations


class PlainError(Exception):
    """Its text is fit to be read, a line for each problem; nobody needs a traceback."""


def plain(error: Exception) -> list[str]:
    """One line for each problem that a person can mend; empty when the error is a bug of ours."""
    # Imported here: whoever raises one of these must not need all the others.
    from sqlalchemy.exc import DatabaseError

    from channels.base import ChannelError
    from router.agents import AgentError
    from router.config import ConfigError
    from rules.rulebook import RulebookError

    if isinstance(error, PlainError | ConfigError | RulebookError | AgentError | ChannelError):
        return str(error).splitlines()
    if isinstance(error, OSError) and error.filename:
        return [f"{error.filename}: {error.strerror}."]
    if isinstance(error, DatabaseError):
        return [_database(" ".join(str(error.orig).split()))]
    return []


def _database(words: str) -> str:
    if "no such table" in words or ("relation" in words and "does not exist" in words):
        return "The database has no tables yet. Start the desk once (switchboard up), then try again."
    return f"The database cannot be used: {words}. Look at DATABASE_URL, or run: switchboard check"
