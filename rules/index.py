"""Finds the keywords of all rules in one pass over a text.

A term matches whole words where its script separates words, and any stretch of characters in Chinese. A `*` at its
beginning or end lifts that limit on that side. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from rules.normalise import fold

_UNSPACED = re.compile("[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]").match

_HALVES = re.compile("[\ud800-\udfff]")


class Term(NamedTuple):
    """One keyword as written, its folded stem, and on which sides a word must begin or end."""

    written: str
    stem: str
    opens: bool
    closes: bool


# The number of a term, where it begins and where it ends in the folded text. A plain tuple: there may be many.
Hit = tuple[int, int, int]


def in_spaced_word(letter: str) -> bool:
    """Letters and digits of scripts that put spaces between words: not Chinese characters, not kana."""
    return letter.isalnum() and not _UNSPACED(letter)


def read_term(written: str) -> Term:
    stem = fold(written).strip(" ")
    opens, closes = not stem.startswith("*"), not stem.endswith("*")
    stem = stem.strip("*")
    opens = opens and bool(stem) and in_spaced_word(stem[0])
    closes = closes and bool(stem) and in_spaced_word(stem[-1])
    return Term(written, stem, opens, closes)


def stands_alone(term: Term, folded: str, start: int, end: int) -> bool:
    """True where no word goes on beyond the side on which the term wants it to end."""
    if term.opens and start and in_spaced_word(folded[start - 1]):
        return False
    return not (term.closes and end < len(folded) and in_spaced_word(folded[end]))


def places(term: Term, folded: str) -> Iterable[tuple[int, int]]:
    """Each place of one term, found the plain way: the yardstick that the index is tested against."""
    start = folded.find(term.stem) if term.stem else -1
    while start >= 0:
        end = start + len(term.stem)
        if stands_alone(term, folded, start, end):
            yield start, end
        start = folded.find(term.stem, start + 1)


def holds(term: Term, folded: str) -> bool:
    return next(iter(places(term, folded)), None) is not None


def same(term: Term, folded: str) -> bool:
    """For one entry of a list: the whole entry is the term; a `*` at its end or beginning stands for anything."""
    starred = fold(term.written).strip(" ")
    if starred.startswith("*") and starred.endswith("*"):
        return term.stem in folded
    if starred.startswith("*"):
        return folded.endswith(term.stem)
    return folded.startswith(term.stem) if starred.endswith("*") else folded == term.stem


class TermIndex:
    """All terms of a rulebook. Numbers are stable for one build; bit N of a mask stands for term N."""

    def __init__(self, terms: Iterable[Term]) -> None:
        distinct: dict[tuple[str, bool, bool], Term] = {}
        for term in terms:
            distinct.setdefault(term[1:], term)
        self.terms = tuple(distinct.values())
        self._edged = tuple(term.opens or term.closes for term in self.terms)
        self._numbers = {key: number for number, key in enumerate(distinct)}
        stems: dict[str, list[int]] = {}
        for number, term in enumerate(self.terms):
            stems.setdefault(term.stem, []).append(number)
        self._by_stem = tuple(tuple(numbers) for numbers in stems.values())
        self._automaton = AhoCorasick(list(stems)) if stems else None

    def mask(self, terms: Iterable[Term]) -> int:
        """The bits of these terms, all of which the index was built with."""
        mask = 0
        for term in terms:
            mask |= 1 << self._numbers[term[1:]]
        return mask

    def scan(self, folded: str) -> list[Hit]:
        """Every place of every term, by where it ends."""
        if self._automaton is None:
            return []
        try:
            found = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        except UnicodeEncodeError:  # half a character: the automaton takes whole ones only
            found = self._automaton.find_matches_as_indexes(_HALVES.sub("\ufffd", folded), overlapping=True)
        terms, by_stem, edged = self.terms, self._by_stem, self._edged
        return [
            (number, start, end)
            for stem, start, end in found
            for number in by_stem[stem]
            if not edged[number] or stands_alone(terms[number], folded, start, end)
        ]
