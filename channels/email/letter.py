"""The letter itself: an agent's plain text, the history quoted once, and the same again as plain, quiet HTML. Pure."""

from __future__ import annotations

import re
from datetime import UTC
from html import escape

from channels.base import Outgoing

# Mail clients clip a message somewhere above 100 KB; below 20 KB even slow lines show it at once.
QUOTE_BYTES = 5_000
_URL = re.compile(r"https?://[^\s<>\"'，。；、）】」]+[^\s<>\"'.,;:!?)\]，。；、）】」]")
_FONT = "16px/1.5 -apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei',sans-serif"
_HIDDEN = "display:none;max-height:0;overflow:hidden;font-size:0;mso-hide:all"
# Colours are left to the reader's client, so that a dark one stays dark; the one grey is readable on both.
_QUOTE = "margin:16px 0 0;padding:0 0 0 12px;border-left:2px solid #888"
_ATTRIBUTION = {
    "en": ("{when:%a, %d %b %Y at %H:%M} UTC", "On {when}, {who} wrote:"),
    "zh-Hans": ("{when.year}年{when.month}月{when.day}日 {when:%H:%M} (UTC)", "在 {when}，{who} 写道："),
    "zh-Hant": ("{when.year}年{when.month}月{when.day}日 {when:%H:%M} (UTC)", "於 {when}，{who} 寫道："),
    "id": ("{when.day}/{when.month}/{when.year} {when:%H.%M} UTC", "Pada {when}, {who} menulis:"),
}


def plain(outgoing: Outgoing) -> str:
    """The text part: what we say, then the history behind `>`, once."""
    text = _tidy(outgoing.text).strip("\n")
    quoted = _history(outgoing)
    if not quoted:
        return text + "\n"
    behind = "\n".join(f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in quoted.split("\n"))
    return f"{text}\n\n{attribution(outgoing)}\n\n{behind}\n"


def html(outgoing: Outgoing) -> str:
    """The HTML part, made from the plain text. The hidden marker stands after our words: in front of them, the lists
    of many clients would show it as the preview."""
    marker = f'<span style="{_HIDDEN}">sbt:{escape(outgoing.token)}</span>' if outgoing.token else ""
    quoted = _history(outgoing)
    history = ""
    if quoted:
        history = (
            f'<div><p style="margin:24px 0 0">{escape(attribution(outgoing))}</p>'
            f'<blockquote type="cite" style="{_QUOTE}">{_paragraphs(quoted)}</blockquote></div>'
        )
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(outgoing.language)}"><head><meta charset="utf-8">'
        '<meta name="color-scheme" content="light dark"><meta name="viewport" content="width=device-width"></head>\n'
        f'<body style="font:{_FONT}">{_paragraphs(_tidy(outgoing.text))}{marker}\n{history}</body></html>\n'
    )


def attribution(outgoing: Outgoing) -> str:
    """The line above the history, in the letter's language; the form is one that every mail program knows to fold."""
    when_form, form = _ATTRIBUTION.get(outgoing.language, _ATTRIBUTION["en"])
    when = when_form.format(when=(outgoing.quoted_at or outgoing.created_at).astimezone(UTC))
    return form.format(when=when, who=" ".join(outgoing.quoted_from.split()) or "…")


def _history(outgoing: Outgoing) -> str:
    """The quoted text, cut at a line end when long: the reader has the original."""
    text = _tidy(outgoing.quoted).strip("\n")
    data = text.encode("utf-8", "replace")
    if len(data) <= QUOTE_BYTES:
        return text
    kept = data[:QUOTE_BYTES].decode("utf-8", "ignore")
    return (kept.rsplit("\n", 1)[0] or kept) + "\n…"


def _tidy(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", "", text)


def _paragraphs(text: str) -> str:
    blocks = [b for b in re.split(r"\n{2,}", text.strip("\n")) if b.strip()]
    return "\n".join(f'<p style="margin:0 0 12px">{_linked(b)}</p>' for b in blocks)


def _linked(block: str) -> str:
    """Escaped, with line ends kept and web addresses made clickable."""
    out, at = [], 0
    for found in _URL.finditer(block):
        url = escape(found.group())
        out += [escape(block[at : found.start()]), f'<a href="{url}">{url}</a>']
        at = found.end()
    return "".join([*out, escape(block[at:])]).replace("\n", "<br>\n")
