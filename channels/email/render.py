"""The HTML of a mail made ready to show: images resolved, history folded, everything sanitised last."""

from __future__ import annotations

import re
from dataclasses import dataclass

from channels.email import html_text, quote_html
from channels.email.claims import MARKER
from channels.email.files import Files
from channels.email.sanitize import rewrite_images, sanitize, too_much

_ONLY_END_TAGS = re.compile(r"(?:\s|</[a-zA-Z0-9]{1,15}>|<br\s?/?>)*")
FOLD = '<details class="quoted"><summary>···</summary>'
UNFOLD = "</details>"


@dataclass(frozen=True, slots=True)
class Rendered:
    """`html` is None when there is none to show; `text` are all its words, `own` those outside the quote."""

    html: str | None = None
    kept: str = ""
    quoted: bool = False
    remote: bool = False
    refused: bool = False
    source: str = ""

    def text(self) -> str:
        return (
            html_text.crude_text(self.source)
            if self.html is None
            else html_text.text_of(self.html.replace("<summary>···</summary>", ""))
        )

    def own(self) -> str:
        return html_text.text_of(self.kept)


def render(source: str, files: Files, *, fold: bool) -> Rendered:
    """Sanitised HTML, the quote folded if `fold`. What is too much to clean is refused: its words stay readable."""
    if not source.strip():
        return Rendered()
    if too_much(source):
        return Rendered(refused=True, source=source)
    source, remote = rewrite_images(MARKER.sub("", source) if "sbt:" in source else source, files.resolve)
    quote = quote_html.find(source) if fold else None
    if not quote:
        clean = sanitize(source)
        return Rendered(clean, clean, remote=remote)
    head, rest = sanitize(source[: quote.start]), _sanitized_rest(source[quote.end :])
    tail = sanitize(source[quote.start : quote.end])
    return Rendered(f"{head}{FOLD}{tail}{UNFOLD}{rest}", f"{head}\n{rest}", quoted=True, remote=remote)


def _sanitized_rest(source: str) -> str:
    """After most quotes only end tags follow: not worth a cleaning."""
    return "" if _ONLY_END_TAGS.fullmatch(source) else sanitize(source)
