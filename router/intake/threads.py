"""Which ticket a message belongs to. Pure: what the database knows of its claims is handed in.

Order of claims: a token of ours (T1 reply address, T2 Message-ID, T4 marker), an id that we know (T3), the reference in the
subject (T5). Who may join is decided after that (T7): only a participant of the ticket. Everybody else's message
opens a new ticket that links the one it names, so that a guessed or forwarded reference shows nobody anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from channels.base import Parsed
from router import tokens
from router.models import Status

# T9: an answer to something settled long ago is a new matter, linked to the old one.
REOPEN_DAYS = 30


class ThreadBy(StrEnum):
    """What tied a message to a ticket, or why it opened a new one."""

    NOTHING = "nothing"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    REFERENCE = "reference"
    SUBJECT = "subject"
    STRANGER = "stranger"
    FORWARD = "forward"
    SETTLED = "settled"


class Candidate(Protocol):
    """What must be known of a ticket to decide who joins it."""

    @property
    def participants(self) -> set[str]: ...
    @property
    def status(self) -> Status: ...
    @property
    def last_message_at(self) -> datetime: ...


C = TypeVar("C", bound=Candidate)


@dataclass(frozen=True, slots=True)
class Known(Generic[C]):
    """The tickets that the claims of a batch name: by public reference, and by the ids of their messages."""

    by_ref: dict[str, C]
    by_external_ref: dict[str, C]


@dataclass(frozen=True, slots=True)
class Thread(Generic[C]):
    """`ticket` is joined; else `linked` is the ticket that the new one points to, if any. `by` says why."""

    ticket: C | None
    linked: C | None
    by: ThreadBy


def claimed_refs(parsed: Parsed, key: bytes) -> tuple[list[str], list[str]]:
    """References that a valid token proves, and those that only the subject names."""
    proved = [ref for token in parsed.tokens if (ref := tokens.verified_ref(key, token))]
    return proved, [ref for text in parsed.subject_refs if (ref := tokens.canonical_ref(text))]


def resolve(parsed: Parsed, key: bytes, known: Known[C], now: datetime) -> Thread[C]:
    """The ticket that `parsed` joins, or the new one's link to the ticket that it names."""
    claimed, by = _claim(parsed, key, known)
    if claimed is None:
        return Thread(None, None, ThreadBy.NOTHING)
    if parsed.is_forward:
        return Thread(None, claimed, ThreadBy.FORWARD)
    if parsed.sender.folded not in claimed.participants:
        return Thread(None, claimed, ThreadBy.STRANGER)
    if claimed.status is Status.RESOLVED and now - claimed.last_message_at > timedelta(days=REOPEN_DAYS):
        return Thread(None, claimed, ThreadBy.SETTLED)
    return Thread(claimed, claimed, by)


def _claim(parsed: Parsed, key: bytes, known: Known[C]) -> tuple[C | None, ThreadBy]:
    proved, named = claimed_refs(parsed, key)
    claims = (
        (ThreadBy.TOKEN, proved, known.by_ref),
        (ThreadBy.REFERENCE, parsed.references, known.by_external_ref),
        (ThreadBy.SUBJECT, named, known.by_ref),
    )
    for by, names, tickets in claims:
        for name in names:
            if name in tickets:
                return tickets[name], by
    return None, ThreadBy.NOTHING
