"""Makes texts comparable: width, case and traditional characters folded, with the way back to the original.

`fold` is applied to terms and to texts alike. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right

from rules.variants import TRADITIONAL, TRADITIONAL_CLASS

# Chinese texts are full of these; replacing them first spares most texts the slow normal form.
_QUICK = (*zip("，！？：；（）\u3000’‘\n\t\r", ",!?:;() ''   ", strict=True), ("…", "..."))
_TRADITIONAL = re.compile(TRADITIONAL_CLASS)
# Characters that fold to exactly one character, whatever stands around them (combining marks aside).
_PLAIN = (
    r"\x00-\x7f\xa1-\xa7\xab\xae\xb0-\xb3\xb5-\xb7\xb9-\xbb\xc0-\xde\xe0-\xff"
    r"\u200b\u200d\u2010-\u2023\u3000-\u303f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\ufe0f\uff01-\uff5e"
    r"\U0001f300-\U0001faff"
)
_ANY_ODD = re.compile(f"[^{_PLAIN}]")
_ODD = re.compile(f"[{_PLAIN}]?[^{_PLAIN}]+")


def fold(text: str) -> str:
    """The comparable form: NFKC, case folded, traditional characters simplified, every kind of space a plain one."""
    for written, plain in _QUICK:
        text = text.replace(written, plain)
    if not text.isascii() and not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    text = text.casefold()
    if not text.isascii() and _TRADITIONAL.search(text):
        text = text.translate(TRADITIONAL)
    return text


class Folded:
    """A text with its folded form. `span` leads from a place in the folded form back to the original."""

    __slots__ = ("_anchors", "folded", "original")

    def __init__(self, original: str) -> None:
        self.original = original
        self.folded = fold(original)
        self._anchors: list[tuple[int, int, int, int]] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The shortest stretch of the original whose folded form covers `start` to `end`."""
        if self._anchors is None:
            self._anchors = _anchors(self.original)
        if not self._anchors:
            return start, end
        return self._back(start, closing=False), self._back(end, closing=True)

    def _back(self, place: int, *, closing: bool) -> int:
        """1. Find the last odd stretch that begins at or before `place` (when closing: before it).
        2. Inside it: its first character, or its end when closing. 3. After it: as far as in the folded form."""
        assert self._anchors is not None
        key = place - 1 if closing else place
        index = bisect_right(self._anchors, key, key=lambda anchor: anchor[0]) - 1
        if index < 0:
            return place
        _, folded_end, start, end = self._anchors[index]
        if key < folded_end:
            return end if closing else start
        return place - folded_end + end


def _anchors(original: str) -> list[tuple[int, int, int, int]]:
    """Each stretch that may change its length when folded: where it stands in the folded form and in the original."""
    anchors: list[tuple[int, int, int, int]] = []
    if not _ANY_ODD.search(original):  # much quicker than looking for whole stretches
        return anchors
    drift = 0
    for match in _ODD.finditer(original):
        at = match.start()
        for piece in _pieces(match[0]):
            length = len(fold(piece))
            anchors.append((at + drift, at + drift + length, at, at + len(piece)))
            drift += length - len(piece)
            at += len(piece)
    return anchors


def _pieces(stretch: str) -> list[str]:
    """Letters with their marks, one by one, unless they fold differently alone than together (Hangul, for one)."""
    pieces: list[str] = []
    for letter in stretch:
        if pieces and unicodedata.combining(letter):
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces if "".join(map(fold, pieces)) == fold(stretch) else [stretch]
