"""Finds order numbers and the like in a text: what the patterns of `[identifiers]` say. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules import patterns

_DIGIT = re.compile(r"\d")


class Finder:
    """The patterns of one identifier. A pattern's group is the value; without a group it is the whole match."""

    def __init__(self, sources: tuple[str, ...]) -> None:
        self._patterns = tuple((patterns.compile_safe(source), _reach(source)) for source in sources)

    def find(self, folded: str) -> tuple[str, ...]:
        """Each value once, in capitals, in reading order."""
        hits = [match for pattern, reach in self._patterns for match in _matches(pattern, reach, folded)]
        hits.sort(key=lambda match: match.start(match.lastindex or 0))
        return tuple(dict.fromkeys(match[match.lastindex or 0].upper() for match in hits))


def _reach(source: str) -> int:
    """How far from some digit a match can begin or end; 0 where it may hold no digit."""
    cost = patterns.check(source)
    return cost.length if cost.digit and "$" not in source else 0


def _matches(pattern: re.Pattern[str], reach: int, folded: str) -> Iterator[re.Match[str]]:
    """All matches. Where each must hold a digit, only the surroundings of digits are read: most mails have few, and
    reading the whole text costs ten times as much."""
    if not reach:
        yield from pattern.finditer(folded)
        return
    for start, end in _surroundings(folded, reach):
        # Two characters more, so that a word boundary at the end sees what really follows.
        yield from pattern.finditer(folded, start, end + 2)


def _surroundings(folded: str, reach: int) -> list[tuple[int, int]]:
    stretches: list[tuple[int, int]] = []
    for digit in _DIGIT.finditer(folded):
        start, end = max(0, digit.start() - reach), digit.end() + reach
        if stretches and start <= stretches[-1][1] + 2:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((start, end))
    return stretches
