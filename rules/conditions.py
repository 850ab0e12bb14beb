"""Conditions as values, and compiled into functions of one message.

A condition is a group (all, any, none) of conditions, or a check of one fact. `compile_condition` gives the fast form:
keyword checks become one bit operation on what the index found. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any, NamedTuple

from rules import patterns
from rules.facts import FACTS, PRIORITIES, Kind
from rules.index import Term, TermIndex, holds, read_term, same
from rules.normalise import fold
from rules.view import DECIDED, View

TEXT_FACTS = ("message", "subject", "text")
_WORDY = (Kind.TEXT, Kind.WORD, Kind.WORDS)
_RANKED = (Kind.NUMBER, Kind.PRIORITY)


class Operator(NamedTuple):
    """`takes` says what stands behind it: terms, one pattern or more, values, a rank, two ranks, or yes/no."""

    kinds: tuple[Kind, ...]
    takes: str
    meaning: str
    example: str


OPERATORS: dict[str, Operator] = {
    "contains_any": Operator(_WORDY, "terms", "at least one of the terms is in it", '["退款", "refund*"]'),
    "contains_all": Operator(_WORDY, "terms", "every one of the terms is in it", '["top up", "gagal"]'),
    "contains_none": Operator(_WORDY, "terms", "none of the terms is in it", '["thank you"]'),
    "starts": Operator((Kind.TEXT, Kind.WORD), "terms", "it begins with one of the terms", '["re:"]'),
    "ends": Operator((Kind.TEXT, Kind.WORD), "terms", "it ends with one of the terms", '[".example"]'),
    "equals": Operator(tuple(k for k in Kind if k != Kind.WORDS), "value", "it is this, and nothing else", '"email"'),
    "in": Operator((Kind.WORD, Kind.PRIORITY, Kind.NUMBER), "values", "it is one of these", '["zh-Hans", "zh-Hant"]'),
    "matches": Operator((Kind.TEXT, Kind.WORD), "patterns", "one of the patterns is in it", "['\\bord-\\d{6,12}\\b']"),
    "at_least": Operator(_RANKED, "rank", "it is this or more", "2"),
    "at_most": Operator(_RANKED, "rank", "it is this or less", '"normal"'),
    "more_than": Operator(_RANKED, "rank", "it is more", "0"),
    "less_than": Operator(_RANKED, "rank", "it is less", "3"),
    "between": Operator(_RANKED, "ranks", "it is the first, the second, or something between", "[1, 5]"),
    "is_set": Operator(tuple(Kind), "yes/no", "it is there at all (true), or it is not (false)", "false"),
}
GROUPS = ("all", "any", "none")


@dataclass(frozen=True, slots=True)
class Check:
    """One fact against one operator. `value` is as written, lists as tuples."""

    fact: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Group:
    """`kind` is all, any or none."""

    kind: str
    parts: tuple[Condition, ...]


Condition = Check | Group
Held = Callable[[View], bool]


def kind_of(fact: str) -> Kind:
    """Identifiers, which each desk names itself, are lists of words."""
    return FACTS[fact].kind if fact in FACTS else Kind.WORDS


def checks(condition: Condition | None) -> Iterator[Check]:
    """Every check inside, however deep."""
    if isinstance(condition, Check):
        yield condition
    elif condition is not None:
        for part in condition.parts:
            yield from checks(part)


def index_terms(condition: Condition | None) -> Iterator[Term]:
    """The keywords that the index must know for this condition."""
    for check in checks(condition):
        if check.fact in TEXT_FACTS and check.operator.startswith("contains"):
            yield from map(read_term, check.value)


def compile_condition(condition: Condition, index: TermIndex) -> Held:
    """A function that says whether the condition holds for a message."""
    if isinstance(condition, Group):
        return _group(condition.kind, tuple(compile_condition(part, index) for part in condition.parts))
    if condition.fact in TEXT_FACTS:
        return _text_check(condition, index)
    return _value_check(condition)


def _group(kind: str, parts: tuple[Held, ...]) -> Held:
    def all_hold(view: View) -> bool:
        for part in parts:  # noqa: SIM110 -- half the price of all()
            if not part(view):
                return False
        return True

    def any_holds(view: View) -> bool:
        for part in parts:  # noqa: SIM110 -- half the price of any()
            if part(view):
                return True
        return False

    def none_holds(view: View) -> bool:
        return not any_holds(view)

    if len(parts) == 1 and kind != "none":
        return parts[0]
    return {"all": all_hold, "any": any_holds, "none": none_holds}[kind]


def _text_check(check: Check, index: TermIndex) -> Held:
    if not check.operator.startswith("contains"):
        return _string_check(check, lambda view: view.folded(check.fact))
    mask, place = index.mask(map(read_term, check.value)), TEXT_FACTS.index(check.fact)
    if check.operator == "contains_any":
        return lambda view: view.masks[place] & mask != 0
    if check.operator == "contains_all":
        return lambda view: view.masks[place] & mask == mask
    return lambda view: view.masks[place] & mask == 0


def _value_check(check: Check) -> Held:
    kind, read = kind_of(check.fact), reader(check.fact)
    if check.operator == "is_set":
        return lambda view: is_set(read(view)) is check.value
    if kind in (Kind.NUMBER, Kind.PRIORITY):
        return _rank_check(check, lambda view: rank(read(view)))
    if kind is Kind.YES_NO:
        return lambda view: read(view) is check.value
    if kind is Kind.WORDS:
        return _list_check(check, read)
    return _string_check(check, lambda view: fold(read(view)))


def reader(fact: str) -> Callable[[View], Any]:
    """How the value of a fact is read: from what was decided so far, from the identifiers, or from the facts."""
    if fact in DECIDED:
        return lambda view: view.decided[fact]
    if fact not in FACTS:
        return lambda view: view.facts.identifiers.get(fact, ())
    return lambda view: getattr(view.facts, fact)


def is_set(value: Any) -> bool:
    return value is not None and value not in ("", ())


def rank(value: Any) -> float | None:
    """Numbers as they are, priorities by their order; None compares false with everything."""
    if isinstance(value, str):
        return PRIORITIES.index(value) if value in PRIORITIES else None
    return value  # type: ignore[no-any-return]


def _rank_check(check: Check, read: Callable[[View], float | None]) -> Held:
    if check.operator in ("in", "equals"):
        wanted = check.value if isinstance(check.value, tuple) else (check.value,)
        ranks = frozenset(map(rank, wanted))
        return lambda view: read(view) in ranks
    least, most = check.value if check.operator == "between" else (check.value, check.value)
    low, high = rank(least), rank(most)
    assert low is not None
    assert high is not None
    if check.operator == "between":
        return lambda view: (now := read(view)) is not None and low <= now <= high
    compare = {"at_least": ge, "at_most": le, "more_than": gt, "less_than": lt}[check.operator]
    return lambda view: (now := read(view)) is not None and compare(now, low)


def _list_check(check: Check, read: Callable[[View], Iterable[str]]) -> Held:
    terms = tuple(map(read_term, check.value))

    def here(term: Term, view: View) -> bool:
        return any(same(term, fold(entry)) for entry in read(view))

    if check.operator == "contains_all":
        return lambda view: all(here(term, view) for term in terms)
    if check.operator == "contains_none":
        return lambda view: not any(here(term, view) for term in terms)
    return lambda view: any(here(term, view) for term in terms)


def _string_check(check: Check, read: Callable[[View], str]) -> Held:
    operator = check.operator
    if operator == "is_set":
        return lambda view: bool(read(view).strip()) is check.value
    if operator == "matches":
        found = [patterns.compile_safe(source) for source in check.value]
        return lambda view: any(pattern.search(read(view)) for pattern in found)
    written = check.value if isinstance(check.value, tuple) else (check.value,)
    if operator.startswith("contains"):
        return _contains(operator, tuple(map(read_term, written)), read)
    folded = tuple(fold(term).strip(" ") for term in written)
    if operator == "starts":
        return lambda view: read(view).strip(" ").startswith(folded)
    if operator == "ends":
        return lambda view: read(view).strip(" ").endswith(folded)
    return lambda view: read(view).strip(" ") in folded


def _contains(operator: str, terms: tuple[Term, ...], read: Callable[[View], str]) -> Held:
    if operator == "contains_all":
        return lambda view: all(holds(term, text) for text in (read(view),) for term in terms)
    if operator == "contains_none":
        return lambda view: not any(holds(term, text) for text in (read(view),) for term in terms)
    return lambda view: any(holds(term, text) for text in (read(view),) for term in terms)
