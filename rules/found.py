"""By which words a condition came to hold: what the page marks in the message. Worked out for rules that fired only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from rules import patterns
from rules.conditions import TEXT_FACTS, Check, Condition, Group, Held, compile_condition
from rules.decision import Found
from rules.facts import FACTS
from rules.index import TermIndex, places, read_term
from rules.normalise import fold
from rules.view import View

# How many places one rule shows at most.
MOST_FOUND = 12


class Node(NamedTuple):
    """A compiled condition that still knows what it was made of. `mask` holds the bits of its keywords."""

    condition: Condition
    holds: Held
    parts: tuple[Node, ...] = ()
    mask: int = 0
    patterns: tuple[re.Pattern[str], ...] = ()


def compile_node(condition: Condition, index: TermIndex) -> Node:
    holds = compile_condition(condition, index)
    if isinstance(condition, Group):
        return Node(condition, holds, tuple(compile_node(part, index) for part in condition.parts))
    if condition.fact not in TEXT_FACTS:
        return Node(condition, holds)
    if condition.operator in ("contains_any", "contains_all"):
        return Node(condition, holds, mask=index.mask(map(read_term, condition.value)))
    if condition.operator == "matches":
        return Node(condition, holds, patterns=tuple(map(patterns.compile_safe, condition.value)))
    return Node(condition, holds)


def found_by(node: Node, view: View, index: TermIndex) -> tuple[Found, ...]:
    """The places of all parts that hold, in reading order, at most MOST_FOUND; never of `none`."""
    distinct = dict.fromkeys(islice(_found(node, view, index), MOST_FOUND))
    return tuple(sorted(distinct, key=lambda found: (found.fact, found.start, found.end)))


def _found(node: Node, view: View, index: TermIndex) -> Iterator[Found]:
    condition = node.condition
    if isinstance(condition, Group):
        for part in node.parts if condition.kind != "none" else ():
            if part.holds(view):
                yield from _found(part, view, index)
    elif node.mask:
        yield from _terms(node.mask, condition.fact, view, index)
    elif node.patterns:
        yield from _matches(node.patterns, condition.fact, view)
    elif condition.fact not in FACTS:
        yield from _identifiers(condition, view)


def _terms(mask: int, fact: str, view: View, index: TermIndex) -> Iterator[Found]:
    for term, begin, finish in view.hits:
        if mask >> term & 1 and view.stands_in(fact, begin):
            place, start, end = view.origin(begin, finish)
            yield Found(place, index.terms[term].written, start, end)


def _matches(found: tuple[re.Pattern[str], ...], fact: str, view: View) -> Iterator[Found]:
    shift = view.shift(fact)
    for pattern in found:
        for match in pattern.finditer(view.folded(fact)):
            place, start, end = view.origin(match.start() + shift, match.end() + shift)
            yield Found(place, pattern.pattern, start, end)


def _identifiers(check: Check, view: View) -> Iterator[Found]:
    for value in view.facts.identifiers.get(check.fact, ()):
        for begin, finish in places(read_term(fold(value)), view.whole):
            place, start, end = view.origin(begin, finish)
            yield Found(place, check.fact, start, end)
