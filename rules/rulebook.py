"""The rulebook as values: rules in their order, and the desk's topics, teams, clocks, calendars and replies.

`load` turns the two texts into one, or says everything that is wrong with them at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from rules.identifiers import Finder
from rules.normalise import fold

if TYPE_CHECKING:
    from rules.conditions import Condition
    from rules.engine import Compiled

LANGUAGES = ("zh-Hans", "zh-Hant", "en", "id")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MODES = ("live", "shadow", "off")
STATUSES = ("new", "open", "waiting", "resolved", "spam")
# What a reply may leave open. The router fills them; nothing else is ever put into a reply.
PLACEHOLDERS = ("ref", "desk", "due", "due_short", "review_by", "payout_by", "hours")

# What a rule may do, for lint and for the manual: name, meaning, example.
ACTIONS: dict[str, tuple[str, str]] = {
    "topic": ("sets the topic", '"refund"'),
    "priority": ("sets the priority", '"urgent"'),
    "priority_at_least": ("raises the priority to this, never lowers it", '"high"'),
    "team": ("gives it to a team", '"payments"'),
    "clock": ("chooses the clock policy", '"asia-jakarta"'),
    "acknowledge": ('chooses the acknowledgement; `"none"` forbids one', '"refund-missing-order"'),
    "status": ("sets the status", '"spam"'),
    "tag": ("adds tags", '["vip"]'),
    "untag": ("takes tags away", '["vip"]'),
}


class Problem(NamedTuple):
    """One thing that is wrong: the line (1 is the first, 0 where no line can be named), what stands there, why it
    cannot stay, and what to do."""

    line: int
    where: str
    reason: str
    proposal: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.where}: {self.reason} {self.proposal}".rstrip()


class RulebookError(ValueError):
    """The rulebook cannot be used. `problems` holds all reasons, in the order of their lines."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the list. `condition` None matches everything. `then` holds action names and their values."""

    name: str
    position: int
    when: tuple[str, ...]
    condition: Condition | None
    then: Mapping[str, Any]
    stop: bool = False
    mode: str = "live"
    note: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """Minutes of business time to the first answer, by priority word. `calendars` names another calendar than
    `calendar` for some priorities (urgent around the clock)."""

    name: str
    calendar: str
    minutes: Mapping[str, int]
    calendars: Mapping[str, str] = field(default_factory=dict)

    def calendar_for(self, priority: str) -> str:
        return self.calendars.get(priority, self.calendar)


@dataclass(frozen=True, slots=True)
class CalendarSpec:
    """When the desk is open. No `hours` at all means always. `closed` and `open` overrule weekday and holiday."""

    name: str
    zone: str
    holidays: str = ""
    hours: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    closed: tuple[date, ...] = ()
    open: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyText:
    """The fixed text of a reply in one language. An empty subject keeps the customer's own."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Reply:
    name: str
    texts: Mapping[str, ReplyText]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """One immutable version. `promises` says after how many business days `review_by` and `payout_by` fall."""

    version: int
    rules: tuple[Rule, ...]
    topics: tuple[str, ...]
    teams: tuple[str, ...]
    clocks: Mapping[str, ClockPolicy]
    calendars: Mapping[str, CalendarSpec]
    replies: Mapping[str, Reply]
    default_clock: str
    languages: tuple[str, ...] = LANGUAGES
    promises: Mapping[str, int] = field(default_factory=dict)
    identifiers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    compiled: Compiled = field(repr=False, compare=False, kw_only=True)
    finders: Mapping[str, Finder] = field(repr=False, compare=False, kw_only=True)

    def find_identifiers(self, subject: str, text: str) -> dict[str, tuple[str, ...]]:
        """Every identifier of `[identifiers]` that stands in the message, in capitals, each once, in reading order."""
        folded = f"{fold(subject)}\n{fold(text)}"
        found = {name: finder.find(folded) for name, finder in self.finders.items()}
        return {name: values for name, values in found.items() if values}


def load(rules_text: str, replies_text: str, version: int = 0) -> Rulebook:
    """The rulebook that the two TOML texts describe. Raises RulebookError with every problem of both at once."""
    from rules import reading  # reading builds the values of this module

    return reading.read(rules_text, replies_text, version)
