"""Which errors a person can mend, and in which words they are told."""

from __future__ import annotations

from sqlalchemy.exc import DatabaseError, OperationalError

from channels.base import ChannelError
from router.agents import AgentError
from router.config import ConfigError
from router.explain import ExplainError
from router.preflight import StartError
from router.processes import ErrandError
from router.replay import ReplayError
from router.valkey import ValkeyError
from rules.rulebook import RulebookError


def expected(error: Exception) -> list[str]:
    """One line for each problem; empty when the error is a bug of ours."""
    if isinstance(error, ConfigError | StartError):
        return error.problems
    if isinstance(error, RulebookError):
        return [str(problem) for problem in error.problems]
    if isinstance(
        error, ValkeyError | ErrandError | AgentError | ChannelError | ExplainError | ReplayError | OSError
    ) and str(error):
        return [_said(error)]
    if isinstance(error, OperationalError | DatabaseError):
        return [_database(error)]
    return []


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}."
    return str(error)


def _database(error: DatabaseError) -> str:
    words = " ".join(str(error.orig).split())
    if "no such table" in words or "does not exist" in words:
        return "The database has no tables yet. Start the desk once (switchboard up), then try again."
    return f"The database cannot be used: {words}. Look at DATABASE_URL, or run: switchboard check"
