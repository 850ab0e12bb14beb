"""Header text as people read it: RFC 2047 encoded words as mailers really write them, raw eight-bit text, folding.

Nothing here raises, and the cost is linear in the length of the field.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from functools import lru_cache

from channels.email import charset
from channels.email.transfer import from_base64

_START = re.compile(r"=\?([\w.:+'-]{1,60}(?:\*[\w-]{0,20})?)\?([bBqQ])\?")
_SPACES = re.compile(r"[\s\x00-\x1f\x7f]+")
# Controls and the marks that turn text around: they make one name look like another.
_HIDDEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\x80-\x9f]")


def undecoded(raw: bytes) -> str:
    """Bytes to one line of text; encoded words stay as they are."""
    raw = raw.strip()  # the line end that closes every field
    if raw.isascii() and b"\x1b" not in raw:
        return one_line(raw.decode("ascii"))
    return one_line(charset.decode(raw)[0])


def decode(raw: bytes) -> str:
    """A header value as one line of text, encoded words decoded."""
    text = undecoded(raw)
    return decode_str(text) if "=?" in text else text


@lru_cache(maxsize=256)
def decode_str(text: str) -> str:
    """The same for a value that is text already."""
    return one_line("".join(_pieces(text))) if "=?" in text else text


def charsets(raw: bytes) -> list[str]:
    """The charsets that the encoded words of a value name: a hint for text that names none."""
    return [m[1] for m in _START.finditer(raw[:4096].decode("latin-1"))] if b"=?" in raw else []


def one_line(text: str) -> str:
    """Without line breaks, controls and direction marks; trimmed."""
    if not text.isprintable() or text[:1] == " " or text[-1:] == " ":
        text = _SPACES.sub(_space, charset.clean(text))
        text = (text if text.isascii() else _HIDDEN.sub("", text)).strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _space(found: re.Match[str]) -> str:
    run = found[0]
    return run if run == " " * len(run) else " "


def _pieces(text: str) -> list[str]:
    """Plain text and decoded words in turn. Blanks between two words vanish; neighbours of one charset are joined before
    decoding, because mailers split characters over words."""
    out: list[str] = []
    pending: list[tuple[str, str]] = []
    label, position = "", 0
    starts = list(_START.finditer(text))
    for index, start in enumerate(starts):
        if start.start() < position:
            continue
        limit = starts[index + 1].start() if index + 1 < len(starts) else len(text)
        end, after = _end_of_word(text, start.end(), limit)
        between = text[position : start.start()]
        if between.strip() or (between and not pending):
            out += [_decoded(pending, label), between]
            pending = []
        if pending and start[1].lower() != label:
            out.append(_decoded(pending, label))
            pending = []
        pending.append((start[2].lower(), text[start.end() : end]))
        label, position = start[1].lower(), after
    return [*out, _decoded(pending, label), text[position:]]


def _end_of_word(text: str, begin: int, limit: int) -> tuple[int, int]:
    """Where the payload ends, and where reading goes on. A word without its `?=` ends before the next, or at the end."""
    found = text.find("?=", begin, limit)
    # "?Q?=E4" of a following byte is no end: an end is followed by a blank, a delimiter or nothing.
    return (found, found + 2) if found >= 0 else (len(text[:limit].rstrip()), limit)


def _decoded(pending: list[tuple[str, str]], label: str) -> str:
    if not pending:
        return ""
    payload, open_base64 = b"", ""
    for encoding, body in pending:
        if encoding == "b":
            open_base64 += body
            if len(open_base64) % 4 and not body.endswith("="):
                continue  # cut inside a group of four: the rest stands in the next word
        payload += from_base64(open_base64.encode("utf-8", "replace"))
        open_base64 = ""
        payload += _from_q(body) if encoding == "q" else b""
    payload += from_base64(open_base64.encode("utf-8", "replace"))
    return charset.decode(payload, label.split("*")[0])[0]


def _from_q(body: str) -> bytes:
    return binascii.a2b_qp(body.encode("utf-8", "replace").replace(b" ", b"_"), header=True)
