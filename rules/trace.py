"""Why a condition held or not, read the slow and plain way, part by part.

This is the yardstick of the compiled form: it shares no index and no masks with it, and a test compares both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rules import patterns
from rules.conditions import TEXT_FACTS, Check, Condition, Group, is_set, kind_of, rank, reader
from rules.decision import Found
from rules.facts import Kind
from rules.index import places, read_term, same
from rules.normalise import fold
from rules.view import View

_WORDS = {
    "contains_any": "has any of",
    "contains_all": "has all of",
    "contains_none": "has none of",
    "starts": "starts with",
    "ends": "ends with",
    "equals": "is",
    "in": "is one of",
    "matches": "matches",
    "at_least": "is at least",
    "at_most": "is at most",
    "more_than": "is more than",
    "less_than": "is less than",
    "between": "is between",
}


@dataclass(frozen=True, slots=True)
class ConditionTrace:
    """One condition with its outcome. A check names `fact`, `operator`, `value` and the `actual` value in words; a
    group has its kind in `operator`, and `parts`. `found` are the terms that are there, in a text."""

    operator: str
    held: bool
    fact: str = ""
    value: Any = None
    actual: str = ""
    found: tuple[Found, ...] = ()
    parts: tuple[ConditionTrace, ...] = ()

    @property
    def text(self) -> str:
        """The condition in words, as the page shows it."""
        if not self.fact:
            inside = "; ".join(part.text for part in self.parts)
            return f"{self.operator} of ({inside})"
        name = self.fact.replace("_", " ")
        if self.operator == "is_set":
            return f"{name} is {'' if self.value else 'not '}set"
        return f"{name} {_WORDS[self.operator]} {written(self.value)}"

    def failures(self) -> Iterator[ConditionTrace]:
        """The checks to blame, when it did not hold: the smallest parts that should have come out the other way."""
        if self.held:
            return
        if self.operator == "none" and not self.fact:
            yield from (part for part in self.parts if part.held)
        elif not self.fact:
            for part in self.parts:
                yield from part.failures()
        else:
            yield self


def written(value: Any) -> str:
    """A value as people write it."""
    if value is None or value in ("", ()):
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def examine(condition: Condition, view: View) -> ConditionTrace:
    """The condition with every part of it, also those that a quick reader would have skipped."""
    if isinstance(condition, Group):
        parts = tuple(examine(part, view) for part in condition.parts)
        held = [part.held for part in parts]
        outcome = {"all": all(held), "any": any(held), "none": not any(held)}[condition.kind]
        return ConditionTrace(condition.kind, outcome, parts=parts)
    try:
        return _examine_text(condition, view) if condition.fact in TEXT_FACTS else _examine_value(condition, view)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        return ConditionTrace(condition.operator, False, condition.fact, condition.value, f"unreadable ({error})")


def _examine_text(check: Check, view: View) -> ConditionTrace:
    text = view.folded(check.fact)
    if not check.operator.startswith("contains"):
        return ConditionTrace(check.operator, _string_holds(check, text), check.fact, check.value, "a text")
    found = {written: tuple(places(read_term(written), text)) for written in check.value}
    held, actual = _tally(check, [term for term in found if found[term]])
    shift = view.shift(check.fact)
    spans = sorted((start + shift, end + shift, term) for term, spots in found.items() for start, end in spots)
    marks = tuple(_mark(view, term, start, end) for start, end, term in spans)
    return ConditionTrace(check.operator, held, check.fact, check.value, actual, marks)


def _mark(view: View, term: str, start: int, end: int) -> Found:
    fact, begin, finish = view.origin(start, end)
    return Found(fact, term, begin, finish)


def _tally(check: Check, there: list[str]) -> tuple[bool, str]:
    missing = [term for term in check.value if term not in there]
    if check.operator == "contains_all":
        return not missing, f"without {', '.join(missing)}" if missing else "all of them"
    if check.operator == "contains_none":
        return not there, f"has {', '.join(there)}" if there else "none of them"
    return bool(there), f"has {', '.join(there)}" if there else "none of them"


def _examine_value(check: Check, view: View) -> ConditionTrace:
    value = reader(check.fact)(view)
    return ConditionTrace(check.operator, _value_holds(check, value), check.fact, check.value, written(value))


def _value_holds(check: Check, value: Any) -> bool:
    kind = kind_of(check.fact)
    if check.operator == "is_set":
        return is_set(value) is check.value
    if kind in (Kind.NUMBER, Kind.PRIORITY):
        return _rank_holds(check, value)
    if kind is Kind.YES_NO:
        return value is check.value
    if kind is Kind.WORD:
        return _string_holds(check, fold(value))
    entries = [fold(entry) for entry in value]
    there = [term for term in check.value if any(same(read_term(term), entry) for entry in entries)]
    return _tally(check, there)[0]


def _rank_holds(check: Check, value: Any) -> bool:
    now = rank(value)
    wanted = check.value if isinstance(check.value, tuple) else (check.value,)
    if check.operator in ("in", "equals"):
        return now in [rank(one) for one in wanted]
    if now is None:
        return False
    ranks = [one for one in map(rank, wanted) if one is not None]
    return {
        "at_least": now >= ranks[0],
        "at_most": now <= ranks[0],
        "more_than": now > ranks[0],
        "less_than": now < ranks[0],
        "between": ranks[0] <= now <= ranks[-1],
    }[check.operator]


def _string_holds(check: Check, folded: str) -> bool:
    text = folded.strip(" ")
    if check.operator == "is_set":
        return bool(text) is check.value
    if check.operator == "matches":
        return any(patterns.compile_safe(source).search(folded) for source in check.value)
    terms = check.value if isinstance(check.value, tuple) else (check.value,)
    if check.operator.startswith("contains"):
        return _tally(check, [term for term in terms if any(places(read_term(term), folded))])[0]
    plain = [fold(term).strip(" ") for term in terms]
    if check.operator == "starts":
        return any(text.startswith(term) for term in plain)
    if check.operator == "ends":
        return any(text.endswith(term) for term in plain)
    return text in plain
