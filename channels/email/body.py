"""Which parts are the letter, and which are attachments.

Both forms are kept: the plain text for rules, search and quoting, the HTML for the eye. Nothing here raises.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from channels.email import charset, html_text, words
from channels.email.mime import Part

_SKIPPED_TEXT = frozenset({"text/x-amp-html", "text/watch-html"})
_BODY_TEXT = frozenset(
    {
        "text/plain",
        "text/html",
        "text/enriched",
        "text/richtext",
        "text/markdown",
        "text/x-markdown",
        "text/x-web-markdown",
        "text",
    }
)
_LINE_END = re.compile(r"\r+\n?")
_NO_HTML_READER = re.compile(
    r"(?:your|this)\b.{0,60}\b(?:client|reader|program|application|browser|software)\b.{0,60}"
    r"\b(?:not|unable|cannot|can't|doesn't)\b.{0,60}\b(?:html|mime)|view (?:this|the) (?:e-?mail"
    r"|message) in (?:html|a browser)"
    r"|this is an? html (?:e-?mail|message)|html[- ](?:enabled|capable|compatible)|不支持\s*html|無法顯示\s*html",
    re.IGNORECASE | re.DOTALL,
)
_ENRICHED = re.compile(r"<(?:param>[^<]{0,200}</param|/?[a-z-]{1,60})>", re.IGNORECASE)


@dataclass(slots=True)
class Body:
    """The letter in both forms (either may be empty) and the parts beside it, in order."""

    text: str = ""
    html: str = ""
    files: list[Part] = field(default_factory=list)
    guessed: bool = False


@dataclass(slots=True)
class _Reader:
    """What one walk over the tree needs to know, and what it finds out."""

    hints: list[str]
    files: list[Part] = field(default_factory=list)
    guessed: bool = False
    found_text: bool = False


@dataclass(frozen=True, slots=True)
class _Shown:
    text: str = ""
    html: str = ""

    @property
    def empty(self) -> bool:
        return not self.text.strip() and not self.html.strip()


def read(root: Part) -> Body:
    """The body of a mail."""
    reader = _Reader(_hints(root))
    shown = _shown(root, reader, alone=True)
    return Body(shown.text, shown.html, reader.files, reader.guessed)


def says_nothing(plain: str) -> bool:
    """Is the plain form empty, or nothing but an apology that the reader cannot show HTML?"""
    return not plain.strip() or (len(plain) < 600 and bool(_NO_HTML_READER.search(plain)))


def _hints(root: Part) -> list[str]:
    """Charsets that other parts and the encoded words of this mail name, for text that names none."""
    found = [part.params["charset"] for part in root.walk() if part.params.get("charset")]
    for name in ("subject", "from", "to"):
        found += words.charsets(root.headers.raw(name))
    return list(dict.fromkeys(found))[:8]


def _shown(part: Part, reader: _Reader, *, alone: bool = False) -> _Shown:
    if part.children:
        children = _related_first(part) if part.kind == "multipart/related" else part.children
        if part.kind == "multipart/alternative":
            return _alternative(children, reader)
        return _sequence([_shown(child, reader, alone=len(children) == 1) for child in children])
    if part.kind.startswith("multipart/"):
        return _Shown()
    if not _is_body(part, reader, alone):
        if part.kind not in _SKIPPED_TEXT:
            reader.files.append(part)
        return _Shown()
    return _text(part, reader)


def _related_first(part: Part) -> list[Part]:
    """The root of a related group first: named by `start`, else the first part with text in it."""
    start = part.params.get("start", "").strip("<>")
    named = [child for child in part.children if start and child.content_id == start]
    return named + [child for child in part.children if child not in named]


def _alternative(children: list[Part], reader: _Reader) -> _Shown:
    """The first plain form and the last rich one that have something in them."""
    found = [_shown(child, reader) for child in children]
    text = next((shown.text for shown in found if shown.text.strip() and not shown.html), "")
    text = text or next((shown.text for shown in found if shown.text.strip()), "")
    rich = next((shown.html for shown in reversed(found) if shown.html.strip()), "")
    return _Shown(text, rich)


def _sequence(found: list[_Shown]) -> _Shown:
    """Inline parts one after the other, in both forms if any of them is HTML."""
    given = [shown for shown in found if not shown.empty]
    if len(given) < 2:
        return given[0] if given else _Shown()
    text = "\n".join(shown.text.strip("\n") or html_text.crude_text(shown.html) for shown in given)
    if not any(shown.html for shown in given):
        return _Shown(text)
    return _Shown(
        text if any(shown.text for shown in given) else "",
        "\n".join(shown.html or _as_html(shown.text) for shown in given),
    )


def _as_html(text: str) -> str:
    return f'<div style="white-space:pre-wrap">{html.escape(text)}</div>'


def _is_body(part: Part, reader: _Reader, alone: bool) -> bool:
    """Text without a file name is letter; with one it is a file, unless it is the first and only hints at a name."""
    if part.kind not in _BODY_TEXT:
        return part.kind.startswith("text/") and alone and part.disposition[0] != "attachment" and not part.filename
    if part.disposition[0] == "attachment":
        return False
    return not (part.filename and not alone and (reader.found_text or part.disposition[1].get("filename")))


def _text(part: Part, reader: _Reader) -> _Shown:
    label = part.params.get("charset", "")
    text, guessed = charset.decode(part.data, label, [hint for hint in reader.hints if hint != label])
    reader.guessed = reader.guessed or guessed
    text = normal_lines(text)
    reader.found_text = reader.found_text or bool(text.strip())
    if part.kind == "text/html":
        return _Shown(html=text)
    if part.kind in {"text/enriched", "text/richtext"}:
        text = html.unescape(_ENRICHED.sub("", text))
    return _Shown(text)


def normal_lines(text: str) -> str:
    """Line ends as `\\n`; form feeds are line ends too."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        text = _LINE_END.sub("\n", text) if "\r" in text else text
    return text.replace("\f", "\n")
