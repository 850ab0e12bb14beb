"""Who is named in an address field. A strict grammar for whom we believe, a lenient reading for what we show.

An address is taken only where every careful reader would take the same one: `alice@example.org)bob@evil.test` names
nobody, and nothing inside an encoded word is ever an address. Linear; nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from channels.base import Address
from channels.email import words

MAX_RECIPIENTS = 1000
_TOKENS = re.compile(r"\"(?:[^\"\\]|\\.)*+\"?|<[^<>]*>|[(),;:<>\"]|[^(),;:<>\"]+")
_ATEXT = r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,.\"]+"
_ADDRESS = re.compile(
    rf"(?:{_ATEXT}(?:\.{{1,3}}{_ATEXT}){{0,30}}\.?|\"(?:[^\"\\\x00-\x1f]|\\[^\x00-\x1f])+\")"
    r"@(?:[^\W_](?:[\w-]{0,80}[^\W_])?(?:\.[^\W_](?:[\w-]{0,80}[^\W_])?){0,30}\.?|\[[0-9A-Fa-f:.]{3,60}\])"
)
_ROUTE = re.compile(r"^@[^:\s]{1,200}:")
_BLANKS_AROUND = re.compile(r"\s*([@.])\s*")
_QUOTES = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`certain`: written as the standard says, so that nobody reads another address out of it."""

    address: str
    name: str = ""
    certain: bool = True


@dataclass(slots=True)
class _Open:
    """A mailbox under way: words outside brackets, the bracketed address, comments."""

    phrase: list[str] = field(default_factory=list)
    angles: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    odd: bool = False

    def empty(self) -> bool:
        return not self.angles and not self.comments and not "".join(self.phrase).strip()


def mailboxes(raw: bytes, limit: int = MAX_RECIPIENTS) -> list[Mailbox]:
    """The mailboxes of one field, in order; what cannot be read as an address is left out."""
    found: list[Mailbox] = []
    before = ""
    for item in _items(words.undecoded(raw)):
        if not item.angles and "@" not in "".join(item.phrase):
            before = f"{before}{_phrase(item)}, "
            continue
        mailbox = _mailbox(item, before)
        before = ""
        if mailbox:
            found.append(mailbox)
        if len(found) >= limit:
            break
    return found


def listed(fields: Iterable[bytes]) -> tuple[Address, ...]:
    """The distinct addresses of several fields, as the desk keeps them."""
    out: dict[str, Address] = {}
    for raw in fields:
        for mailbox in mailboxes(raw):
            out.setdefault(mailbox.address.casefold(), Address(mailbox.address, mailbox.name))
        if len(out) >= MAX_RECIPIENTS:
            break
    return tuple(out.values())[:MAX_RECIPIENTS]


def fold(address: str) -> str:
    """The domain in lower case, the local part as written."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{domain.lower().rstrip('.')}"


def valid(text: str) -> str:
    """`text` as an address, or empty. The only place that says what an address is."""
    text = text.strip()
    return fold(text) if len(text) <= 320 and "=?" not in text and _ADDRESS.fullmatch(text) else ""


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def local_of(address: str) -> str:
    return address.rpartition("@")[0]


def _items(text: str) -> Iterable[_Open]:
    """The pieces between top-level commas and semicolons, comments apart, group names dropped."""
    item, depth, comment = _Open(), 0, ""
    for piece in _pieces(text):
        if piece == "(" or (piece == ")" and depth):
            depth += 1 if piece == "(" else -1
            comment, done = ("", comment) if not depth else (comment, "")
            item.comments += [done] if done else []
        elif depth:
            comment += piece if len(comment) < 500 else ""
        elif piece in ",;":
            yield item
            item = _Open()
        elif piece == ":" and "@" not in "".join(item.phrase) and not item.angles:
            item = _Open()
        else:
            _add(item, piece)
    if depth:  # a comment that nobody closes: readers differ about where the address ends
        item.odd = True
        item.phrase.append("(")
    yield item


def _pieces(text: str) -> list[str]:
    """Quoted strings, bracketed addresses, delimiters, words. A quote that nobody closes is a stray character."""
    found: list[str] = _TOKENS.findall(text)
    if found and found[-1][0] == '"' and (len(found[-1]) == 1 or found[-1][-1] != '"'):
        stray = found.pop()
        return [*found, '"', *_TOKENS.findall(stray[1:].replace('"', " "))]
    return found


def _add(item: _Open, piece: str) -> None:
    if piece[0] == "<" and len(piece) > 1:
        item.angles.append(piece[1:-1])
        return
    if piece in '()<>":':
        item.odd = True
    if item.angles and piece.strip() and piece != ">":
        item.odd = True
    item.phrase.append(piece)


def _mailbox(item: _Open, before: str) -> Mailbox | None:
    if item.angles:
        return _bracketed(item, before)
    text = "".join(item.phrase).strip()
    if address := valid(text.strip("'")):
        return Mailbox(address, _comment(item), not item.odd and not before)
    return _bare(item, text, before)


def _bracketed(item: _Open, before: str) -> Mailbox | None:
    """The address in the brackets. With several brackets, or brackets around nothing, there is none."""
    given = [angle for angle in item.angles if angle.strip()]
    if len(given) != 1:
        return None
    name = (before + (_phrase(item) or _comment(item))).strip(" ,")
    if address := valid(given[0]):
        return Mailbox(address, name, not (item.odd or before or _holds_address(item)))
    mended = _BLANKS_AROUND.sub(r"\1", _ROUTE.sub("", given[0].strip()).removeprefix("mailto:").strip(" '\""))
    address = valid(mended)
    return Mailbox(address, name, certain=False) if address else None


def _bare(item: _Open, text: str, before: str) -> Mailbox | None:
    """`"Name" a@b.c` without brackets: taken when exactly one word holds an @ and is an address as it stands."""
    holders = [word for word in " ".join(_tokens_outside_quotes(item)).split() if "@" in word]
    if len(holders) != 1 or "=?" in holders[0] or text.count("@") > 1 or _next_to_delimiter(item, holders[0]):
        return None
    address = valid(holders[0].strip("'[]").removeprefix("mailto:"))
    name = words.decode_str(text.replace(holders[0], " ")).strip(" \"'<>")
    return Mailbox(address, (before + (name or _comment(item))).strip(" ,"), certain=False) if address else None


def _next_to_delimiter(item: _Open, holder: str) -> bool:
    """Is a stray `)`, `(`, `:` or quote glued to the address? Then readers differ about where it ends."""
    text = "".join(item.phrase)
    at = text.find(holder)
    around = text[max(at - 1, 0) : at] + text[at + len(holder) : at + len(holder) + 1]
    return any(c in '():"' for c in around)


def _tokens_outside_quotes(item: _Open) -> list[str]:
    return [token for token in item.phrase if not (token[0] == '"' and len(token) > 1)]


def _holds_address(item: _Open) -> bool:
    return any("@" in token for token in _tokens_outside_quotes(item))


def _phrase(item: _Open) -> str:
    """The display name: quotes and escapes undone, encoded words decoded (also inside quotes, as mailers write them)."""
    parts = [_QUOTES.sub(r"\1", t[1:-1]) if t[0] == '"' and len(t) > 1 else t.strip('"<>') for t in item.phrase]
    name = words.decode_str("".join(parts).strip())
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1]
    return words.one_line(name)[:300]


def _comment(item: _Open) -> str:
    return words.decode_str(_QUOTES.sub(r"\1", " ".join(c.strip() for c in item.comments if c.strip())))[:300]
