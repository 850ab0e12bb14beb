"""One message as the conditions see it: folded once, scanned once, with what the rules above have decided so far."""

from __future__ import annotations

from typing import Any

from rules.facts import Facts
from rules.index import TermIndex
from rules.normalise import Folded

# These facts change while the rules are read: a rule sees what the rules above it set.
DECIDED = ("topic", "priority", "team", "status", "tags")


class View:
    """Made anew for each decision. `masks` are the terms found in message, subject and text, as bits of the index."""

    __slots__ = ("_cut", "decided", "facts", "hits", "masks", "subject", "text", "whole")

    def __init__(self, index: TermIndex, facts: Facts) -> None:
        self.facts = facts
        self.subject, self.text = Folded(facts.subject), Folded(facts.text)
        self._cut = len(self.subject.folded)
        # No term holds a line break, so none can reach from the subject into the text.
        self.whole = f"{self.subject.folded}\n{self.text.folded}"
        self.hits = index.scan(self.whole)
        self.masks = self._masks()
        self.decided: dict[str, Any] = {name: getattr(facts, name) for name in DECIDED}

    def _masks(self) -> tuple[int, int, int]:
        subject = text = 0
        for term, start, _ in self.hits:
            if start < self._cut:
                subject |= 1 << term
            else:
                text |= 1 << term
        return subject | text, subject, text

    def folded(self, fact: str) -> str:
        return self.whole if fact == "message" else getattr(self, fact).folded

    def origin(self, start: int, end: int) -> tuple[str, int, int]:
        """The fact and the place in its original text that a stretch of `whole` stands for."""
        if start < self._cut:
            return "subject", *self.subject.span(start, min(end, self._cut))
        return "text", *self.text.span(start - self._cut - 1, end - self._cut - 1)

    def stands_in(self, fact: str, start: int) -> bool:
        return fact == "message" or (start < self._cut) == (fact == "subject")

    def shift(self, fact: str) -> int:
        """Where the fact's folded text begins in `whole`."""
        return self._cut + 1 if fact == "text" else 0
