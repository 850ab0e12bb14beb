"""May the desk answer by itself, in which language, and with which words? Pure.

An acknowledgement is fixed text with our own values in it. It never repeats a word of what was written to us: a robot
that echoes can be made to carry other people's messages. docs/channels.md tells the limits to people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from router.calendars import Calendar
from router.promises import opening_hours, promise, promise_day, promise_short
from rules.rulebook import PLACEHOLDERS, Reply

__all__ = [
    "AckCase",
    "Rendered",
    "Verdict",
    "choose_language",
    "may_acknowledge",
    "promise",
    "render",
    "sender_valid",
    "values_for",
]

# Two robots that answer each other must run dry soon; a person hardly writes more often than this.
ADDRESS_PER_15_MINUTES = 1
ADDRESS_PER_DAY = 5
DOMAIN_PER_HOUR = 50
ACCOUNT_PER_5_MINUTES = 200

# RFC 2606: nobody can be reached there. The other reserved domains are for examples, which try-outs are made of.
UNREACHABLE_DOMAINS = ("invalid",)

REASONS = {
    "machine": "A machine wrote it",
    "archive": "It is older than the connection to this mailbox",
    "not_first": "It is not the first message of the ticket",
    "no_reply_chosen": "No rule chose an acknowledgement",
    "own_sender": "It comes from one of our own addresses",
    "suppressed": "Mail to this address bounced for good",
    "sender_invalid": "There is no address that an answer could reach",
    "sender_unverified": "The mail server says that the sender is forged",
    "address_15_minutes": "This address got an acknowledgement less than 15 minutes ago",
    "address_day": "This address got five acknowledgements within a day",
    "domain_hour": "This domain got fifty acknowledgements within an hour",
    "account_5_minutes": "This account sent two hundred acknowledgements within five minutes",
    "same_body": "The same text came from this address within the last hour",
}


@dataclass(frozen=True, slots=True)
class AckCase:
    """All that the decision rests on. The counts are of acknowledgements already written, this one not among them."""

    machine: tuple[str, ...] = ()
    archive: bool = False
    is_first: bool = True
    reply_name: str = ""
    own_sender: bool = False
    suppressed: bool = False
    sender_valid: bool = True
    acks_15_min: int = 0
    acks_24_h: int = 0
    domain_acks_hour: int = 0
    account_acks_5_min: int = 0
    same_body_recently: bool = False
    verified: bool | None = None


class Verdict(NamedTuple):
    """`reasons` are keys of REASONS: everything that speaks against it, not just the first. Empty when allowed."""

    allowed: bool
    reasons: tuple[str, ...]


class Rendered(NamedTuple):
    subject: str
    body: str


_AGAINST: tuple[tuple[str, Callable[[AckCase], bool]], ...] = (
    ("machine", lambda case: bool(case.machine)),
    ("archive", lambda case: case.archive),
    ("not_first", lambda case: not case.is_first),
    ("no_reply_chosen", lambda case: not case.reply_name),
    ("own_sender", lambda case: case.own_sender),
    ("suppressed", lambda case: case.suppressed),
    ("sender_invalid", lambda case: not case.sender_valid),
    ("sender_unverified", lambda case: case.verified is False),
    ("address_15_minutes", lambda case: case.acks_15_min >= ADDRESS_PER_15_MINUTES),
    ("address_day", lambda case: case.acks_24_h >= ADDRESS_PER_DAY),
    ("domain_hour", lambda case: case.domain_acks_hour >= DOMAIN_PER_HOUR),
    ("account_5_minutes", lambda case: case.account_acks_5_min >= ACCOUNT_PER_5_MINUTES),
    ("same_body", lambda case: case.same_body_recently),
)


def may_acknowledge(case: AckCase) -> Verdict:
    """Whether the desk may answer this message by itself. When in doubt no: no answer is better than two."""
    reasons = tuple(code for code, holds in _AGAINST if holds(case))
    return Verdict(not reasons, reasons)


def sender_valid(address: str, unreachable: Collection[str] = UNREACHABLE_DOMAINS) -> bool:
    """Can mail reach `address` at all? `unreachable` are domains, their subdomains included."""
    local, at, domain = address.rpartition("@")
    domain = domain.casefold().rstrip(".")
    if not (local and at and domain) or ("." not in domain and domain != "localhost"):
        return False
    return not any(domain == d or domain.endswith("." + d) for d in unreachable)


# Whoever reads one Chinese script reads the other better than English.
_NEXT_BEST = {"zh-Hant": "zh-Hans", "zh-Hans": "zh-Hant"}


def choose_language(detected: str, customer_language: str, reply: Reply) -> str:
    """The language to answer in: as this message is written, else as the customer used to write, else English."""
    wanted = (detected, _NEXT_BEST.get(detected, ""), customer_language, _NEXT_BEST.get(customer_language, ""), "en")
    return next((language for language in wanted if language in reply.texts), next(iter(reply.texts)))


_PLACEHOLDER = re.compile("{(" + "|".join(sorted(PLACEHOLDERS)) + ")}")


def placeholders(reply: Reply, language: str) -> frozenset[str]:
    """Which placeholders the text in `language` holds."""
    text = reply.texts[language]
    return frozenset(_PLACEHOLDER.findall(f"{text.subject}\n{text.body}"))


def render(reply: Reply, language: str, values: Mapping[str, str]) -> Rendered:
    """Subject and body of `reply`. Raises KeyError for a placeholder without a value: half a promise must not leave."""
    text = reply.texts[language]

    def fill(template: str) -> str:
        return _PLACEHOLDER.sub(lambda match: values[match[1]], template)

    return Rendered(fill(text.subject), fill(text.body))


# Business days from the day of the message, where the rulebook says nothing: review within three, payout five later.
DEFAULT_DAYS: Mapping[str, int] = MappingProxyType({"review_by": 3, "payout_by": 8})


def values_for(
    *,
    ref: str,
    desk: str,
    due_at: datetime,
    started_at: datetime,
    calendar: Calendar,
    language: str,
    days: Mapping[str, int] = DEFAULT_DAYS,
    wanted: Collection[str] = PLACEHOLDERS,
) -> dict[str, str]:
    """A value for each placeholder in `wanted`. `days` are the rulebook's promises, in business days from `started_at`."""
    zone, today = calendar.spec.zone, started_at.astimezone(calendar.zone).date()

    def day_of(promised: str) -> str:
        return promise_day(calendar.add_business_days(today, days.get(promised, DEFAULT_DAYS[promised])), language)

    makers: dict[str, Callable[[], str]] = {
        "ref": lambda: ref,
        "desk": lambda: desk,
        "due": lambda: promise(due_at, language, zone),
        "due_short": lambda: promise_short(due_at, language, zone),
        "review_by": lambda: day_of("review_by"),
        "payout_by": lambda: day_of("payout_by"),
        "hours": lambda: opening_hours(calendar.spec, language),
    }
    return {name: makers[name]() for name in wanted}
