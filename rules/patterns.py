"""Regular expressions that no text can stall: a small language, checked before it is compiled.

Only what has a fixed greatest length and few ways to match is allowed, so that each place of a text costs at most a
constant and the whole text costs time in proportion to its length. Pure.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# The most ways that one place of a text may have to be tried in, and the longest match.
MOST_WAYS = 5_000
LONGEST = 500
_CLASSES = "dDwWsSbB"
_CONTROL = "tnr"


class PatternError(ValueError):
    """Why a pattern is refused, in a sentence."""


class Cost(NamedTuple):
    """The longest match, in how many ways a backtracking matcher may try to reach it, and whether every match holds a
    `\\d`."""

    length: int
    ways: int
    digit: bool = False

    def then(self, other: Cost) -> Cost:
        return Cost(self.length + other.length, self.ways * other.ways, self.digit or other.digit)

    def times(self, least: int, most: int) -> Cost:
        ways = 1 if self.ways == 1 else self.ways ** min(most, LONGEST)
        return Cost(self.length * most, ways * (most - least + 1), self.digit and least > 0)


_NOTHING, _ONE = Cost(0, 1), Cost(1, 1)


class _Reader:
    """Reads a pattern left to right and adds up its cost. Anything it does not know is refused."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.groups = 0

    def peek(self) -> str:
        return self.source[self.at] if self.at < len(self.source) else ""

    def take(self) -> str:
        letter = self.peek()
        if not letter:
            raise PatternError("it ends too early")
        self.at += 1
        return letter

    def branches(self) -> Cost:
        first, costs = [self.peek()], [self.sequence()]
        while self.peek() == "|":
            self.take()
            first.append(self.peek())
            costs.append(self.sequence())
        # Branches that begin with different letters exclude each other: only one of them can go on.
        exclusive = len(set(first)) == len(first) and all(letter.isalnum() for letter in first)
        ways = [cost.ways for cost in costs]
        longest, digit = max(cost.length for cost in costs), all(cost.digit for cost in costs)
        return Cost(longest, max(ways) if exclusive else sum(ways), digit)

    def sequence(self) -> Cost:
        cost = _NOTHING
        while self.peek() not in ("", "|", ")"):
            cost = cost.then(self.repeated(self.atom()))
        return cost

    def atom(self) -> Cost:
        letter = self.take()
        if letter == "(":
            return self.group()
        if letter == "[":
            return self.charset()
        if letter == "\\":
            return self.escape()
        if letter in "*+?{":
            raise PatternError(f"there is nothing before {letter} that could repeat")
        return _NOTHING if letter in "^$" else _ONE

    def group(self) -> Cost:
        if self.peek() == "?":
            if self.source[self.at : self.at + 2] != "?:":
                raise PatternError("groups that begin with (? look around or carry options, which may be slow")
            self.at += 2
        else:
            self.groups += 1
        cost = self.branches()
        if self.peek() != ")":
            raise PatternError("a bracket is not closed")
        self.take()
        return cost

    def charset(self) -> Cost:
        if self.peek() == "^":
            self.take()
        first = True
        while first or self.peek() != "]":
            first = False
            if self.take() == "\\":
                self.take()
        self.take()
        return _ONE

    def escape(self) -> Cost:
        letter = self.take()
        if letter.isdigit():
            raise PatternError("it refers back to a group, which may be slow")
        if letter.isalpha() and letter not in _CLASSES + _CONTROL:
            raise PatternError(f"\\{letter} is not known here")
        return _NOTHING if letter in "bB" else Cost(1, 1, letter == "d")

    def repeated(self, cost: Cost) -> Cost:
        sign = self.peek()
        if sign in ("*", "+"):
            raise PatternError(f"{sign} has no upper limit")
        if sign == "?":
            self.take()
            cost = cost.times(0, 1)
        elif sign == "{":
            cost = cost.times(*self.bounds())
        else:
            return cost
        if self.peek() in ("*", "+", "?", "{"):
            raise PatternError(f"two signs of repetition follow each other: {sign}{self.peek()}")
        return cost

    def bounds(self) -> tuple[int, int]:
        written = re.match(r"\{(\d{1,4})(?:,(\d{1,4}))?\}", self.source[self.at :])
        if not written:
            raise PatternError("a repetition in braces needs an upper limit")
        self.at += written.end()
        return int(written[1]), int(written[2] or written[1])


def check(source: str) -> Cost:
    """What matching costs. Raises PatternError unless the pattern is in the safe language."""
    reader = _Reader(source)
    cost = reader.branches()
    if reader.peek():
        raise PatternError("a bracket is closed that was never opened")
    if reader.groups > 1:
        raise PatternError("it has more than one group that captures")
    if cost.length > LONGEST or cost.ways > MOST_WAYS:
        raise PatternError("it could take too long on some texts")
    return cost


def compile_safe(source: str) -> re.Pattern[str]:
    """The pattern, ready for folded text. Raises PatternError with the reason when it could stall or is no pattern."""
    check(source)
    try:
        pattern = re.compile(source, re.IGNORECASE)
    except re.error as error:
        raise PatternError(f"it is not a regular expression ({error})") from error
    if pattern.match(""):
        raise PatternError("it matches an empty text, so it always holds")
    return pattern
