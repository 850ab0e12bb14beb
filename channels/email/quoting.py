"""What is new in a mail's text: the quoted history and the signature cut away, never more than that.

The cut is by evidence: an attribution, a block of header lines, a separator of a known program, or lines behind `>`.
Where the evidence is thin nothing is cut; nothing is ever cut down to nothing. Linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from channels.email import quote_words as known
from channels.email.signatures import without_signature

MAX_LINES = 20_000
_HEADER_LINE = re.compile(r"[\s>*_|•·]*([^\W\d_][^:：\n]{0,24}?)[\s*_　]*[:：]\s?(.*)$")
_MAILBOX_OR_TEXT = re.compile(r"\S")
_RULE = re.compile(r"^[\s>]*(?:[-_=—–─*]{3,}|\*{3,})\s*$")
_LOOK_BACK = 3
_BLOCK_LINES = 8


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a quote begins, where its own lines begin, and whether the quoted text has to be behind `>`."""

    start: int
    after: int
    marked: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A text and the first announcement of a quote in it."""

    lines: list[str]
    cut: Cut | None


def read(text: str) -> Reading:
    lines = text.split("\n", MAX_LINES)
    above = any(word in text for word in _ABOVE_HINTS)
    for index, line in enumerate(lines[:MAX_LINES]):
        if line and (cut := _at(lines, index, line, above)):
            return Reading(lines, cut)
    return Reading(lines, None)


def new_text(text: str | Reading, *, answer: bool) -> str:
    """The words that this mail adds. `answer`: the mail says that it is one; otherwise only a quote that announces itself
    beyond doubt is cut, and the trailing signature."""
    reading = read(text) if isinstance(text, str) else text
    lines, cut = reading.lines, reading.cut
    if cut and not answer and not _beyond_doubt(lines, cut):
        cut = None
    kept = _kept(lines, cut) if cut else (_without_trailing_quote(lines) if answer else lines)
    if not _has_words(kept):
        kept = lines
    return "\n".join(without_signature([line.rstrip() for line in kept])).strip("\n").strip()


def _at(lines: list[str], index: int, line: str, above: bool) -> Cut | None:
    """The announcement that this line makes or ends, if any. The cheap looks go first: most lines are prose."""
    short = len(line) < 1000
    if line[-1] in ":： >" and short and (cut := _attribution(lines, index)):
        return cut
    if short and (":" in line or "：" in line) and _header_field(line) and (cut := _header_block(lines, index)):
        return cut
    if short and line.lstrip(" >*|")[:2] in _PAIRS and known.SEPARATOR.match(line):
        return Cut(_before_rules(lines, index), index + 1, marked=False)
    if above and short and known.ABOVE.match(line):
        return Cut(index, index + 1, marked=False)
    return None


_ABOVE_HINTS = ("above", "atas", "oberhalb", "über", "dessus", "encima", "上方", "以上")
_PAIRS = frozenset(c * 2 for c in "-_=—–─*")


def _attribution(lines: list[str], index: int) -> Cut | None:
    """`On Monday, X wrote:` and its sisters, over up to four lines. Prose that happens to end so is told apart by what
    stands in it (a moment, a mailbox) or below it (a line behind `>`)."""
    line = lines[index].rstrip(" \t\xa0>*_")
    if line[-1:] not in {":", "："}:
        return None
    quoted_below = _next_is_quoted(lines, index + 1)
    start = index
    for back in range(_LOOK_BACK + 1):
        start = index - back
        if start < 0 or not lines[start].strip() or (back and lines[start].rstrip()[-1:] in ":："):
            break
        text = " ".join(piece.strip(" \t>*") for piece in lines[start : index + 1])
        if _announces(text, quoted_below):
            return Cut(_extended(lines, start, text), index + 1, marked=quoted_below)
    return None


def _announces(text: str, quoted_below: bool) -> bool:
    if len(text) > 700:
        return False
    moment, mailbox = known.MOMENT.search(text), known.MAILBOX.search(text)
    if (quoted_below and moment and mailbox) or (mailbox and known.VERBLESS.search(text)):
        return True
    if not known.WROTE.search(text):
        return False
    if quoted_below:
        return bool(moment or mailbox) or len(text) < 120
    return bool(moment and mailbox) or (bool(moment) and _opens(text)) or (bool(mailbox) and len(text) < 200)


def _opens(text: str) -> bool:
    """Does the announcement begin as one, and hold a full moment and not just a number?"""
    return (
        bool(known.OPENS.match(text))
        or text[:1].isdigit()
        or bool(re.search(r"[年年]|写道|寫道|(?:schrieb|kirjoitti|skrev)\b", text))
    )


def _extended(lines: list[str], start: int, text: str) -> int:
    """The announcement may have begun a line earlier (`On Mon, 2 Jan 2023 at 15:04`): take what only opens one."""
    if known.OPENS.match(text) or start == 0:
        return start
    for back in range(1, _LOOK_BACK + 1):
        at = start - back
        if at < 0 or not lines[at].strip():
            return start
        if known.OPENS.match(lines[at]) and known.MOMENT.search(lines[at]) and len(lines[at]) < 200:
            return at
    return start


def _next_is_quoted(lines: list[str], index: int) -> bool:
    for line in lines[index : index + 4]:
        if line.strip():
            return line.lstrip()[:1] in {">", "|"}
    return False


def _header_field(line: str) -> str:
    found = _HEADER_LINE.match(line)
    return known.LABELS.get(found[1].replace("　", "").replace("\xa0", "").strip().lower(), "") if found else ""


def _header_block(lines: list[str], index: int) -> Cut | None:
    """Two header lines of one mail above a quote, a sender among them: `From:` alone in prose is none."""
    seen: dict[str, str] = {}
    last = index
    for at in range(index, min(index + _BLOCK_LINES + 4, len(lines))):
        line = lines[at]
        if not line.strip():
            if len(seen) >= 2 or at - last > 1:
                break
            continue
        field = _header_field(line)
        if not field and at - last > 2:
            break
        if field and field not in seen:
            seen[field] = line
            last = at
    if not _is_header_block(seen):
        return None
    return Cut(_before_rules(lines, index), last + 1, marked=False)


def _is_header_block(seen: dict[str, str]) -> bool:
    if "from" in seen and "sent" in seen and len(seen) >= 2:
        return bool(known.MOMENT.search(seen["sent"])) or "subject" in seen or "to" in seen
    return (
        "from" in seen
        and ("subject" in seen or "to" in seen)
        and bool(known.MAILBOX.search(seen["from"]) or len(seen) > 2)
    )


def _before_rules(lines: list[str], index: int) -> int:
    """The rule or separator right above an announcement belongs to it."""
    at = index
    while at > 0 and (not lines[at - 1].strip() or _RULE.match(lines[at - 1]) or known.SEPARATOR.match(lines[at - 1])):
        at -= 1
        if _RULE.match(lines[at]) or known.SEPARATOR.match(lines[at]):
            index = at
    return index


def _beyond_doubt(lines: list[str], cut: Cut) -> bool:
    """In a mail that does not call itself an answer: quoted lines below, or a header block with an address."""
    if not _has_words(lines[: cut.start]):
        return False
    return cut.marked or bool(known.MAILBOX.search("\n".join(lines[cut.start : cut.after])[:2000]))


def _kept(lines: list[str], cut: Cut) -> list[str]:
    head, tail = lines[: cut.start], lines[cut.after :]
    if not cut.marked:
        if _has_words(head):
            return head
        return _below(tail) if _starts_quoted(tail) else lines
    last = max((n for n, line in enumerate(tail) if _quoted(line)), default=-1)
    after = tail[last + 1 :]
    if not _has_words(head):
        return _below(tail)
    if _only_signature(after):
        return _interleaved(head, lines[cut.start : cut.after], tail, last)
    return (
        [*head, *lines[cut.start : cut.after], *tail[: last + 1], *after]
        if _answers_between(tail, last)
        else [*head, *after]
    )


def _interleaved(head: list[str], announcement: list[str], tail: list[str], last: int) -> list[str]:
    """Answers between quoted lines keep the quotes that they answer; the quote after the last answer goes."""
    own = [n for n, line in enumerate(tail[:last]) if line.strip() and not _quoted(line) and not _wrapped(tail, n)]
    if not own:
        return head
    return [*head, *announcement, *tail[: own[-1] + 1]]


def _answers_between(tail: list[str], last: int) -> bool:
    return any(line.strip() and not _quoted(line) and not _wrapped(tail, n) for n, line in enumerate(tail[:last]))


def _wrapped(lines: list[str], n: int) -> bool:
    """Is this the rest of a quoted line that a mail program broke: short, between two quoted lines, no gap?"""
    before = lines[n - 1] if n else ""
    after = lines[n + 1] if n + 1 < len(lines) else ""
    return _quoted(before) and _quoted(after) and len(before) > 60 and len(lines[n]) < 40


def _below(tail: list[str]) -> list[str]:
    """The answer below a quote: the leading quote goes, quotes between answers and the text stay."""
    start = 0
    while start < len(tail) and (not tail[start].strip() or _quoted(tail[start])):
        start += 1
    return _without_trailing_quote(tail[start:])


def _without_trailing_quote(lines: list[str]) -> list[str]:
    """Lines behind `>` at the end are history, also without an announcement."""
    end = len(lines)
    while end and (not lines[end - 1].strip() or _quoted(lines[end - 1])):
        end -= 1
    return lines[:end] if any(_quoted(line) for line in lines[end:]) else lines


def _quoted(line: str) -> bool:
    return line.lstrip()[:1] == ">"


def _starts_quoted(lines: list[str]) -> bool:
    return next((_quoted(line) for line in lines if line.strip()), False)


def _has_words(lines: list[str]) -> bool:
    return any(any(c.isalnum() for c in line) for line in lines) or any(
        line.strip() and not line.isascii() for line in lines
    )


def _only_signature(lines: list[str]) -> bool:
    """Nothing but blanks, or a signature: no answer stands below the quote."""
    rest = [line for line in lines if line.strip()]
    return not rest or not _has_words(without_signature(["x", *lines])[1:])
