"""Text out of HTML, and the HTML that is too much to be cleaned. Linear; nothing here raises.

`text_of` expects what sanitize has made: well-formed tags, no comments, no scripts.
"""

from __future__ import annotations

import html
import re

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})\b[^<>\"']*(?:(?:\"[^\"]*\"|'[^']*')[^<>\"']*)*/?>")
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_LINES = re.compile(r"\n{3,}")
_BREAKS = frozenset(
    {"br", "div", "tr", "li", "dt", "dd", "caption", "article", "section", "address", "header", "footer", "summary"}
)
_PARAGRAPHS = frozenset(
    {
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "dl",
        "table",
        "blockquote",
        "pre",
        "details",
        "hr",
        "figure",
        "center",
    }
)
_HIDDEN = ("<script", "<style", "<!--", "<head")
_CLOSERS = {"<script": "</script", "<style": "</style", "<!--": "-->", "<head": "</head"}
_ANY_TAG = re.compile(r"</?[A-Za-z!][^<>]*>?")


def text_of(source: str) -> str:
    """The text that a reader of sanitised HTML sees, block by block."""
    out: list[str] = []
    position, kept, fresh = 0, 0, True
    for tag in _TAG.finditer(source):
        words = _words(source[position : tag.start()], kept > 0)
        name, closing, position = tag[2].lower(), bool(tag[1]), tag.end()
        kept = max(kept + (-1 if closing else 1), 0) if name == "pre" else kept
        fresh = fresh and not words.strip()
        space = _break(name, closing, fresh)
        fresh = fresh or "\n" in space
        out += (words, space)
    out.append(_words(source[position:], kept > 0))
    return tidy("".join(out))


def crude_text(source: str) -> str:
    """The words of HTML that was refused for its size or shape: tags cut out, nothing understood."""
    return tidy(html.unescape(_ANY_TAG.sub(" ", without_hidden(source))).replace("\r", ""))


def without_hidden(source: str) -> str:
    """Without comments, scripts, styles and the head. Each search goes forward only, so the cost stays linear."""
    low = source.lower() if source.isascii() else source
    found: list[str] = []
    position = 0
    dead: set[str] = set()
    while (start := _next_hidden(low, position, dead)) is not None:
        at, opener = start
        end = low.find(_CLOSERS[opener], at + len(opener))
        if end < 0:
            dead.add(opener)
            continue
        close = low.find(">", end)
        found.append(source[position:at])
        position = close + 1 if close >= 0 else len(source)
    return "".join([*found, source[position:]])


def _next_hidden(low: str, position: int, dead: set[str]) -> tuple[int, str] | None:
    for found in _OPENERS.finditer(low, position):
        if (opener := found[1].lower()) not in dead:
            return found.start(), opener
    return None


_OPENERS = re.compile(r"(<script|<style|<!--|<head)(?![a-z])", re.IGNORECASE)


def tidy(text: str) -> str:
    """No blanks at line ends, never more than one empty line."""
    lines = text.replace("\xa0", " ").replace("\u200b", "").split("\n")
    text = "\n".join([line.strip(" \t") for line in lines])
    return _LINES.sub("\n\n", text).strip()


def _words(piece: str, kept: bool) -> str:
    if not piece:
        return ""
    piece = html.unescape(piece) if "&" in piece else piece
    return piece if kept else _BLANKS.sub(" ", piece)


def _break(name: str, closing: bool, fresh: bool) -> str:
    """What a tag puts between words. `fresh`: a line has just begun, so that a block need not begin one."""
    if name in _PARAGRAPHS:
        return "\n\n" if closing or name not in {"p", "hr"} else "\n"
    if name == "br":
        return "\n"
    if name in {"td", "th"}:
        return " " if closing else ""
    return "\n" if name in _BREAKS and not fresh else ""
